"""The sample events into an environment's own data streams, and its deployed monitors run over them for real.

What this shows that a test cannot: the objects as deployed do alert, the alerts are stored, and messages go out.
Cases that set tunables are left out: a deployed monitor has the environment's values.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from deployer.model.analytic import Analytic, Case, Repository
from deployer.model.environment import Environment
from deployer.model.tested import Entity
from deployer.render import Naming, naming_of
from deployer.replay import execute, ingest
from deployer.replay.client import Client

WORKERS = 4
PATIENCE_S = 15.0
"""How long an alert that a run raised may be missing before it counts as lost."""
_POLL_S = 0.5


@dataclass(frozen=True, slots=True)
class Alert:
    """One entity that a deployed monitor alerted on. `expected` is false for an alert that no sample asks for."""

    monitor: str
    entity: Entity
    case: str
    expected: bool


@dataclass(frozen=True, slots=True)
class LiveResult:
    """One analytic's outcome. `sent` counts its events, `new` those that were not there already."""

    analytic: str
    monitors: int
    sent: int
    new: int
    alerts: tuple[Alert, ...]
    problems: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Every positive alerted, no negative did, and nothing went wrong."""
        return not self.problems


def run(
    client: Client,
    repository: Repository,
    environment: Environment,
    chosen: Sequence[str],
    monitor_ids: Mapping[str, str],
    progress: Callable[[str], None],
) -> list[LiveResult]:
    """Replay the chosen analytics; `monitor_ids` gives the server's id of each deployed monitor by key (``monitor/AN0903/discovery``)."""
    naming = naming_of(environment)
    return [
        _Live(client, repository, environment, naming, monitor_ids, progress).analytic(repository.analytics[name])
        for name in chosen
    ]


@dataclass(frozen=True, slots=True)
class _Live:
    client: Client
    repository: Repository
    environment: Environment
    naming: Naming
    monitor_ids: Mapping[str, str]
    progress: Callable[[str], None]

    def analytic(self, analytic: Analytic) -> LiveResult:
        cases = [case for case in self.repository.cases.get(analytic.id, ()) if not case.base.tunables]
        events = [
            event
            for case in cases
            for event in ingest.events_of(
                analytic.id, case, self.repository.sources, self.naming, self.environment.namespace
            )
        ]
        new = ingest.send(self.client, events)
        self.progress(
            f"{analytic.id}: {len(events)} events sent ({new} new), running {len(analytic.monitors)} monitors at {len(cases)} times"
        )
        deployed = {
            key: self.monitor_ids[f"monitor/{analytic.id}/{key}"]
            for key, spec in analytic.monitors.items()
            # A document-level monitor knows no clock: it alerts on what is new to it, once.
            if f"monitor/{analytic.id}/{key}" in self.monitor_ids and spec.level != "document"
        }
        problems = [
            f"the monitor {key} is not deployed"
            for key in analytic.monitors
            if f"monitor/{analytic.id}/{key}" not in self.monitor_ids
        ]
        alerts: list[Alert] = []
        # Monitors know nothing of each other, so they run side by side; the cases of one keep their order, because the
        # alert of one case ends when the next runs.
        with ThreadPoolExecutor(WORKERS) as pool:
            outcomes = list(pool.map(lambda item: [self._case(case, *item) for case in cases], deployed.items()))
        for found, wrong in (outcome for monitor in outcomes for outcome in monitor):
            alerts += found
            problems += wrong
        return LiveResult(analytic.id, len(deployed), len(events), new, tuple(alerts), tuple(problems))

    def _case(self, case: Case, key: str, monitor_id: str) -> tuple[list[Alert], list[str]]:
        wanted = case.base.alerts.get(key, frozenset())
        outcome = execute.real(self.client, monitor_id, case.clock)
        problems = [f"{key}: {case.name}: the server says: {outcome.error}"] if outcome.error else []
        problems += [f"{key}: {case.name}: no alert for {dict(entity)}" for entity in sorted(wanted - outcome.entities)]
        problems += [
            f"{key}: {case.name}: an alert for {dict(entity)}, which nothing asks for"
            for entity in sorted(outcome.entities - wanted)
        ]
        if outcome.entities:
            stored = stored_entities(self.client, monitor_id, outcome.entities)
            problems += [
                f"{key}: {case.name}: the alert for {dict(entity)} was not stored"
                for entity in sorted(outcome.entities - stored)
            ]
        return [Alert(key, entity, case.name, entity in wanted) for entity in sorted(outcome.entities)], problems


def stored_entities(
    client: Client, monitor_id: str, wanted: frozenset[Entity], patience: float = PATIENCE_S
) -> set[Entity]:
    """The entities of a monitor's alerts, in whatever state: a scheduled run may have completed one already.

    Looks again, for `patience` seconds, while one of `wanted` is missing: the server moves a completed alert to another
    index, and each index shows its half at a moment of its own, so for an instant the alert is in neither.
    """
    deadline = time.monotonic() + patience
    while True:
        answer = client.request(
            "GET",
            "/_plugins/_alerting/monitors/alerts",
            params={"monitorId": monitor_id, "size": 1000, "sortString": "start_time", "sortOrder": "desc"},
        )
        found = {
            tuple(
                sorted(
                    (name, str(value))
                    for name, value in (alert.get("agg_alert_content") or _NOBODY)["bucket"]["key"].items()
                )
            )
            for alert in answer["alerts"]
        }
        if wanted <= found or time.monotonic() >= deadline:
            return found
        time.sleep(_POLL_S)


_NOBODY: Mapping[str, Any] = {"bucket": {"key": {}}}
"""What an alert without buckets is about."""
