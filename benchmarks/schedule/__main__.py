"""`make bench-schedule`: how many enabled monitors at one minute one node runs, with default and with raised script limits.

Runs against the node that OPENSEARCH_URL names, which must have no monitors, else starts one of its own and removes it.
Which alerting it was stands in the result: the plugin's runs are what counts for production.
"""

from __future__ import annotations

import sys

import click

from benchmarks import figures, node
from benchmarks.deploy import state
from benchmarks.numbers import NUMBERS
from benchmarks.schedule import report
from benchmarks.schedule.measure import LIMITS, measure
from deployer.model.errors import DeployerError

RESULT = node.BUILD / "bench-schedule.json"


@click.command(epilog="Example: python -m benchmarks.schedule --monitors 50 --minutes 2 --limits raised")
@click.option("--monitors", type=NUMBERS, default="50,300,900", show_default=True, help="Numbers of enabled monitors.")
@click.option("--minutes", type=click.IntRange(1), default=5, show_default=True, help="Minutes that are watched.")
@click.option(
    "--limits", type=click.Choice([*LIMITS, "both"]), default="both", show_default=True, help="Script limits."
)
@click.option("--heap", default="1g", show_default=True, help="Memory of the node, if one is started.")
def main(monitors: tuple[int, ...], minutes: int, limits: str, heap: str) -> None:
    """Measure how many monitors ended a run in each minute, how late, and the node's processor time."""
    about = figures.machine()
    try:
        with node.node(heap) as url:
            state.require_empty(url)
            alerting = node.alerting(url)
            kinds = list(LIMITS) if limits == "both" else [limits]
            loads = [measure(url, number, minutes, kind) for number in monitors for kind in kinds]
    except DeployerError as error:
        raise click.ClickException(f"{error.what}\n  why:  {error.why}\n  next: {error.todo}") from None
    asked = report.targets(loads)
    figures.write(RESULT, {
        "machine": about, "alerting": alerting, "minutes": minutes, "limits": {name: dict(LIMITS[name]) for name in kinds},
        "loads": [load.plain() for load in loads], "targets": [target.plain() for target in asked],
    })  # fmt: skip
    print(f"alerting: {alerting}")
    figures.show(
        about, [report.loads_table(loads), *([figures.targets_table(asked)] if asked else [])], RESULT, node.ROOT
    )


if __name__ == "__main__":
    sys.exit(main())
