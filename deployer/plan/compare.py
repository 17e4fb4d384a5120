"""What differs between two values, as a list a reviewer can read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from deployer.plan.canonical import canonical


class Absent(Enum):
    """Stands for a field that is not there; null is another thing."""

    ABSENT = "absent"


ABSENT = Absent.ABSENT


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field, before and after; `ABSENT` where it is not there. `cause` is what changed it, as far as that is known."""

    path: str
    old: Any
    new: Any
    cause: str = ""


def changes(old: Any, new: Any, path: str = "") -> tuple[FieldChange, ...]:
    """The fields that differ, in the order of the new value, then of the old.

    Mappings are compared field by field. Lists of plain values are one field. Lists of mappings are compared item by
    item if they are of one length; otherwise the items only one of them has are shown as added or removed.
    """
    return tuple(_changes(old, new, path))


def _changes(old: Any, new: Any, path: str) -> Iterator[FieldChange]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for name in [*new, *(name for name in old if name not in new)]:
            yield from _changes(old.get(name, ABSENT), new.get(name, ABSENT), f"{path}.{name}" if path else name)
    elif _structured(old) and _structured(new):
        yield from _items(old, new, path)
    elif not _equal(old, new):
        yield FieldChange(path, old, new)


def _items(old: Sequence[Any], new: Sequence[Any], path: str) -> Iterator[FieldChange]:
    if len(old) == len(new):
        for number, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from _changes(before, after, f"{path}[{number}]")
        return
    before_texts, after_texts = [canonical(item) for item in old], [canonical(item) for item in new]
    for number, (text, item) in enumerate(zip(before_texts, old, strict=True)):
        if text not in after_texts:
            yield FieldChange(f"{path}[{number}]", item, ABSENT)
    for number, (text, item) in enumerate(zip(after_texts, new, strict=True)):
        if text not in before_texts:
            yield FieldChange(f"{path}[{number}]", ABSENT, item)
    if sorted(set(before_texts)) == sorted(set(after_texts)):
        yield FieldChange(f"{path}.length", len(old), len(new))


def _structured(value: Any) -> bool:
    return isinstance(value, list | tuple) and any(isinstance(item, Mapping | list | tuple) for item in value)


def _equal(old: Any, new: Any) -> bool:
    if isinstance(old, Absent) or isinstance(new, Absent):
        return old is new
    return canonical(old) == canonical(new)
