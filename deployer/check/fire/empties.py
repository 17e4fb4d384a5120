"""Searches that match nothing or everything (DAC029), and exceptions that leave nothing over (DAC031)."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from deployer.check.fire import logic, swallowed
from deployer.check.fire.clauses import DATASET, head, parts, table
from deployer.check.fire.subject import Subject, search_of
from deployer.check.fire.times import TIMES
from deployer.model.condition import TunableRef
from deployer.model.environment import Environment
from deployer.model.errors import Location
from deployer.model.finding import Findings
from deployer.render import monitors
from deployer.render.query import compile_condition

_NOTHING, _EVERYTHING = "matches nothing", "matches every event of its log sources"


def check_empties(subject: Subject, findings: Findings) -> None:
    """The search, and each of the two kinds of a sequence, can match an event, and not just any."""
    query = subject.search.get("query")
    if _dead(query):
        _nothing(subject, findings)
        return
    swallowed.check_positives(subject, findings)
    everything = logic.truth(query, assume_of(subject)) is True
    if not everything and not any(logic.truth(kind, assume_of(subject)) is True for kind in _kinds(query)):
        return
    culprits = _tunables_that_are(subject, True)
    if culprits:
        for name in culprits:
            _of_tunable(subject, name, _EVERYTHING, findings)
    elif everything and subject.number(subject.spec.threshold) <= 1 and subject.spec.distinct is None:
        findings.warn(
            "DAC029",
            f"{subject.key} {_EVERYTHING}, and one event is enough for an alert",
            subject.spec.place("events"),
            "say which events are meant, or raise the threshold",
        )


def assume_of(subject: Subject) -> logic.Assume:
    """Take what only says where and when an event comes from for given."""
    overrides = subject.environment.sources.values() if subject.environment else ()
    origins = {DATASET, *(name for override in overrides for name in override.filter or {})}

    def assume(kind: str, field: str, value: Any) -> logic.Truth:
        if kind == "range" and field in TIMES:
            return True
        return True if kind in ("term", "terms") and field in origins else None

    return assume


def _dead(query: Any) -> bool:
    """Whether no event can cause an alert: the query matches none, or one of the two kinds of a sequence does."""
    if logic.truth(query) is False:
        return True
    _, body = head(query)
    rest = {key: value for key, value in body.items() if key != "must"} if isinstance(body, Mapping) else {}
    return any(logic.truth({"bool": {**rest, "must": [kind]}}) is False for kind in _kinds(query))


def _kinds(query: Any) -> list[Any]:
    """The kinds of event that a sequence tells apart by their scores."""
    kind, body = head(query)
    if kind != "bool" or not isinstance(body, Mapping):
        return []
    found = []
    for part in parts(body.get("must")):
        inner = table(head(part)[1])
        for option in parts(inner.get("should")) if head(part)[0] == "bool" else []:
            name, scored = head(option)
            if name == "constant_score" and isinstance(scored, Mapping) and "boost" in scored:
                found.append(scored.get("filter"))
    return found


def _nothing(subject: Subject, findings: Findings) -> None:
    """Say whose fault it is: an exception, a tunable, or the condition itself."""
    environment = subject.environment
    if (
        environment
        and subject.exemptions()
        and not _dead_with(subject, dataclasses.replace(environment, exceptions=()))
    ):
        for item in subject.exemptions():
            if _dead_with(subject, dataclasses.replace(environment, exceptions=(item,))):
                findings.add(
                    "DAC031",
                    f"the exception {item.id} leaves out every event that {subject.key} looks for",
                    item.location,
                    f"narrow its condition (ask {item.owner}), or disable the monitor openly under monitors",
                )
                return
    culprits = _tunables_that_are(subject, False) or _overrides_at_fault(subject)
    for name in culprits:
        _of_tunable(subject, name, _NOTHING, findings)
    if not culprits:
        findings.add(
            "DAC029",
            f"the search of {subject.key} {_NOTHING}",
            _condition(subject),
            "two parts of the condition contradict each other, or a list in it is empty",
        )


def _condition(subject: Subject) -> Location:
    for name, condition in (
        ("events", subject.spec.events),
        ("first", subject.spec.first),
        ("then", subject.spec.then),
    ):
        if condition is not None:
            compiled = compile_condition(condition, subject.scope(), list(subject.sources))
            if logic.truth(compiled) is False:
                return subject.spec.place(name)
    return subject.in_template("match_none") or subject.spec.where


def _of_tunable(subject: Subject, name: str, what: str, findings: Findings) -> None:
    value = subject.tunables[name]
    findings.add(
        "DAC029",
        f"with {name} as it is ({value!s:.60}), the search of {subject.key} {what}",
        subject.place_of_tunable(name),
        subject.analytic.tunables[name].description.strip(),
    )


def _tunables_that_are(subject: Subject, wanted: bool) -> list[str]:
    """The tunables whose value makes a test of the monitor true of every event, or of none."""
    found: list[str] = []
    for test, negative in subject.signed_tests():
        if isinstance(test.value, TunableRef) and test.value.name in subject.tunables and test.value.name not in found:
            compiled = compile_condition(test, subject.scope(), list(subject.sources))
            # Below a `not` the opposite is at fault.
            if logic.truth(compiled) is (wanted != negative):
                found.append(test.value.name)
    return found


def _overrides_at_fault(subject: Subject) -> list[str]:
    """The tunables that the environment sets, and whose default would not make the search empty; else those that do in a range."""
    environment = subject.environment
    own = environment.tunables.get(subject.analytic.id, {}) if environment else {}
    found = [
        name
        for name in own
        if name in subject.resource.written.get("tunables", {})
        and not _dead_with(subject, environment, {name: subject.analytic.tunables[name].default})
    ]
    ranged = [
        test.value.name
        for test in subject.tests()
        if isinstance(test.value, TunableRef) and test.operator in ("gt", "gte", "lt", "lte")
    ]
    return found or list(dict.fromkeys(name for name in ranged if name in subject.tunables))[:1]


def _dead_with(subject: Subject, environment: Environment | None, tunables: Mapping[str, Any] | None = None) -> bool:
    target = dataclasses.replace(subject.target, environment=environment)
    made = monitors.render(subject.analytic, subject.spec, target, Findings(), tunables)
    return made is None or _dead(search_of(made.body).get("query"))
