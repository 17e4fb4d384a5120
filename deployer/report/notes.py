"""What a plan leaves as it is, in few lines: many objects that stay for one reason are one line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from deployer.plan import Note, Plan, Purpose
from deployer.plan.compare import FieldChange

FEW = 3
"""Objects of one kind and reason that are still named one by one, and of a longer list, how many are named."""

NAMED = 10
"""Of names that say all there is to say, so many are named."""


def left(plan: Plan) -> Iterator[tuple[str, tuple[FieldChange, ...]]]:
    """Each line with the changes by hand that belong below it."""
    if not plan.wanted and plan.purpose is not Purpose.DESTROY:
        if plan.managed:
            yield (
                f"all {plan.managed} live objects stay as they are, and the {plan.monitors} monitors among them go on running",
                (),
            )
        return
    groups: dict[tuple[str, ...], list[Note]] = {}
    for note in plan.notes:
        alone = (note.id, note.key) if note.changes else ()
        groups.setdefault((note.remark, note.kind, note.text, *alone), []).append(note)
    for notes in groups.values():
        if len(notes) <= FEW:
            for note in notes:
                yield _one(note), note.changes
        else:
            names = ", ".join(note.key or note.name for note in notes[:FEW])
            first = notes[0]
            yield (
                f"{first.remark}: {len(notes)} of kind {first.kind} ({names} and {len(notes) - FEW} more): {first.text}",
                (),
            )


def few(names: Sequence[str]) -> str:
    """Names, of a long list the first and how many more there are."""
    if len(names) <= NAMED:
        return ", ".join(names)
    return f"{', '.join(names[:NAMED])} and {len(names) - NAMED:,} more"


def _one(note: Note) -> str:
    identity = f" (id {note.id})" if note.id and note.id != note.name else ""
    return f"{note.remark}: {note.key or note.name}{identity}: {note.text}"
