"""`deployer doctor`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from deployer.cli import clusters as choose
from deployer.cli import common, voice, wishes
from deployer.model import durations
from deployer.model.permissions import Who

if TYPE_CHECKING:
    from deployer.doctor import Examination
    from deployer.model.environment import Connection


def _seconds(ctx: click.Context, param: click.Parameter, value: str) -> int:
    try:
        return durations.seconds(value)
    except ValueError as error:
        raise click.BadParameter(str(error), ctx, param) from None


@click.command(epilog="Example: deployer doctor --env prod --output markdown --output-file doctor.md")
@common.environment_option
@common.root_option
@choose.clusters_option
@click.option(
    "--watch",
    callback=_seconds,
    default="0s",
    show_default=True,
    metavar="DURATION",
    help="How long to wait between two looks at what the nodes refuse to compile, such as 2m.",
)
@click.option(
    "--as",
    "who",
    type=click.Choice([who.value for who in Who]),
    default=Who.DEPLOYER.value,
    show_default=True,
    help="Whose permissions the user should have.",
)
@wishes.output_options("github")
def doctor(
    root: Path | None,
    environment: str,
    clusters: tuple[str, ...],
    watch: int,
    who: str,
    output: str,
    output_file: Path | None,
) -> int:
    """Find what keeps an environment's monitors from ever firing: in its files, and on its cluster.

    Looks at everything that `validate` looks at, then asks the cluster: are the indices and fields there, does every
    search, script and message compile, did the last runs fail, did a log source stop, can the nodes run so many monitors,
    and may the user do all that a deploy does (what is missing is printed as a role). Nothing is changed.
    Exit code 0 if nothing was found, 1 if something was.
    """
    from deployer.check import validate_repository
    from deployer.cluster import Vault, connect
    from deployer.deploy.fleet import side_by_side, worst
    from deployer.doctor import examine
    from deployer.report.doctor import doctors_github, doctors_json, doctors_markdown, doctors_text

    wishes.check_output(output_file)
    folder = common.find_root(root)
    report = validate_repository(folder, (environment,))
    if not report.loaded:
        report.findings.raise_errors()
    (wanted,), vault = report.loaded, Vault(folder)

    def look(connection: Connection) -> Examination:
        return examine(
            connect(connection, vault),
            report.repository,
            wanted,
            report.subjects,
            lambda: _wait(watch),
            Who(who),
        )

    with voice.phase("looking at the cluster"):
        found = side_by_side(choose.chosen_connections(wanted, clusters), look)
    if len(found) == 1 and found[0].error is not None:
        raise found[0].error
    files = report.findings
    if output == "json":
        text = wishes.dumped(doctors_json(found, environment, files))
    elif output == "markdown":
        text = doctors_markdown(found, environment, files)
    elif output == "github":
        text = doctors_github(found, files)
    else:
        text = doctors_text(found, environment, files, common.source_lines(folder))
    wishes.emit(text, output_file)
    codes: list[int] = [item.error.exit_code for item in found if item.error is not None]
    codes += [1 for item in found if item.value is not None and (item.value.findings.items or files.items)]
    return worst(codes)


def _wait(seconds: int) -> None:
    if seconds:
        common.note(f"watching the nodes for {durations.words(seconds)}")
        time.sleep(seconds)


COMMAND = doctor
