"""`deployer render`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from deployer.cli import common, completing, wishes
from deployer.model.errors import UsageError


@click.command(epilog="Example: deployer render --env local AN0903")
@common.root_option
@common.environment_option
@click.argument("ids", nargs=-1, metavar="[ID...]", shell_complete=completing.analytics)
@wishes.selection
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write a file an object into this folder instead of printing.",
)
def render(
    root: Path | None,
    environment: str,
    ids: tuple[str, ...],
    select: tuple[str, ...],
    exclude: tuple[str, ...],
    out: Path | None,
) -> None:
    """Print the exact bodies that a deploy of an environment sends; with IDs, only the monitors of those analytics.

    An ID is an analytic (AN0903), a monitor (AN0903/discovery) or a key (ingest-pipeline/common-start).
    Secrets are not read: where one would stand, its reference stands.
    """
    loaded = common.load(root, environment)
    selection = wishes.selected(loaded, select, exclude)
    keys = {resource.key: resource for resource in loaded.resources if selection.covers(resource.key)}
    chosen = keys
    if ids:
        chosen = {
            key: resource
            for key, resource in keys.items()
            if any(key in (name, f"monitor/{name}") or key.startswith(f"monitor/{name}/") for name in ids)
        }
        for name in ids:
            if not any(key in (name, f"monitor/{name}") or key.startswith(f"monitor/{name}/") for key in keys):
                _refuse_draft(name, loaded)
                raise UsageError(common.unknown("analytic or object", name, [*loaded.repository.analytics, *keys]))
    if out is None:
        common.result(
            json.dumps({key: resource.body for key, resource in chosen.items()}, indent=2, ensure_ascii=False)
        )
        return
    for key, resource in chosen.items():
        path = out / f"{key}.json"
        if not path.resolve().is_relative_to(out.resolve()):
            raise UsageError(
                f"{path} leads out of {out}",
                why="a link in that folder points elsewhere",
                todo="Remove the link, or give another folder with --out.",
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(resource.body, indent=2, ensure_ascii=False) + "\n", "utf-8")
    common.note(f"{len(chosen)} files written below {out}")


def _refuse_draft(name: str, loaded: common.Loaded) -> None:
    from deployer.plan.selection import refuse_drafts

    if name.split("/")[0] in loaded.drafts:
        refuse_drafts(f"render {name}", [name.split("/")[0]])


COMMAND = render
