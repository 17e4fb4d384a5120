"""Which of an environment's clusters a command is about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from deployer.cli import common
from deployer.model.errors import UsageError

if TYPE_CHECKING:
    from deployer.model.environment import Connection, Environment

F = TypeVar("F", bound=Callable[..., Any])


def cluster_option(function: F) -> F:
    """``--cluster``: which one of an environment with several."""
    return click.option("--cluster", metavar="NAME", help="Which cluster, where the environment has several.")(function)


def clusters_option(function: F) -> F:
    """``--cluster``, repeatable: only these of an environment with several."""
    return click.option(
        "--cluster",
        "clusters",
        multiple=True,
        metavar="NAME",
        help="Only this cluster, where the environment has several. Repeatable.",
    )(function)


def one_connection(environment: Environment, name: str | None) -> Connection:
    """The one connection that is meant; UsageError if there are several and none is named."""
    if name is None and environment.others:
        known = ", ".join(connection.name for connection in environment.connections)
        raise UsageError(
            f"{environment.name} has several clusters: {known}",
            why="this command is about one",
            todo="Name it with --cluster.",
        )
    return chosen_connections(environment, [name] if name else [])[0]


def chosen_connections(environment: Environment, names: Sequence[str]) -> list[Connection]:
    """The connections of these names, all without names; UsageError for one that is not there."""
    known = {connection.name: connection for connection in environment.connections}
    for name in names:
        if name not in known:
            raise UsageError(common.unknown("cluster", name, [other for other in known if other]))
    return [connection for name, connection in known.items() if not names or name in names]
