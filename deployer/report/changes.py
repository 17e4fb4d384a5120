"""Field changes as lines, each with what caused it."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator, Sequence

from deployer.plan.compare import Absent, FieldChange
from deployer.report.escape import shown, visible

MOST = 12
"""Lines shown of one object."""


LONG = 120
"""Characters of a text above which only the place where two of them differ is shown."""

AROUND = 30
"""Characters shown on either side of that place."""

_KIND = re.compile(r"^body\.|\.(?:bucket_level|query_level|document_level|chained_alert)_trigger|\.search(?=\.)")


def lines(changes: Sequence[FieldChange], most: int = MOST) -> Iterator[str]:
    """``field: old → new  (cause)``, a line each, and of a long text the lines that differ, below it.

    The same change in several places is shown once; what is more than `most` fields is counted.
    """
    places: dict[tuple[str, str, str], list[FieldChange]] = {}
    for number, change in enumerate(changes):
        long = _long(change)
        key = (repr(change.old), repr(change.new), change.cause) if long else (str(number), "", "")
        places.setdefault(key, []).append(change)
    for found in list(places.values())[:most]:
        change = found[0]
        also = f", and in {len(found) - 1} more place{'s' if len(found) > 2 else ''}" if len(found) > 1 else ""
        if _long(change):
            yield f"{_place(change.path)}{also}:{_because(change)}"
            yield from (f"    {text}" for text in _parts(str(change.old), str(change.new)))
        else:
            yield f"{line(change)}{_because(change)}"
    if len(places) > most:
        yield f"... and {len(places) - most} more fields (--output json has all)"


def _because(change: FieldChange) -> str:
    return f"  ({visible(change.cause)})" if change.cause else ""


def _place(path: str) -> str:
    """Where in what is sent, without the words that stand in every monitor."""
    return visible(_KIND.sub("", path))


def _long(change: FieldChange) -> bool:
    old, new = change.old, change.new
    return (
        isinstance(old, str) and isinstance(new, str) and any("\n" in text or len(text) > LONG for text in (old, new))
    )


def _parts(old: str, new: str) -> Iterator[str]:
    """The lines that differ, or of a single line the place where it does."""
    before, after = old.split("\n"), new.split("\n")
    if len(before) == len(after) == 1:
        before, after = [_excerpt(old, new)], [_excerpt(new, old)]
    told = [
        text for text in difflib.unified_diff(before, after, n=0, lineterm="") if text[:2] not in ("--", "++", "@@")
    ]
    for text in told[:MOST]:
        yield f"{text[0]} {shown(text[1:])}"
    if len(told) > MOST:
        yield f"... and {len(told) - MOST} more lines"


def _excerpt(text: str, other: str) -> str:
    start = len(os.path.commonprefix([text, other]))  # noqa: RUF071  (letter by letter is what is meant)
    end = len(os.path.commonprefix([text[start:][::-1], other[start:][::-1]]))  # noqa: RUF071
    first, last = max(0, start - AROUND), min(len(text), len(text) - end + AROUND)
    return f"{'…' if first else ''}{text[first:last]}{'…' if last < len(text) else ''}"


def line(change: FieldChange) -> str:
    """One change. Of lists of plain values only what came and went is shown."""
    path = _place(change.path)
    if isinstance(change.old, Absent) and isinstance(change.new, Absent):
        return path
    if _plain_list(change.old) and _plain_list(change.new):
        gone = [item for item in change.old if item not in change.new]
        come = [item for item in change.new if item not in change.old]
        if gone or come:
            return f"{path}: " + ", ".join(
                [*(f"-{shown(item)}" for item in gone), *(f"+{shown(item)}" for item in come)]
            )
    return f"{path}: {shown(change.old)} → {shown(change.new)}"


def _plain_list(value: object) -> bool:
    return isinstance(value, list | tuple) and not any(isinstance(item, list | tuple | dict) for item in value)
