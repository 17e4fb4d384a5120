"""The tags of the server's mustache in a text, found in time that grows with the text and no faster.

An expression that looks for the end from each beginning anew takes the square of the length: of a stranger's text, minutes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag as it stands (``{{{x}}}``), what is in it, and where it begins and ends."""

    text: str
    inner: str
    start: int
    end: int


def tags(text: str, *, triple: bool = True) -> Iterator[Tag]:
    """Each tag, the first beginning with the first end; one that is not closed is none.

    With `triple`, ``{{{`` goes with the next ``}}}`` if there is one. Without, a tag ends at the first ``}}``.
    """
    ends = {"}}": 0, "}}}": 0}

    def end_of(closing: str, place: int) -> int:
        """Where it stands from `place` on, or -1. What was found stays found: places only grow."""
        if 0 <= ends[closing] < place:
            ends[closing] = text.find(closing, place)
        return ends[closing]

    place = text.find("{{")
    while place >= 0:
        for closing in ("}}}", "}}") if triple and text.startswith("{{{", place) else ("}}",):
            found = end_of(closing, place + len(closing))
            if found >= 0:
                yield Tag(
                    text[place : found + len(closing)],
                    text[place + len(closing) : found],
                    place,
                    found + len(closing),
                )
                place = found + len(closing)
                break
        else:
            return
        place = text.find("{{", place)


def without(text: str) -> str:
    """The text without its tags."""
    kept, place = [], 0
    for tag in tags(text):
        kept.append(text[place : tag.start])
        place = tag.end
    return "".join([*kept, text[place:]])
