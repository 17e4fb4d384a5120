"""When a search looks: always a bounded time (DAC024), and far enough back (DAC025)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from deployer.check.fire.clauses import head, on_field, parts
from deployer.check.fire.subject import Subject
from deployer.model import durations
from deployer.model.finding import Findings

TIMES = ("@timestamp", "event.ingested")
"""Fields by which a search may be bounded."""

_UNITS = {"s": 1, "m": 60, "h": 3600, "H": 3600, "d": 86400, "w": 604800}
_ANCHOR = re.compile(r"(\{\{\{?\s*period_(?:start|end)\s*\}?\}\}|now)(?:\|\|)?(.*)", re.S)
_STEP = re.compile(r"([+-])(\d+)([smhHdw])")
_ROUNDED = re.compile(r"/[smhHdwMy]$")


def check_times(subject: Subject, findings: Findings) -> None:
    """The query has a lower bound of time that every event must pass, and it lies far enough back."""
    if subject.per_event:
        return
    bounds = list(bounds_of(subject.search.get("query")))
    window, gap, delay = subject.seconds_needed
    if not bounds:
        findings.add(
            "DAC024",
            f"{subject.key}: the search has no time range, so it alerts on the same old events at each run",
            subject.in_template('"filter"', "@timestamp", '"query"') or subject.spec.where,
            'put {"range": {"@timestamp": {"gt": [[ look_back_from ]], "lte": [[ look_back_to ]], "format": "epoch_millis"}}} in its filter',
        )
        return
    found = [look_back for look_back in (seconds_back(bound, gap) for _, bound in bounds) if look_back is not None]
    if len(found) < len(bounds) or not found:
        return
    shortest, needed = min(found), window + gap + delay
    if shortest < needed:
        findings.add(
            "DAC025",
            f"{subject.key}: the search looks back {durations.words(shortest)}, and needs {durations.words(needed)}: "
            f"window {durations.words(window)}, longest time between two runs {durations.words(gap)}, ingest delay {durations.words(delay)}",
            subject.in_template("period_end", "period_start", "now-") or subject.spec.place("window"),
            "let it begin at [[ look_back_from ]], which is the sum of the three",
        )


def bounds_of(query: Any) -> Iterator[tuple[str, Any]]:
    """The lower bounds of time, with their fields, that every match must pass: in a filter or a must, at any depth."""
    kind, body = head(query)
    if kind == "bool" and isinstance(body, Mapping):
        for part in (*parts(body.get("filter")), *parts(body.get("must"))):
            yield from bounds_of(part)
        should = parts(body.get("should"))
        demanded = str(body.get("minimum_should_match", "" if body.get("filter") or body.get("must") else "1"))
        if should and demanded not in ("", "0"):
            alternatives = [list(bounds_of(part)) for part in should]
            if all(alternatives):
                yield from (bound for alternative in alternatives for bound in alternative)
    elif kind == "constant_score" and isinstance(body, Mapping):
        yield from bounds_of(body.get("filter"))
    elif kind in ("function_score", "script_score") and isinstance(body, Mapping):
        yield from bounds_of(body.get("query"))
    elif kind == "range":
        name, value = on_field(kind, body)
        if name in TIMES and isinstance(value, Mapping):
            lower = next((value[key] for key in ("gt", "gte", "from") if value.get(key) is not None), None)
            if lower is not None:
                yield name, lower


def seconds_back(bound: Any, gap: int) -> int | None:
    """How far before its run a search looks, in seconds; None for a bound that this cannot read (such as a fixed day)."""
    match = _ANCHOR.fullmatch(str(bound).strip())
    if match is None:
        return None
    rest = _ROUNDED.sub("", match[2].strip())
    steps = list(_STEP.finditer(rest))
    if "".join(step[0] for step in steps) != rest:
        return None
    moved = sum((1 if step[1] == "-" else -1) * int(step[2]) * _UNITS[step[3]] for step in steps)
    return moved + (gap if "period_start" in match[1] else 0)
