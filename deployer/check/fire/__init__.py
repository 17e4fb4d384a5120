"""Can it ever fire? Rules about rendered monitors, offline: each looks at the body that would be sent.

So what is checked is a user's own template, and a query that somebody wrote by hand in it, as well as what the tool's own
templates make of conditions.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence

from deployer.catalogue.validation import check_value
from deployer.check.fire import effort
from deployer.check.fire.buckets import check_buckets
from deployer.check.fire.empties import check_empties
from deployer.check.fire.flows import check_workflows
from deployer.check.fire.indices import check_indices
from deployer.check.fire.mapped import check_fields
from deployer.check.fire.scripts import check_scripts
from deployer.check.fire.subject import Shelf, Subject
from deployer.check.fire.times import check_times
from deployer.check.fire.wildcards import check_wildcards
from deployer.model.finding import Findings
from deployer.model.resource import Kind, Resource
from deployer.render.monitors import schema_of
from deployer.render.target import Target

Rule = Callable[[Subject, Findings], None]

RULES: tuple[Rule, ...] = (check_fields, check_wildcards, check_times, check_indices, check_buckets, check_empties, check_scripts)
_OF_SEARCH = frozenset({check_fields, check_wildcards, check_empties})
"""Rules that look at the query and what it was made from alone: where it is sound, the same one of the next environment is."""

__all__ = ["RULES", "Shelf", "Subject", "check_monitors", "check_rendered", "check_workflows", "subjects"]


def subjects(resources: Iterable[Resource], target: Target, shelf: Shelf | None = None) -> list[Subject]:
    """The monitors among resources, each with what it was made from."""
    shelf = shelf or Shelf(target.repository)
    found = []
    for resource in resources:
        analytic = target.repository.analytics.get(resource.analytic or "")
        key = resource.key.rpartition("/")[2]
        if resource.kind is Kind.MONITOR and analytic is not None and key in analytic.monitors:
            found.append(Subject(resource, analytic, analytic.monitors[key], target, shelf))
    return found


def check_rendered(
    rendered: Sequence[tuple[Sequence[Resource], Target]], findings: Findings, shelf: Shelf | None = None
) -> list[Subject]:
    """Add what the rules find wrong with the monitors and workflows rendered for each target; gives the monitors."""
    found = [(resources, subjects(resources, target, shelf)) for resources, target in rendered]
    check_monitors([subject for _, made in found for subject in made], findings)
    for resources, made in found:
        check_workflows(resources, made, findings)
    return [subject for _, made in found for subject in made]


def check_monitors(subjects: Iterable[Subject], findings: Findings) -> None:
    """Add what the rules find wrong with each monitor.

    Those of a file that has errors already are left out: their conditions may have been rendered as matching nothing.
    """
    faulty = {finding.where.file for finding in findings.errors}
    sound: set[str] = set()
    for subject in subjects:
        if subject.analytic.where.file not in faulty:
            seen = _of_search(subject)
            told = _told(subject, [rule for rule in RULES if rule not in _OF_SEARCH or seen not in sound])
            for item in told.items:
                findings.add(item.code, item.message, item.where, item.hint, item.level, subject.key)
            if not told.items:
                sound.add(seen)


def _told(subject: Subject, rules: Sequence[Rule]) -> Findings:
    """What rules find. They take the form of a monitor for given: one that stumbles has met a body that has not the form."""
    told = Findings()
    try:
        with effort.limited():
            for rule in rules:
                rule(subject, told)
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
        wrong = check_value(subject.resource.body, schema_of(subject.resource.body))
        if not wrong:
            raise
        told = Findings()
        for message in wrong[:3]:
            told.add("DAC015", f"the rendered {subject.resource.key} has not the form that the server takes: {message}", subject.spec.where)  # fmt: skip
    return told


def _of_search(subject: Subject) -> str:
    """The query, and all else that decides what the rules about it find, as text."""
    environment = subject.environment
    exempted = [environment.name if environment else "", *(item.id for item in subject.exemptions())]
    filters = (
        [sorted((override.filter or {}).items()) for override in environment.sources.values()] if environment else []
    )
    values = sorted(subject.tunables.items(), key=lambda item: item[0])
    made = [subject.key, subject.search, subject.sources, values, filters, exempted if len(exempted) > 1 else []]
    return json.dumps(made, default=str)
