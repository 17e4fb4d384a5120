"""What monitors would have raised on an environment's own data: episodes, counted over a period of time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from deployer.model.errors import Location
from deployer.model.tested import Entity


@dataclass(frozen=True, slots=True)
class Period:
    """The time looked at, in epoch seconds: runs after `start`, up to and including `end`."""

    start: int
    end: int

    @property
    def days(self) -> float:
        """Its length in days."""
        return (self.end - self.start) / 86_400


@dataclass(frozen=True, slots=True)
class Noisy:
    """An entity that alerted. `runs` is the number of runs that found it; `open` tells that the last run did."""

    entity: Entity
    episodes: int
    runs: int
    open: bool


@dataclass(frozen=True, slots=True)
class MonitorCount:
    """What one monitor would have raised.

    `episodes` are those that began within the period, `per_day` the same by the day (UTC) on which each began.
    `open_before` went on when the period began, `open_after` when it ended; `peak` is the most entities that one run found. `estimate` says why the count is none of the
    schedule's own, a reason each; `error` why there is no count.
    """

    analytic: str
    monitor: str
    title: str
    severity: str
    where: Location
    schedule: str
    look_back: int = 0
    runs: int = 0
    episodes: int = 0
    per_day: Mapping[str, int] = field(default_factory=dict)
    entities: int = 0
    open_before: int = 0
    open_after: int = 0
    peak: int = 0
    top: tuple[Noisy, ...] = ()
    estimate: tuple[str, ...] = ()
    error: str = ""
    enabled: bool = True

    @property
    def counted(self) -> bool:
        """Whether there is a count."""
        return self.enabled and not self.error


@dataclass(frozen=True, slots=True)
class Counts:
    """All monitors' counts on one cluster. `since` is the period's length as it was asked for."""

    environment: str
    cluster: str
    since: str
    period: Period
    monitors: tuple[MonitorCount, ...]

    @property
    def episodes(self) -> int:
        """Of all monitors that could be counted."""
        return sum(item.episodes for item in self.monitors)

    @property
    def per_day(self) -> dict[str, int]:
        """Of all monitors, by day."""
        days = sorted({day for item in self.monitors for day in item.per_day})
        return {day: sum(item.per_day.get(day, 0) for item in self.monitors) for day in days}

    @property
    def failed(self) -> tuple[MonitorCount, ...]:
        """Those that could not be counted."""
        return tuple(item for item in self.monitors if item.error)

    @property
    def estimated(self) -> bool:
        """Whether some count is an estimate."""
        return any(item.estimate for item in self.monitors)
