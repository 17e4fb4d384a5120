"""`deployer deploy`."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from deployer.cli import applying, common, control, wishes
from deployer.model.errors import RefusedError, UsageError

if TYPE_CHECKING:
    from deployer.plan import PlanFile
    from deployer.plan.planfile import Part


@click.command(epilog="Example: deployer deploy --env prod --test-report report.json --confirm prod")
@click.argument("plan_file", metavar="[FILE]", required=False, type=click.Path(path_type=Path, dir_okay=False))
@common.optional_environment_option
@wishes.options
@wishes.output_options()
@applying.options
@control.TEST_REPORT
@click.option(
    "--push-record",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Only write a record that a deploy had to save in a file.",
)
def deploy(
    plan_file: Path | None,
    root: Path | None,
    environment: str | None,
    clusters: tuple[str, ...],
    select: tuple[str, ...],
    exclude: tuple[str, ...],
    output: str,
    output_file: Path | None,
    yes: bool,
    confirm: str | None,
    lock_timeout: float,
    break_lock: bool,
    test_report: Path | None,
    push_record: Path | None,
    **choices: Any,
) -> int:
    """Make the cluster match the repository, or do exactly what a saved plan says.

    Shows the plan, asks at a terminal, and carries it out; without changes nothing is written. With a FILE of `deployer
    plan --out` nothing is asked: it is done as shown, or refused as stale with nothing written. Ctrl-C and SIGTERM end
    the calls in flight and start no new ones. Exit code 3 if it is refused for safety, and nothing was written then.

    A production environment is deployed from a clean git tree, from a branch that its file names (main and master if it
    names none), and with a report that the tests of its analytics passed at that commit (`deployer test --report FILE`).
    """  # fmt: skip
    manner = applying.Manner(output, output_file, yes, lock_timeout=lock_timeout, break_lock=break_lock)
    if plan_file is not None:
        if select or exclude or push_record or any(choices.values()):
            raise UsageError("a saved plan takes no options that change it", todo="Give them to `deployer plan --out`.")
        return _saved(plan_file, root, environment, clusters, confirm, test_report, manner)
    if environment is None:
        raise click.UsageError("Missing option '--env' (or a plan file).")
    prepared = wishes.prepare(root, environment, select, exclude, choices)
    applying.consent_in_time(environment, prepared.loaded.environment.production, confirm)
    if push_record is not None:
        return _push(prepared, push_record, clusters)
    control.before_deploy(prepared, test_report)
    sights = applying.look_at(prepared, prepared.connections(clusters), lambda connection, cluster: prepared.wish)
    return applying.carry_out(sights, dataclasses.replace(manner, consented=confirm is not None), prepared)


def _saved(
    path: Path,
    root: Path | None,
    environment: str | None,
    clusters: tuple[str, ...],
    confirm: str | None,
    test_report: Path | None,
    manner: applying.Manner,
) -> int:
    """Apply a plan file."""
    from deployer import __version__
    from deployer.deploy import saved as saving
    from deployer.deploy.fleet import then
    from deployer.plan.planfile import StaleError, load

    saved = load(_read(path), path.name, __version__)
    if environment is not None and environment != saved.environment:
        raise RefusedError(
            f"{path.name} was made for {saved.environment}, not for {environment}",
            why="a plan is bound to its environment",
            todo=f"Deploy it without --env, or plan again for {environment}.",
        )
    prepared = wishes.prepare_environment(root, saved.environment)
    loaded = prepared.loaded.environment
    saving.bound(saved, loaded, path.name)
    applying.consent_in_time(saved.environment, loaded.production, confirm, planned=True)
    control.before_deploying(prepared, saved, path.name, test_report)
    planned = [c for c in prepared.connections(clusters) if saved.part(c.name) is not None]
    if not planned:
        raise RefusedError(f"{path.name} does nothing on {', '.join(clusters)}", todo="Plan again for that cluster.")
    for connection in prepared.connections(clusters):
        if connection not in planned:
            common.note(f"note: {connection.name} is not in {path.name}; nothing is done there")

    def wish(connection: Any, cluster: Any) -> Any:
        return saving.wish_of(saved, _part(saved, connection.name), loaded, prepared.vault.read)

    by = dataclasses.replace(
        applying.about(prepared.loaded.root), commit=saved.commit, dirty=saved.dirty, plan=saved.digest
    )

    def checked(item: Any) -> applying.Sight:
        saving.unchanged(_part(saved, item.cluster), item.value.look)
        sight: applying.Sight = item.value
        return dataclasses.replace(sight, about=by)

    sights = then(applying.look_at(prepared, planned, wish), checked)
    stale = applying.first_error(sights, StaleError)
    if stale is not None:
        # One plan, whole or not at all: a part of it that is stale stops all of it before anything is written.
        raise stale
    return applying.carry_out(sights, dataclasses.replace(manner, consented=True, exact=True), prepared)


def _part(saved: PlanFile, cluster: str) -> Part:
    part = saved.part(cluster)
    assert part is not None, "only clusters of the plan are looked at"
    return part


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read", why=str(error.strerror), todo="Give a file of `plan --out`."
        ) from None


def _push(prepared: wishes.Prepared, path: Path, clusters: tuple[str, ...]) -> int:
    from deployer.deploy import push

    cluster = prepared.connect(clusters[0] if clusters else None)
    record = push(cluster, prepared.loaded.environment.deployment, path)
    common.result(f"The record of deploy {record.generation} is on the cluster.")
    return 0


COMMAND = deploy
