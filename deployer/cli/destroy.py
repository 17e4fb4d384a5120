"""`deployer destroy`."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import click

from deployer.cli import applying, common, wishes
from deployer.cli import clusters as choose


@click.command(epilog="Example: deployer destroy --env lab --dry-run")
@common.root_option
@common.environment_option
@choose.clusters_option
@applying.decisions
@click.option("--dry-run", is_flag=True, help="Only show the plan.")
@wishes.output_options()
@applying.named_options
def destroy(
    root: Path | None,
    environment: str,
    clusters: tuple[str, ...],
    dry_run: bool,
    output: str,
    output_file: Path | None,
    confirm: str | None,
    lock_timeout: float,
    break_lock: bool,
    **choices: Any,
) -> int:
    """Remove everything that a deployment owns from its cluster, and nothing else.

    Wants the environment's name, typed at a terminal or given with --confirm, whatever the environment. Limits on mass
    changes do not hold; protected analytics do. What data streams still use is kept, as are all events, and so is the
    record: a rollback can bring the content back.
    """
    from deployer.deploy import Wish
    from deployer.deploy.fleet import then
    from deployer.plan import Choices, Purpose

    prepared = wishes.prepare_environment(root, environment)
    loaded = prepared.loaded.environment
    if not dry_run:
        applying.consent_in_time(environment, True, confirm, verb="destroy")
    wanted = Wish((), loaded, choices=Choices(prune=True, purpose=Purpose.DESTROY, **choices))
    sights = applying.look_at(prepared, prepared.connections(clusters), lambda connection, cluster: wanted)
    if dry_run:
        return applying.plan_code(applying.show_plans(sights, output, output_file, environment))
    by = dataclasses.replace(applying.about(prepared.loaded.root), verb="destroy")

    def named(item: Any) -> applying.Sight:
        sight: applying.Sight = item.value
        return dataclasses.replace(sight, about=by)

    manner = applying.Manner(
        output,
        output_file,
        consented=confirm is not None,
        lock_timeout=lock_timeout,
        break_lock=break_lock,
        verb="destroy",
        always_name=True,
    )
    return applying.carry_out(then(sights, named), manner, prepared)


COMMAND = destroy
