"""A sample of each monitor's alert: a real one where a file of alerts has it, else its message as a case of the samples makes it.

What the pipelines make of an event only a node knows. So a message that is made here has the case's time and entity, and
names in angle quotes where the values of the event will stand.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from deployer.cluster.messages import example, template_of
from deployer.model.analytic import Analytic, Case, Repository
from deployer.model.environment import Channel, Environment
from deployer.model.finding import Findings
from deployer.render.environment import of_analytic, target_of
from deployer.report.page.given import Given

_FIELD = re.compile(r"\{\{[#{]?_source\.([^{}]+)\}")
_ANYBODY = Channel("anybody", "webhook", "http://127.0.0.1/")


@dataclass(frozen=True, slots=True)
class Sample:
    """The text of an alert, and where it comes from."""

    text: str
    origin: str


def samples_of(repository: Repository, environment: Environment, analytic: Analytic, given: Given) -> dict[str, Sample]:
    """A sample for each monitor and workflow of an analytic, by key; none for one that has no message."""
    # Somebody is told of everything here, so that a monitor that notifies nobody shows what it would say.
    told = dataclasses.replace(environment, channels={"anybody": _ANYBODY}, notify={"default": ("anybody",)})
    found: dict[str, Sample] = {}
    for resource in of_analytic(analytic, target_of(repository, told), Findings()):
        key = resource.key.rpartition("/")[2]
        sample = _real(given, analytic.id, key) or _made(
            repository, analytic, key, resource.body, repository.cases.get(analytic.id, ())
        )
        if sample is not None:
            found[key] = sample
    return found


def _real(given: Given, analytic: str, key: str) -> Sample | None:
    """The newest alert with a message that the files have of a monitor."""
    found = [
        (str(item["start"] or ""), str(item["message"]), file)
        for file, value in given.alerts
        for item in value["alerts"]
        if (item["analytic"], item["monitor"]) == (analytic, key) and item["message"]
    ]
    if not found:
        return None
    start, text, file = max(found)
    return Sample(text, f"an alert of {start or 'a time that is not known'}, from {file}")


def _made(
    repository: Repository, analytic: Analytic, key: str, body: Mapping[str, Any], cases: Iterable[Case]
) -> Sample | None:
    template = template_of(body)
    if not template:
        return None
    case = next((case for case in cases if case.base.alerts.get(key)), None)
    entity = dict(min(case.base.alerts[key])) if case else {}
    at = datetime.fromtimestamp(case.clock, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if case else "‹time›"
    spec = analytic.monitors.get(key)
    names = spec.entity if spec else ()
    keys = [entity.get(name, f"‹{name}›") for name in names]
    try:
        text = example(body, template, keys, at, _source(repository, template, dict(zip(names, keys, strict=True))))
    except ValueError:
        return None
    if case is None:
        return Sample(text, "no case of the samples makes it alert, so names in ‹ › stand for all values")
    return Sample(text, f"made from the case “{case.name}”; names in ‹ › stand for values of its events")


def _source(repository: Repository, template: str, entity: Mapping[str, str]) -> dict[str, Any]:
    """An event with a name in angle quotes for each field that the template tells, and the entity's own values."""
    values = {name: f"‹{name}›" for name in _FIELD.findall(template)}
    for name, value in entity.items():
        declared = repository.entities.get(name)
        if declared is None:
            continue
        first, *others = declared.fields
        values = {field: text for field, text in values.items() if field not in others}
        if value == declared.placeholder:
            values.pop(first, None)
        elif first in values:
            values[first] = value
    nested: dict[str, Any] = {}
    for name, value in sorted(values.items()):
        place = nested
        *above, last = name.split(".")
        for part in above:
            inner = place.setdefault(part, {})
            if not isinstance(inner, dict):
                break
            place = inner
        else:
            place[last] = value
    return nested
