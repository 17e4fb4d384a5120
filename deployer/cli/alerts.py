"""`deployer alerts`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from deployer.cli import clusters, common, completing, wishes

if TYPE_CHECKING:
    from deployer.cluster import Cluster
    from deployer.cluster.alerts import Alert
    from deployer.cluster.messages import Told
    from deployer.plan.live import Live

WORKERS = 4
"""Messages that are made at once."""

STATES = ("active", "acknowledged", "completed", "error", "deleted", "all")


@click.command(epilog="Example: deployer alerts --env local --state all")
@common.root_option
@common.environment_option
@clusters.cluster_option
@click.option("--state", type=click.Choice(STATES), default="active", show_default=True, help="Which alerts.")
@click.option(
    "--analytic",
    multiple=True,
    metavar="ID",
    shell_complete=completing.analytics,
    help="Only alerts of these analytics. Repeatable.",
)
@click.option(
    "--messages",
    type=click.IntRange(min=0),
    default=50,
    show_default=True,
    metavar="N",
    help="Show the messages of the newest N; 0 for the table alone.",
)
@click.option(
    "--output", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Form of the result."
)
def alerts(
    root: Path | None,
    environment: str,
    cluster: str | None,
    state: str,
    analytic: tuple[str, ...],
    messages: int,
    output: str,
) -> int:
    """Show the alerts of a deployment's monitors: who and where, how many events, since when; and their messages.

    The server keeps no message, so each is made again with the deployed monitor's template, from the events of the
    alert. Nothing is written: only searches are sent.
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
    lives = {live.id: live for live in matched.owned.values()}
    told = _messages(connected, prepared, lives, found[:messages])
    if output == "json":
        common.result(wishes.dumped(alerts_json(found, environment, deployment, state, told)))
    else:
        console = Console()
        common.result(alerts_text(found, state, told, console.width if console.is_terminal else 160))
    return 0


def _messages(
    cluster: Cluster, prepared: wishes.Prepared, lives: Mapping[str, Live], alerts: Sequence[Alert]
) -> dict[str, Told]:
    """The message of each alert, by the alert's id. `lives` are the deployed monitors and workflows by their id."""
    from deployer.cluster.messages import message, template_of

    silent = {alert.monitor_id for alert in alerts if alert.monitor_id in lives} - {
        identity for identity, live in lives.items() if template_of(live.body)
    }
    stand_ins = _stand_ins(prepared) if silent else {}

    def told(alert: Alert) -> Told:
        live = lives.get(alert.monitor_id)
        stand_in = stand_ins.get(f"{alert.analytic}/{alert.monitor}", "")
        return message(cluster, live.body if live else None, alert, stand_in)

    with ThreadPoolExecutor(WORKERS) as pool:
        return dict(zip((alert.id for alert in alerts), pool.map(told, alerts), strict=True))


def _stand_ins(prepared: wishes.Prepared) -> dict[str, str]:
    """What each monitor and workflow of the repository would tell (``AN0903/discovery``): for those that notify nobody."""
    from deployer.cluster.messages import template_of
    from deployer.model.environment import Channel
    from deployer.model.finding import Findings
    from deployer.render import render_environment

    anybody = Channel("anybody", "webhook", "http://127.0.0.1/")
    loaded = prepared.loaded
    there = replace(loaded.environment, channels={"anybody": anybody}, notify={"default": ("anybody",)}, monitors={})
    resources = render_environment(loaded.repository, there, Findings())
    return {resource.key.split("/", 1)[1]: template_of(resource.body) for resource in resources if resource.analytic}


COMMAND = alerts
