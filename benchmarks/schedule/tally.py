"""Which runs came to an end, in which minute, and how late: the arithmetic alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.figures import median, percentile

MINUTE = 60_000


@dataclass(slots=True)
class Tally:
    """The ends of runs, as the alerts tell them: each run that finds something writes its time into the alert.

    `due` gives for each monitor a moment at which it was due (epoch ms); it is due every minute from then. Each has minutes of
    its own: the first begins when it is first due at or after `start`, so that no run falls between two.
    """

    due: Mapping[str, int]
    start: int
    minutes: int
    ends: set[tuple[str, int]] = field(default_factory=set)

    def see(self, alerts: Mapping[str, int]) -> None:
        """Note the latest end of each monitor's runs (epoch ms), as seen at some moment; what was noted before counts once."""
        known = ((monitor, at) for monitor, at in alerts.items() if monitor in self.due)
        self.ends |= {(monitor, at) for monitor, at in known if 0 <= self._minute(monitor, at) < self.minutes}

    @property
    def end(self) -> int:
        """When the last minute of every monitor is over, in epoch milliseconds."""
        return self.start + (self.minutes + 1) * MINUTE

    def by_minute(self) -> list[int]:
        """How many monitors ended a run with their alert written, in each minute."""
        ran: list[set[str]] = [set() for _ in range(self.minutes)]
        for monitor, at in self.ends:
            ran[self._minute(monitor, at)].add(monitor)
        return [len(monitors) for monitors in ran]

    def late(self) -> list[int]:
        """How long after it was due each run ended, in milliseconds. More than a minute late looks like less: see `by_minute`."""
        return [(at - self.due[monitor]) % MINUTE for monitor, at in self.ends]

    def silent(self) -> int:
        """How many monitors ended no run at all."""
        return len(set(self.due) - {monitor for monitor, _ in self.ends})

    def _minute(self, monitor: str, at: int) -> int:
        first = self.start + (self.due[monitor] - self.start) % MINUTE
        return (at - first) // MINUTE


@dataclass(frozen=True, slots=True)
class Load:
    """One number of monitors under one pair of limits.

    `refused` are compilations that the limit refused, `cpu` the cores that the node's process used in each minute, and
    `started` the monitors that the plugin says it started in the last minute, whatever came of it.
    """

    monitors: int
    limits: str
    tally: Tally
    started: int
    refused: int
    cpu: Sequence[float]

    @property
    def ran(self) -> float:
        """The median over the minutes of how many monitors ended a run."""
        return median(self.tally.by_minute())

    def late_seconds(self, part: float) -> float | None:
        """A percentile of the lateness; None if nothing ran."""
        late = self.tally.late()
        return percentile(late, part) / 1000 if late else None

    def plain(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "monitors": self.monitors,
            "limits": self.limits,
            "ran_by_minute": self.tally.by_minute(),
            "silent": self.tally.silent(),
            "started_in_the_last_minute": self.started,
            "late_seconds": {
                "median": self.late_seconds(0.5),
                "p95": self.late_seconds(0.95),
                "most": self.late_seconds(1),
            },
            "refused_compilations": self.refused,
            "node_cores_used_by_minute": [round(value, 2) for value in self.cpu],
        }
