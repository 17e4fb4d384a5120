"""The JSON Schemas (2020-12) of what people write and of what is sent, published with the package."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

_IN_CHECKOUT = "deployer/schemas"
"""Where this project itself has them; a repository of one's own has a folder `schemas` (`deployer init`)."""


def names() -> list[str]:
    """The names that `read` knows, sorted."""
    return sorted(
        entry.name.removesuffix(".json")
        for entry in resources.files(__package__).iterdir()
        if entry.name.endswith(".json")
    )


@cache
def read(name: str) -> dict[str, Any]:
    """One schema as a JSON value; KeyError for a name that `names` does not list."""
    schema: dict[str, Any] = json.loads(_text(name))
    return schema


def files() -> dict[str, bytes]:
    """All schemas as files: ``analytic.json`` to its bytes."""
    return {f"{name}.json": _text(name) for name in names()}


def line(root: Path, folder: str, name: str) -> str:
    """The first line of a YAML file in `folder` (below `root`, with `/`), by which editors find the schema `name`.

    A repository's own folder `schemas` is named, and in this project `deployer/schemas`.
    """
    place = _IN_CHECKOUT if (root / _IN_CHECKOUT).is_dir() else "schemas"
    up = "../" * len(Path(folder).parts)
    return f"# yaml-language-server: $schema={up}{place}/{name}.json"


def _text(name: str) -> bytes:
    if name not in names():
        raise KeyError(name)
    return (resources.files(__package__) / f"{name}.json").read_bytes()
