"""`deployer status`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from deployer.cli import common, wishes
from deployer.model import durations

if TYPE_CHECKING:
    from deployer.cluster.status import Place
    from deployer.model.analytic import Repository
    from deployer.model.environment import Environment


def _seconds(ctx: click.Context, param: click.Parameter, value: str | None) -> int | None:
    """A duration such as ``24h``, as seconds."""
    try:
        return None if value is None else durations.seconds(value)
    except ValueError as error:
        raise click.BadParameter(str(error), ctx, param) from None


@click.command(epilog="Example: deployer status --env prod --silent-after 24h --output json")
@common.environment_option
@wishes.look_options
@click.option(
    "--silent-after",
    callback=_seconds,
    metavar="DURATION",
    help="A log source without an event for so long is a finding, such as 24h; also one that never sent. Without it, its own silent_after holds for each that did.",
)
@click.option(
    "--detailed-exitcode", is_flag=True, help="Exit with 2 if there are findings, so that 1 is a failure to look."
)
@click.option("--output-file", type=click.Path(path_type=Path, dir_okay=False), help="Write the result there instead of printing it.")  # fmt: skip
@click.option("--output", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Form of the result.")  # fmt: skip
def status(
    root: Path | None,
    environment: str,
    clusters: tuple[str, ...],
    select: tuple[str, ...],
    exclude: tuple[str, ...],
    no_cache: bool,
    silent_after: int | None,
    detailed_exitcode: bool,
    output: str,
    output_file: Path | None,
) -> int:
    """Show how a deployment fares: what is not as it was deployed, how its monitors run, when its log sources last spoke.

    For a scheduled job: exit code 0 if all is well, 1 if there is a finding. Nothing is written on the cluster. What the
    repository changes and nobody deployed yet is counted, and is no finding.
    """
    from deployer.cluster import connect
    from deployer.deploy.fleet import side_by_side, worst
    from deployer.deploy.status import read_status
    from deployer.report.status import statuses_json, statuses_text

    prepared = wishes.prepare_to_look(root, environment, select, exclude, remember=not no_cache)
    places = places_of(prepared.loaded.repository, prepared.loaded.environment)
    found = side_by_side(
        prepared.connections(clusters),
        lambda connection: read_status(
            connect(connection, prepared.vault), prepared.wish, places, int(time.time() * 1000), silent_after
        ),
    )
    if len(found) == 1 and found[0].error is not None:
        raise found[0].error
    text = wishes.dumped(statuses_json(found, environment)) if output == "json" else statuses_text(found)
    wishes.emit(text, output_file)
    codes = [item.error.exit_code for item in found if item.error is not None]
    codes += [2 if detailed_exitcode else 1 for item in found if item.value is not None and item.value.findings]
    return worst(codes)


def places_of(repository: Repository, environment: Environment) -> dict[str, Place]:
    """Where the events of each log source lie that a deployed analytic reads."""
    from deployer.cluster.status import Place
    from deployer.render import active, naming_of
    from deployer.render.environment import used

    naming = naming_of(environment)
    places: dict[str, Place] = {}
    for name in sorted(set().union(*(used(analytic) for analytic in active(repository).values()))):
        override = environment.sources.get(name)
        index = override.index if override and override.index else naming.pattern(repository.sources[name].dataset)
        own = override.silent_after if override else None
        limit = repository.sources[name].silent_after if own is None else own
        places[name] = Place(index, dict(override.filter or {}) if override else {}, limit)
    return places


COMMAND = status
