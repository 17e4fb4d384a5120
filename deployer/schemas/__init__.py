"""The JSON Schemas (2020-12) of what people write and of what is sent, published with the package."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any


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
    if name not in names():
        raise KeyError(name)
    schema: dict[str, Any] = json.loads((resources.files(__package__) / f"{name}.json").read_text("utf-8"))
    return schema
