"""The pipelines and the component templates of this project agree with each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

OBJECTS_AS_FIELDS = ("flat_object", "nested", "object")
"""Types of fields that take an object, so the last pipeline has nothing to mend there."""


def mapped_fields(properties: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Each field that must not hold an object, with its type."""
    for name, field in properties.items():
        if field.get("type", "") in OBJECTS_AS_FIELDS:
            continue
        if "properties" in field:
            yield from mapped_fields(field["properties"], (*path, name))
        else:
            yield (*path, name), field["type"]


def known_fields(known: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """The same of the tree that common-finish has: fields whose values may be too long for their type say so.

    What is `kept` is no field of the mapping.
    """
    for name, inner in known.items():
        if isinstance(inner, dict):
            yield from known_fields(inner, (*path, name))
        elif inner != "kept":
            yield (*path, name), "wildcard" if inner == "long" else ""


def piped(root: Path) -> list[dict[str, Any]]:
    """The log sources that have a pipeline; the others get their fields elsewhere."""
    files = sorted((root / "mappings/sources").glob("*.yml"))
    sources = [source for path in files for source in yaml.safe_load(path.read_text("utf-8"))["sources"].values()]
    return [source for source in sources if "pipeline" in source]


def test_the_last_pipeline_knows_every_mapped_field(root: Path) -> None:
    """A field that the mapping takes and common-finish does not know could be refused, and the event with it lost."""
    mapped: dict[tuple[str, ...], str] = {}
    for name in sorted({name for source in piped(root) for name in source["components"]}):
        template = yaml.safe_load((root / f"mappings/components/{name}.yml").read_text("utf-8"))["template"]
        mapped |= {field: kind for field, kind in mapped_fields(template["mappings"]["properties"]) if len(field) > 1}
    finish = yaml.safe_load((root / "mappings/pipelines/common-finish.yml").read_text("utf-8"))

    known = dict(known_fields(finish["processors"][0]["script"]["params"]["known"]))

    assert {field: kind if kind == "wildcard" else "" for field, kind in mapped.items()} == known


def test_every_source_ends_in_the_same_pipeline(root: Path) -> None:
    """Each pipeline of a source begins with common-start and ends with common-finish, also after a failure."""
    names = {source["pipeline"] for source in piped(root)}
    ends = {}
    for name in names:
        pipeline = yaml.safe_load((root / f"mappings/pipelines/{name}.yml").read_text("utf-8"))
        steps = [pipeline["processors"][0], pipeline["processors"][-1], pipeline["on_failure"][-1]]
        ends[name] = [step.get("pipeline", {}).get("name") for step in steps]

    assert {name: ["common-start", "common-finish", "common-finish"] for name in names} == ends
