"""`deployer validate`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from deployer.cli import common


@click.command(epilog="Example: deployer validate --output json")
@common.root_option
@click.option("--env", "only", multiple=True, metavar="NAME", help="Check only these environments (default: all).")
@click.option(
    "--output", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Form of the result."
)
def validate(root: Path | None, only: tuple[str, ...], output: str) -> int:
    """Check every file of the repository: form, names, fields, values, and what each environment makes of them.

    Works offline and reports all errors of all files in one run, each with file:line:column.
    """
    from deployer.check import validate_repository

    folder = common.find_root(root)
    report = validate_repository(folder, only)
    errors = report.findings.errors
    if output == "json":
        rows = [
            {
                "code": f.code,
                "level": f.level,
                "message": f.message,
                "hint": f.hint,
                "file": f.where.file,
                "line": f.where.line,
                "column": f.where.column,
            }
            for f in report.findings.sorted()
        ]
        common.result(
            json.dumps(
                {
                    "format_version": 1,
                    "valid": not errors,
                    "analytics": report.analytics,
                    "monitors": report.monitors,
                    "environments": list(report.environments),
                    "findings": rows,
                },
                indent=2,
            )
        )
        return 1 if errors else 0
    for finding in report.findings.sorted():
        common.result(str(finding))
    warnings = len(report.findings.items) - len(errors)
    summary = f"{report.analytics} analytics, {report.monitors} monitors, {len(report.environments)} environments"
    common.result(f"{'Not valid' if errors else 'Valid'}: {summary}; {len(errors)} errors, {warnings} warnings.")
    return 1 if errors else 0


COMMAND = validate
