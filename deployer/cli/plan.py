"""`deployer plan`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from deployer.cli import applying, common, wishes
from deployer.model.errors import RefusedError

if TYPE_CHECKING:
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
    detailed_exitcode: bool,
    **choices: Any,
) -> int:
    """Show what a deploy would change on the cluster. Nothing is written there.

    A deploy with the same options does this, and a deploy of the saved plan does exactly this or nothing. Exit code 3 if
    the plan itself is refused for safety; what only needs a decision before a deploy (a change made by hand) is shown,
    and is no failure here.
    """
    prepared = wishes.prepare(root, environment, select, exclude, choices)
    sights = applying.look_at(prepared, prepared.connections(clusters), lambda connection, cluster: prepared.wish)
    made = applying.show_plans(sights, output, output_file, environment)
    if out is not None:
        _save(out, prepared, sights)
    return applying.plan_code(made, detailed=detailed_exitcode)


def _save(path: Path, prepared: wishes.Prepared, sights: Sequence[Attempt[applying.Sight]]) -> None:
    """Write the plan file. A cluster that could not be looked at is not in it.

    Raises UnsafePlanError for a plan that a deploy would refuse: it cannot be applied as shown.
    """
    from deployer import __version__
    from deployer.plan import PlanFile
    from deployer.plan.planfile import contents, dump, part_of

    good = [item for item in sights if item.value is not None]
    if not good:
        raise RefusedError("no plan was saved", why="none of the clusters could be looked at", todo="See the errors.")
    looks = [(item, item.value.look) for item in good if item.value is not None]
    for _, look in looks:
        look.plan.check()
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
    )
    applying.write_private(path, dump(saved))
    missing = [item.label for item in sights if item.value is None]
    for label in missing:
        common.note(f"note: {label} is not in {path}: it could not be looked at")
    common.note(f"saved in {path}; `deployer deploy {path}` does exactly this")


COMMAND = plan
