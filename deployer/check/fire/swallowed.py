"""Exceptions that leave out every positive of the samples (DAC031).

What is known offline of a positive are its entities: an exception on the host or the user of each of them is seen here;
one on other fields when the samples are replayed with it.
"""

from __future__ import annotations

import fnmatch
import ipaddress
from collections.abc import Mapping
from typing import Any

from deployer.check.fire.subject import Subject
from deployer.model.condition import All, AnyOf, Condition, FromSource, Not, Test
from deployer.model.finding import Findings


def check_positives(subject: Subject, findings: Findings) -> None:
    """Some expected alert of the monitor is left over by each exception."""
    expected = [
        dict(entity)
        for case in subject.repository.cases.get(subject.analytic.id, ())
        for entity in case.base.alerts.get(subject.spec.key, ())
    ]
    for item in subject.exemptions() if expected else ():
        if all(_holds(item.where, _known(subject, entity)) is True for entity in expected):
            findings.add(
                "DAC031",
                f"the exception {item.id} leaves out every positive of {subject.key} in its samples ({len(expected)})",
                item.location,
                f"narrow its condition (ask {item.owner}), or add a sample that it does not leave out",
            )


def _known(subject: Subject, entity: Mapping[str, str]) -> dict[str, str]:
    """What an expected alert tells of the fields of its events. A placeholder tells that they are absent: nothing here."""
    known = {}
    for name, value in entity.items():
        declared = subject.repository.entities.get(name)
        if declared is not None and value != declared.placeholder:
            known[declared.fields[0]] = value
    return known


def _holds(condition: Condition, known: Mapping[str, str]) -> bool | None:
    match condition:
        case All(conditions):
            found = [_holds(part, known) for part in conditions]
            return False if False in found else None if None in found else True
        case AnyOf(conditions):
            found = [_holds(part, known) for part in conditions]
            return True if True in found else None if None in found else False
        case Not(part):
            held = _holds(part, known)
            return None if held is None else not held
        case FromSource(part=part):
            return None if part is None or _holds(part, known) is not False else False
        case Test() if condition.field in known:
            return _test(condition, known[condition.field])
    return None


def _test(test: Test, value: str) -> bool | None:
    wanted: list[Any] = test.value if isinstance(test.value, list) else [test.value]
    match test.operator:
        case "equals" | "in":
            return value.lower() in {str(item).lower() for item in wanted}
        case "like":
            return any(fnmatch.fnmatchcase(value.lower(), str(item).lower().replace("[", "[[]")) for item in wanted)
        case "exists":
            return bool(test.value)
        case "cidr":
            try:
                return any(
                    ipaddress.ip_address(value) in ipaddress.ip_network(str(item), strict=False) for item in wanted
                )
            except ValueError:
                return None
    return None
