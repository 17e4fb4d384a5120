"""A monitor's body read as what its windows are made of, if it is of the form whose slots can be combined."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deployer.replay import conditions

_LOOK_BACK = re.compile(r"\{\{period_end\}\}\|\|-(\d+)s")
_RANGE = {"lte": "{{period_end}}", "format": "epoch_millis"}
_COMBINED = {"min": "min", "max": "max", "sum": "sum", "value_count": "sum"}


@dataclass(frozen=True, slots=True)
class Shape:
    """What makes the buckets of any window, and when a bucket alerts.

    `filters` are the query's clauses without its time range on `time`, which looks back `look_back` seconds. `query` is the
    rest of the bool query. `sources` are the composite's. `metrics` gives each parameter of the condition its kind (of
    `windows.KINDS`) and, but for the count of documents, its aggregation; `distinct` is the one that counts values.
    """

    time: str
    look_back: int
    filters: tuple[Mapping[str, Any], ...]
    query: Mapping[str, Any]
    derived: Mapping[str, Any]
    sources: tuple[Mapping[str, Any], ...]
    metrics: Mapping[str, tuple[str, Mapping[str, Any] | None]]
    holds: conditions.Condition

    @property
    def distinct(self) -> dict[str, str]:
        """The parameters that count different values, with their fields."""
        return {
            name: aggregation["cardinality"]["field"]
            for name, (kind, aggregation) in self.metrics.items()
            if kind == "distinct" and aggregation is not None
        }


def read(body: Mapping[str, Any]) -> Shape | None:
    """The shape of a bucket-level monitor's body; None if it has anything of which slots do not tell the whole."""
    search, triggers = body["inputs"][0]["search"]["query"], body["triggers"]
    if len(triggers) != 1 or set(search) - {"size", "track_total_hits", "query", "derived", "aggregations"}:
        return None
    condition = triggers[0]["bucket_level_trigger"]["condition"]
    buckets = _composite(search["aggregations"], condition)
    ranged = _range(search["query"])
    if buckets is None or ranged is None:
        return None
    metrics = _metrics(condition["buckets_path"], buckets.get("aggregations", {}))
    holds = conditions.parse(str(condition["script"].get("source", "")))
    time, look_back, filters = ranged
    rest = {name: clause for name, clause in search["query"]["bool"].items() if name != "filter"}
    if metrics is None or holds is None or "{{" in json.dumps([filters, rest, search.get("derived")]):
        return None
    given = condition["script"].get("params", {})
    return Shape(
        time,
        look_back,
        filters,
        rest,
        search.get("derived", {}),
        tuple(buckets["composite"]["sources"]),
        metrics,
        lambda values: holds({**given, **values}),
    )


def _composite(aggregations: Mapping[str, Any], condition: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The aggregation that makes the buckets: one composite of plain terms, and the condition's parent."""
    name = condition["parent_bucket_path"]
    if set(aggregations) != {name} or set(condition) != {"buckets_path", "parent_bucket_path", "script"}:
        return None
    found: Mapping[str, Any] = aggregations[name]
    if set(found) - {"composite", "aggregations"} or set(found.get("composite", {})) != {"size", "sources"}:
        return None
    plain = all(
        set(terms) == {"terms"} and set(terms["terms"]) == {"field"}
        for source in found["composite"]["sources"]
        for terms in source.values()
    )
    return found if plain else None


def _range(query: Mapping[str, Any]) -> tuple[str, int, tuple[Mapping[str, Any], ...]] | None:
    """The field and look-back of the one range that moves with the clock, and the other filters."""
    filters = query.get("bool", {}).get("filter")
    if set(query) != {"bool"} or not isinstance(filters, list):
        return None
    found = [(clause, window) for clause in filters for window in [_moving(clause)] if window is not None]
    if len(found) != 1:
        return None
    ((clause, (field, look_back)),) = found
    return field, look_back, tuple(other for other in filters if other is not clause)


def _moving(clause: Mapping[str, Any]) -> tuple[str, int] | None:
    if set(clause) != {"range"} or len(clause["range"]) != 1:
        return None
    ((field, bounds),) = clause["range"].items()
    match = _LOOK_BACK.fullmatch(str(bounds.get("gt", "")))
    if match is None or {name: value for name, value in bounds.items() if name != "gt"} != _RANGE:
        return None
    return field, int(match[1])


def _metrics(
    paths: Mapping[str, str], aggregations: Mapping[str, Any]
) -> dict[str, tuple[str, Mapping[str, Any] | None]] | None:
    """How each parameter of the condition combines over slots; None if one of them does not."""
    found: dict[str, tuple[str, Mapping[str, Any] | None]] = {}
    for name, path in paths.items():
        if path == "_count":
            found[name] = ("sum", None)
            continue
        aggregation = aggregations.get(path.removesuffix(".value"))
        if aggregation is None or len(aggregation) != 1:
            return None
        ((kind, settings),) = aggregation.items()
        if set(settings) != {"field"} or kind not in (*_COMBINED, "cardinality"):
            return None
        found[name] = (_COMBINED.get(kind, "distinct"), aggregation)
    return found
