"""The same commands as one `query_string` of leading wildcards, as pySigma's OpenSearch backend writes a rule's `contains`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from deployer.model import patterns
from deployer.model.analytic import Analytic, MonitorSpec
from deployer.model.condition import Condition, Not, Test, TunableRef, Use, When, walk

SPECIAL = frozenset('+-=&|><!(){}[]^"~*?:\\/ ')
"""What is escaped in a value of Lucene's query language."""

COPY = "as_keyword"
"""The sub-field in which the benchmark keeps commands as keywords: on a `wildcard` field query_string finds next to nothing."""

COMMANDS = ("process.command_line", "powershell.file.script_block_text")
"""The fields in which monitors look for commands."""

VALUES = ("matches", "runs", "like", "in", "equals")


def query_string(analytic: Analytic, spec: MonitorSpec) -> str:
    """One query of all commands that a monitor looks for, under its defaults; of all values, if it looks for no commands.

    Commands are looked for in a copy of their field that is a keyword.
    """
    by_field: dict[str, list[str]] = {}
    tests = list(_tests(analytic, spec))
    commands = [test for test in tests if test.field in COMMANDS]
    for test in commands or tests:
        for text in _texts(analytic, test):
            listed = by_field.setdefault(_field(test), [])
            if text not in listed:
                listed.append(text)
    parts = [f"{name}:({' OR '.join(values)})" for name, values in by_field.items() if values]
    return " OR ".join(parts)


def search(text: str, time: Mapping[str, Any]) -> dict[str, Any]:
    """The search of a rule: what is looked for, and the same time range as the monitor's."""
    clause = {"query_string": {"query": text, "analyze_wildcard": True}}
    return {"size": 0, "track_total_hits": False, "query": {"bool": {"must": [clause], "filter": [time]}}}


def _tests(analytic: Analytic, spec: MonitorSpec) -> Iterator[Test]:
    for condition in (spec.events, spec.first, spec.then):
        yield from _leaves(analytic, condition)


def _leaves(analytic: Analytic, condition: Condition | None) -> Iterator[Test]:
    """The comparisons with values that make an event count; neither what excludes nor what a tunable leaves out."""
    skipped: set[int] = set()
    for node in walk(condition):
        if id(node) in skipped:
            continue
        if isinstance(node, Not):
            skipped |= {id(inner) for inner in walk(node.part)}
        elif isinstance(node, When):
            chosen = analytic.tunables[node.tunable].default in node.values
            left_out = node.otherwise if chosen else node.then
            skipped |= {id(inner) for inner in walk(left_out)}
        elif isinstance(node, Use):
            yield from _leaves(analytic, analytic.events[node.name])
        elif isinstance(node, Test) and node.operator in VALUES:
            yield node


def _texts(analytic: Analytic, test: Test) -> Iterator[str]:
    value = analytic.tunables[test.value.name].default if isinstance(test.value, TunableRef) else test.value
    for item in value if isinstance(value, list | tuple) else [value]:
        text = _written(test.operator, item)
        if text:
            yield text


def _written(operator: str, value: Any) -> str:
    if not isinstance(value, str):
        return ""
    if operator == "matches":
        pattern = patterns.parse(value)
        if pattern.regex is not None:
            return f"/{pattern.regex}/"
        words = [item.forms[0] if isinstance(item, patterns.Word) else "*" for item in pattern.items]
        value = " ".join(words).replace(" / ", "/").replace(" * ", "*")
        return f"*{_escaped(value, keep='*')}*"
    if operator == "like":
        return f"*{_escaped(value.strip('*'), keep='*?')}*"
    return f"*{_escaped(value)}*"


def _escaped(text: str, keep: str = "") -> str:
    return "".join(f"\\{char}" if char in SPECIAL and char not in keep else char for char in text)


def _field(test: Test) -> str:
    return f"{test.field}.{COPY}" if test.field in COMMANDS else test.field
