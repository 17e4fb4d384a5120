"""What was sent, in a form that may be stored (references instead of secrets), and made into resources again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from deployer.model.environment import SecretRef
from deployer.model.errors import Location
from deployer.model.resource import Kind, Resource

SecretReader = Callable[[SecretRef], str]

REFERENCES = ("env:", "file:")


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
    }


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
