"""What was sent, in a form that may be stored (references instead of secrets), and made into resources again."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from deployer.model.environment import SecretRef
from deployer.model.errors import Location
from deployer.model.resource import Kind, Resource
from deployer.plan.canonical import HIDDEN, hidden

SecretReader = Callable[[SecretRef], str]

REFERENCES = ("env:", "file:")
HARMLESS = frozenset({"Content-Type"})
"""Headers that hold no secret."""


def storable(resource: Resource) -> dict[str, Any]:
    """A resource as JSON without a secret: of a channel the body has references where addresses are secret.

    Raises ValueError for a channel whose references are not known, as its body alone cannot be stored.
    """
    body = resource.body if resource.kind is not Kind.CHANNEL else resource.unresolved
    if body is None:
        raise ValueError(f"{resource.key} has no form without secrets")
    return {
        "kind": str(resource.kind),
        "name": resource.name,
        "body": body,
        "written": resource.written,
        "depends_on": list(resource.depends_on),
        "analytic": resource.analytic,
        "protected": resource.protected,
        "origin": [resource.origin.file, resource.origin.line, resource.origin.column] if resource.origin else None,
        "causes": dict(resource.causes),
        "made_of": dict(resource.made_of),
    }


def recordable(resource: Resource) -> dict[str, Any]:
    """A resource as the record keeps it: a channel's references stay, any address that stands in place is hidden."""
    if resource.kind is not Kind.CHANNEL:
        return storable(resource)
    body = concealed_body(resource.unresolved or resource.body)
    written = {name: concealed(value) if name == "url" else value for name, value in resource.written.items()}
    return {**storable(dataclasses.replace(resource, unresolved=body)), "written": written}


def concealed(value: Any) -> Any:
    """A value without what may be secret in it: references stay."""
    if isinstance(value, Mapping):
        return {name: inner if name in HARMLESS else concealed(inner) for name, inner in value.items()}
    return value if isinstance(value, str) and value.startswith((*REFERENCES, HIDDEN)) else hidden(value)


def references(value: Any, path: str = "body") -> Iterator[tuple[str, str]]:
    """Where in a body a reference to a secret stands, and which."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from references(inner, f"{path}.{name}")
    elif isinstance(value, str) and value.startswith(REFERENCES):
        yield path, value


def refilled(body: Mapping[str, Any], today: Mapping[str, Any] | None) -> dict[str, Any]:
    """A channel's body as the record keeps it, with today's values where it hides some.

    KeyError if today's channel has none there: nobody knows what was hidden.
    """
    config = body["config"]
    kind = config["config_type"]
    now = today["config"].get(kind) if today is not None else None
    return {**body, "config": {**config, kind: _refilled(config[kind], now)}}


def _refilled(value: Any, now: Any) -> Any:
    if isinstance(value, Mapping):
        within = now if isinstance(now, Mapping) else {}
        return {name: _refilled(inner, within.get(name)) for name, inner in value.items()}
    if isinstance(value, str) and value.startswith(HIDDEN):
        if now is None:
            raise KeyError(value)
        return now
    return value


def hides(value: Any) -> bool:
    """Whether a body hides something that stood in place."""
    if isinstance(value, Mapping):
        return any(hides(inner) for inner in value.values())
    return isinstance(value, str) and value.startswith(HIDDEN)


def concealed_body(body: Mapping[str, Any]) -> dict[str, Any]:
    """A channel's body without what may be secret in it."""
    config = body["config"]
    details = {
        name: concealed(value) if name in ("url", "header_params") else value
        for name, value in config[config["config_type"]].items()
    }
    return {**body, "config": {**config, config["config_type"]: details}}


def resource_of(key: str, stored: Mapping[str, Any], secrets: SecretReader) -> Resource:
    """The resource that a stored form means now: a reference is read anew, so the body has today's secret.

    Raises what `secrets` raises for a reference that leads nowhere.
    """
    kind, origin = Kind(stored["kind"]), stored.get("origin")
    channel = kind is Kind.CHANNEL
    return Resource(
        kind,
        key,
        stored["name"],
        resolved(stored["body"], secrets, key) if channel else stored["body"],
        stored["written"],
        tuple(stored["depends_on"]),
        Location(*origin) if origin else None,
        stored["analytic"],
        stored["protected"],
        stored["body"] if channel else None,
        stored.get("causes", {}),
        stored.get("made_of", {}),
    )


def resolved(body: Mapping[str, Any], secrets: SecretReader, key: str) -> dict[str, Any]:
    """A channel's body with secrets where its details (address, headers) have references."""
    config = body["config"]
    details = _resolved(config[config["config_type"]], secrets, Location(key))
    return {**body, "config": {**config, config["config_type"]: details}}


def _resolved(value: Any, secrets: SecretReader, where: Location) -> Any:
    if isinstance(value, Mapping):
        return {name: _resolved(inner, secrets, where) for name, inner in value.items()}
    if isinstance(value, list):
        return [_resolved(inner, secrets, where) for inner in value]
    if isinstance(value, str) and value.startswith(REFERENCES):
        return secrets(SecretRef(value, where))
    return value
