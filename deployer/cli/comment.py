"""`deployer comment`."""

from __future__ import annotations

import re
from pathlib import Path

import click

from deployer.cli import wishes
from deployer.model.errors import UsageError
from deployer.report import comment as form
from deployer.report.plan_markdown import LIMIT


def _marker(ctx: click.Context, param: click.Parameter, value: str) -> str:
    """A name that cannot end the line of HTML in which it stands."""
    if value and not re.fullmatch(r"[A-Za-z0-9]+([._-][A-Za-z0-9]+)*", value):
        raise click.BadParameter("a name of letters, digits and single . _ -, such as plan-prod", ctx, param)
    return value


@click.command(epilog="Example: deployer comment --marker plan-prod --output-file comment.md plan.md counts.md")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False), metavar="FILE...")
@click.option(
    "--marker",
    default="",
    callback=_marker,
    metavar="NAME",
    help="Begin with the line `<!-- deployer: NAME -->`, by which a job finds its comment again.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=form.LEAST),
    default=LIMIT,
    show_default=True,
    help="Characters at most; GitHub takes 65,536.",
)
@click.option("--output-file", type=click.Path(path_type=Path, dir_okay=False), help="Write the result there instead of printing it.")  # fmt: skip
def comment(files: tuple[Path, ...], marker: str, limit: int, output_file: Path | None) -> int:
    """Join what other commands wrote into one comment for a pull request that is not too long.

    Files whose names end in .md hold Markdown (`--output markdown`); others are shown as they are, as a block of text. A
    file that is not there is told in the comment: the command that should have written it failed, and the reader of the
    pull request wants to know.
    """
    wishes.emit(form.comment([_read(file) for file in files], marker, limit).rstrip("\n"), output_file)
    return 0


def _read(file: Path) -> form.Part:
    try:
        text = file.read_text("utf-8", "replace") if file.exists() else None
    except OSError as error:
        raise UsageError(f"{file} cannot be read", why=error.strerror or "", todo="Give files that a command wrote.") from None  # fmt: skip
    return form.Part(file.name, text, file.suffix == ".md")


COMMAND = comment
