"""`deployer schema`."""

from __future__ import annotations

import json

import click

from deployer import schemas
from deployer.cli import common
from deployer.model.errors import UsageError


@click.command(epilog="Example: deployer schema analytic > analytic.schema.json")
@click.argument("name", required=False)
def schema(name: str | None) -> None:
    """Print the JSON Schema NAME; without a name, list the schemas."""
    if name is None:
        common.result("\n".join(schemas.names()))
        return
    if name not in schemas.names():
        raise UsageError(common.unknown("schema", name, schemas.names()))
    common.result(json.dumps(schemas.read(name), indent=2))


COMMAND = schema
