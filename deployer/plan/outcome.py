"""What became of a plan."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from deployer.model.errors import DeployerError
from deployer.plan.actions import Action
from deployer.plan.plan import Plan

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Attempt(Generic[T]):
    """What came of one of an environment's clusters: a value, or the error that it ended with.

    `cluster` is its name, empty where an environment has one cluster without a name.
    """

    cluster: str
    address: str
    value: T | None = None
    error: DeployerError | None = None

    @property
    def label(self) -> str:
        """The cluster's name, or its address if it has none."""
        return self.cluster or self.address


class Fate(StrEnum):
    """What became of one action. UNKNOWN: the answer was lost, and what stands on the cluster does not tell."""

    APPLIED = "applied"
    FAILED = "failed"
    CONFLICT = "conflict"
    UNKNOWN = "unknown"
    BLOCKED = "blocked"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One action and what became of it. `id` is the server's, empty if none is known; `reason` and `todo` say why not."""

    action: Action
    fate: Fate
    id: str = ""
    reason: str = ""
    todo: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """A deploy, told truthfully. `elapsed` is in seconds; `number` is the deployment's in the history, 0 without changes.

    `record_error` says why the record could not be written, `record_file` where it was saved instead.
    """

    plan: Plan
    outcomes: tuple[Outcome, ...] = ()
    elapsed: float = 0.0
    interrupted: bool = False
    record_error: str = ""
    record_file: str = ""
    number: int = 0

    def of(self, *fates: Fate) -> list[Outcome]:
        """The outcomes of these fates."""
        return [outcome for outcome in self.outcomes if outcome.fate in fates]

    @property
    def exit_code(self) -> int:
        """0 all applied · 1 something failed · 3 only conflicts · 130 interrupted (docs: exit codes)."""
        if self.interrupted:
            return 130
        if self.record_error or self.of(Fate.FAILED, Fate.UNKNOWN, Fate.STOPPED):
            return 1
        return 3 if self.of(Fate.CONFLICT, Fate.BLOCKED) else 0
