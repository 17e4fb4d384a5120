"""`make bench-deploy`: deploys of several sizes, against the API's own best rate and a GET and a PUT for each monitor.

Runs against the node that OPENSEARCH_URL names, which must have no monitors, else starts one of its own and removes it.
"""

from __future__ import annotations

import sys

import click

from benchmarks import figures, node
from benchmarks.deploy import report, state
from benchmarks.deploy.measure import measure
from benchmarks.deploy.tool import start_up
from benchmarks.numbers import NUMBERS
from deployer.model.errors import DeployerError

RESULT = node.BUILD / "bench-deploy.json"


@click.command(epilog="Example: python -m benchmarks.deploy --monitors 50 --runs 1")
@click.option("--monitors", type=NUMBERS, default="50,200,900", show_default=True, help="Sizes of the deployment.")
@click.option("--runs", type=click.IntRange(1), default=3, show_default=True, help="Runs of each size.")
@click.option("--connections", type=NUMBERS, default="8,16,32,64", show_default=True, help="What the bare loop tries.")
@click.option("--heap", default="1g", show_default=True, help="Memory of the node, if one is started.")
def main(monitors: tuple[int, ...], runs: int, connections: tuple[int, ...], heap: str) -> None:
    """Measure first deploy, plan with nothing changed, 10 changed, one edited by hand, and destroy."""
    about = figures.machine()
    try:
        help_s, python_s = start_up()
        with node.node(heap) as url, node.settings(url, node.RAISED):
            state.require_empty(url)
            alerting = node.alerting(url)
            sizes = [measure(url, number, runs, connections) for number in monitors]
    except DeployerError as error:
        raise click.ClickException(f"{error.what}\n  why:  {error.why}\n  next: {error.todo}") from None
    asked = report.targets(sizes, help_s, python_s)
    starts = {"deployer_help": help_s, "python_pass": python_s}
    figures.write(RESULT, {
        "machine": about, "alerting": alerting, "runs": runs, "start_up_seconds": starts,
        "sizes": [size.plain() for size in sizes], "targets": [target.plain() for target in asked],
    })  # fmt: skip
    print(f"alerting: {alerting}")
    figures.show(about, [report.sizes_table(sizes), figures.targets_table(asked)], RESULT, node.ROOT)


if __name__ == "__main__":
    sys.exit(main())
