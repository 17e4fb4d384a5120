"""`deployer roles`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from deployer.cli import common
from deployer.model.permissions import roles as roles_of

if TYPE_CHECKING:
    from deployer.model.resource import Resource


@click.command(epilog="Example: deployer roles --env prod > security/roles.yml")
@common.root_option
@common.environment_option
def roles(root: Path | None, environment: str) -> None:
    """Print the roles that an environment's users need, in the form of the security plugin's roles.yml.

    Three roles, each with what it needs and nothing else: <deployment>-planner for CI that only plans, <deployment>-deployer
    for CI that deploys, <deployment>-analyst for people who read alerts. No cluster is asked.
    """
    from deployer.report.roles import role_yaml

    loaded = common.load(root, environment)
    data = sorted({pattern for resource in loaded.resources for pattern in _patterns(resource)})
    common.result(role_yaml(roles_of(loaded.environment.deployment, data), whole=True).rstrip("\n"))


def _patterns(resource: Resource) -> Iterator[str]:
    """The index patterns that a monitor reads, or that an index template shapes."""
    yield from resource.body.get("index_patterns", ())
    for entry in resource.body.get("inputs", ()):
        for kind in ("search", "doc_level_input"):
            yield from entry.get(kind, {}).get("indices", ())


COMMAND = roles
