"""Whether saved objects have the form that OpenSearch Dashboards imports, and need nothing that is not among them.

Sources, in the repository opensearch-project/OpenSearch-Dashboards: the mappings of the types, which are strict for
visualizations and dashboards (src/plugins/visualizations, dashboard and data, server/saved_objects), and the import
(src/core/server/saved_objects/import).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from deployer.model.saved_object import JSON_ATTRIBUTES, VERSIONS

ATTRIBUTES: Mapping[str, Mapping[str, type | tuple[type, ...]]] = {
    "index-pattern": {"title": str, "timeFieldName": str, "fields": str},
    "visualization": {
        "title": str,
        "description": str,
        "visState": str,
        "uiStateJSON": str,
        "version": int,
        "savedSearchRefName": str,
        "kibanaSavedObjectMeta": dict,
    },
    "dashboard": {
        "title": str,
        "description": str,
        "hits": int,
        "panelsJSON": str,
        "optionsJSON": str,
        "version": int,
        "timeRestore": bool,
        "timeFrom": str,
        "timeTo": str,
        "refreshInterval": dict,
        "kibanaSavedObjectMeta": dict,
    },
}
"""The attributes that each type maps, with their types in JSON."""

REQUIRED = {
    "index-pattern": ("title",),
    "visualization": ("title", "visState", "kibanaSavedObjectMeta"),
    "dashboard": ("title", "panelsJSON", "kibanaSavedObjectMeta"),
}
AGGREGATIONS = {
    "count": "metric",
    "max": "metric",
    "date_histogram": "bucket",
    "terms": "bucket",
    "filters": "bucket",
}
"""The aggregations that the dashboards use: a metric, or a bucket (of the schemas segment, group and bucket)."""

COLUMNS = 48


def problems(objects: Sequence[Any]) -> list[str]:
    """What is wrong, a line each: ``visualization/x: visState is no JSON``. None for objects that can be imported together."""
    found: list[str] = []
    known: set[tuple[str, str]] = set()
    for number, item in enumerate(objects):
        if not isinstance(item, Mapping) or item.get("type") not in VERSIONS or not isinstance(item.get("id"), str):
            found.append(f"object {number}: it wants an id, and a type of {', '.join(VERSIONS)}")
            continue
        place = (item["type"], item["id"])
        name = "/".join(place)
        if not item["id"] or place in known:
            found.append(f"{name}: its id is {'there twice' if item['id'] else 'empty'}")
        known.add(place)
    for item in objects:
        if isinstance(item, Mapping) and (item.get("type"), item.get("id")) in known:
            found += [f"{item['type']}/{item['id']}: {text}" for text in _of(item, known)]
    return found


def _of(item: Mapping[str, Any], known: set[tuple[str, str]]) -> Iterator[str]:
    kind = item["type"]
    for key in sorted(set(item) - {"type", "id", "attributes", "references", "migrationVersion"}):
        yield f"{key} is no key of a saved object"
    if item.get("migrationVersion") != {kind: VERSIONS[kind]}:
        yield f"its migrationVersion is not {VERSIONS[kind]}"
    attributes, references = item.get("attributes"), item.get("references")
    if not isinstance(attributes, Mapping) or not isinstance(references, list):
        yield "it wants attributes and references"
        return
    yield from _typed(kind, attributes)
    parsed = dict(_parsed(attributes))
    for name in [name for name, value in parsed.items() if value is None]:
        yield f"{name} is no JSON"
    yield from _references(references, parsed, known)
    if kind == "visualization" and isinstance(parsed.get("visState"), Mapping):
        yield from _state(parsed["visState"])
    if kind == "dashboard" and isinstance(parsed.get("panelsJSON"), list):
        yield from _panels(parsed["panelsJSON"])


def _typed(kind: str, attributes: Mapping[str, Any]) -> Iterator[str]:
    for name, value in attributes.items():
        wanted = ATTRIBUTES[kind].get(name)
        if wanted is None:
            yield f"the type maps no attribute {name}"
        elif not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
            yield f"{name} has the wrong type"
    for name in REQUIRED[kind]:
        if not attributes.get(name):
            yield f"{name} is missing"


def _parsed(attributes: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The JSON texts, parsed; None for one that is no JSON."""
    texts = {name: attributes[name] for name in JSON_ATTRIBUTES if name in attributes}
    meta = attributes.get("kibanaSavedObjectMeta")
    if isinstance(meta, Mapping):
        texts["searchSourceJSON"] = meta.get("searchSourceJSON")
    for name, text in texts.items():
        try:
            yield name, json.loads(text)
        except (TypeError, ValueError):
            yield name, None


