"""A saved object of OpenSearch Dashboards, as a line of an NDJSON file has it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

VERSIONS = {"index-pattern": "7.6.0", "visualization": "7.10.0", "dashboard": "7.9.3"}
"""The types that are made, in the order of an import, each with the version of its form: the last migration that OpenSearch
Dashboards 1 to 3 have for it (plugins data, visualizations and dashboard, server/saved_objects)."""

JSON_ATTRIBUTES = ("visState", "uiStateJSON", "panelsJSON", "optionsJSON")
"""Attributes that hold JSON as a text; `kibanaSavedObjectMeta.searchSourceJSON` is one too."""

_MARK = re.compile(r" \[detection-deployer ([0-9a-f]{16})\]$")


@dataclass(frozen=True, slots=True)
class Reference:
    """What an object needs: `name` is how its JSON texts call it."""

    name: str
    type: str
    id: str


@dataclass(frozen=True, slots=True)
class SavedObject:
    """One object. `attributes` are JSON-ready."""

    type: str
    id: str
    attributes: Mapping[str, Any]
    references: tuple[Reference, ...] = ()

    @property
    def title(self) -> str:
        """As people know it."""
        return str(self.attributes.get("title", self.id))

    @property
    def digest(self) -> str:
        """What it says, in 16 digits: the same however its JSON texts are laid out, and without the mark."""
        attributes = {name: _parsed(name, value) for name, value in self.attributes.items()}
        if isinstance(attributes.get("description"), str):
            attributes["description"] = _MARK.sub("", attributes["description"])
        references = sorted((item.name, item.type, item.id) for item in self.references)
        text = json.dumps([self.type, self.id, attributes, references], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def mark(self) -> str:
        """The digest that its description tells it was deployed with; empty if it bears none."""
        found = _MARK.search(str(self.attributes.get("description", "")))
        return found[1] if found else ""

    def marked(self) -> SavedObject:
        """The same, with its digest in its description, so that a change by hand can be told later.

        An index pattern has no description, and stays as it is.
        """
        if "description" not in self.attributes:
            return self
        text = f"{self.attributes['description']} [detection-deployer {self.digest}]"
        return SavedObject(self.type, self.id, {**self.attributes, "description": text}, self.references)

    def as_json(self) -> dict[str, Any]:
        """As a line of NDJSON has it."""
        return {
            "type": self.type,
            "id": self.id,
            "attributes": dict(self.attributes),
            "references": [{"name": item.name, "type": item.type, "id": item.id} for item in self.references],
            "migrationVersion": {self.type: VERSIONS[self.type]},
        }


def ndjson(objects: Iterable[SavedObject]) -> str:
    """A line an object, what others need first; ASCII, so that no reader finds a line end within a line."""
    order = list(VERSIONS)
    ordered = sorted(objects, key=lambda item: (order.index(item.type), item.id))
    return "".join(f"{json.dumps(item.as_json(), sort_keys=True, separators=(',', ':'))}\n" for item in ordered)


def _parsed(name: str, value: Any) -> Any:
    """The value of a JSON text, so that its layout does not matter."""
    if name == "kibanaSavedObjectMeta" and isinstance(value, Mapping):
        return {key: _loaded(text) if key == "searchSourceJSON" else text for key, text in value.items()}
    return _loaded(value) if name in JSON_ATTRIBUTES else value


def _loaded(text: Any) -> Any:
    try:
        return json.loads(text)
    except (TypeError, ValueError):
        return text
