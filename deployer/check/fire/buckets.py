"""Thresholds that no bucket can reach (DAC027), and a composite with less room than entities are expected (DAC028)."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from deployer.check.fire import answers, clauses, logic
from deployer.check.fire.answers import COUNT, DEFAULT_SIZE, Demand
from deployer.check.fire.clauses import inner_aggregations, parts, table
from deployer.check.fire.subject import Subject
from deployer.model import durations
from deployer.model.finding import Findings

_UNIQUE = frozenset({"_id", "_seq_no", "event.id", "@timestamp"})
_COMPARISON = re.compile(r"\(*\s*params\.(\w+)\s*(>=|>|==)\s*(?:params\.(\w+)|(-?\d+(?:\.\d+)?)[lLfFdD]?)\s*\)*")
_MIRRORED = re.compile(r"\(*\s*(?:params\.(\w+)|(-?\d+(?:\.\d+)?)[lLfFdD]?)\s*(<=|<)\s*params\.(\w+)\s*\)*")
_INTERVAL = re.compile(r"(\d+)?(ms|[smhdwMqy]|second|minute|hour|day|week|month|quarter|year)")
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "M": 2592000, "q": 7776000, "y": 31536000}


def check_buckets(subject: Subject, findings: Findings) -> None:
    """Each threshold can be reached in one bucket, and the first page has room for the entities expected."""
    if not subject.per_bucket:
        _whole(subject, findings)
        return
    composite = _composite(subject.search)
    for trigger in subject.triggers:
        for demand in demands(trigger["condition"]):
            limit, why = _most(subject, composite, demand)
            if demand.least > limit:
                findings.add(
                    "DAC027",
                    f"{subject.key} wants at least {demand.least:g} of '{demand.path}' in one bucket, and {limit:g} is the most: {why}",
                    _place(subject, demand),
                    "lower the threshold, or let a bucket hold more",
                )
    _spread(subject, composite, findings)
    _room(subject, composite, findings)


def _whole(subject: Subject, findings: Findings) -> None:
    """The same of a query-level monitor, whose condition sees the answer as a whole."""
    for trigger in subject.triggers if not subject.per_event else ():
        for demand in answers.demands(trigger["condition"]):
            limit, why = answers.most(subject.search, demand) or _most(subject, subject.search, demand)
            if demand.least > limit:
                findings.add(
                    "DAC027",
                    f"{subject.key} wants at least {demand.least:g} of '{demand.path}' in its answer, and {limit:g} is the most: {why}",
                    _place(subject, demand),
                    "lower the threshold, or let the answer hold more",
                )


def demands(condition: Mapping[str, Any]) -> Iterator[Demand]:
    """The least values that a condition demands, where it is a conjunction of comparisons; nothing of any other."""
    script = condition.get("script")
    source = script.get("source", "") if isinstance(script, Mapping) else str(script or "")
    params = table(table(script).get("params"))
    paths = condition.get("buckets_path") or {}
    if (
        not isinstance(source, str)
        or not isinstance(paths, Mapping)
        or re.search(r"\|\||[;?!]", source.replace("!=", ""))
    ):
        return
    for part in source.removeprefix("return ").split("&&"):
        match, mirrored = _COMPARISON.fullmatch(part.strip()), _MIRRORED.fullmatch(part.strip())
        if match:
            name, sign, other, number = match[1], match[2], match[3], match[4]
        elif mirrored:
            name, sign, other, number = mirrored[4], mirrored[3].replace("<", ">"), mirrored[1], mirrored[2]
        else:
            continue
        limit = params.get(other) if other else float(number)
        if name in paths and isinstance(limit, int | float) and not isinstance(limit, bool):
            yield Demand(str(paths[name]), math.floor(limit) + 1 if sign == ">" else limit)


def _composite(search: Mapping[str, Any]) -> Mapping[str, Any]:
    return table(inner_aggregations(search).get("composite_agg"))


def _most(subject: Subject, composite: Mapping[str, Any], demand: Demand) -> tuple[float, str]:
    """The largest value that a metric can have in one bucket, and why."""
    if demand.path in ("_count", COUNT):
        for name, kind, body in _keys(composite):
            if kind == "terms" and str(body.get("field")) in _UNIQUE:
                return 1, f"each event has its own '{body['field']}' (the source {name})"
        limit = subject.search.get("terminate_after")
        return (
            (limit, "the search stops after so many events of a shard")
            if isinstance(limit, int) and limit
            else (math.inf, "")
        )
    name, _, what = demand.path.replace(".", ">").rpartition(">")
    metric = name or what
    for kind, body in table(inner_aggregations(composite).get(metric.partition(">")[0])).items():
        if kind == "cardinality" and isinstance(body, Mapping):
            return _distinct(subject, composite, str(body.get("field")))
        if (
            what == "_bucket_count"
            and isinstance(body, Mapping)
            and kind in ("terms", "significant_terms", "rare_terms", "multi_terms")
        ):
            size = body.get("size", DEFAULT_SIZE)
            return size if isinstance(size, int) else math.inf, f"'{metric}' gives no more buckets (its size)"
    return math.inf, ""


def _distinct(subject: Subject, composite: Mapping[str, Any], field: str) -> tuple[float, str]:
    """How many different values of a field one bucket can have."""
    for name, kind, body in _keys(composite):
        asked = body.get("field") if kind == "terms" else None
        params = table(table(table(subject.derived.get(str(asked))).get("script")).get("params"))
        if field == asked or field in parts(params.get("fields"))[:1]:
            return 1, f"all events of a bucket have the same '{field}' (the source {name})"
    for part in logic.conjuncts(subject.search.get("query")):
        kind, body = clauses.head(part)
        name, value = clauses.on_field(kind, body)
        if name == field and kind in ("term", "terms"):
            values = clauses.values_of(value)
            return len(values), f"the query lets only {', '.join(str(item) for item in values)} through"
    return math.inf, ""


def _keys(composite: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for source in parts(table(composite.get("composite")).get("sources")):
        for name, body in table(source).items():
            for kind, inner in table(body).items():
                if isinstance(inner, Mapping):
                    yield str(name), str(kind), inner


def _place(subject: Subject, demand: Demand) -> Any:
    spec = subject.spec
    threshold = (
        spec.distinct.threshold
        if spec.distinct
        and demand.least == subject.number(spec.distinct.threshold)
        and demand.path not in ("_count", COUNT)
        else spec.threshold
    )
    if demand.least not in (subject.number(threshold), subject.number(threshold) + 1):
        return subject.in_template(f"{demand.least:g}", "buckets_path") or spec.where
    name = getattr(threshold, "name", "")
    return (
        subject.place_of_tunable(name)
        if name
        else spec.place("distinct" if threshold is not spec.threshold else "threshold")
    )


def _spread(subject: Subject, composite: Mapping[str, Any], findings: Findings) -> None:
    """Buckets of time narrower than the window never hold what lies further apart than they are wide."""
    window = subject.seconds_needed[0]
    threshold = subject.number(subject.spec.threshold)
    for name, kind, body in _keys(composite):
        wide = _wide(body) if kind == "date_histogram" else None
        if wide is not None and threshold > 1 and wide < window:
            findings.add(
                "DAC027",
                f"{subject.key} counts {threshold} events in buckets of {wide:g} s ('{name}'), and its window of {durations.words(window)} "
                "allows them to lie further apart: such events never come together",
                subject.in_template("date_histogram") or subject.spec.where,
                "leave the time out of the composite's sources; the time range is the window",
            )


def _wide(body: Mapping[str, Any]) -> float | None:
    text = str(body.get("fixed_interval") or body.get("calendar_interval") or body.get("interval") or "")
    match = _INTERVAL.fullmatch(text)
    if match is None:
        return None
    unit = match[2] if match[2] in _SECONDS else {"month": "M"}.get(match[2], match[2][0])
    return float(match[1] or 1) * _SECONDS[unit]


def _room(subject: Subject, composite: Mapping[str, Any], findings: Findings) -> None:
    body = table(composite.get("composite"))
    size = body.get("size", DEFAULT_SIZE)
    expected = {name: subject.target.expected(name) for name in subject.spec.entity}
    most = max(expected, key=lambda name: expected[name], default=None)
    if most is None or not isinstance(size, int) or size >= expected[most]:
        return
    findings.add(
        "DAC028",
        f"{subject.key} has room for {size} buckets on a page, and {expected[most]} of '{most}' are expected: alerts beyond the "
        "first page have no samples, and each further page costs a compilation",
        subject.in_template('"composite"') or subject.spec.where,
        'write "size": [[ composite_size ]] in the composite, or correct `expected` of the entity',
    )
