"""Which runs of a schedule find an entity: its events in slots of time, combined over each run's window. No I/O.

A run at time t sees the events with t - look_back < time <= t. Slots are (start, start + width]; their width divides both
the look-back and the distance of any two runs, so that a window is always made of whole slots and nothing is estimated.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Grid:
    """The runs, by their times; everything in milliseconds."""

    times: Sequence[int]
    look_back: int
    width: int


@dataclass(frozen=True, slots=True)
class Slot:
    """What one entity did in one slot: a value for each metric, in their order. A metric that has none is None."""

    start: int
    values: tuple[Any, ...]


class _Metric(Protocol):
    def add(self, index: int, value: Any) -> None: ...

    def remove(self, index: int, value: Any) -> None: ...

    def value(self) -> Any: ...


class _Sum:
    def __init__(self) -> None:
        self.total: Any = 0

    def add(self, index: int, value: Any) -> None:
        self.total += value or 0

    def remove(self, index: int, value: Any) -> None:
        self.total -= value or 0

    def value(self) -> Any:
        return self.total


class _Extreme:
    """The least or greatest value: of those waiting, each is better than all that come after it."""

    def __init__(self, better: Callable[[Any, Any], bool]) -> None:
        self.better = better
        self.waiting: deque[tuple[int, Any]] = deque()

    def add(self, index: int, value: Any) -> None:
        if value is None:
            return
        while self.waiting and not self.better(self.waiting[-1][1], value):
            self.waiting.pop()
        self.waiting.append((index, value))

    def remove(self, index: int, value: Any) -> None:
        if self.waiting and self.waiting[0][0] == index:
            self.waiting.popleft()

    def value(self) -> Any:
        return self.waiting[0][1] if self.waiting else None


class _Distinct:
    """How many different values; a slot's value is a set of them."""

    def __init__(self) -> None:
        self.seen: Counter[Any] = Counter()

    def add(self, index: int, value: Iterable[Any] | None) -> None:
        self.seen.update(value or ())

    def remove(self, index: int, value: Iterable[Any] | None) -> None:
        for item in value or ():
            self.seen[item] -= 1
            if not self.seen[item]:
                del self.seen[item]

    def value(self) -> int:
        return len(self.seen)


KINDS: Mapping[str, Callable[[], _Metric]] = {
    "sum": _Sum,
    "min": lambda: _Extreme(lambda one, other: one < other),
    "max": lambda: _Extreme(lambda one, other: one > other),
    "distinct": _Distinct,
}


def alerting(
    slots: Sequence[Slot], grid: Grid, kinds: Mapping[str, str], holds: Callable[[Mapping[str, Any]], bool]
) -> list[tuple[int, int]]:
    """The runs that find the entity, as spans of their numbers (from, and before): each span is one episode.

    `slots` are in the order of time, their values in that of `kinds`, which says how those of each metric combine (`KINDS`).
    """
    enters = [bisect_left(grid.times, slot.start + grid.width) for slot in slots]
    leaves = [bisect_right(grid.times, slot.start + grid.look_back) for slot in slots]
    turns = sorted({*enters, *leaves, len(grid.times)})
    metrics = {name: KINDS[kind]() for name, kind in kinds.items()}
    first = last = 0
    spans: list[tuple[int, int]] = []
    for turn, until in pairwise(turns):
        while last < len(slots) and enters[last] <= turn:
            for metric, value in zip(metrics.values(), slots[last].values, strict=True):
                metric.add(last, value)
            last += 1
        while first < last and leaves[first] <= turn:
            for metric, value in zip(metrics.values(), slots[first].values, strict=True):
                metric.remove(first, value)
            first += 1
        if first == last or not holds({name: metric.value() for name, metric in metrics.items()}):
            continue
        if spans and spans[-1][1] == turn:
            spans[-1] = (spans[-1][0], until)
        else:
            spans.append((turn, until))
    return spans
