"""Sample events → ingest → run the monitors → did they alert as the analytic says."""

from deployer.replay.expectations import AnalyticResult, Failure, run

__all__ = ["AnalyticResult", "Failure", "run"]
