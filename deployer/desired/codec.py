"""The model's values as JSON and back: exactly, or not at all.

Plain JSON stays as it is. Everything else is a list that begins with a mark: a dataclass with its fields in order, a
tuple, a date. Classes are known by name and must be of the model, so what is read can only ever become a value.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from deployer.model import analytic, condition, environment, errors, exclusion, finding, resource
from deployer.model.resource import Kind, Resource
from deployer.plan.canonical import Digested, digest

_CLASSES: dict[str, type[Any]] = {
    value.__name__: value
    for module in (analytic, condition, environment, errors, exclusion, finding, resource)
    for value in vars(module).values()
    if isinstance(value, type) and dataclasses.is_dataclass(value)
}
_LIST, _TUPLE, _MAPPING, _DATE = "~list", "~tuple", "~mapping", "~date"


class UnfitError(Exception):
    """A value that JSON cannot hold exactly."""


def encode(value: Any) -> Any:
    """The value as JSON. Raises UnfitError for one that would not come back as it is."""
    if value is None or isinstance(value, str | bool | int | float):
        if type(value) not in (str, bool, int, float, type(None)):
            raise UnfitError(type(value).__name__)
        return value
    if isinstance(value, tuple):
        return [_TUPLE, *(encode(item) for item in value)]
    if isinstance(value, list):
        return [_LIST, *(encode(item) for item in value)]
    if isinstance(value, Mapping):
        return [_MAPPING, *([encode(key), encode(item)] for key, item in value.items())]
    if isinstance(value, date) and type(value) is date:
        return [_DATE, value.isoformat()]
    if _CLASSES.get(type(value).__name__) is not type(value):
        raise UnfitError(type(value).__name__)
    fields = dataclasses.fields(value)
    return [f"~{type(value).__name__}", *(encode(getattr(value, field.name)) for field in fields)]


def decode(value: Any) -> Any:
    """The value that `encode` was given. Raises ValueError, KeyError or TypeError for anything else."""
    if not isinstance(value, list):
        return value
    mark, *rest = value
    if mark == _TUPLE:
        return tuple(decode(item) for item in rest)
    if mark == _LIST:
        return [decode(item) for item in rest]
    if mark == _MAPPING:
        return {decode(key): decode(item) for key, item in rest}
    if mark == _DATE:
        return date.fromisoformat(rest[0])
    return _CLASSES[mark.removeprefix("~")](*(decode(item) for item in rest))


def encode_resource(made: Resource) -> list[Any]:
    """A resource, its body and what people wrote as they are: they are JSON already, and most of what there is.

    Raises UnfitError if they are not, or if it holds a secret.
    """
    if made.unresolved is not None:
        raise UnfitError(made.key)
    for value in (made.body, made.written, made.causes, made.made_of):
        if json.loads(json.dumps(value)) != value:
            raise UnfitError(made.key)
    return [str(made.kind), made.key, made.name, made.body, digest(made.body), made.written, list(made.depends_on),
            encode(made.origin), made.analytic, made.protected, made.causes, made.made_of]  # fmt: skip


def decode_resource(value: Any) -> Resource:
    """The resource that `encode_resource` was given. Its body knows its digest."""
    kind, key, name, body, known, written, depends, origin, belongs, protected, causes, made_of = value
    return Resource(
        Kind(kind),
        key,
        name,
        Digested(body, known),
        written,
        tuple(depends),
        decode(origin),
        belongs,
        protected,
        causes=causes,
        made_of=made_of,
    )
