"""`deployer coverage`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from deployer.cli import clusters as choose
from deployer.cli import common, seeing, wishes

if TYPE_CHECKING:
    from deployer.model.errors import DeployerError
    from deployer.report.coverage_forms import Coverage

FILE = click.Path(path_type=Path, dir_okay=False)


@click.command(epilog="Example: deployer coverage --env prod --results results.json --layer layer.json")
@common.root_option
@click.option(
    "--env",
    "environment",
    envvar="DEPLOYER_ENV",
    metavar="NAME",
    help="Ask this environment's clusters what is deployed, read-only. Without it none is asked.",
)
@choose.clusters_option
@click.option("--offline", is_flag=True, help="Ask no cluster, also if --env names an environment.")
@click.option("--results", multiple=True, type=FILE, metavar="FILE", help="Results of `deployer test --output json`. Repeatable.")
@click.option("--layer", type=FILE, metavar="FILE", help="Write a layer for the ATT&CK Navigator there (format 4.5).")
@wishes.output_options()
def coverage(
    root: Path | None,
    environment: str | None,
    clusters: tuple[str, ...],
    offline: bool,
    results: tuple[Path, ...],
    layer: Path | None,
    output: str,
    output_file: Path | None,
) -> int:
    """Show which ATT&CK techniques are covered: a technique's score is the mean of its active analytics, 50 for tests that
    all pass and 50 for monitors that all stand on the cluster and run.

    What is not known counts as 0, and drafts cover nothing. `deployer report --html` shows the same with the rest.
    """  # fmt: skip
    from deployer.deploy.fleet import worst
    from deployer.report import coverage_forms as forms
    from deployer.report.layer import layer as navigator_layer

    wishes.check_output(output_file)
    wishes.check_output(layer, "--layer")
    found, failed = _found(root, environment, clusters, offline, results)
    if layer is not None:
        name = f"Detections{f' on {found.environment}' if found.environment else ''}"
        wishes.emit(wishes.dumped(navigator_layer(found, name)), layer, "--layer")
    if output == "json":
        text = wishes.dumped(forms.coverage_json(found))
    else:
        text = forms.coverage_markdown(found) if output == "markdown" else forms.coverage_text(found)
    wishes.emit(text, output_file)
    if output_file is not None:
        common.note(found.summary)
    for failure in failed:
        common.show_error(failure)
    return worst([failure.exit_code for failure in failed])


def _found(
    root: Path | None, environment: str | None, clusters: tuple[str, ...], offline: bool, results: tuple[Path, ...]
) -> tuple[Coverage, list[DeployerError]]:
    """The coverage, and what went wrong with clusters that were asked: what is deployed is known only if all of them answered."""
    from deployer.report.coverage import states_of, techniques
    from deployer.report.coverage_forms import Coverage
    from deployer.report.page import Given, read_given

    folder = common.find_root(root)
    given = Given(results=read_given("results", seeing.read_json(results)))
    repository = seeing.repository_at(folder)
    names = [environment] if environment else []
    place = next(iter(seeing.places(folder, repository, names, clusters, ask=not offline, others=False)), None)
    statuses = place.statuses if place is not None else None
    states = tuple(states_of(repository.analytics, given.tested, place.resources if place else (), statuses))
    asked = place.name if place is not None and place.attempts is not None else ""
    files = tuple(name for name, _ in given.results)
    found = Coverage(techniques(states), states, asked, statuses is not None, files)
    return found, seeing.failures([place] if place is not None else [])


COMMAND = coverage
