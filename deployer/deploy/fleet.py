"""The clusters of an environment, side by side: what fails on one neither stops nor hides the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from deployer.model.environment import Connection
from deployer.model.errors import DeployerError
from deployer.plan.outcome import Attempt

T = TypeVar("T")
S = TypeVar("S")

GRAVITY = (130, 70, 1, 4, 3, 2, 0)
"""Exit codes, the one that tells most of several first (docs: exit codes)."""


def side_by_side(connections: Sequence[Connection], work: Callable[[Connection], T]) -> list[Attempt[T]]:
    """Do the work for all clusters at once. DeployerErrors become attempts' errors; anything else is raised at the end."""

    def attempt(connection: Connection) -> Attempt[T]:
        address = ", ".join(connection.hosts)
        try:
            return Attempt(connection.name, address, work(connection))
        except DeployerError as error:
            return Attempt(connection.name, address, error=error)

    if len(connections) == 1:
        return [attempt(connections[0])]
    with ThreadPoolExecutor(max(1, len(connections))) as pool:
        return list(pool.map(attempt, connections))


def then(attempts: Sequence[Attempt[S]], work: Callable[[Attempt[S]], T]) -> list[Attempt[T]]:
    """Go on, side by side, with those attempts that have a value; the errors of the others stay."""

    def attempt(before: Attempt[S]) -> Attempt[T]:
        if before.value is None:
            return Attempt(before.cluster, before.address, error=before.error)
        try:
            return Attempt(before.cluster, before.address, work(before))
        except DeployerError as error:
            return Attempt(before.cluster, before.address, error=error)

    if len(attempts) == 1:
        return [attempt(attempts[0])]
    with ThreadPoolExecutor(max(1, len(attempts))) as pool:
        return list(pool.map(attempt, attempts))


def worst(codes: Iterable[int]) -> int:
    """One exit code for several."""
    found = set(codes)
    return next((code for code in GRAVITY if code in found), max(found, default=0))
