"""Does each analytic alert as its samples say: on every case and every variant, through pipeline, query and trigger."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from deployer.check import coverage
from deployer.model.analytic import Analytic, Case, Expectation, Repository
from deployer.model.condition import All, AnyOf, Condition, Not, Use
from deployer.model.environment import Environment
from deployer.model.errors import ClusterError
from deployer.model.finding import Findings
from deployer.model.tested import AnalyticResult, Entity, Failure, Setting
from deployer.render import monitors
from deployer.render.environment import used
from deployer.render.naming import Naming
from deployer.render.target import Target
from deployer.render.templating import templates_of
from deployer.replay import execute, exempted, ingest
from deployer.replay.client import Client
from deployer.replay.stage import stage

WORKERS = 4

Rendered = tuple[dict[str, Any] | None, str]
"""A monitor's body and all that decides what it finds, as a text; without a body, why there is none."""

Memory = dict[tuple[int, str], execute.Run]
"""What a monitor's body, run with a clock, gave on the events of one analytic."""


def run(
    client: Client,
    repository: Repository,
    chosen: Sequence[str],
    progress: Callable[[str], None],
    environments: Sequence[Environment] = (),
) -> list[AnalyticResult]:
    """Replay the cases of the chosen analytics on throw-away indices and compare; cleans up also after failure.

    The exceptions of `environments` must leave something over of each monitor's positives.
    Raises ClusterError if the cluster refuses an event or cannot be reached.
    """
    sources = sources_of(repository, chosen)
    with stage(client, repository, sources) as naming:
        progress(f"set up {len(sources)} log sources as {naming.deployment}")
        return [
            _analytic(client, repository, repository.analytics[name], naming, progress, environments) for name in chosen
        ]


def sources_of(repository: Repository, chosen: Collection[str]) -> set[str]:
    """The log sources that the chosen analytics and their samples name."""
    sources = {event.source for name in chosen for case in repository.cases.get(name, ()) for event in case.events}
    return sources.union(*(used(repository.analytics[name]) for name in chosen))


def events_of(repository: Repository, analytic: Analytic, naming: Naming) -> list[ingest.Event]:
    """The sample events of an analytic.

    Each has a namespace of its own: its clocks are kept apart by its author, those of two analytics are not.
    """
    return [
        event
        for case in repository.cases.get(analytic.id, ())
        for event in ingest.events_of(analytic.id, case, repository.sources, naming, analytic.id.lower())
    ]


def _analytic(
    client: Client,
    repository: Repository,
    analytic: Analytic,
    naming: Naming,
    progress: Callable[[str], None],
    environments: Sequence[Environment],
) -> AnalyticResult:
    cases, events = repository.cases.get(analytic.id, ()), events_of(repository, analytic, naming)
    ingest.send(client, events)
    progress(
        f"{analytic.id}: {len(events)} events sent, running {len(analytic.monitors)} monitors on {len(cases)} cases"
    )
    return judge(client, repository, analytic, naming, environments, len(events), {})


def judge(
    client: Client,
    repository: Repository,
    analytic: Analytic,
    naming: Naming,
    environments: Sequence[Environment],
    events: int,
    known: Memory,
) -> AnalyticResult:
    """Run an analytic's monitors on its cases, whose `events` are there already, and compare.

    What is `known` of a run is not asked again, and what is run becomes known, unless it failed.
    """
    cases = repository.cases.get(analytic.id, ())
    runner = _Runner(client, analytic, Target(repository, naming, templates_of(repository.templates)), known)
    with ThreadPoolExecutor(WORKERS) as pool:
        settings = tuple(setting for found in pool.map(runner.case, cases) for setting in found)
    proofs, findings = coverage.tunable_proofs(analytic, settings), Findings()
    coverage.coverage_findings(analytic, settings, proofs, findings)
    exempted.check_exceptions(analytic, cases, runner.target, environments, runner.excepting, findings)
    alerted = coverage.monitors_alerted(settings)
    return AnalyticResult(
        analytic.id,
        analytic.title,
        len(cases),
        events,
        len(settings) * len(analytic.monitors),
        settings,
        proofs,
        coverage.idle_variants(settings),
        tuple(findings.sorted()),
        {key: key in alerted for key in (*analytic.monitors, *analytic.workflows)},
    )


