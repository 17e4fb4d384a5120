"""`deployer plan`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from deployer.cli import wishes


@click.command(epilog="Example: deployer plan --env prod --detailed-exitcode")
@wishes.options
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 if something would change.")
def plan(
    root: Path | None,
    environment: str,
    select: tuple[str, ...],
    exclude: tuple[str, ...],
    output: str,
    output_file: Path | None,
    detailed_exitcode: bool,
    **choices: Any,
) -> int:
    """Show what a deploy would change on the cluster. Nothing is written.

    A deploy with the same options does exactly this. Exit code 3 if the plan itself is refused for safety; what only
    needs a decision before a deploy (a change made by hand) is shown, and is no failure here.
    """
    from deployer.deploy import look
    from deployer.report import plan_json, plan_markdown, plan_text

    prepared = wishes.prepare(root, environment, select, exclude, choices)
    cluster = prepared.connect()
    made = look(cluster, prepared.wish).plan
    if output == "json":
        text = wishes.dumped(plan_json(made, cluster.address))
    elif output == "markdown":
        text = plan_markdown(made, cluster.address)
    else:
        text = plan_text(made, cluster.address, colour=output_file is None and wishes.coloured())
    wishes.emit(text, output_file)
    if made.refusals(looking=True):
        return 3
    return 2 if detailed_exitcode and not made.empty else 0


COMMAND = plan
