"""What monitors would have raised on an environment's own data: searches only, nothing is written anywhere.

A bucket-level monitor alerts an entity once an episode: while run after run finds it, the alert goes on; the first run that
does not ends it. So the count is that of spans of consecutive runs, which is computed from the entity's events in slots of
time (`windows`), with a search a page of slots instead of one a run. Monitors of another form are run at each time of
their schedule, by a search that holds their own condition (`stepwise`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import groupby, islice
from typing import Any

from deployer.model.episodes import MonitorCount, Period
from deployer.model.errors import ClusterError, DeployerError, Location
from deployer.model.resource import Resource
from deployer.model.tested import Entity
from deployer.render import schedules
from deployer.replay import shape, stepwise, windows
from deployer.replay.client import Client
from deployer.replay.searching import Reader
from deployer.replay.tally import Tally

WORKERS = 2
"""Monitors counted side by side: the cluster has its own work to do."""

PAGE = 10_000
"""Buckets of a search; the server's own limit is 65,535 (``search.max_buckets``)."""

MOST_ROWS = 500_000
"""Slots of entities read of one monitor. One that has more is noisy beyond counting."""

SLOT, VALUE = "slot of time", "different value"
"""The names of the composite's further sources. Entities have names without blanks."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How to count: over which period, how many entities to name, how long a search may take (seconds)."""

    period: Period
    top: int
    timeout: float
    progress: Callable[[str], None]
    most_rows: int = MOST_ROWS
    most_runs: int = stepwise.MOST_RUNS


def count(client: Client, monitors: Sequence[Resource], terms: Terms) -> tuple[MonitorCount, ...]:
    """The counts of rendered monitors, in their order. One that cannot be counted says why.

    Raises AuthError, and ClusterError where the cluster cannot be reached at all.
    """
    with ThreadPoolExecutor(WORKERS) as pool:
        return tuple(pool.map(lambda monitor: _one(client, monitor, terms), monitors))


def _one(client: Client, monitor: Resource, terms: Terms) -> MonitorCount:
    written = monitor.written
    made = MonitorCount(
        analytic=monitor.analytic or "",
        monitor=monitor.key.rsplit("/", 1)[-1],
        title=str(written["title"]),
        severity=str(written["severity"]),
        where=monitor.origin or Location(monitor.key),
        schedule=" ".join(str(part) for part in written["schedule"].values()),
        enabled=bool(written["enabled"]),
    )
    if not made.enabled:
        return made
    try:
        found = _counted(client, monitor, terms, made)
    except ClusterError as error:
        if error.code == "unreachable":
            raise
        found = replace(made, error=f"{error.what}: {error.why}" if error.why else error.what)
    except DeployerError as error:
        if error.exit_code == 4:
            raise
        found = replace(made, error=error.what)
    terms.progress(
        f"{made.analytic}/{made.monitor}: {found.error or f'{found.episodes} episodes, {found.entities} entities'}"
    )
    return found


def _counted(client: Client, monitor: Resource, terms: Terms, made: MonitorCount) -> MonitorCount:
    runs = schedules.run_times(monitor.written["schedule"], terms.period.start, terms.period.end)
    times: Sequence[int] = [1000 * at for at in runs]
    search = monitor.body["inputs"][0]["search"]
    reader = Reader(client, tuple(search["indices"]), terms.timeout)
    known = shape.read(monitor.body)
    spans: Iterable[tuple[Entity, list[tuple[int, int]]]]
    if known is None:
        stepped = stepwise.spans(reader, monitor.body, times, terms.most_runs)
        times, spans, look_back = stepped.times, stepped.spans, 0
    else:
        spans, look_back = _slots(reader, known, times, terms), known.look_back
    # The first run is the one before the period: what it finds went on already.
    first = sum(at <= 1000 * terms.period.start for at in times)
    tally = Tally(times, first, terms.top)
    for entity, own in spans:
        tally.add(entity, own)
    return tally.filled(made, look_back, tuple(reader.gaps))


