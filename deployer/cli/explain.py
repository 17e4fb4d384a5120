"""`deployer explain`."""

from __future__ import annotations

import json

import click

from deployer.cli import common, completing


@click.command(epilog="Example: deployer explain DAC012")
@click.argument("codes", nargs=-1, metavar="[CODE...]", shell_complete=completing.codes)
@click.option("--all", "everything", is_flag=True, help="All codes, as the Markdown of docs/findings.md.")
@click.option(
    "--output", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Form of the result."
)
def explain(codes: tuple[str, ...], everything: bool, output: str) -> int:
    """Say of a finding's code what it means, why it matters and how to mend it. Without a code: the list of all."""
    from dataclasses import asdict

    from deployer.model.codes import CODES
    from deployer.model.errors import UsageError
    from deployer.report import code_text, codes_markdown

    wanted = [code.upper() for code in codes]
    for code in wanted:
        if code not in CODES:
            raise UsageError(common.unknown("code", code, CODES))
    if everything and not wanted and output == "text":
        common.result(codes_markdown())
        return 0
    chosen = [CODES[code] for code in wanted or CODES]
    if output == "json":
        common.result(json.dumps({"format_version": 1, "codes": [asdict(code) for code in chosen]}, indent=2))
    elif wanted:
        common.result("\n\n".join(code_text(code) for code in chosen))
    else:
        common.result("\n".join(f"{code.id}  {code.title}" for code in chosen))
    return 0


COMMAND = explain
