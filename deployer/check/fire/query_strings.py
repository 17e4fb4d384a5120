"""Lucene's query syntax, as far as rules need it: which field is asked which term."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

TOKEN = re.compile(
    r"""
    (?P<sign>[-+!](?=\S))                     # -field:term
    | (?P<field>(?:[\w.@*-]|\\.)+):            # field:
    | (?P<phrase>"(?:[^"\\]|\\.)*")          # "a phrase"
    | (?P<regex>/(?:[^/\\]|\\.)+/)           # /an expression/
    | (?P<range>[\[{][^\]}]*[\]}])           # [a TO b]
    | (?P<bracket>[()])
    | (?P<word>(?:[^\s()"\[\]{}:\\]|\\.)+)
    """,
    re.X | re.S,
)
LONGEST = 20_000
"""Characters of a text that is taken apart; a bracket that is not closed is looked for from each anew."""

_OPERATORS = frozenset({"AND", "OR", "NOT", "&&", "||", "!", "+", "-"})
DISTANCE = re.compile(r"[\^~][\d.]*$")


def terms(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Each field with each bare term that it is asked for, as written.

    Phrases keep their quotes, expressions their slashes. A term without a field is asked of each of `fields`, or of the
    `default_field`, or of ``*``, which stands for all.
    """
    query = body.get("query")
    if not isinstance(query, str) or len(query) > LONGEST:
        return
    without = defaults(body)
    waiting: str | None = None
    stack: list[str | None] = []
    for match in TOKEN.finditer(query):
        kind, text = match.lastgroup, match[0]
        if kind == "field":
            waiting = plain(match["field"])
        elif text == "(":
            stack.append(waiting)
            waiting = None
        elif text == ")":
            if stack:
                stack.pop()
            waiting = None
        elif kind == "sign" or (kind == "word" and text in _OPERATORS):
            continue
        else:
            term = DISTANCE.sub("", text) if kind == "word" else text
            around = waiting or next((name for name in reversed(stack) if name), None)
            waiting = None
            if term:
                yield from ((name, term) for name in ([around] if around else without))


def defaults(body: Mapping[str, Any]) -> list[str]:
    """The fields that a term without a field is asked of; ``*`` stands for all."""
    named = body.get("fields") or [body.get("default_field") or "*"]
    return [str(name).partition("^")[0] for name in (named if isinstance(named, list) else [named])]


def wildcards(term: str) -> list[int]:
    """The places of the `*` and `?` of a bare term that are not escaped; none in a phrase or an expression."""
    if term[:1] in ('"', "/"):
        return []
    return unescaped(term)


def unescaped(text: str) -> list[int]:
    """The places of `*` and `?` before which no backslash stands."""
    found, place = [], 0
    while place < len(text):
        if text[place] == "\\":
            place += 1
        elif text[place] in "*?":
            found.append(place)
        place += 1
    return found


def plain(name: str) -> str:
    """A name without the escapes in it."""
    return re.sub(r"\\(.)", r"\1", name)
