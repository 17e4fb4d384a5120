"""What `report` and `coverage` share: the environments of a repository, and their clusters if they are asked."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deployer.cli import clusters as choose
from deployer.cli import common
from deployer.model.errors import DeployerError, UsageError
from deployer.model.finding import Findings

if TYPE_CHECKING:
    from deployer.model.analytic import Repository
    from deployer.model.environment import Connection, Environment
    from deployer.model.resource import Resource
    from deployer.plan.outcome import Attempt
    from deployer.report.page import Looked, Place

def repository_at(folder: Path) -> Repository:
    """The repository. Raises InvalidRepositoryError if anything in it is wrong."""
    from deployer.catalogue import load_repository
    from deployer.check import check_repository

    findings = Findings()
    repository = load_repository(folder, findings)
    check_repository(repository, findings)
    findings.raise_errors()
    return repository


def places(
    folder: Path,
    repository: Repository,
    named: Sequence[str],
    clusters: Sequence[str],
    *,
    ask: bool,
    others: bool = True,
) -> list[Place]:
    """All environments (without `others` those of `named` only), those of `named` with what their clusters tell if `ask`.

    Raises UsageError for a name that is not there, InvalidRepositoryError if the file of a named one is wrong; of another, its
    place says so.
    """
    from deployer.catalogue import environment_names

    known = environment_names(folder)
    for name in named:
        if name not in known:
            raise UsageError(common.unknown("environment", name, known))
    return [_place(folder, repository, name, clusters, named=name in named, ask=ask) for name in known if others or name in named]


def _place(
    folder: Path, repository: Repository, name: str, clusters: Sequence[str], *, named: bool, ask: bool
) -> Place:
    from deployer.catalogue import load_environment
    from deployer.render import render_environment
    from deployer.report.page import Place

    findings = Findings(root=str(folder))
    environment = load_environment(folder, name, repository.analytics, repository.sources, findings)
    resources = render_environment(repository, environment, findings) if environment is not None else ()
    if findings.errors or environment is None:
        if named:
            findings.raise_errors()
        first = findings.errors[0]
        return Place(name, None, problem=f"its file is not valid: {first.where}: {first.message}")
    attempts = tuple(_asked(folder, repository, environment, resources, clusters)) if named and ask else None
    return Place(name, environment, tuple(resources), attempts=attempts)


def _asked(
    folder: Path, repository: Repository, environment: Environment, resources: Sequence[Resource], names: Sequence[str]
) -> list[Attempt[Looked]]:
    from deployer.cli.status import places_of
    from deployer.cluster import Vault, connect
    from deployer.deploy import Wish
    from deployer.deploy.fleet import side_by_side
    from deployer.deploy.past import chronicle
    from deployer.deploy.status import read_status
    from deployer.report.page import DEPLOYS, Looked

    vault, sources = Vault(folder), places_of(repository, environment)

    def look(connection: Connection) -> Looked:
        cluster = connect(connection, vault)
        status = read_status(cluster, Wish(resources, environment), sources, int(time.time() * 1000))
        try:
            return Looked(status, chronicle(cluster, environment.deployment, DEPLOYS))
        except DeployerError as error:  # an edited record, or no permission: the rest is told all the same
            return Looked(status, untold=f"{error}{f' ({error.why})' if error.why else ''}")

    common.note(f"asking the cluster of {environment.name}")
    return side_by_side(choose.chosen_connections(environment, names), look)


def failures(found: Sequence[Place]) -> list[DeployerError]:
    """What clusters that were asked did not tell."""
    return [item.error for place in found for item in place.attempts or () if item.error is not None]


def read_json(paths: Sequence[Path]) -> list[tuple[str, Any]]:
    """The JSON of each file, with the name that it is told by. Raises UsageError for one that cannot be read."""
    return [(path.name, _json(path)) for path in paths]


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        raise UsageError(f"{path} cannot be read", why=error.strerror or "", todo="Check the path.") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(
            f"{path} is no JSON", why=str(error)[:200], todo="Write it with --output json --output-file."
        ) from None