def _references(references: list[Any], parsed: Mapping[str, Any], known: set[tuple[str, str]]) -> Iterator[str]:
    """Each reference leads to an object that is there, and each name that the JSON texts use has one."""
    names: list[str] = []
    for item in references:
        if not isinstance(item, Mapping) or set(item) != {"name", "type", "id"}:
            yield "a reference wants name, type and id"
            continue
        names.append(item["name"])
        if (item["type"], item["id"]) not in known:
            yield f"its reference {item['name']} leads to {item['type']}/{item['id']}, which is not there"
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"two references are called {name}"
    asked = _asked(parsed)
    for name in sorted(asked - set(names)):
        yield f"it asks for the reference {name}, which it does not have"
    for name in sorted(set(names) - asked):
        yield f"nothing asks for its reference {name}"


def _asked(parsed: Mapping[str, Any]) -> set[str]:
    source, panels = parsed.get("searchSourceJSON"), parsed.get("panelsJSON")
    asked = {source.get("indexRefName")} if isinstance(source, Mapping) else set()
    if isinstance(panels, list):
        asked |= {panel.get("panelRefName") for panel in panels if isinstance(panel, Mapping)}
    return {name for name in asked if isinstance(name, str)}


def _state(state: Mapping[str, Any]) -> Iterator[str]:
    if state.get("type") not in ("histogram", "table", "markdown"):
        yield f"visState is of the unknown type {state.get('type')}"
    aggregations = state.get("aggs")
    if not isinstance(aggregations, list) or not isinstance(state.get("params"), Mapping):
        yield "visState wants aggs and params"
        return
    ids = [item.get("id") for item in aggregations]
    if len(set(ids)) != len(ids):
        yield "two aggregations of visState have one id"
    for item in aggregations:
        kind = AGGREGATIONS.get(str(item.get("type")))
        if kind is None:
            yield f"visState has the unknown aggregation {item.get('type')}"
        elif (item.get("schema") == "metric") != (kind == "metric"):
            yield f"the aggregation {item.get('id')} of visState stands where a {kind} cannot"
        elif item["type"] == "filters" and not all(_is_filter(one) for one in item["params"].get("filters", [None])):
            yield f"a filter of the aggregation {item.get('id')} wants a query and a label"


def _is_filter(value: Any) -> bool:
    asked = value.get("input") if isinstance(value, Mapping) else None
    return isinstance(asked, Mapping) and {"query", "language"} <= set(asked) and bool(value.get("label"))


def _panels(panels: list[Any]) -> Iterator[str]:
    taken: set[tuple[int, int]] = set()
    numbers = [panel.get("panelIndex") for panel in panels]
    if len(set(numbers)) != len(numbers):
        yield "two panels have one panelIndex"
    for panel in panels:
        grid = panel.get("gridData") or {}
        if any(not isinstance(grid.get(side), int) for side in "xywh") or grid.get("i") != panel.get("panelIndex"):
            yield f"the panel {panel.get('panelIndex')} wants gridData with x, y, w, h and its number"
            continue
        cells = {(x, y) for x in range(grid["x"], grid["x"] + grid["w"]) for y in range(grid["y"], grid["y"] + grid["h"])}
        if not cells or min(x for x, _ in cells) < 0 or max(x for x, _ in cells) >= COLUMNS or cells & taken:
            yield f"the panel {panel['panelIndex']} lies on another, or outside of {COLUMNS} columns"
        taken |= cells
