"""Workflows that alert never or always (DAC029), and that run their monitors less often than these look back (DAC025)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import product

from deployer.check.fire.subject import Subject
from deployer.check.fire.times import bounds_of, seconds_back
from deployer.model import durations
from deployer.model.analytic import Repository, WorkflowSpec
from deployer.model.condition import AnyOf, Condition, Not, Use, walk
from deployer.model.finding import Findings
from deployer.model.resource import Kind, Resource
from deployer.render import schedules

MOST = 10
"""Monitors of which all combinations are tried."""


def check_workflows(resources: Iterable[Resource], subjects: Sequence[Subject], findings: Findings) -> None:
    """Each workflow can alert, not at every run, and its monitors look back as far as it runs apart.

    `subjects` are the monitors rendered along with the workflows.
    """
    if not subjects:
        return
    by_key = {subject.resource.key: subject for subject in subjects}
    for resource in resources:
        spec = _spec(resource, subjects[0].repository)
        if spec is not None:
            told = Findings()
            _alerts(spec, f"{resource.analytic}/{spec.key}", told)
            gap = schedules.longest_gap(resource.written["schedule"])
            for name in spec.monitors:
                subject = by_key.get(f"monitor/{resource.analytic}/{name}")
                if subject is not None and not subject.per_event:
                    _reaches(subject, spec, gap, told)
            for item in told.items:
                findings.add(
                    item.code, item.message, item.where, item.hint, item.level, f"{resource.analytic}/{spec.key}"
                )


def _spec(resource: Resource, repository: Repository) -> WorkflowSpec | None:
    analytic = repository.analytics.get(resource.analytic or "")
    if resource.kind is not Kind.WORKFLOW or analytic is None:
        return None
    return analytic.workflows.get(resource.key.rpartition("/")[2])


def _alerts(spec: WorkflowSpec, name: str, findings: Findings) -> None:
    """Try every way in which its monitors may have alerted."""
    names = sorted({node.name for node in walk(spec.when) if isinstance(node, Use)})
    if len(names) > MOST:
        return
    outcomes = [
        holds(spec.when, dict(zip(names, values, strict=True))) for values in product((False, True), repeat=len(names))
    ]
    if not any(outcomes):
        findings.add(
            "DAC029",
            f"the workflow {name} alerts never: whichever of its monitors alerted, `when` does not hold",
            spec.place("when"),
            "two parts of it contradict each other",
        )
    elif outcomes[0]:
        findings.warn(
            "DAC029",
            f"the workflow {name} alerts at each run in which none of its monitors alerted",
            spec.place("when"),
            "name a monitor that must have alerted, beside what must not: {all: [a, {not: b}]}",
        )


def holds(when: Condition, alerted: Mapping[str, bool]) -> bool:
    """Whether the condition of a workflow holds, by which of its monitors alerted."""
    match when:
        case Use(name):
            return alerted[name]
        case Not(part):
            return not holds(part, alerted)
        case AnyOf(parts):
            return any(holds(part, alerted) for part in parts)
    return all(holds(part, alerted) for part in getattr(when, "parts", ()))


def _reaches(subject: Subject, spec: WorkflowSpec, gap: int, findings: Findings) -> None:
    """A workflow runs a monitor at its own times, and the monitor's look-back was made for the monitor's."""
    window, own, delay = subject.seconds_needed
    backs = [seconds_back(bound, gap) for _, bound in bounds_of(subject.search.get("query"))]
    known = [back for back in backs if back is not None]
    needed = window + gap + delay
    if gap > own and known and min(known) < needed:
        environment = subject.environment
        findings.add(
            "DAC025",
            f"the workflow {subject.analytic.id}/{spec.key} runs {subject.key} every {durations.words(gap)}, so that needs to look back "
            f"{durations.words(needed)}, and looks back {durations.words(min(known))}",
            environment.place("monitors", f"{subject.analytic.id}/{spec.key}", "schedule")
            if environment
            else spec.where,
            "give both the same schedule, or the monitor the longer one: its look-back follows its own",
        )
