"""`deployer rollback`."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from deployer.cli import applying, common, wishes
from deployer.cli import clusters as choose
from deployer.model.errors import UsageError

if TYPE_CHECKING:
    from deployer.deploy.past import Return
    from deployer.model.environment import Environment


@click.command(epilog="Example: deployer rollback 12 --env prod --dry-run")
@click.argument("number", metavar="[N]", required=False, type=click.IntRange(min=1))
@common.root_option
@common.environment_option
@choose.clusters_option
@applying.decisions
@click.option("--adopt", is_flag=True, help="Take over hand-made objects of the same name.")
@click.option("--allow-mass-change", is_flag=True, help="Allow this run to change more than the environment's limits.")
@click.option(
    "--allow-rollover", is_flag=True, help="Allow this run to start new backing indices of data streams where a changed field needs one."
)
@click.option(
    "--allow-overload", is_flag=True, help="Allow this run to leave more enabled monitors than the cluster can run."
)
@click.option("--dry-run", is_flag=True, help="Only show the plan.")
@wishes.output_options()
@applying.options
def rollback(
    number: int | None,
    root: Path | None,
    environment: str,
    clusters: tuple[str, ...],
    dry_run: bool,
    output: str,
    output_file: Path | None,
    yes: bool,
    confirm: str | None,
    lock_timeout: float,
    break_lock: bool,
    **choices: Any,
) -> int:
    """Go back to what stood there after deploy N of `deployer history` (default: the one before the last).

    Content comes from the record, not from the repository, and goes through the same plan, limits, lock and question as a
    deploy. What came after N is deleted; the plan shows it, and names what cannot come back. A rollback is a deploy too:
    going back to the one before undoes it. Numbers are a cluster's own, so of several clusters name which.
    """  # fmt: skip
    from deployer.deploy.fleet import then
    from deployer.deploy.past import go_back
    from deployer.plan import Choices

    prepared = wishes.prepare_environment(root, environment)
    loaded = prepared.loaded.environment
    _unambiguous(loaded, clusters, number)
    if not dry_run:
        applying.consent_in_time(environment, loaded.production, confirm, verb="rollback")
    returns: dict[str, Return] = {}

    def wish(connection: Any, cluster: Any) -> Any:
        found = go_back(cluster, loaded, number, prepared.vault.read, Choices(**choices))
        returns[connection.name] = found
        for key in found.replaced:
            common.note(f"note: {key}: the record never holds an address; today's of the environment's file is used")
        return found.wish

    sights = applying.look_at(prepared, prepared.connections(clusters), wish)
    if dry_run:
        return applying.plan_code(applying.show_plans(sights, output, output_file, environment))

    def named(item: Any) -> applying.Sight:
        one = returns[item.cluster].deployment
        by = dataclasses.replace(
            applying.about(prepared.loaded.root), commit=one.commit, dirty=one.dirty, verb="rollback", target=one.number
        )
        sight: applying.Sight = item.value
        return dataclasses.replace(sight, about=by)

    manner = applying.Manner(
        output,
        output_file,
        yes,
        consented=confirm is not None,
        lock_timeout=lock_timeout,
        break_lock=break_lock,
        verb="roll back",
    )
    return applying.carry_out(then(sights, named), manner, prepared)


def _unambiguous(environment: Environment, clusters: tuple[str, ...], number: int | None) -> None:
    known = ", ".join(connection.name for connection in environment.connections)
    if environment.others and not clusters:
        raise UsageError(
            f"{environment.name} has several clusters: {known}",
            why="each has a history of its own, so the deploy before the last may be another one on each",
            todo="Name with --cluster which are to go back; `deployer history` shows them all.",
        )
    if number is not None and len(set(clusters)) > 1:
        raise UsageError(
            f"deploy {number} is not the same on {', '.join(clusters)}",
            why="each cluster counts its own deploys",
            todo="Roll them back one by one, each to its own number.",
        )


COMMAND = rollback
