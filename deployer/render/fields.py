"""The types of the fields that a log source's mapping gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deployer.model.analytic import LogSource, Repository

KEYWORDS = {"keyword", "constant_keyword", "wildcard"}
NUMBERS = {"long", "integer", "short", "byte", "double", "float", "half_float", "scaled_float", "unsigned_long"}


def of_source(repository: Repository, source: LogSource) -> dict[str, str]:
    """Field to type for one source, multi-fields included (``process.command_line.words`` to ``text``)."""
    return {name: mapping["type"] for name, mapping in mapped(repository, source).items()}


def mapped(repository: Repository, source: LogSource) -> dict[str, Mapping[str, Any]]:
    """Field to its mapping (``type``, ``ignore_above``, ...) for one source, multi-fields included."""
    found: dict[str, Mapping[str, Any]] = {
        key: {"type": "constant_keyword"} for key in ("data_stream.dataset", "data_stream.type")
    }
    for name in source.components:
        body = repository.components.get(name, {})
        _collect(body.get("template", {}).get("mappings", {}).get("properties", {}), "", found)
    return found


def words_field(field: str, types: Mapping[str, str]) -> str | None:
    """The sub-field of `field` that holds a command as words, or None."""
    return f"{field}.words" if f"{field}.words" in types else None


def _collect(properties: Mapping[str, Any], prefix: str, found: dict[str, Mapping[str, Any]]) -> None:
    for name, mapping in properties.items():
        path = f"{prefix}{name}"
        if "properties" in mapping:
            _collect(mapping["properties"], f"{path}.", found)
        if "type" in mapping:
            found[path] = mapping
        for sub, inner in mapping.get("fields", {}).items():
            found[f"{path}.{sub}"] = inner
