"""`deployer replay`."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from deployer.cli import clusters, common, completing
from deployer.model.errors import LocalError, RefusedError, UsageError


@click.command(epilog="Example: deployer replay --env local")
@common.root_option
@common.environment_option
@clusters.cluster_option
@click.argument("ids", nargs=-1, metavar="[ID...]", shell_complete=completing.analytics)
@click.option(
    "--receive/--no-receive",
    default=True,
    help="Listen at the environment's webhook while it runs, if that is on this computer.",
)
@click.option(
    "--output", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Form of the result."
)
def replay(
    root: Path | None, environment: str, cluster: str | None, ids: tuple[str, ...], receive: bool, output: str
) -> int:
    """Send the sample events into an environment's own data streams and run its deployed monitors over them.

    The result is a table: analytic, monitors, events, alerts, and for each alert who and where. Exit code 0 only if
    every analytic alerted on its positives and on none of its negatives. Real alerts are written and real messages
    sent, so a production environment is refused.
    """
    from deployer.cluster import deployed_monitors
    from deployer.plan.selection import refuse_drafts
    from deployer.render import active
    from deployer.replay import live
    from deployer.replay.receiver import receive as listen

    loaded = common.load(root, environment)
    if loaded.environment.production:
        raise RefusedError(
            f"{environment} is a production environment",
            why="replay writes made-up events and raises real alerts",
            todo="use `deployer test`, whose indices are thrown away",
        )
    for name in ids:
        if name not in loaded.repository.analytics:
            raise UsageError(common.unknown("analytic", name, loaded.repository.analytics))
        if name in loaded.drafts:
            refuse_drafts(f"replay {name}", [name])
    connected = common.connect(loaded.environment, cluster)
    url = next(
        (
            channel.url
            for channel in loaded.environment.channels.values()
            if isinstance(channel.url, str) and "127.0.0.1" in channel.url
        ),
        None,
    )
    with ExitStack() as stack:
        messages: list[str] = []
        if receive and url:
            try:
                messages = stack.enter_context(listen(url))
            except LocalError as error:
                common.note(f"note: {error.what}; the alerts are shown all the same")
        results = live.run(
            connected,
            loaded.repository,
            loaded.environment,
            list(ids) or list(active(loaded.repository)),
            deployed_monitors(connected, loaded.environment.deployment),
            common.note,
        )
    passed = all(item.passed for item in results)
    if output == "json":
        common.result(
            json.dumps(
                {
                    "format_version": 1,
                    "passed": passed,
                    "messages": list(messages),
                    "analytics": [_as_json(item) for item in results],
                },
                indent=2,
            )
        )
    else:
        common.result(as_text(results, messages))
    return 0 if passed else 1


def _as_json(item: Any) -> dict[str, Any]:
    return {
        "analytic": item.analytic,
        "passed": item.passed,
        "monitors": item.monitors,
        "events": item.sent,
        "new_events": item.new,
        "alerts": [
            {"monitor": a.monitor, "entity": dict(a.entity), "case": a.case, "expected": a.expected}
            for a in item.alerts
        ],
        "problems": list(item.problems),
    }


def as_text(results: list[Any], messages: list[str]) -> str:
    """The table of a replay, what went wrong, and the first message."""
    from rich.console import Console
    from rich.table import Table

    table = Table(
        "Analytic", "Monitors", "Events", "Alerts", "Monitor", "Who and where", title="Replay of the sample events"
    )
    for item in results:
        rows = sorted({(alert.monitor, common.entity(alert.entity)) for alert in item.alerts})
        head = [item.analytic, str(item.monitors), str(item.sent), str(len(item.alerts))]
        rows = rows or [("", "nothing alerted")]
        for number, (monitor, who) in enumerate(rows):
            table.add_row(
                *(head if number == 0 else ["", "", "", ""]), monitor, who, end_section=number == len(rows) - 1
            )
    console = Console(width=120, no_color=True)
    with console.capture() as capture:
        console.print(table)
    lines = [capture.get().rstrip("\n")]
    lines += _problems([f"{item.analytic}: {problem}" for item in results for problem in item.problems])
    if messages:
        lines += [
            f"{len(messages)} messages arrived at the webhook; the first:",
            *(f"    {line}" for line in messages[0].splitlines()),
        ]
    good = sum(item.passed for item in results)
    without = "" if good == len(results) else ", without a problem"
    lines.append(
        f"{good} of {len(results)} analytics alerted on their positives and on none of their negatives{without}."
    )
    return "\n".join(lines)


def _problems(lines: list[str]) -> list[str]:
    """Problems for people: those of many cases that are told in the same words (nobody listens at the webhook) are one line."""
    cause = "the server says: "
    told: dict[str, list[str]] = {}
    for line in lines:
        told.setdefault(line.rpartition(cause)[2] if cause in line else line, []).append(line)
    return [
        same[0] if len(same) == 1 else f"{len(same)} runs, the first {same[0].partition(cause)[0]}{cause}{text}"
        for text, same in told.items()
    ]


COMMAND = replay
