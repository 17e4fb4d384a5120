"""`deployer plan`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from deployer.cli import applying, common, control, wishes
from deployer.model.errors import RefusedError, UsageError

if TYPE_CHECKING:
    from deployer.plan import Plan
    from deployer.plan.outcome import Attempt


@click.command(epilog="Example: deployer plan --env prod --out prod.plan")
@common.environment_option
@wishes.options
@wishes.output_options("github")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False, writable=True),
    metavar="FILE",
    help="Save the plan, for `deployer deploy FILE` to do exactly this.",
)
@control.TEST_REPORT
@click.option(
    "--offline",
    is_flag=True,
    help="Ask no cluster and read no secret: what a deploy to an empty cluster would make. For a stranger's pull request.",
)
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 if something would change.")
def plan(
    root: Path | None,
    environment: str,
    clusters: tuple[str, ...],
    select: tuple[str, ...],
    exclude: tuple[str, ...],
    output: str,
    output_file: Path | None,
    out: Path | None,
    test_report: Path | None,
    offline: bool,
    detailed_exitcode: bool,
    **choices: Any,
) -> int:
    """Show what a deploy would change on the cluster. Nothing is written there.

    A deploy with the same options does this, and a deploy of the saved plan does exactly this or nothing. Exit code 3 if
    the plan itself is refused for safety; what only needs a decision before a deploy (a change made by hand) is shown,
    and is no failure here.

    A plan of a production environment is saved only from a clean git tree. With --test-report, the report goes into the
    file if it speaks for what is planned.
    """
    if offline:
        if out is not None or clusters:
            raise UsageError(
                "--offline asks no cluster, so there is none to name and no plan to save",
                todo="Leave out --out and --cluster, or --offline.",
            )
        made = _offline(root, environment, select, exclude, choices)
        applying.show([made], output, output_file, environment)
        assert made.value is not None
        return 3 if made.value.refusals(looking=True) else 2 if detailed_exitcode and not made.value.empty else 0
    from deployer.deploy.fleet import worst

    prepared = wishes.prepare(root, environment, select, exclude, choices)
    tests = control.before_saving(prepared, test_report) if out is not None else None
    if out is None:
        control.before_showing(prepared, test_report)
    sights = applying.look_at(prepared, prepared.connections(clusters), lambda connection, cluster: prepared.wish)
    plans = applying.show_plans(sights, output, output_file, environment)
    left_out = _save(out, prepared, sights, tests) if out is not None else []
    return worst([applying.plan_code(plans, detailed=detailed_exitcode), *left_out])


NOWHERE = "an empty cluster (--offline: none was asked)"


def _offline(
    root: Path | None, environment: str, select: tuple[str, ...], exclude: tuple[str, ...], choices: dict[str, Any]
) -> Attempt[Plan]:
    """The plan for a cluster on which nothing is. Nothing is read but the repository: no cache, no secret, no git."""
    from deployer.plan import Choices, Inventory, Record, make_plan
    from deployer.plan.outcome import Attempt as Made

    asked = {name: value for name, value in choices.items() if name != "no_cache"}
    loaded = common.load(root, environment)
    selection = wishes.selected(loaded, select, exclude)
    record = Record(loaded.environment.deployment)
    return Made("", NOWHERE, make_plan(loaded.resources, Inventory(), record, loaded.environment, selection, Choices(**asked)))


def _save(
    path: Path, prepared: wishes.Prepared, sights: Sequence[Attempt[applying.Sight]], tests: Mapping[str, Any] | None
) -> list[int]:
    """Write the plan file, with a test report in it. A cluster that could not be looked at, or whose plan a deploy would refuse, is not in it.

    Gives the exit codes that stand for those.
    Raises UnsafePlanError if that holds for an only cluster, RefusedError if it holds for all.
    """
    from deployer import __version__
    from deployer.deploy.fleet import then
    from deployer.plan import PlanFile
    from deployer.plan.planfile import contents, dump, part_of

    checked = then(sights, applying.checked)
    if len(checked) == 1 and checked[0].error is not None:
        raise checked[0].error
    looks = [(item, item.value.look) for item in checked if item.value is not None]
    for item in checked:
        if item.error is not None:
            common.note(f"note: {item.label} is not in {path}: {item.error}")
    if not looks:
        raise RefusedError("no plan was saved", why="none of the clusters has one to save", todo="See the errors.")
    about, wish = applying.about(prepared.loaded.root), prepared.wish
    saved = PlanFile(
        environment=wish.environment.name,
        deployment=wish.environment.deployment,
        tool=__version__,
        at=about.at,
        who=about.who,
        host=about.host,
        commit=about.commit,
        dirty=about.dirty,
        choices=wish.choices,
        selection=wish.selection,
        parts=tuple(part_of(item.cluster, item.address, look.plan, look.record) for item, look in looks),
        resources=contents(tuple(look.plan for _, look in looks)),
        analytics=control.made_of(prepared),
        tests=tests,
    )
    applying.write_private(path, dump(saved))
    common.note(f"saved in {path}; `deployer deploy {path}` does exactly this")
    return [item.error.exit_code for item in checked if item.error is not None]


COMMAND = plan
