"""Does each analytic alert as its samples say: on every case and every variant, through pipeline, query and trigger."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from deployer.check.samples import proven
from deployer.model.analytic import Analytic, Case, Expectation, Repository
from deployer.model.finding import Findings
from deployer.render import monitors
from deployer.render.naming import Naming
from deployer.render.target import Target
from deployer.render.templating import Templates
from deployer.replay import execute, ingest
from deployer.replay.client import Client
from deployer.replay.execute import Entity
from deployer.replay.stage import stage

WORKERS = 4


@dataclass(frozen=True, slots=True)
class Failure:
    """A monitor that did not alert as expected. `missing` should have alerted, `unexpected` should not have."""

    analytic: str
    case: str
    monitor: str
    tunables: Mapping[str, Any]
    missing: tuple[Entity, ...]
    unexpected: tuple[Entity, ...]
    error: str
    where: str


@dataclass(frozen=True, slots=True)
class AnalyticResult:
    """The outcome of one analytic. `checks` counts monitor runs compared with an expectation."""

    analytic: str
    cases: int
    events: int
    positives: int
    negatives: int
    checks: int
    proven: tuple[str, ...]
    unproven: tuple[str, ...]
    failures: tuple[Failure, ...]

    @property
    def passed(self) -> bool:
        """Whether everything alerted as the samples say."""
        return not self.failures


def run(
    client: Client, repository: Repository, chosen: Sequence[str], progress: Callable[[str], None]
) -> list[AnalyticResult]:
    """Replay the cases of the chosen analytics on throw-away indices and compare; cleans up also after failure.

    Raises ClusterError if the cluster refuses an event or cannot be reached.
    """
    sources = {event.source for name in chosen for case in repository.cases.get(name, ()) for event in case.events}
    sources |= {use.source for name in chosen for use in repository.analytics[name].log_sources}
    with stage(client, repository, sources) as naming:
        progress(f"set up {len(sources)} log sources as {naming.deployment}")
        return [_analytic(client, repository, repository.analytics[name], naming, progress) for name in chosen]


def _analytic(
    client: Client, repository: Repository, analytic: Analytic, naming: Naming, progress: Callable[[str], None]
) -> AnalyticResult:
    cases = repository.cases.get(analytic.id, ())
    # Each analytic has a namespace of its own: its clocks are kept apart by its author, those of two analytics are not.
    events = [
        event
        for case in cases
        for event in ingest.events_of(analytic.id, case, repository.sources, naming, analytic.id.lower())
    ]
    ingest.send(client, events)
    progress(
        f"{analytic.id}: {len(events)} events sent, running {len(analytic.monitors)} monitors on {len(cases)} cases"
    )
    target = Target(repository, naming, Templates(repository.templates))
    runner = _Runner(client, analytic, target)
    with ThreadPoolExecutor(WORKERS) as pool:
        outcomes = [failure for found in pool.map(runner.case, cases) for failure in found]
    shown = {name for case in cases for name in proven(case)}
    failed_cases = {failure.case for failure in outcomes}
    if failed_cases:
        shown = {name for case in cases if case.name not in failed_cases for name in proven(case)}
    alerting = [case for case in cases if any(case.base.alerts.values())]
    return AnalyticResult(
        analytic.id,
        len(cases),
        len(events),
        len(alerting),
        len(cases) - len(alerting),
        runner.checks(cases),
        tuple(sorted(shown)),
        tuple(sorted(set(analytic.tunables) - shown)),
        tuple(outcomes),
    )


class _Runner:
    def __init__(self, client: Client, analytic: Analytic, target: Target) -> None:
        self.client, self.analytic, self.target = client, analytic, target

    def checks(self, cases: Sequence[Case]) -> int:
        return sum(len(self.analytic.monitors) * (1 + len(case.variants)) for case in cases)

    def case(self, case: Case) -> list[Failure]:
        known: dict[str, execute.Run] = {}
        failures = []
        for expectation in (case.base, *case.variants):
            for key in self.analytic.monitors:
                failure = self._check(case, expectation, key, known)
                if failure is not None:
                    failures.append(failure)
        return failures

    def _check(self, case: Case, expectation: Expectation, key: str, known: dict[str, execute.Run]) -> Failure | None:
        findings = Findings()
        resource = monitors.render(
            self.analytic, self.analytic.monitors[key], self.target, findings, expectation.tunables
        )
        if resource is None:
            return Failure(
                self.analytic.id,
                case.name,
                key,
                expectation.tunables,
                (),
                (),
                str(findings.errors[0]) if findings.errors else "cannot be rendered",
                str(expectation.where),
            )
        body = _within(resource.body, self.target.naming, self.analytic.id.lower())
        text = json.dumps(body, sort_keys=True)
        if text not in known:
            known[text] = execute.dry(self.client, body, case.clock)
        outcome = known[text]
        wanted = expectation.alerts.get(key, frozenset())
        if outcome.entities == wanted and not outcome.error:
            return None
        return Failure(
            self.analytic.id,
            case.name,
            key,
            expectation.tunables,
            tuple(sorted(wanted - outcome.entities)),
            tuple(sorted(outcome.entities - wanted)),
            outcome.error,
            str(expectation.where),
        )


def _within(body: Mapping[str, Any], naming: Naming, namespace: str) -> dict[str, Any]:
    """The monitor's body reading one analytic's namespace of the stage, and nothing else of it changed."""
    search = body["inputs"][0]["search"]
    indices = [
        f"{name.removesuffix('*')}{namespace}*" if name.startswith(naming.streams) else name
        for name in search["indices"]
    ]
    return {**body, "enabled": False, "inputs": [{"search": {**search, "indices": indices}}]}
