"""What a deploy of saved objects changes, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from deployer.model.saved_object import SavedObject
from deployer.plan.dashboards import Change, Step
from deployer.report.escape import visible

FORMAT_VERSION = 1
_SIGNS = {Step.CREATE: "+", Step.UPDATE: "~"}


def dashboards_text(changes: Sequence[Change], others: Sequence[SavedObject]) -> str:
    """A line an object, as of a plan; what was changed by hand is said."""
    return "\n".join([*_lines(changes, others), dashboards_sums(changes)])


def _lines(changes: Sequence[Change], others: Sequence[SavedObject]) -> Iterator[str]:
    for change in changes:
        if change.step is Step.NOTHING:
            continue
        item = change.object
        more = f": {', '.join(change.fields)}" if change.fields else ""
        hand = "; it is not as it was deployed: changed by hand, or not ours" if change.by_hand else ""
        yield f"{_SIGNS[change.step]} {item.type} {visible(item.id)} ({visible(item.title)}){more}{hand}"
    for item in others:
        yield f"  no longer in the repository, and left alone: {item.type} {visible(item.id)} ({visible(item.title)})"


def dashboards_sums(changes: Sequence[Change]) -> str:
    """The last line."""
    added, changed = (sum(item.step is step for item in changes) for step in (Step.CREATE, Step.UPDATE))
    if not added and not changed:
        return "No changes."
    return f"Dashboards: {added} to add, {changed} to change, {len(changes) - added - changed} unchanged."


def dashboards_json(
    changes: Sequence[Change], others: Sequence[SavedObject], environment: str, address: str, done: bool
) -> dict[str, Any]:
    """The same as a JSON object; `done` tells whether it was carried out."""
    return {
        "format_version": FORMAT_VERSION,
        "environment": environment,
        "dashboards": address,
        "deployed": done,
        "summary": dashboards_sums(changes),
        "objects": [
            {
                "type": change.object.type,
                "id": change.object.id,
                "title": change.object.title,
                "step": str(change.step),
                "fields": list(change.fields),
                "changed_by_hand": change.by_hand,
            }
            for change in changes
        ],
        "no_longer_wanted": [item.id for item in others],
    }
