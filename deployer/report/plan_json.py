"""A plan as JSON: `format_version`, stable keys, nothing cut, no secret."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from deployer.plan import Action, Note, Plan, Verb
from deployer.plan.compare import Absent, FieldChange

FORMAT_VERSION = 1


def plan_json(plan: Plan, address: str = "") -> dict[str, Any]:
    """The plan as a JSON object."""
    return {
        "format_version": FORMAT_VERSION,
        "environment": plan.environment,
        "deployment": plan.deployment,
        "production": plan.production,
        "purpose": str(plan.purpose),
        "target": plan.target or None,
        "cluster": {
            "address": address,
            "uuid": plan.facts.uuid,
            "version": plan.facts.version,
            "status": plan.facts.status,
        },
        "selection": {
            "select": list(plan.selection.select),
            "exclude": list(plan.selection.exclude),
            "left_out": list(plan.selection.left_out),
            "drafts": list(plan.selection.drafts),
        },
        "summary": {
            **{str(verb): len(plan.of(verb)) for verb in Verb},
            "unchanged": plan.unchanged,
            "managed": plan.managed,
            "repairs": len(plan.repairs),
            "abandoned": len(plan.abandoned),
        },
        "actions": [_action(action) for action in plan.actions],
        "notes": [_note(note) for note in plan.notes],
        "cannot_come_back": list(plan.losses),
        "warnings": list(plan.warnings),
        "refusals": [
            {"code": r.code, "what": r.what, "why": r.why, "todo": r.todo, "only_deploy": not r.looking}
            for r in plan.refusals()
        ],
    }


def changes_json(changes: Sequence[FieldChange]) -> list[dict[str, Any]]:
    """Field changes; a side that is absent has no key."""
    result: list[dict[str, Any]] = []
    for change in changes:
        item: dict[str, Any] = {"field": change.path}
        if not isinstance(change.old, Absent):
            item["old"] = change.old
        if not isinstance(change.new, Absent):
            item["new"] = change.new
        if change.cause:
            item["cause"] = change.cause
        result.append(item)
    return result


def _action(action: Action) -> dict[str, Any]:
    return {
        "action": str(action.verb),
        "kind": str(action.kind),
        "key": action.key,
        "name": action.name,
        "id": action.id,
        "analytic": (action.resource.analytic if action.resource else action.entry and action.entry.analytic) or None,
        "origin": str(action.resource.origin) if action.resource and action.resource.origin else None,
        "protected": action.protected,
        "changes": changes_json(action.changes),
        "causes": list(action.causes),
        "drift": changes_json(action.drift),
        "conflict": str(action.conflict) if action.conflict else None,
        "reason": action.reason,
        "write_index": action.shape.write_index if action.shape else None,
        "closes_alerts": {"count": action.closing.count, "why": action.closing.why} if action.closing else None,
    }


def _note(note: Note) -> dict[str, Any]:
    return {
        "note": str(note.remark),
        "kind": str(note.kind),
        "key": note.key,
        "name": note.name,
        "id": note.id,
        "text": note.text,
        "drift": changes_json(note.changes),
    }
