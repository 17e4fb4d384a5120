"""Sample events → ingest → run the monitors → did they alert as the analytic says."""

from deployer.replay.expectations import run
from deployer.replay.rehearsal import Rehearsal

__all__ = ["Rehearsal", "run"]
