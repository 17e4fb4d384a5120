"""Lucene's regular expressions against a text, in time that grows with both and no faster.

Python's own take for ever on some (``(a|a)*b``), and what is looked at here may be a stranger's.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

MOST = 2_000
"""Pieces of an expression (its states are bounded by four times as many); the server takes expressions of 1,000 characters."""

WORK = 1_000_000
"""States times characters; more is not looked at."""

_TOKEN = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\{\d{1,4}(?:,\d{0,4})?\}|.", re.S)
_REPEATS = {"*": (0, None), "+": (1, None), "?": (0, 1)}

Matcher = Callable[[str], object]


def fits(expression: str, text: str) -> bool:
    """Whether the expression fits the whole text; False also where that is not known (what cannot be read, or is too long)."""
    found = _machine(expression)
    return found is not None and len(found.states) * (len(text) + 1) <= WORK and found.accepts(text)


@dataclass(slots=True)
class _State:
    """Takes a character that `takes` likes and goes on to `then`; without `takes` it goes on to each of `then` at once."""

    takes: Matcher | None
    then: list[int] = field(default_factory=list)


class _TooMuchError(ValueError):
    """What cannot be read, or has too many states."""


@dataclass(slots=True)
class _Machine:
    states: list[_State]
    start: int
    end: int

    def accepts(self, text: str) -> bool:
        now = self._reached([self.start])
        for char in text:
            now = self._reached(
                [
                    place
                    for state in now
                    if (takes := self.states[state].takes) is not None and takes(char)
                    for place in self.states[state].then
                ]
            )
            if not now:
                return False
        return self.end in now

    def _reached(self, waiting: list[int]) -> set[int]:
        seen: set[int] = set()
        while waiting:
            place = waiting.pop()
            if place not in seen:
                seen.add(place)
                if self.states[place].takes is None:
                    waiting += self.states[place].then
        return seen


@lru_cache(512)
def _machine(expression: str) -> _Machine | None:
    tokens = _TOKEN.findall(expression)
    if len(tokens) > MOST:
        return None
    try:
        reader = _Reader(tokens)
        start, end = reader.either()
        return _Machine(reader.states, start, end) if reader.place == len(tokens) else None
    except (_TooMuchError, RecursionError):
        return None


class _Reader:
    """Makes states of tokens; each part is a pair of its first and its last state."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens, self.place, self.states = tokens, 0, list[_State]()

    def either(self) -> tuple[int, int]:
        start, end = self._new(), self._new()
        while True:
            first, last = self._row()
            self._join(start, first)
            self._join(last, end)
            if self._now() != "|":
                return start, end
            self.place += 1

    def _row(self) -> tuple[int, int]:
        start = end = self._new()
        while self._now() not in ("", "|", ")"):
            begin = self.place
            first, last = self._one()
            bounds = self._repeat()
            if bounds is not None:
                first, last = self._repeated(begin, first, last, *bounds)
            self._join(end, first)
            end = last
        return start, end

    def _one(self) -> tuple[int, int]:
        piece = self._now()
        self.place += 1
        if piece == "(":
            found = self.either()
            if self._now() != ")":
                raise _TooMuchError
            self.place += 1
            return found
        if piece in _REPEATS or (piece[0] == "{" and len(piece) > 1):
            raise _TooMuchError
        start, end = self._new(_matcher(piece)), self._new()
        self._join(start, end)
        return start, end

    def _repeat(self) -> tuple[int, int | None] | None:
        """How often the part that was just read may come, if a sign says so."""
        piece = self._now()
        if piece in _REPEATS:
            self.place += 1
            return _REPEATS[piece]
        if piece[:1] == "{" and len(piece) > 1:
            self.place += 1
            low, comma, high = piece[1:-1].partition(",")
            return int(low), (int(high) if high else None) if comma else int(low)
        return None

    def _repeated(self, begin: int, first: int, last: int, low: int, high: int | None) -> tuple[int, int]:
        """The part whose pieces begin at `begin` as often as wanted: made anew for each time that it may come."""
        after = self.place
        start = end = self._new()
        copies = max(low, 1) if high is None else high
        if high is not None and high < low:
            raise _TooMuchError
        done = self._new()
        if copies == 0:
            return start, end
        for number in range(copies):
            if number:
                self.place = begin
                first, last = self._one()
            if number >= low:
                self._join(end, done)
            self._join(end, first)
            end = last
        self.place = after
        if high is None:
            self._join(end, first)
        self._join(end, done)
        return start, done

    def _now(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def _new(self, takes: Matcher | None = None) -> int:
        if len(self.states) > 4 * MOST:
            raise _TooMuchError
        self.states.append(_State(takes))
        return len(self.states) - 1

    def _join(self, one: int, other: int) -> None:
        self.states[one].then.append(other)


def _matcher(piece: str) -> Matcher:
    if piece == ".":
        return lambda char: True
    if (piece[0] == "[" and len(piece) > 1) or (piece[0] == "\\" and piece[1:] in tuple("dDsSwW")):
        try:
            return re.compile(piece).fullmatch
        except re.error:
            raise _TooMuchError from None
    literal = piece[1:] if piece[0] == "\\" and len(piece) > 1 else piece
    return lambda char: char == literal
