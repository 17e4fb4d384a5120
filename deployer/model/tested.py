"""What replaying sample events gave: each case under each of its settings, what alerted, and which tunables that proves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from deployer.model.errors import Location
from deployer.model.finding import Finding

Entity = tuple[tuple[str, str], ...]
"""``(("host", "WS01"), ("user", "alice"))``, sorted by name."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A monitor that did not alert as expected. `missing` should have alerted, `unexpected` should not have."""

    monitor: str
    missing: tuple[Entity, ...]
    unexpected: tuple[Entity, ...]
    error: str


@dataclass(frozen=True, slots=True)
class Setting:
    """A case run under one set of tunables: its own (`variant` is false) or those of a variant.

    `of` is where the case stands, `where` the setting. `given` are the values that the samples give, `tunables` those in
    force, defaults included. `outcome` has, for each monitor, the entities that alerted on the cluster; monitors whose run
    failed are missing. `seconds` is how long it took.
    """

    case: str
    of: Location
    variant: bool
    where: Location
    given: Mapping[str, Any]
    tunables: Mapping[str, Any]
    outcome: Mapping[str, frozenset[Entity]]
    expected: Mapping[str, frozenset[Entity]]
    failures: tuple[Failure, ...] = ()
    seconds: float = 0.0

    @property
    def alerts(self) -> dict[str, frozenset[Entity]]:
        """What alerted, without the monitors that did not."""
        return {key: entities for key, entities in self.outcome.items() if entities}

    @property
    def failed_to_run(self) -> bool:
        """Whether the server gave an error instead of an outcome."""
        return any(failure.error for failure in self.failures)

    @property
    def positive(self) -> bool:
        """Whether something must alert."""
        return any(self.expected.values())

    @property
    def found(self) -> bool:
        """Whether everything alerted that must."""
        return not any(failure.error or failure.missing for failure in self.failures)

    @property
    def silent(self) -> bool:
        """Whether nothing alerted that must not."""
        return not any(failure.error or failure.unexpected for failure in self.failures)


class Proof(StrEnum):
    """What the samples show of a tunable."""

    PROVEN = "proven"
    DEAD = "dead"
    """It had several values, nothing else changed, and every outcome was the same."""
    TOGETHER = "together"
    """It was changed only along with others, so nothing says which of them mattered."""
    UNTESTED = "untested"
    """No variant gives it another value."""


@dataclass(frozen=True, slots=True)
class TunableProof:
    """What was measured of one tunable. `places` are the settings that speak for `proof`; of a proven one, one pair of them.

    `values` are the two values of that pair.
    """

    name: str
    proof: Proof
    where: Location
    case: str = ""
    places: tuple[Location, ...] = ()
    values: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Idle:
    """A variant that proves nothing, and why."""

    case: str
    where: Location
    given: Mapping[str, Any]
    why: str


@dataclass(frozen=True, slots=True)
class AnalyticResult:
    """The outcome of one analytic. `checks` counts monitor runs compared with an expectation."""

    analytic: str
    title: str
    cases: int
    events: int
    checks: int
    settings: tuple[Setting, ...]
    tunables: tuple[TunableProof, ...]
    idle: tuple[Idle, ...] = ()
    findings: tuple[Finding, ...] = ()
    monitors: Mapping[str, bool] = field(default_factory=dict)
    """Each monitor, and whether some sample made it alert on the cluster."""
    unfinished: bool = False
    """A draft that lacks something, which the findings name: nothing of it was run."""

    @property
    def failures(self) -> tuple[tuple[Setting, Failure], ...]:
        """What did not alert as the samples say."""
        return tuple((setting, failure) for setting in self.settings for failure in setting.failures)

    @property
    def positives(self) -> int:
        """How many cases must alert."""
        return len(self._cases(positive=True))

    @property
    def positives_found(self) -> int:
        """How many of them did."""
        return sum(setting.found for setting in self._cases(positive=True))

    @property
    def negatives(self) -> int:
        """How many cases must not alert."""
        return len(self._cases(positive=False))

    @property
    def negatives_silent(self) -> int:
        """How many of them did not."""
        return sum(setting.silent for setting in self._cases(positive=False))

    def _cases(self, *, positive: bool) -> list[Setting]:
        return [setting for setting in self.settings if not setting.variant and setting.positive is positive]

    @property
    def variants(self) -> int:
        """How many other settings the cases were run under."""
        return sum(setting.variant for setting in self.settings)

    @property
    def proven(self) -> tuple[str, ...]:
        """The tunables that were measured to change an outcome."""
        return tuple(item.name for item in self.tunables if item.proof is Proof.PROVEN)

    @property
    def unproven(self) -> tuple[str, ...]:
        """The other ones."""
        return tuple(item.name for item in self.tunables if item.proof is not Proof.PROVEN)

    @property
    def coverage(self) -> int:
        """The proven tunables in percent, rounded down; 100 where there is none."""
        return 100 * len(self.proven) // len(self.tunables) if self.tunables else 100

    @property
    def passed(self) -> bool:
        """Whether everything alerted as the samples say, and they prove all of it."""
        return not self.failures and not self.findings
