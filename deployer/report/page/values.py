"""Values of tunables and bodies as the page shows them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from deployer.model.analytic import Analytic, Tunable
from deployer.model.resource import Resource
from deployer.report.page.looked import Place

FEW = 6
"""Items of a value that stand in the table as they are; more are folded."""

_BOUNDS = {"minimum": "at least", "maximum": "at most", "min_items": "at least", "max_items": "at most"}


def tunables(analytic: Analytic, places: list[Place]) -> list[dict[str, Any]]:
    """Each tunable with its default, and the environments that set it otherwise, with the line that does."""
    return [
        {
            "name": name,
            "type": tunable.type,
            "bounds": _bounds(tunable),
            "description": tunable.description,
            "default": lines(tunable.default),
            "set": [
                {"environment": place.name, "value": lines(given[name]), "where": str(where)}
                for place in places
                if place.environment is not None
                and name in (given := place.environment.tunables.get(analytic.id, {}))
                and (where := place.environment.place("tunables", analytic.id, name))
            ],
        }
        for name, tunable in analytic.tunables.items()
    ]


def _bounds(tunable: Tunable) -> str:
    parts = []
    for name, value in tunable.bounds.items():
        if name == "choices":
            parts.append(f"one of {', '.join(map(str, value))}")
        elif name in _BOUNDS:
            parts.append(f"{_BOUNDS[name]} {value}{' items' if name.endswith('items') else ''}")
    return ", ".join(parts)


def lines(value: Any) -> dict[str, Any]:
    """A value as lines, one an item of a list; `folded` if they are many."""
    items = value if isinstance(value, list | tuple) else [value]
    texts = [item if isinstance(item, str) else json.dumps(item, ensure_ascii=False) for item in items]
    return {"lines": texts or ["(empty)"], "folded": len(texts) > FEW}


def queries(key: str, places: list[Place]) -> list[dict[str, Any]]:
    """What a monitor asks, each distinct form of it once, with the environments that get it so."""
    found: dict[str, dict[str, Any]] = {}
    for place in places:
        body = next((item.body for item in place.resources if item.key == key), None)
        if body is None:
            continue
        asked = _asked(body)
        text = json.dumps(asked, ensure_ascii=False, indent=1)
        found.setdefault(text, {"environments": [], "text": text, "indices": _indices(body)})["environments"].append(
            place.name
        )
    return list(found.values())


def _asked(body: Mapping[str, Any]) -> dict[str, Any]:
    conditions = [
        trigger.get("condition", {})
        for entry in body.get("triggers", ())
        for trigger in entry.values()
        if isinstance(trigger, Mapping)
    ]
    return {"inputs": body.get("inputs", []), "conditions": conditions}


def _indices(body: Mapping[str, Any]) -> list[str]:
    return [
        str(index)
        for entry in body.get("inputs", ())
        for kind in ("search", "doc_level_input")
        for index in entry.get(kind, {}).get("indices", ())
    ]


def written(resource: Resource, key: str, default: Any = "") -> Any:
    """What people wrote of a resource under a key."""
    return resource.written.get(key, default)


def schedule(value: Any) -> str:
    """A schedule in words: ``every 1m``, ``0 6 * * * (Europe/Berlin)``."""
    if not isinstance(value, Mapping):
        return ""
    if "interval" in value:
        return f"every {value['interval']}"
    return f"{value.get('cron', '')} ({value.get('timezone', 'UTC')})"
