"""A stranger's template may make anything: it is a finding, and never a bug of ours."""

from __future__ import annotations

import copy
import dataclasses
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deployer.catalogue.validation import check_value
from deployer.check import validate_repository
from deployer.check.fire import RULES, Subject
from deployer.model.finding import Findings
from tests.unit.repo import shown, write

JUNK: list[Any] = [
    None, [], {}, "", "*", 5, True, [None], {"a": {}}, "{{", -1, {"value": None}, {"term": []}, {"bool": []},
    {"bool": {"should": {}}}, {"terms": {"field": 3}}, {"script": {"source": 5}}, {"script": 5}, {"wildcard": {"a": []}},
    {"query_string": {"query": 5}}, {"query_string": {"query": "a:(b AND", "fields": "x"}}, {"range": {"@timestamp": 5}},
    {"intervals": {"process.command_line.words": {"any_of": {"intervals": {}}}}}, {"composite": {"sources": [4]}},
]  # fmt: skip


@pytest.mark.parametrize(
    "made",
    [
        "{}",
        '{"inputs": []}',
        '{"inputs": [{"search": 5}]}',
        '{"inputs": [{"search": {"indices": ["x"], "query": 5}}]}',
        '{"name": "x", "inputs": [{"search": {"indices": 5, "query": {}}}], "triggers": 4}',
        '{"name": "x", "inputs": [{"search": {"indices": ["x"], "query": {}}}], "triggers": [{"query_level_trigger": {}}]}',
    ],
)
def test_a_template_that_makes_no_monitor_is_a_finding(tmp_path: Path, made: str) -> None:
    """Whatever JSON it makes; the template is named."""
    write(tmp_path, analytic=("    template: entity\n", "    template: own\n"))
    (tmp_path / "templates/monitors/own.json.j2").write_text(made)

    lines = shown(validate_repository(tmp_path).findings)

    assert lines
    assert all(line.startswith("DAC015 templates/monitors/own.json.j2 ") for line in lines), lines


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The place of each value of a JSON value."""
    yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from paths(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from paths(inner, (*path, index))


def test_no_rule_breaks_on_what_the_schema_lets_through(root: Path) -> None:
    """Three hundred bodies, each with one or two values replaced by something odd: findings perhaps, errors never."""
    subjects = validate_repository(root, ["local"]).subjects
    chance, tried = random.Random(7), 0

    for _ in range(300):
        subject = chance.choice(subjects)
        body = copy.deepcopy(dict(subject.resource.body))
        for _ in range(chance.randint(1, 2)):
            *above, last = chance.choice(
                [path for path in paths(body) if len(path) > 3 and path[0] in ("inputs", "triggers")]
            )
            place = body
            for key in above:
                place = place[key]
            place[last] = copy.deepcopy(chance.choice(JUNK))
        if check_value(body, "monitor-bucket"):
            continue
        tried += 1
        resource = dataclasses.replace(subject.resource, body=body)
        odd = Subject(resource, subject.analytic, subject.spec, subject.target, subject.shelf)
        for rule in RULES:
            rule(odd, Findings())

    assert tried > 200
