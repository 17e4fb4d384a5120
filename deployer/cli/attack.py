"""`deployer attack`: ATT&CK's own data beside this repository."""

from __future__ import annotations

from pathlib import Path

import click

from deployer.cli import common, wishes
from deployer.model.finding import Findings


@click.group("attack", epilog="Example: deployer attack coverage --stix enterprise-attack.json")
def attack() -> None:
    """Compare ATT&CK's own data with what this repository has."""


@attack.command(epilog="Example: deployer attack coverage --stix enterprise-attack.json --top 30")
@common.root_option
@common.stix_option
@click.option(
    "--top",
    type=click.IntRange(0, 10_000),
    default=15,
    show_default=True,
    help="How many missing log sources are named (json has all).",
)
@wishes.output_options()
def coverage(root: Path | None, stix: Path, top: int, output: str, output_file: Path | None) -> None:
    """Say which of the log sources that ATT&CK's analytics name mappings/sources/ knows, by platform.

    A log source is known if an entry of ours has its name under `attack`; its channel, if an entry says which condition it
    stands for. Then the missing ones that would unlock most analytics: those of which every log source is known.
    Nothing is fetched, and no cluster is asked.
    """
    from deployer.attack.coverage import coverage as covered
    from deployer.attack.stix import read
    from deployer.catalogue.repository import check_folders, load_shared
    from deployer.report import attack_coverage as forms

    wishes.check_output(output_file)
    folder, findings = common.find_root(root), Findings()
    check_folders(folder)
    data = read(stix)
    shared = load_shared(folder, findings)
    findings.root = str(folder)
    findings.raise_errors()
    found = covered(data, shared.sources)
    if output == "json":
        text = wishes.dumped(forms.coverage_json(found))
    else:
        text = forms.coverage_markdown(found, top) if output == "markdown" else forms.coverage_text(found, top)
    wishes.emit(text, output_file)


COMMAND = attack
