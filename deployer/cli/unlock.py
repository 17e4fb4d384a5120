"""`deployer unlock`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from deployer.cli import applying, common, wishes
from deployer.cli import clusters as choose
from deployer.model.errors import RefusedError


@click.command(epilog="Example: deployer unlock --env prod --yes")
@common.root_option
@common.environment_option
@choose.clusters_option
@click.option("--yes", is_flag=True, help="Do not ask at the terminal.")
def unlock(root: Path | None, environment: str, clusters: tuple[str, ...], yes: bool) -> int:
    """Take away the lock that a killed deploy left behind.

    Says who holds it, on which host, since when, and asks. A deploy that still runs would not notice: two at once are only
    kept from writing over each other's record. Without a lock there is nothing to do.
    """
    from deployer.cluster import connect
    from deployer.deploy import read_lock
    from deployer.deploy import unlock as take_away
    from deployer.deploy.fleet import side_by_side, then, worst

    prepared = wishes.prepare_environment(root, environment)
    deployment = prepared.loaded.environment.deployment

    def read(connection: Any) -> Any:
        cluster = connect(connection, prepared.vault)
        return cluster, read_lock(cluster, deployment)

    found = side_by_side(prepared.connections(clusters), read)
    several = len(found) > 1
    if not several and found[0].error is not None:
        raise found[0].error
    for item in found:
        prefix = f"{item.cluster}: " if several else ""
        if item.error is not None:
            common.show_error(item.error)
        elif item.value is not None:
            common.note(f"{prefix}{_told(deployment, item.value[1])}")
    held = [item for item in found if item.value is not None and item.value[1] is not None]
    if held and not _agreed(yes):
        common.note("Nothing was changed.")
        return 1

    def release(item: Any) -> bool:
        cluster, lock = item.value
        if lock is not None:
            take_away(cluster, lock)
        return lock is not None

    done = then(found, release)
    if not several and done[0].error is not None:
        raise done[0].error
    for item in done:
        text = str(item.error) if item.error is not None else "unlocked" if item.value else "there was no lock"
        common.result(f"{item.label}: {text}" if several else f"{deployment}: {text}")
    return worst(item.error.exit_code for item in done if item.error is not None)


def _told(deployment: str, lock: Any) -> str:
    if lock is None:
        return f"nobody holds the lock of {deployment}"
    holder = lock.holder
    if holder.dead:
        state = "that process is gone"
    else:
        state = (
            "that process may still run" if holder.here else "whether that process still runs cannot be seen from here"
        )
    return f"the lock of {deployment} is held by {holder}; {state}"


def _agreed(yes: bool) -> bool:
    if yes:
        return True
    if not applying.terminal():
        raise RefusedError(
            "nobody agreed to take the lock away",
            why="there is no terminal to ask at",
            todo="If its holder is dead, run again with --yes.",
        )
    return click.confirm("Take the lock away?", default=False, err=True)


COMMAND = unlock
