"""The schemas as editors read them: every key is described and shown, and every file finds its schema."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from deployer import schemas

KEYS = ("properties", "patternProperties", "$defs")
DATA = ("examples", "default", "enum", "const")


def keys(schema: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every named part of a schema at any depth: properties, patterns of names, and definitions."""
    if isinstance(schema, list):
        for inner in schema:
            yield from keys(inner, path)
    if not isinstance(schema, dict):
        return
    for word, value in schema.items():
        if word in KEYS:
            for name, inner in value.items():
                yield f"{path}/{name}", inner
                yield from keys(inner, f"{path}/{name}")
        elif word not in DATA:
            yield from keys(value, path)


@pytest.mark.parametrize("name", schemas.names())
def test_every_key_has_a_description_and_an_example(name: str) -> None:
    """Hover and completion have something to say everywhere; an example stands for itself, so none is empty."""
    found = list(keys(schemas.read(name)))

    assert len(found) > 3
    assert [] == [path for path, schema in found if not str(schema.get("description", "")).strip()]
    assert [] == [path for path, schema in found if not schema.get("examples")]
    empty = ([], {}, "", "...", None)
    assert [] == [path for path, schema in found if any(example in empty for example in schema["examples"])]


@pytest.mark.parametrize("name", schemas.names())
def test_every_example_is_one(name: str) -> None:
    """What an editor offers is taken."""
    schema = schemas.read(name)

    for path, inner in keys(schema):
        own = Draft202012Validator({**inner, "$defs": schema.get("$defs", {})})
        wrong = [str(error.message) for example in inner["examples"] for error in own.iter_errors(example)]
        assert [] == wrong, path


def test_every_file_of_this_repository_names_its_schema(root: Path) -> None:
    """By the line that yaml-language-server reads, and as `schemas.line` writes it."""
    folders = ("detections", "environments", "mappings/components", "mappings/pipelines", "mappings/sources")
    files = [path for folder in folders for path in sorted((root / folder).rglob("*.yml"))]
    files.append(root / "mappings/entities.yml")

    assert len(files) > 50
    for path in files:
        line = path.read_text("utf-8").splitlines()[0]
        name = line.rpartition("/")[2].removesuffix(".json")
        assert name in schemas.names(), path
        assert line == schemas.line(root, path.parent.relative_to(root).as_posix(), name), path
