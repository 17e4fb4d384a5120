"""Field changes as lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from deployer.plan.compare import Absent, FieldChange
from deployer.report.escape import shown, visible

MOST = 12
"""Lines shown of one object."""


def lines(changes: Sequence[FieldChange], most: int = MOST) -> Iterator[str]:
    """``field: old → new``, a line each; what is more than `most` is counted."""
    for change in changes[:most]:
        yield line(change)
    if len(changes) > most:
        yield f"... and {len(changes) - most} more fields (--output json has all)"


def line(change: FieldChange) -> str:
    """One change. Of lists of plain values only what came and went is shown."""
    path = visible(change.path)
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
