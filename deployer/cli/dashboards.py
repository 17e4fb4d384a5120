"""`deployer dashboards`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from deployer.cli import applying, common, control, wishes
from deployer.model.errors import ClusterError, RefusedError, UsageError

if TYPE_CHECKING:
    from deployer.cluster.dashboards import DashboardsClient
    from deployer.model.environment import Environment
    from deployer.model.saved_object import SavedObject
    from deployer.plan.dashboards import Change


@click.command(epilog="Example: deployer dashboards --env prod --output-file dashboards.ndjson")
@common.root_option
@common.environment_option
@click.option(
    "--output-file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the saved objects there as NDJSON, to import by hand; no Dashboards is asked.",
)
@click.option("--deploy", is_flag=True, help="Import what differs into the environment's Dashboards.")
@click.option(
    "--on-drift", type=click.Choice(["revert", "keep"]), help="What was changed by hand: write over it, or leave it."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--confirm", metavar="NAME", help="The environment's name, as consent where it is production.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 if changes are pending.")
@click.option(
    "--output", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Form of the result."
)
def dashboards(
    root: Path | None,
    environment: str,
    output_file: Path | None,
    deploy: bool,
    on_drift: str | None,
    yes: bool,
    confirm: str | None,
    detailed_exitcode: bool,
    output: str,
) -> int:
    """A dashboard a strategy for OpenSearch Dashboards: alerts over time, top entities, alerts of each analytic, log sources.

    Without --deploy it shows what would change on the Dashboards that the environment names, or writes a file for an import by
    hand. With --deploy it imports what differs and nothing else. What somebody changed there by hand is not written over unless
    --on-drift says so. Nothing is ever deleted.
    """
    from deployer.cluster import Vault
    from deployer.cluster.dashboards import DashboardsClient

    wishes.check_output(output_file)
    loaded = common.load_only(root, environment)
    wanted = _wanted(loaded)
    if output_file is not None:
        if deploy:
            raise UsageError("--output-file and --deploy are two ways", todo="Give one of them.")
        return _written(wanted, output_file)
    named: Environment = loaded.environment
    if named.dashboards is None:
        raise UsageError(
            f"{environment} names no Dashboards",
            why=f"{named.location.file} has no key 'dashboards'",
            todo="Name one there (dashboards: {url: ...}), or write a file to import by hand: --output-file FILE.",
        )
    vault = Vault(loaded.root)
    if deploy:
        applying.consent_in_time(environment, named.production, confirm)
        control.before_writing(loaded.root, named, vault)
    client = DashboardsClient(named.dashboards, vault)
    changes, others = _looked(client, named, wanted)
    due = _due(changes, on_drift)
    consented = confirm is not None or (yes and not named.production)
    done = (
        deploy and bool(due) and _carried_out(client, named, changes, due, on_drift, consented=consented, output=output)
    )
    _show(changes, others, named, client, output, done=done)
    if deploy:
        return 0 if done or not due else 1
    return 2 if due and detailed_exitcode else 0


def _wanted(loaded: common.Loaded) -> tuple[SavedObject, ...]:
    from deployer.check.saved_objects import problems
    from deployer.render.dashboards import dashboards as rendered

    wanted = rendered(loaded.repository, loaded.environment)
    wrong = problems([item.as_json() for item in wanted])
    if wrong:
        raise AssertionError(f"saved objects without their form: {'; '.join(wrong[:5])}")
    if not wanted:
        raise UsageError(
            "there is no active analytic", why="a dashboard shows what is deployed", todo="Set status: active in one."
        )
    return wanted


def _written(wanted: Sequence[SavedObject], file: Path) -> int:
    from deployer.model.saved_object import ndjson

    wishes.emit(ndjson(wanted).rstrip("\n"), file)
    common.note("Import it in Dashboards: Dashboards Management, Saved objects, Import.")
    return 0


def _looked(
    client: DashboardsClient, environment: Environment, wanted: Sequence[SavedObject]
) -> tuple[tuple[Change, ...], list[SavedObject]]:
    from deployer.plan.dashboards import changes

    return changes(wanted, client.read(wanted)), client.others(environment.deployment, wanted)


def _due(changes: Sequence[Change], on_drift: str | None) -> list[Change]:
    """What a deploy would write: not what was changed by hand, if that is to be kept."""
    from deployer.plan.dashboards import Step

    return [item for item in changes if item.step is not Step.NOTHING and not (item.by_hand and on_drift == "keep")]


def _carried_out(
    client: DashboardsClient, environment: Environment, changes: Sequence[Change], due: Sequence[Change],
    on_drift: str | None, *, consented: bool, output: str,
) -> bool:  # fmt: skip
    """Import what is due, and read it again; whether it was done. RefusedError for what was changed by hand."""
    from deployer.plan.dashboards import Step
    from deployer.plan.dashboards import changes as compared

    by_hand = [item for item in due if item.by_hand]
    if by_hand and on_drift is None:
        names = ", ".join(f"{item.object.type}/{item.object.id}" for item in by_hand[:3])
        raise RefusedError(
            f"{len(by_hand)} of the saved objects {'is' if len(by_hand) == 1 else 'are'} not as deployed",
            why=f"{names}{' and more' if len(by_hand) > 3 else ''}: changed by hand, or made by somebody else under the same id",
            todo="Look at them in Dashboards, then run with --on-drift revert (write over them) or --on-drift keep (leave them).",
        )
    if not consented and not _agreed(environment, changes, output):
        common.note("Nothing was changed.")
        return False
    client.load([item.object for item in due])
    wanted = [item.object for item in due]
    differing = [item for item in compared(wanted, client.read(wanted)) if item.step is not Step.NOTHING]
    if differing:
        first = differing[0]
        raise ClusterError(
            f"{len(differing)} of the saved objects do not read as they were imported",
            why=f"{first.object.type}/{first.object.id}: {', '.join(first.fields) or 'it is not there'}",
            todo="Somebody may have saved it at the same moment, or this version of Dashboards stores it otherwise: look at it there.",
        )
    return True


def _agreed(environment: Environment, changes: Sequence[Change], output: str) -> bool:
    """Ask at a terminal; without one, the command itself is consent, but not for production."""
    from deployer.report.dashboards import dashboards_text

    if not applying.terminal():
        return not environment.production
    common.note(dashboards_text(changes, ()))
    if environment.production:
        return applying.name_typed(environment.name, "deploy", production=True)
    return click.confirm("Import these?", err=True)


def _show(
    changes: Sequence[Change], others: Sequence[SavedObject], environment: Environment, client: DashboardsClient, output: str,
    *, done: bool,
) -> None:  # fmt: skip
    from deployer.report import dashboards as report

    if output == "json":
        common.result(
            wishes.dumped(report.dashboards_json(changes, others, environment.name, client.address, done))
        )
        return
    common.result(report.dashboards_text(changes, others))
    if done:
        common.note(f"imported into {client.address}")


COMMAND = dashboards
