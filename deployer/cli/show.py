"""`deployer show`."""

from __future__ import annotations

from pathlib import Path

import click

from deployer.cli import clusters, common, wishes


@click.command(epilog="Example: deployer show 12 --env prod")
@click.argument("number", metavar="[N]", required=False, type=click.IntRange(min=1))
@common.root_option
@common.environment_option
@clusters.cluster_option
@click.option(
    "--output", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Form of the result."
)
def show(number: int | None, root: Path | None, environment: str, cluster: str | None, output: str) -> int:
    """Show deploy N of `deployer history` (default: the last): what it changed, and what it did not get done.

    Changes are those of what people wrote, compared with the deploy before it; the JSON also lists what stood there after it.
    """
    from deployer.deploy.past import recall
    from deployer.report.history import past_json, past_text

    prepared = wishes.prepare_environment(root, environment)
    past = recall(prepared.connect(cluster), prepared.loaded.environment.deployment, number)
    common.result(wishes.dumped(past_json(past)) if output == "json" else past_text(past))
    return 0


COMMAND = show
