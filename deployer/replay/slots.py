"""What each entity did in each slot of time, fetched slice by slice: a slice has about a page of events.

Each page of a composite reads all its documents anew, so one search over a busy day would read the day once a page. Slices
read it once altogether (measured on 200,000 matching events with 160,000 slots: half the time).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from deployer.model.tested import Entity
from deployer.replay.searching import Reader
from deployer.replay.shape import Shape
from deployer.replay.windows import Grid, Slot

PAGE = 10_000
"""Buckets of a search; the server's own limit is 65,535 (``search.max_buckets``)."""

SLOT, VALUE = "slot of time", "different value"
"""The names of the composite's further sources. Entities have names without blanks."""


@dataclass(frozen=True, slots=True)
class Found:
    """The slots of each entity, in the order of time, and the runs that they are enough for."""

    grid: Grid
    entities: Mapping[Entity, Sequence[Slot]]


def read(reader: Reader, known: Shape, times: Sequence[int], most: int) -> Found:
    """The slots of all entities for runs at `times` (ms).

    Of more than `most` pairs of an entity and a slot (or value) only the earliest are read; the reader's gaps say up to when.
    """
    return _Slots(reader, known, times, most).read()


def entity_of(key: Mapping[str, Any]) -> Entity:
    """The entity of a bucket, as alerts name it."""
    return tuple(sorted((name, str(value)) for name, value in key.items() if name not in (SLOT, VALUE)))


@dataclass(slots=True)
class _Slots:
    reader: Reader
    known: Shape
    times: Sequence[int]
    most: int
    rows: int = 0
    found: dict[Entity, list[Slot]] = field(default_factory=dict)

    def read(self) -> Found:
        grid = Grid(self.times, 1000 * self.known.look_back, 1000 * _width(self.known.look_back, self.times))
        for lower, upper in self._slices(grid):
            slice_ = list(self._slice(lower, upper, grid))
            if self.rows > self.most:
                self.reader.gaps.append(
                    f"more than {self.most:,} pairs of an entity and a time: counted up to {_words(lower)} only"
                )
                return Found(Grid([at for at in self.times if at <= lower], grid.look_back, grid.width), self.found)
            for entity, slot in slice_:
                self.found.setdefault(entity, []).append(slot)
        return Found(grid, self.found)

    def _slices(self, grid: Grid) -> list[tuple[int, int]]:
        """The time of all windows cut at edges of slots, so that each part has about a page of events."""
        lower = self.times[0] - grid.look_back
        slots = (self.times[-1] - lower) // grid.width
        events = self.reader.hits(self._search(lower, self.times[-1]))
        parts = max(1, min(slots, -(-events // PAGE)))
        edges = [lower + grid.width * (slots * number // parts) for number in range(parts + 1)]
        return list(pairwise(edges)) if events else []

    def _slice(self, lower: int, upper: int, grid: Grid) -> Iterator[tuple[Entity, Slot]]:
        metrics = self.known.metrics
        distinct = {name: self._values(lower, upper, grid, field) for name, field in self.known.distinct.items()}
        inner = {
            f"metric {name}": aggregation
            for name, (kind, aggregation) in metrics.items()
            if aggregation is not None and kind != "distinct"
        }
        for bucket in self._buckets(lower, upper, grid, (), inner):
            entity, start = entity_of(bucket["key"]), int(bucket["key"][SLOT]) - 1
            different = {name: values.get((entity, start), ()) for name, values in distinct.items()}
            yield entity, Slot(start, tuple(different.get(name, _value(bucket, name)) for name in metrics))

    def _values(self, lower: int, upper: int, grid: Grid, field: str) -> dict[tuple[Entity, int], set[Any]]:
        """The different values of a field, by entity and slot."""
        found: dict[tuple[Entity, int], set[Any]] = {}
        for bucket in self._buckets(lower, upper, grid, [{VALUE: {"terms": {"field": field}}}], {}):
            key = bucket["key"]
            found.setdefault((entity_of(key), int(key[SLOT]) - 1), set()).add(key[VALUE])
        return found

    def _buckets(
        self, lower: int, upper: int, grid: Grid, more: Sequence[Mapping[str, Any]], metrics: Mapping[str, Any]
    ) -> Iterator[Mapping[str, Any]]:
        """The buckets of entity, slot and `more`, up to one too many."""
        # A slot is (start, end], as a monitor's window is, so the server's [start, end) begins a millisecond later.
        width = f"{grid.width // 1000}s"
        slot = {SLOT: {"date_histogram": {"field": self.known.time, "fixed_interval": width, "offset": "+1ms"}}}
        composite: dict[str, Any] = {"composite": {"size": PAGE, "sources": [*self.known.sources, slot, *more]}}
        body = {
            **self._search(lower, upper),
            **({"derived": self.known.derived} if self.known.derived else {}),
            "aggregations": {"slots": {**composite, **({"aggregations": metrics} if metrics else {})}},
        }
        for bucket in self.reader.buckets(body, "slots", PAGE):
            self.rows += 1
            if self.rows > self.most:
                return
            yield bucket

    def _search(self, lower: int, upper: int) -> dict[str, Any]:
        bounds = {"gt": lower, "lte": upper, "format": "epoch_millis"}
        filters = [{"range": {self.known.time: bounds}}, *self.known.filters]
        query = {"bool": {**self.known.query, "filter": filters}}
        return {"size": 0, "track_total_hits": False, "query": query}


def _value(bucket: Mapping[str, Any], name: str) -> Any:
    """The value of a metric of a bucket; what has no metric of its own is the count of events."""
    return bucket.get(f"metric {name}", {"value": bucket["doc_count"]})["value"]


def _width(look_back: int, times: Sequence[int]) -> int:
    """The widest slot, in seconds, that divides the look-back and the distance of every two runs."""
    return math.gcd(look_back, times[0] // 1000, *((at - times[0]) // 1000 for at in times))


def _words(at: int) -> str:
    return datetime.fromtimestamp(at // 1000, UTC).isoformat().replace("+00:00", "Z")
