"""Sample events → ingest → run the monitors → did they alert as the analytic says."""

from deployer.replay.expectations import run

__all__ = ["run"]
