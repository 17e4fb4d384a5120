"""Each monitor's search, the same without its detection clause, and the same commands as others write them, in turn."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from benchmarks.figures import median, percentile, ratio
from benchmarks.query_cost import others
from deployer.model.analytic import Analytic, MonitorSpec, Repository
from deployer.model.finding import Findings
from deployer.render import monitors
from deployer.render.naming import Naming
from deployer.render.target import Target
from deployer.render.templating import Templates
from deployer.replay.client import Client

OURS, OPEN, WILD = "monitor", "no clause", "query_string"
WARM = 2
"""Rounds that do not count: the node's caches of files and compiled scripts fill."""


@dataclass(slots=True)
class Cost:
    """What one monitor's searches took, in the milliseconds that the node says (`took`), by kind; `events` it reads in its range."""

    monitor: str
    events: int
    took: dict[str, list[int]] = field(default_factory=lambda: {OURS: [], OPEN: [], WILD: []})

    def median(self, kind: str) -> float:
        """The median of a kind; at least half a millisecond, as `took` is whole."""
        return max(0.5, median(self.took[kind]))

    def against(self, kind: str) -> float | None:
        """The monitor's median as a multiple of another kind's."""
        return ratio(self.median(OURS), self.median(kind))

    def plain(self) -> dict[str, Any]:
        """JSON-ready."""
        searches = {
            kind: {"median_ms": median(took), "p95_ms": percentile(took, 0.95), "took_ms": took}
            for kind, took in self.took.items()
        }
        return {
            "monitor": self.monitor,
            "events_in_range": self.events,
            "searches": searches,
            "against_no_clause": self.against(OPEN),
            "against_query_string": self.against(WILD),
        }


def measure(
    client: Client, repository: Repository, naming: Naming, clock: int, runs: int, progress: Callable[[str], None]
) -> list[Cost]:
    """The cost of every monitor at `clock` (epoch seconds), `runs` rounds of the three searches in turn."""
    target = Target(repository, naming, Templates(repository.templates))
    result = []
    for analytic in repository.analytics.values():
        for spec in analytic.monitors.values():
            findings = Findings()
            resource = monitors.render(analytic, spec, target, findings, {})
            findings.raise_errors()
            assert resource is not None
            inputs = resource.body["inputs"][0]
            if "search" not in inputs:
                continue
            cost = _cost(client, analytic, spec, inputs["search"], clock, runs)
            result.append(cost)
            progress(f"  {cost.monitor}: " + ", ".join(f"{kind} {cost.median(kind):g} ms" for kind in cost.took))
    return result


def _cost(
    client: Client,
    analytic: Analytic,
    spec: MonitorSpec,
    search: Mapping[str, Any],
    clock: int,
    runs: int,
) -> Cost:
    path = f"/{','.join(search['indices'])}/_search"
    bodies = searches(analytic, spec, search["query"], clock)
    time = {"query": {"bool": {"filter": [bodies[OPEN]["query"]["bool"]["filter"][0]]}}}
    events = client.request("POST", f"/{','.join(search['indices'])}/_count", time)["count"]
    cost = Cost(f"{analytic.id}/{spec.key}", events)
    for number in range(runs + WARM):
        for kind, body in bodies.items():
            answer = client.request("POST", path, body, {"request_cache": "false"})
            failed = answer["timed_out"] or answer["_shards"]["failed"]
            assert not failed, f"{cost.monitor} {kind}: {answer['_shards']}"
            if number >= WARM:
                cost.took[kind].append(answer["took"])
    return cost


def searches(analytic: Analytic, spec: MonitorSpec, query: Mapping[str, Any], clock: int) -> dict[str, dict[str, Any]]:
    """The three searches of a monitor at a clock: as rendered; its range and composite alone; its commands as others write them."""
    ours = json.loads(json.dumps(query).replace("{{period_end}}", str(clock * 1000)))
    time = ours["query"]["bool"]["filter"][0]
    assert "@timestamp" in time["range"], "the first filter is the time range"
    without = {**ours, "query": {"bool": {"filter": [time]}}}
    return {OURS: ours, OPEN: without, WILD: others.search(others.query_string(analytic, spec), time)}