def _slots(
    reader: Reader, known: shape.Shape, times: Sequence[int], terms: Terms
) -> Iterator[tuple[Entity, list[tuple[int, int]]]]:
    """The spans of runs that find each entity."""
    width = _width(known.look_back, times)
    grid = windows.Grid(times, 1000 * known.look_back, 1000 * width)
    kinds = {name: kind for name, (kind, _) in known.metrics.items()}
    distinct = {
        name: _values(reader, known, times, width, field, terms.most_rows) for name, field in known.distinct.items()
    }
    rows = islice(_rows(reader, known, times, width), terms.most_rows + 1)
    counter = _Passing(terms.most_rows)
    for entity, buckets in groupby(counter.through(rows), key=lambda row: row[0]):
        slots = [
            windows.Slot(start, {name: _value(name, known, bucket, distinct, (entity, start)) for name in kinds})
            for _, start, bucket in buckets
        ]
        if counter.full:
            reader.gaps.append(f"cut short after {terms.most_rows:,} pairs of an entity and a time: at least this many")
            return
        yield entity, windows.alerting(slots, grid, kinds, known.holds)


_Row = tuple[Entity, int, Mapping[str, Any]]


@dataclass(slots=True)
class _Passing:
    """Counts rows as they pass; `full` from the one on that is too many."""

    most: int
    passed: int = 0

    def through(self, rows: Iterator[_Row]) -> Iterator[_Row]:
        for row in rows:
            self.passed += 1
            yield row

    @property
    def full(self) -> bool:
        return self.passed > self.most


def _width(look_back: int, times: Sequence[int]) -> int:
    """The widest slot, in seconds, that divides the look-back and the distance of every two runs."""
    return math.gcd(look_back, *(at // 1000 for at in times[:1]), *((at - times[0]) // 1000 for at in times))


def _body(
    known: shape.Shape, times: Sequence[int], width: int, more: Sequence[Mapping[str, Any]], metrics: Mapping[str, Any]
) -> dict[str, Any]:
    """A search for buckets of entity, slot and `more` over all windows of the runs."""
    bounds = {"gt": times[0] - 1000 * known.look_back, "lte": times[-1], "format": "epoch_millis"}
    filters = [{"range": {known.time: bounds}}, *known.filters]
    # A slot is (start, end], as a monitor's window is, so the server's [start, end) begins a millisecond later.
    slot = {SLOT: {"date_histogram": {"field": known.time, "fixed_interval": f"{width}s", "offset": "+1ms"}}}
    return {
        "size": 0,
        "track_total_hits": False,
        "query": {"bool": {**known.query, "filter": filters}},
        **({"derived": known.derived} if known.derived else {}),
        "aggregations": {
            "slots": {
                "composite": {"size": PAGE, "sources": [*known.sources, slot, *more]},
                **({"aggregations": metrics} if metrics else {}),
            }
        },
    }


def _rows(reader: Reader, known: shape.Shape, times: Sequence[int], width: int) -> Iterator[_Row]:
    """Entity, start of a slot (ms) and its bucket, in the order of entities and, for each, of time."""
    metrics = {
        f"metric {name}": aggregation
        for name, (kind, aggregation) in known.metrics.items()
        if aggregation is not None and kind != "distinct"
    }
    for bucket in reader.buckets(_body(known, times, width, (), metrics), "slots"):
        yield entity_of(bucket["key"]), int(bucket["key"][SLOT]) - 1, bucket


def _values(
    reader: Reader, known: shape.Shape, times: Sequence[int], width: int, field: str, most: int
) -> dict[tuple[Entity, int], set[Any]]:
    """The different values of a field, by entity and slot."""
    found: dict[tuple[Entity, int], set[Any]] = {}
    body = _body(known, times, width, [{VALUE: {"terms": {"field": field}}}], {})
    for number, bucket in enumerate(reader.buckets(body, "slots")):
        if number >= most:
            reader.gaps.append(f"cut short after {most:,} values of {field}: at least this many")
            break
        key = bucket["key"]
        found.setdefault((entity_of(key), int(key[SLOT]) - 1), set()).add(key[VALUE])
    return found


def _value(
    name: str,
    known: shape.Shape,
    bucket: Mapping[str, Any],
    distinct: Mapping[str, Mapping[tuple[Entity, int], set[Any]]],
    key: tuple[Entity, int],
) -> Any:
    if name in distinct:
        return distinct[name].get(key, ())
    if known.metrics[name][1] is None:
        return bucket["doc_count"]
    return bucket[f"metric {name}"]["value"]


def entity_of(key: Mapping[str, Any]) -> Entity:
    """The entity of a bucket, as alerts name it."""
    return tuple(sorted((name, str(value)) for name, value in key.items() if name not in (SLOT, VALUE)))
