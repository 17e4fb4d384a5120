"""The leaves of a query: which field is asked what, of which log sources, and on which side of a `not`.

Rules look at rendered bodies, so a clause of somebody's own template is seen as one of ours is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deployer.check.fire import query_strings

DATASET = "data_stream.dataset"

ON_FIELD = frozenset({
    "term", "terms", "wildcard", "regexp", "prefix", "fuzzy", "range", "match", "match_phrase", "match_phrase_prefix",
    "match_bool_prefix", "intervals", "terms_set", "span_term",
})  # fmt: skip
"""Queries whose body is ``{field: ...}``."""

_OPTIONS = frozenset({"boost", "_name"})
_VALUES = ("value", "query", "wildcard", "values")
_WRAPPERS: Mapping[str, tuple[str, ...]] = {
    "bool": ("filter", "must", "should", "must_not"),
    "constant_score": ("filter",),
    "function_score": ("query",),
    "script_score": ("query",),
    "dis_max": ("queries",),
    "boosting": ("positive", "negative"),
    "nested": ("query",),
}


@dataclass(frozen=True, slots=True)
class Clause:
    """One leaf. `kind` is the query's name, `values` what the field is compared with, `body` the leaf's own parameters.

    `sources` are the log sources whose events it is asked of: a `term` on the dataset beside it leaves out the others.
    `negative` tells that it stands below an odd number of `must_not`.
    """

    kind: str
    field: str
    values: tuple[Any, ...]
    body: Any
    sources: tuple[str, ...]
    negative: bool = False

    @property
    def texts(self) -> tuple[str, ...]:
        """The values that are texts."""
        return tuple(value for value in self.values if isinstance(value, str))


def parts(value: Any) -> list[Any]:
    """What stands under a key of a `bool`: one query or a list of them."""
    return list(value) if isinstance(value, list) else [] if value is None else [value]


def table(value: Any) -> Mapping[str, Any]:
    """A mapping as it is, anything else as an empty one: what a stranger's template makes may have any form."""
    return value if isinstance(value, Mapping) else {}


def inner_aggregations(body: Any) -> Mapping[str, Any]:
    """The aggregations below a search or an aggregation, by name."""
    found = table(body)
    return table(found.get("aggregations") or found.get("aggs"))


def head(query: Any) -> tuple[str, Any]:
    """The name of a query and its body; ``("", None)`` for what is none."""
    if isinstance(query, Mapping) and len(query) == 1:
        name, body = next(iter(query.items()))
        return str(name), body
    return "", None


def on_field(kind: str, body: Any) -> tuple[str, Any]:
    """The field of a query such as `term`, and what it is compared with; ``("", None)`` if it has not the form."""
    if kind not in ON_FIELD or not isinstance(body, Mapping):
        return "", None
    named = [(str(name), value) for name, value in body.items() if name not in _OPTIONS]
    return named[0] if len(named) == 1 else ("", None)


def values_of(value: Any) -> tuple[Any, ...]:
    """The values of the parameters of a query on a field."""
    if isinstance(value, Mapping):
        value = next((value[name] for name in _VALUES if name in value), ())
    if isinstance(value, list | tuple):
        return tuple(value)
    return (value,)


def leaves(query: Any, datasets: Mapping[str, str], sources: Sequence[str]) -> Iterator[Clause]:
    """Every leaf of a query. `datasets` says which log source a dataset is of."""
    yield from _Walk(datasets).walk(query, tuple(sources), negative=False)


class _Walk:
    def __init__(self, datasets: Mapping[str, str]) -> None:
        self.datasets = datasets

    def walk(self, query: Any, sources: tuple[str, ...], *, negative: bool) -> Iterator[Clause]:
        kind, body = head(query)
        if not kind:
            return
        if kind in _WRAPPERS and isinstance(body, Mapping):
            if kind == "bool":
                sources = self._narrowed([*parts(body.get("filter")), *parts(body.get("must"))], sources)
            for name in _WRAPPERS[kind]:
                turned = name in ("must_not", "negative")
                for part in parts(body.get(name)):
                    yield from self.walk(part, sources, negative=negative != turned)
            return
        yield from _leaf(kind, body, sources, negative)

    def _narrowed(self, siblings: list[Any], sources: tuple[str, ...]) -> tuple[str, ...]:
        """The sources that the datasets named in a conjunction leave."""
        for sibling in siblings:
            kind, body = head(sibling)
            field, value = on_field(kind, body)
            if kind in ("term", "terms") and field == DATASET:
                named = {self.datasets.get(str(item), "") for item in values_of(value)}
                sources = tuple(source for source in sources if source in named) or sources
        return sources


def _leaf(kind: str, body: Any, sources: tuple[str, ...], negative: bool) -> Iterator[Clause]:
    field, value = on_field(kind, body)
    if field:
        yield Clause(kind, field, values_of(value), value, sources, negative)
    elif kind == "exists" and isinstance(body, Mapping):
        yield Clause(kind, str(body.get("field", "")), (), body, sources, negative)
    elif kind in ("query_string", "simple_query_string") and isinstance(body, Mapping):
        for name, text in query_strings.terms(body):
            yield Clause("query_string", name, (text,), body, sources, negative)
    elif kind == "multi_match" and isinstance(body, Mapping):
        for name in parts(body.get("fields")):
            yield Clause(
                "match", str(name).partition("^")[0], values_of(body.get("query", "")), body, sources, negative
            )
    else:
        yield Clause(kind, "", (), body, sources, negative)


def aggregations(search: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Every aggregation of a search as name, kind and body, the outermost first; sources of a composite are among them."""
    for name, body in inner_aggregations(search).items():
        yield from _aggregation(str(name), body)


def _aggregation(name: str, body: Any) -> Iterator[tuple[str, str, Any]]:
    if not isinstance(body, Mapping):
        return
    for kind, inner in body.items():
        if kind in ("aggregations", "aggs") and isinstance(inner, Mapping):
            for sub, nested in inner.items():
                yield from _aggregation(str(sub), nested)
        elif kind not in ("meta",):
            yield name, str(kind), inner
            if kind == "composite" and isinstance(inner, Mapping):
                for source in parts(inner.get("sources")):
                    for sub, nested in source.items() if isinstance(source, Mapping) else ():
                        yield from _aggregation(str(sub), nested)


def scripts(value: object) -> Iterator[str]:
    """The text of every script in a search."""
    if isinstance(value, dict):
        script = value.get("script")
        if isinstance(script, str):
            yield script
        elif isinstance(script, dict) and isinstance(script.get("source"), str):
            yield script["source"]
        for inner in value.values():
            yield from scripts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from scripts(inner)
