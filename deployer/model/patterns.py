"""Command patterns: words as a person would type them, however an attacker writes them.

A command is seen as words (the analyzer ``command_words`` of mappings/components/ecs.yml; `normalise` does the same
here, and a test compares the two on a real node). A pattern is a row of words that follow each other:

``net use``     these words, adjacent, wherever they stand
``^ss``         the word is the name of a program: where a command starts, behind a path that starts there, or behind
                sudo, doas, busybox, ``sh -c`` and the like
``net use $``   the command ends there
``sh[ow] tcp``  an optional tail: sh, sho or show
``get-net*``    any characters within a word (a pattern with ``*`` does not see through quotes and carets)
``esxcli ... connection list``  up to eight words of the same command in between
``/regex/``     a Lucene regular expression on the whole text, whatever its case
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

EDGE = ";;"
"""The word that stands at both ends of a command and for what separates commands."""

MAX_GAP = 8
"""The most words that ``...`` stands for."""

PROGRAM = "\u0002"
"""The analyzer's mark on the name of a program: where a command starts, behind a path that starts there, or behind
sudo, doas, busybox, ``sh -c``, ``cmd /c`` and the like with their options. The name stands unmarked at the same place."""

MAX_EXPRESSION = 1000
"""Characters of a regular expression (``index.max_regex_length``)."""

_REMOVED = dict.fromkeys(map(ord, "^`\"'\u2018\u2019\u201c\u201d"), None)
_SPACED: dict[int, str | None] = {
    **dict.fromkeys(map(ord, ",:=[]\u00a0"), " "),
    **dict.fromkeys(map(ord, "\u2013\u2014\u2015"), "-"),
    **dict.fromkeys(map(ord, "/\\"), " / "),
    **dict.fromkeys(map(ord, "&|;(){}<>!\n\r"), f" {EDGE} "),
}
_TABLE: dict[int, str | None] = {**_SPACED, **_REMOVED}
_JOINS = re.compile("[\"']\\+[\"']|[\"'] \\+ [\"']")
_STREAMS = re.compile(r" [12]>")
_ESCAPED_LETTER = re.compile(r"\\[^dDsSwW\W_]")
_EXTENSION = re.compile(r"\.(?:exe|com)$")
_TAIL = re.compile(r"([^\[\]]+)\[([^\[\]]+)\]")


@dataclass(frozen=True, slots=True)
class Gap:
    """Up to `MAX_GAP` words."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word in any of its forms. A form with ``*`` stands for any characters there."""

    forms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern as parsed: its items in order, or a regular expression.

    `start`: the first word is the name of a program. `end`: the command ends behind the last word.
    """

    text: str
    items: tuple[Word | Gap, ...] = ()
    start: bool = False
    end: bool = False
    regex: str | None = None

    @property
    def wild(self) -> bool:
        """Whether a word has a ``*``."""
        return any("*" in form for item in self.items if isinstance(item, Word) for form in item.forms)


def normalise(command: str) -> list[str]:
    """The words of a command as the analyzer ``command_words`` gives them, the edges included."""
    text = _STREAMS.sub(" & ", _JOINS.sub("", command)).translate(_TABLE)
    return [EDGE, *(_EXTENSION.sub("", word.lower()) for word in text.split()), EDGE]


@lru_cache(10_000)
def parse(text: str) -> Pattern:
    """Read a pattern; ValueError says what is wrong with it."""
    stripped = text.strip()
    if len(stripped) > 2 and stripped.startswith("/") and stripped.endswith("/"):
        return Pattern(text, regex=_expression(stripped[1:-1]))
    start = stripped.startswith("^")
    if start:
        stripped = stripped[1:].lstrip()
    end = stripped == "$" or stripped.endswith(" $")
    if end:
        stripped = stripped[:-1].rstrip()
    items: list[Word | Gap] = []
    for raw in stripped.split():
        items.extend([Gap()] if raw == "..." else _words(raw))
    words = [item for item in items if isinstance(item, Word)]
    if not words or all(set(word.forms) <= {EDGE, "/", "*"} for word in words):
        raise ValueError(f"'{text}' has no word to look for")
    if isinstance(items[0], Gap) or isinstance(items[-1], Gap):
        raise ValueError("'...' stands between two words")
    return Pattern(text, tuple(items), start, end)


def _expression(regex: str) -> str:
    """A regular expression that Lucene can read. It knows no other classes than these, and fails only when it runs."""
    escape = _ESCAPED_LETTER.search(re.sub(r"\\\\", "", regex))
    if escape:
        raise ValueError(f"'/{regex}/': {escape[0]} means nothing here; a backslash stands before d, s, w or a sign")
    if len(regex) > MAX_EXPRESSION:
        raise ValueError(f"an expression of {len(regex)} characters; the server takes {MAX_EXPRESSION}")
    try:
        re.compile(regex)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"'/{regex}/': {error}"[:300]) from error
    return regex


def _words(raw: str) -> list[Word | Gap]:
    match = _TAIL.fullmatch(raw)
    if match:
        stem, tail = match[1].lower(), match[2].lower()
        if len(normalise(stem + tail)) != 3:
            raise ValueError(f"'{raw}': an optional tail belongs to one plain word")
        return [Word(tuple(stem + tail[:length] for length in range(len(tail) + 1)))]
    if "[" in raw or "]" in raw:
        raise ValueError(f"'{raw}': write an optional tail as wo[rd]")
    return [Word((word,)) for word in normalise(raw)[1:-1]]