class _Runner:
    def __init__(self, client: Client, analytic: Analytic, target: Target, known: Memory) -> None:
        self.client, self.analytic, self.target, self.known = client, analytic, target, known
        self.bodies: dict[tuple[str, str], Rendered] = {}
        self.defaults = {name: tunable.default for name, tunable in analytic.tunables.items()}

    def case(self, case: Case) -> list[Setting]:
        return [
            self._setting(case, expectation, variant=number > 0)
            for number, expectation in enumerate((case.base, *case.variants))
        ]

    def _setting(self, case: Case, expectation: Expectation, *, variant: bool) -> Setting:
        began = time.monotonic()
        outcome: dict[str, frozenset[Entity]] = {}
        failures = []
        for key in self.analytic.monitors:
            run = self._run(case, expectation, key)
            wanted = expectation.alerts.get(key, frozenset())
            if not run.error:
                outcome[key] = run.entities
            if run.error or run.entities != wanted:
                missing, unexpected = sorted(wanted - run.entities), sorted(run.entities - wanted)
                failures.append(Failure(key, tuple(missing), tuple(unexpected), run.error))
        for key, flow in self.analytic.workflows.items():
            # The server's own rule: of each monitor it is only known whether it alerted in this run.
            alerts = holds(flow.when, {name for name in flow.monitors if outcome.get(name)})
            found: frozenset[Entity] = frozenset({()}) if alerts else frozenset()
            wanted = expectation.alerts.get(key, frozenset())
            if all(name in outcome for name in flow.monitors):
                outcome[key] = found
            if found != wanted:
                failures.append(Failure(key, tuple(sorted(wanted - found)), tuple(sorted(found - wanted)), ""))
        return Setting(
            case.name,
            case.where,
            variant,
            expectation.where,
            expectation.tunables,
            {**self.defaults, **expectation.tunables},
            outcome,
            expectation.alerts,
            tuple(failures),
            time.monotonic() - began,
        )

    def excepting(self, target: Target, case: Case, key: str) -> execute.Run:
        """A run of one monitor on one case's positives, for a target with exceptions."""
        return self._run(case, case.base, key, target)

    def _run(self, case: Case, expectation: Expectation, key: str, target: Target | None = None) -> execute.Run:
        if target is None:
            body, text = self._rendered(key, expectation.tunables)
        else:
            body, text = self._render(key, expectation.tunables, target)
        if body is None:
            return execute.Run(frozenset(), text)
        run = self.known.get((case.clock, text))
        if run is None:
            run = self._executed(body, case, key)
            if not run.error:
                self.known[case.clock, text] = run
        return run

    def _rendered(self, key: str, given: Mapping[str, Any]) -> Rendered:
        """The same for all cases that give the same values: most give none."""
        wanted = (key, json.dumps(given, sort_keys=True))
        if wanted not in self.bodies:
            self.bodies[wanted] = self._render(key, given, self.target)
        return self.bodies[wanted]

    def _render(self, key: str, given: Mapping[str, Any], target: Target) -> Rendered:
        findings = Findings()
        resource = monitors.render(self.analytic, self.analytic.monitors[key], target, findings, given)
        if resource is None:
            return None, str(findings.errors[0]) if findings.errors else "cannot be rendered"
        body = _within(resource.body, self.target.naming, self.analytic.id.lower())
        return body, json.dumps([body, self._named(key)], sort_keys=True)

    def _named(self, key: str) -> dict[str, tuple[str, ...]]:
        """The fields of each entity of a document-level monitor, the placeholder last: its body does not say them."""
        spec, known = self.analytic.monitors[key], self.target.repository.entities
        if spec.level != "document":
            return {}
        return {name: (*known[name].fields, known[name].placeholder) for name in spec.entity}

    def _executed(self, body: Mapping[str, Any], case: Case, key: str) -> execute.Run:
        if self.analytic.monitors[key].level != "document":
            return execute.dry(self.client, body, case.clock)
        try:
            return execute.documents(self.client, body, case.clock, self._named(key))
        except ClusterError as error:
            return execute.Run(frozenset(), f"{error.what}: {error.why}")


def holds(when: Condition, alerted: Collection[str]) -> bool:
    """Whether a workflow alerts if these of its monitors do."""
    match when:
        case All(parts):
            return all(holds(part, alerted) for part in parts)
        case AnyOf(parts):
            return any(holds(part, alerted) for part in parts)
        case Not(part):
            return not holds(part, alerted)
        case Use(name):
            return name in alerted
        case _:
            raise TypeError(f"{when} is nothing that a workflow knows")


def _within(body: Mapping[str, Any], naming: Naming, namespace: str) -> dict[str, Any]:
    """The monitor's body reading one analytic's namespace of the stage, and nothing else of it changed."""
    ((kind, read),) = body["inputs"][0].items()
    indices = [
        f"{name.removesuffix('*')}{namespace}*" if name.startswith(naming.streams) else name for name in read["indices"]
    ]
    return {**body, "enabled": False, "inputs": [{kind: {**read, "indices": indices}}]}
