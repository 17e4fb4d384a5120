"""Spans of runs added up: episodes by day, entities, and who alerted most often."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import accumulate

from deployer.model.episodes import MonitorCount, Noisy
from deployer.model.tested import Entity

MOST_ALERTS = 500
"""Active alerts of one monitor that the server knows of in a run; it raises those above again (FACTS.md, "Messages")."""


@dataclass(slots=True)
class Tally:
    """Adds up the spans of entities. Runs before the number `first` lie before the period."""

    times: Sequence[int]
    first: int
    most: int
    episodes: int = 0
    entities: int = 0
    open_before: int = 0
    open_after: int = 0
    per_day: dict[str, int] = field(default_factory=dict)
    top: list[tuple[int, int, Entity, bool]] = field(default_factory=list)
    turns: Counter[int] = field(default_factory=Counter)

    def add(self, entity: Entity, spans: Sequence[tuple[int, int]]) -> None:
        """Add an entity with the spans of runs that find it, each once."""
        within = [(start, end) for start, end in spans if end > self.first]
        if not within:
            return
        began = [start for start, _ in within if start >= self.first]
        still = within[-1][1] == len(self.times)
        self.entities += 1
        self.episodes += len(began)
        self.open_before += len(within) - len(began)
        self.open_after += still
        for start in began:
            day = datetime.fromtimestamp(self.times[start] / 1000, UTC).date().isoformat()
            self.per_day[day] = self.per_day.get(day, 0) + 1
        for start, end in within:
            self.turns[start] += 1
            self.turns[end] -= 1
        runs = sum(end - max(start, self.first) for start, end in within)
        self.top.append((-len(began), -runs, entity, still))
        if len(self.top) > 10 * (self.most + 10):
            self.top = heapq.nsmallest(self.most, self.top)

    @property
    def peak(self) -> int:
        """The most entities that one run found."""
        return max(accumulate(change for _, change in sorted(self.turns.items())), default=0)

    def filled(self, made: MonitorCount, look_back: int, estimate: tuple[str, ...]) -> MonitorCount:
        """The monitor's count with the sums in it."""
        top = heapq.nsmallest(self.most, self.top)
        if self.peak > MOST_ALERTS:
            again = (
                f"one run finds {self.peak:,} entities: over {MOST_ALERTS} the server raises the rest again in each run"
            )
            estimate = (*estimate, again)
        return replace(
            made,
            look_back=look_back,
            runs=len(self.times) - self.first,
            episodes=self.episodes,
            per_day=dict(sorted(self.per_day.items())),
            entities=self.entities,
            open_before=self.open_before,
            open_after=self.open_after,
            top=tuple(Noisy(entity, -episodes, -runs, still) for episodes, runs, entity, still in top),
            peak=self.peak,
            estimate=estimate,
        )
