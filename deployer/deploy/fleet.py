"""The clusters of an environment, side by side: what fails on one neither stops nor hides the others."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from deployer.cluster.secrets import scrub_all
from deployer.model.environment import Connection
from deployer.model.errors import DeployerError
from deployer.plan.outcome import Attempt

T = TypeVar("T")
S = TypeVar("S")

GRAVITY = (130, 70, 1, 4, 3, 2, 0)
"""Exit codes, the one that tells most of several first (docs: exit codes)."""


class DefectError(DeployerError):
    """A bug of ours, met on one of several clusters: the others are reported all the same."""

    exit_code = 70
    code = "bug"


def side_by_side(connections: Sequence[Connection], work: Callable[[Connection], T]) -> list[Attempt[T]]:
    """Do the work for all clusters at once. Errors become attempts' errors; a bug on an only cluster is raised as it is."""
    several = len(connections) > 1

    def attempt(connection: Connection) -> Attempt[T]:
        return _attempted(connection.name, ", ".join(connection.hosts), lambda: work(connection), several)

    return _all(connections, attempt)


def then(attempts: Sequence[Attempt[S]], work: Callable[[Attempt[S]], T]) -> list[Attempt[T]]:
    """Go on, side by side, with those attempts that have a value; the errors of the others stay."""
    several = len(attempts) > 1

    def attempt(before: Attempt[S]) -> Attempt[T]:
        if before.value is None:
            return Attempt(before.cluster, before.address, error=before.error)
        return _attempted(before.cluster, before.address, lambda: work(before), several)

    return _all(attempts, attempt)


def _all(items: Sequence[S], attempt: Callable[[S], Attempt[T]]) -> list[Attempt[T]]:
    if len(items) == 1:
        return [attempt(items[0])]
    with ThreadPoolExecutor(max(1, len(items))) as pool:
        return list(pool.map(attempt, items))


def _attempted(cluster: str, address: str, work: Callable[[], T], several: bool) -> Attempt[T]:
    try:
        return Attempt(cluster, address, work())
    except DeployerError as error:
        return Attempt(cluster, address, error=error)
    except Exception as error:
        if not several:
            raise
        place = traceback.extract_tb(error.__traceback__)[-1]
        told = DefectError(
            scrub_all(f"a bug of ours: {type(error).__name__}: {error}"),
            why=f"in {place.name}, line {place.lineno} of {place.filename.rpartition('/')[2]}",
            todo=f"Run again with --debug and --cluster {cluster}, and report what it prints.",
        )
        return Attempt(cluster, address, error=told)


def worst(codes: Iterable[int]) -> int:
    """One exit code for several."""
    found = set(codes)
    return next((code for code in GRAVITY if code in found), max(found, default=0))
