"""What became of a plan."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from deployer.plan.actions import Action
from deployer.plan.plan import Plan


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
    """A deploy, told truthfully. `elapsed` is in seconds.

    `record_error` says why the record could not be written, `record_file` where it was saved instead.
    """

    plan: Plan
    outcomes: tuple[Outcome, ...] = ()
    elapsed: float = 0.0
    interrupted: bool = False
    record_error: str = ""
    record_file: str = ""

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
