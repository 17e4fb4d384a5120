"""What monitors would have raised on an environment's own data: searches only, nothing is written anywhere.

A bucket-level monitor alerts an entity once an episode: while run after run finds it, the alert goes on; the first run that
does not ends it. So the count is that of spans of consecutive runs, which is computed from the entity's events in slots of
time (`windows`), with a search a page of slots instead of one a run. Monitors of another form are run at each time of
their schedule, by a search that holds their own condition (`stepwise`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from deployer.model.episodes import MonitorCount, Period
from deployer.model.errors import ClusterError, DeployerError, Location
from deployer.model.resource import Resource
from deployer.model.tested import Entity
from deployer.render import schedules
from deployer.replay import shape, slots, stepwise, windows
from deployer.replay.client import Client
from deployer.replay.searching import Reader
from deployer.replay.tally import Tally

WORKERS = 2
"""Monitors counted side by side: the cluster has its own work to do."""

MOST_ROWS = 500_000
"""Slots of entities read of one monitor. One that has more is noisy beyond counting."""


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
    if monitor.body.get("monitor_type") != "bucket_level_monitor":
        return replace(made, error="only monitors that alert on entities are counted, and this is none")
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
        found = slots.read(reader, known, times, terms.most_rows)
        times, look_back = found.grid.times, known.look_back
        kinds = {name: kind for name, (kind, _) in known.metrics.items()}
        spans = (
            (entity, windows.alerting(own, found.grid, kinds, known.holds)) for entity, own in found.entities.items()
        )
    # The first run is the one before the period: what it finds went on already.
    first = sum(at <= 1000 * terms.period.start for at in times)
    tally = Tally(times, first, terms.top)
    for entity, own in spans:
        tally.add(entity, own)
    return tally.filled(made, look_back, tuple(reader.gaps))
