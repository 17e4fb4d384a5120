"""What was seen of an environment: its file, what it wants, and its clusters if they were asked."""

from __future__ import annotations

from dataclasses import dataclass

from deployer.cluster.status import Status
from deployer.model.environment import Environment
from deployer.model.resource import Resource
from deployer.plan.history import Chronicle
from deployer.plan.outcome import Attempt


@dataclass(frozen=True, slots=True)
class Looked:
    """One cluster, asked. `untold` says why there is no history, if there is none."""

    status: Status
    chronicle: Chronicle | None = None
    untold: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """One environment. `problem` says why it could not be read from its file; `attempts` is None if no cluster was asked."""

    name: str
    environment: Environment | None
    resources: tuple[Resource, ...] = ()
    problem: str = ""
    attempts: tuple[Attempt[Looked], ...] | None = None

    @property
    def statuses(self) -> list[Status] | None:
        """The state of each cluster; None unless all of them answered."""
        found = [item.value.status for item in self.attempts or () if item.value is not None]
        return found if found and len(found) == len(self.attempts or ()) else None
