"""Values set in a file that people wrote: comments, quotes, order and layout of all the rest stay as they are."""

from __future__ import annotations

import difflib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError

_LAYOUTS = ((2, 4, 2), (2, 2, 0), (4, 4, 2), (4, 6, 4), (4, 2, 0))
"""Indentations of mappings, of sequences and of their dashes, as people use them."""


@dataclass(frozen=True, slots=True)
class Edit:
    """A value of a mapping in a file, by its path (``("monitors", "AN0903/discovery", "enabled")``)."""

    path: tuple[str, ...]
    value: Any


def edited(text: str, edits: Sequence[Edit]) -> str:
    """The text of a YAML mapping with the edits made. Mappings on the way that are not there are added at the end of theirs.

    ValueError for a text whose value is no mapping, or has something else than a mapping on the way.
    """
    layout = _layout(text)
    before, after = _dumped(text, (), layout), _dumped(text, edits, layout)
    if before == text:
        return after
    # What the writer would lay out otherwise although nobody asked is left as people wrote it.
    carried = _carried(text, before, after)
    return carried if _value(carried) == _value(after) else after


def unified(text: str, new: str, file: str) -> str:
    """The difference of two texts as ``patch`` and ``git apply`` take it, from the root of the repository."""
    lines = difflib.unified_diff(
        text.splitlines(keepends=True), new.splitlines(keepends=True), f"a/{file}", f"b/{file}"
    )
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _layout(text: str) -> tuple[int, int, int]:
    """The layout in which writing the text again changes least."""
    lines = text.splitlines()

    def kept(layout: tuple[int, int, int]) -> float:
        return difflib.SequenceMatcher(None, lines, _dumped(text, (), layout).splitlines(), autojunk=False).ratio()

    return max(_LAYOUTS, key=kept)


def _value(text: str) -> Any:
    """The plain value of a text, or None if it is none any more."""
    try:
        return YAML(typ="safe", pure=True).load(text)
    except YAMLError:
        return None


def _dumped(text: str, edits: Sequence[Edit], layout: tuple[int, int, int]) -> str:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 100_000
    yaml.indent(mapping=layout[0], sequence=layout[1], offset=layout[2])
    value = yaml.load(text)
    if value is None:
        value = CommentedMap()
    for edit in edits:
        _set(value, edit)
    stream = io.StringIO()
    yaml.dump(value, stream)
    return stream.getvalue()


def _set(value: Any, edit: Edit) -> None:
    *above, last = edit.path
    for name in above:
        if not isinstance(value, CommentedMap):
            raise ValueError(f"{'.'.join(edit.path)}: what stands at {name} is no mapping")
        if value.get(name) is None:
            value[name] = _flow({}) if name == above[-1] and len(above) > 1 else CommentedMap()
        value = value[name]
    if not isinstance(value, CommentedMap):
        raise ValueError(f"{'.'.join(edit.path)}: what is to hold it is no mapping")
    value[last] = _flow(edit.value)


def _flow(value: Any) -> Any:
    """A mapping or list on one line, as such small ones are written."""
    if not isinstance(value, dict | list):
        return value
    made: CommentedMap | CommentedSeq = CommentedMap()
    if isinstance(value, dict):
        made = CommentedMap({name: _flow(inner) for name, inner in value.items()})
    else:
        made = CommentedSeq(_flow(inner) for inner in value)
    made.fa.set_flow_style()
    return made


def _carried(text: str, before: str, after: str) -> str:
    """The text with those lines changed that differ between two writings of it."""
    original, old, new = (
        text.splitlines(keepends=True),
        before.splitlines(keepends=True),
        after.splitlines(keepends=True),
    )
    # For each line of the first writing, the line of the original that it came from.
    places: list[int] = [len(original)] * (len(old) + 1)
    for tag, start, end, at, until in difflib.SequenceMatcher(None, original, old, autojunk=False).get_opcodes():
        for number in range(at, until):
            places[number] = start + (number - at if tag == "equal" else min(number - at, max(0, end - start - 1)))
    result: list[str] = []
    position = 0
    for tag, start, end, at, until in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        result += original[position : places[start]]
        result += new[at:until]
        position = places[end] if end > start else places[start]
    return "".join(result + original[position:])
