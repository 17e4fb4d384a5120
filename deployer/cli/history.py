"""`deployer history`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from deployer.cli import clusters as choose
from deployer.cli import common, wishes


@click.command(epilog="Example: deployer history --env prod --limit 5")
@common.root_option
@common.environment_option
@choose.clusters_option
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many, the newest first.")
@click.option(
    "--output", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Form of the result."
)
def history(root: Path | None, environment: str, clusters: tuple[str, ...], limit: int, output: str) -> int:
    """List the deploys that wrote: who, when, from which commit, what became of it.

    The numbers are what `deployer show` and `deployer rollback` take. A record that somebody edited is refused (exit code 3).
    """
    from deployer.cluster import connect
    from deployer.deploy.fleet import side_by_side, worst
    from deployer.deploy.past import chronicle
    from deployer.report.many import histories_json, histories_text

    prepared = wishes.prepare_environment(root, environment)
    deployment = prepared.loaded.environment.deployment

    def read(connection: Any) -> Any:
        return chronicle(connect(connection, prepared.vault), deployment, limit)

    found = side_by_side(prepared.connections(clusters), read)
    if len(found) == 1 and found[0].error is not None:
        raise found[0].error
    if output == "json":
        common.result(wishes.dumped(histories_json(found, environment, deployment)))
    else:
        common.result(histories_text(found))
    return worst(item.error.exit_code for item in found if item.error is not None)


COMMAND = history
