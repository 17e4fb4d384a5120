"""`deployer validate`."""

from __future__ import annotations

from pathlib import Path

import click

from deployer.cli import common, completing, voice, wishes

OUTPUTS = ("text", "json", "github", "gitlab", "sarif")


@click.command(epilog="Example: deployer validate --output github")
@common.root_option
@click.option(
    "--env",
    "only",
    multiple=True,
    metavar="NAME",
    shell_complete=completing.environments,
    help="Check only these environments (default: all).",
)
@click.option("--output", type=click.Choice(OUTPUTS), default="text", show_default=True, help="Form of the result.")
@click.option(
    "--output-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the result there instead of printing it.",
)
def validate(root: Path | None, only: tuple[str, ...], output: str, output_file: Path | None) -> int:
    """Check every file of the repository: form, names, fields, values, and whether each monitor can ever fire in each environment.

    Works offline and reports all errors of all files in one run, each with file:line:column. `deployer explain CODE`
    says more about a finding.
    """
    from deployer.check import validate_repository

    folder = common.find_root(root)
    with voice.phase("checking every file"):
        report = validate_repository(folder, only)
    found = report.findings.sorted()
    invalid = bool(report.findings.errors)
    head = {
        "valid": not invalid,
        "analytics": report.analytics,
        "drafts": report.drafts,
        "monitors": report.monitors,
        "environments": list(report.environments),
    }
    summary = common.counts(
        (report.analytics, "analytic", ""),
        *([(report.drafts, "draft among them", "drafts among them")] if report.drafts else []),
        (report.monitors, "monitor", ""),
        (len(report.environments), "environment", ""),
    )
    wishes.emit(common.findings_as(output, found, folder, head, summary, report.findings.excluded), output_file)
    return 1 if invalid else 0


COMMAND = validate
