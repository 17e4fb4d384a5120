"""`deployer alerts`."""

from __future__ import annotations

from pathlib import Path

import click

from deployer.cli import clusters, common, wishes

STATES = ("active", "acknowledged", "completed", "error", "deleted", "all")


@click.command(epilog="Example: deployer alerts --env local --state all")
@common.root_option
@common.environment_option
@clusters.cluster_option
@click.option("--state", type=click.Choice(STATES), default="active", show_default=True, help="Which alerts.")
@click.option("--analytic", multiple=True, metavar="ID", help="Only alerts of these analytics. Repeatable.")
@click.option(
    "--output", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Form of the result."
)
def alerts(
    root: Path | None, environment: str, cluster: str | None, state: str, analytic: tuple[str, ...], output: str
) -> int:
    """Show the alerts of a deployment's monitors: who and where, how many events, since when.

    The message of an alert is in your channel; this shows what only the alert's document has.
    """
    from rich.console import Console

    from deployer.cluster import sorted_by_owner
    from deployer.cluster.alerts import read_alerts
    from deployer.model.errors import UsageError
    from deployer.model.resource import Kind
    from deployer.plan.triggers import kept_trigger
    from deployer.report import alerts_json, alerts_text

    prepared = wishes.prepare_to_read(root, environment)
    for name in analytic:
        if name not in prepared.loaded.repository.analytics:
            raise UsageError(common.unknown("analytic", name, prepared.loaded.repository.analytics))
    connected = prepared.connect(cluster)
    deployment = prepared.loaded.environment.deployment
    matched = sorted_by_owner(connected, deployment)
    copies = {live.id for _, live in matched.copies}
    adopted = {
        live.id: key
        for key, live in matched.owned.items()
        if live.kind is Kind.MONITOR and kept_trigger(live.kind, deployment, live.body)
    }
    found = [
        alert
        for alert in read_alerts(connected, deployment, state.upper(), copies, adopted)
        if not analytic or alert.analytic in analytic
    ]
    if output == "json":
        common.result(wishes.dumped(alerts_json(found, environment, deployment, state)))
    else:
        console = Console()
        common.result(alerts_text(found, state, console.width if console.is_terminal else 160))
    return 0


COMMAND = alerts
