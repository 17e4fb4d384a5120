"""Whether values read from a file have the types that their classes declare: a forged file must not fail somewhere later."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from functools import cache
from typing import Any

from deployer.model.resource import Kind


def typed(value: Any, *, of: Any = None) -> None:
    """Raise TypeError unless a dataclass (or a value `of` a type) holds what its annotations say."""
    if of is None:
        of = type(value)
    if not _is(value, of):
        raise TypeError(f"no {of}")


def _is(value: Any, of: Any) -> bool:
    origin, inner = typing.get_origin(of), typing.get_args(of)
    if of is Any:
        return True
    if origin in (types.UnionType, typing.Union):
        return any(_is(value, one) for one in inner)
    if origin is typing.Literal:
        return any(type(value) is type(one) and value == one for one in inner)
    if origin in (tuple, frozenset):
        return isinstance(value, origin) and all(_is(item, inner[0]) for item in value)
    if origin is not None and issubclass(origin, Mapping):
        return isinstance(value, Mapping) and all(_is(k, inner[0]) and _is(v, inner[1]) for k, v in value.items())
    if of is type(None):
        return value is None
    if dataclasses.is_dataclass(of):
        return isinstance(value, of) and all(_is(getattr(value, name), hint) for name, hint in _hints(of).items())  # type: ignore[arg-type]
    return type(value) is of


@cache
def _hints(of: type[Any]) -> dict[str, Any]:
    return typing.get_type_hints(of)


def stored(value: Any) -> None:
    """Raise TypeError, KeyError or ValueError unless a value is a resource as `content.storable` gives it."""
    kind, origin = Kind(value["kind"]), value.get("origin")
    for name, of in (("name", str), ("body", dict), ("written", dict), ("depends_on", list), ("protected", bool)):
        if type(value[name]) is not of:
            raise TypeError(name)
    for name in ("causes", "made_of"):
        if type(value.get(name, {})) is not dict:
            raise TypeError(name)
    if not all(type(key) is str for key in value["depends_on"]) or not isinstance(value["analytic"], str | None):
        raise TypeError("depends_on")
    if origin is not None and [type(part) for part in origin] != [str, int, int]:
        raise TypeError("origin")
    if kind is Kind.CHANNEL:
        config = value["body"]["config"]
        if type(config) is not dict or type(config[config["config_type"]]) is not dict:
            raise TypeError("config")
