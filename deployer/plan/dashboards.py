"""Saved objects that are wanted against those that are there. Pure: no I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from deployer.model.saved_object import SavedObject


class Step(StrEnum):
    """What a deploy does with an object."""

    CREATE = "create"
    UPDATE = "update"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Change:
    """One object. `fields` are the attributes that differ; `by_hand` tells that somebody changed it since it was deployed.

    An object of this id that bears no mark of ours counts as changed by hand too: nobody knows whose it is.
    """

    step: Step
    object: SavedObject
    fields: tuple[str, ...] = ()
    by_hand: bool = False


def changes(wanted: Sequence[SavedObject], there: Mapping[tuple[str, str], SavedObject]) -> tuple[Change, ...]:
    """What is to be done, an object each, in the order of `wanted`."""
    return tuple(_change(item, there.get((item.type, item.id))) for item in wanted)


def _change(wanted: SavedObject, live: SavedObject | None) -> Change:
    if live is None:
        return Change(Step.CREATE, wanted)
    # Dashboards adds attributes of its own, such as the fields of an index pattern.
    attributes = {name: value for name, value in live.attributes.items() if name in wanted.attributes}
    known = SavedObject(live.type, live.id, attributes, live.references)
    if known.digest == wanted.digest and known.mark == wanted.mark:
        return Change(Step.NOTHING, wanted)
    by_hand = "description" in wanted.attributes and known.mark != known.digest
    return Change(Step.UPDATE, wanted, _fields(wanted, known), by_hand)


def _fields(wanted: SavedObject, live: SavedObject) -> tuple[str, ...]:
    """The attributes that differ, and `references`."""
    found = [
        name
        for name in sorted(wanted.attributes)
        if _one(wanted, name) != _one(live, name) and name != "description"
    ]
    if set(wanted.references) != set(live.references):
        found.append("references")
    return tuple(found or ["description"])


def _one(item: SavedObject, name: str) -> str:
    """One attribute so that it can be compared: its layout does not matter."""
    if name not in item.attributes:
        return ""
    return SavedObject(item.type, item.id, {name: item.attributes[name]}).digest
