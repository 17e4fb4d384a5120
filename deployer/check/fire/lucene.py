"""Lucene's query syntax as query DSL, whose leaves are single terms: so rules look at one form, and at document-level monitors too.

Only what decides what can match is kept. A term stays a `query_string` of one field, for only that is read as the server
reads it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from deployer.check.fire.query_strings import DISTANCE, LONGEST, TOKEN, defaults, plain

_OPERATORS = {"not": ("NOT", "!"), "and": ("AND", "&&"), "or": ("OR", "||")}
_ALL: dict[str, Any] = {"match_all": {}}
_NONE: dict[str, Any] = {"match_none": {}}


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str


def tree(body: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a `query_string` as query DSL. A text that this cannot read is one leaf.

    A negation alone matches nothing within brackets, as Lucene has it, and everything else at the top, as the server has it.
    """
    text = body.get("query")
    if not isinstance(text, str) or len(text) > LONGEST:
        return {"query_string": dict(body)}
    reader = _Reader(list(_tokens(text)), defaults(body), str(body.get("default_operator", "OR")).upper() == "AND")
    found = reader.either(None, top=True)
    return found if reader.done and found is not None else {"query_string": dict(body)}


def leaf(field: str, term: str) -> dict[str, Any]:
    """One term asked of one field."""
    if field == "_exists_":
        return {"exists": {"field": plain(term)}}
    return dict(_ALL) if (field, term) == ("*", "*") else {"query_string": {"query": term, "fields": [field]}}


def single(body: Mapping[str, Any]) -> tuple[str, str] | None:
    """The field and the term of a `query_string` that is a leaf, as `leaf` makes it."""
    named, text = body.get("fields"), body.get("query")
    if isinstance(named, list) and len(named) == 1 and isinstance(text, str) and set(body) == {"query", "fields"} and len(text) <= LONGEST:
        found = list(_tokens(text))
        if len(found) == 1 and found[0].kind == "term":
            return str(named[0]), text
    return None


def _tokens(text: str) -> Iterator[_Token]:
    for match in TOKEN.finditer(text):
        kind, part = str(match.lastgroup), match[0]
        if kind == "field":
            yield _Token("field", plain(match["field"]))
        elif kind == "bracket":
            yield _Token(part, part)
        elif kind == "sign":
            yield from [_Token("not", part)] if part != "+" else []
        elif kind == "word":
            name = next((kind for kind, names in _OPERATORS.items() if part in names), "term")
            bare = part if name != "term" else DISTANCE.sub("", part)
            if bare:  # else the distance of a phrase
                yield _Token(name, bare)
        else:
            yield _Token("term", part)


class _Reader:
    def __init__(self, tokens: list[_Token], fields: list[str], both: bool) -> None:
        self.tokens, self.fields, self.both, self.place = tokens, fields, both, 0

    @property
    def done(self) -> bool:
        return self.place >= len(self.tokens)

    def _next(self, *kinds: str) -> bool:
        if not self.done and self.tokens[self.place].kind in kinds:
            self.place += 1
            return True
        return False

    def either(self, around: str | None, *, top: bool = False) -> dict[str, Any] | None:
        """Alternatives, up to the closing bracket or the end."""
        found: list[dict[str, Any]] = []
        while not self.done and self.tokens[self.place].kind != ")":
            part = self._both(around, top=top)
            if part is None:
                return None
            found.append(part)
            self._next("or")
        if not found:
            return None
        return found[0] if len(found) == 1 else {"bool": {"should": found, "minimum_should_match": 1}}

    def _both(self, around: str | None, *, top: bool) -> dict[str, Any] | None:
        wanted: list[dict[str, Any]] = []
        unwanted: list[dict[str, Any]] = []
        while True:
            negative = self._next("not")
            part = self._one(around)
            if part is None:
                return None
            (unwanted if negative else wanted).append(part)
            more = not self.done and self.tokens[self.place].kind not in (")", "or")
            negated = more and self.tokens[self.place].kind == "not"
            if not (self._next("and") or (more and (self.both or negated))):
                break
        return _conjunction(wanted, unwanted, top=top)

    def _one(self, around: str | None) -> dict[str, Any] | None:
        if self._next("field"):
            around = self.tokens[self.place - 1].text
        if self._next("("):
            inner = self.either(around)
            return inner if self._next(")") else None
        if not self._next("term"):
            return None
        term = self.tokens[self.place - 1].text
        parts = [leaf(name, term) for name in ([around] if around else self.fields)]
        return parts[0] if len(parts) == 1 else {"bool": {"should": parts, "minimum_should_match": 1}}


def _conjunction(wanted: list[dict[str, Any]], unwanted: list[dict[str, Any]], *, top: bool) -> dict[str, Any]:
    """All of some and none of others, with inner conjunctions dissolved: an exception stands beside what it takes from."""
    if not wanted and not top:
        return dict(_NONE)
    if len(wanted) == 1 and not unwanted:
        return wanted[0]
    filters: list[Any] = []
    forbidden: list[Any] = list(unwanted)
    for part in wanted:
        inner = part.get("bool", {})
        if inner and set(inner) <= {"filter", "must_not"}:
            filters += inner.get("filter", [])
            forbidden += inner.get("must_not", [])
        else:
            filters.append(part)
    filters = [part for part in filters if part != _ALL]
    found = {"filter": filters, "must_not": forbidden}
    return {"bool": {name: value for name, value in found.items() if value}} if filters or forbidden else dict(_ALL)
