"""`deployer new`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from deployer.cli import common, wishes
from deployer.model.errors import DeployerError, UsageError
from deployer.model.finding import Findings

if TYPE_CHECKING:
    from deployer.attack.scaffold import Scaffold
    from deployer.model.attack import AttackData, KnownAnalytic

SHOWN = 20
"""So many drafts are named one by one."""


@click.command(epilog="Example: deployer new AN0903 --stix enterprise-attack.json")
@common.root_option
@click.argument("ids", nargs=-1, metavar="[ID...]")
@click.option("--all", "everything", is_flag=True, help="All analytics of the file, but deprecated and revoked ones.")
@common.stix_option
@click.option("--force", is_flag=True, help="Write over analytics that are there already.")
@click.option(
    "--output", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Form of the result."
)
def new(root: Path | None, ids: tuple[str, ...], everything: bool, stix: Path, force: bool, output: str) -> int:
    """Begin analytics from ATT&CK: an analytic (AN0903), or all those of a detection strategy (DET0320).

    FILE is ATT&CK's own data, in STIX 2.0 or 2.1; the tool has none of it, and fetches nothing. Written are drafts, which
    `validate` takes and no plan contains: the log sources with their index patterns and event filters as far as
    mappings/sources/ knows them, the mutable elements as tunables whose type and default are a guess, and sample events to
    fill in. `deployer test ID` fails with what is still lacking.

    An analytic that is in the repository already is left as it is, and named: exit code 1 if that is all (with --all, which may be run again, it is 0).
    """
    from deployer.attack.scaffold import Scaffolder
    from deployer.attack.stix import read
    from deployer.attack.writing import Shelves
    from deployer.catalogue.repository import check_folders, load_shared

    if bool(ids) == everything:
        raise UsageError(
            "new wants ids, or --all", todo="Name an analytic (AN0903) or a strategy (DET0320), or give --all."
        )
    folder, findings = common.find_root(root), Findings()
    check_folders(folder)
    data = read(stix)
    chosen, left_out = (_all(data), _retired(data)) if everything else (_named(data, ids, stix), [])
    shared = load_shared(folder, findings)
    findings.root = str(folder)
    findings.raise_errors()
    maker, shelves = Scaffolder(data, shared), Shelves(folder)
    written: list[Scaffold] = []
    kept: list[str] = []
    for analytic in chosen:
        if not analytic.strategy:
            left_out.append(f"{analytic.id}: no strategy of the file has it, so there is no folder for it")
            continue
        made = maker.of(analytic)
        if shelves.put(made, force=force):
            written.append(made)
        else:
            kept.append(analytic.id)
    about = {item.id for item in chosen}
    left_out += [line for line in data.odd if everything or line.split()[0] in about]
    if output == "json":
        common.result(wishes.dumped(_as_json(written, kept, left_out)))
    else:
        _tell(written, kept, left_out, shelves.standing)
    return 0 if written or (everything and kept) else 1


def _all(data: AttackData) -> list[KnownAnalytic]:
    return [item for item in data.analytics.values() if not item.retired]


def _retired(data: AttackData) -> list[str]:
    return [f"{item.id}: it is deprecated or revoked" for item in data.analytics.values() if item.retired]


def _named(data: AttackData, ids: Sequence[str], stix: Path) -> list[KnownAnalytic]:
    """The analytics that ids mean, each once. Raises UsageError for an unknown id, DeployerError for one that is no more."""
    found: dict[str, KnownAnalytic] = {}
    for given in ids:
        name = given.strip().upper()
        strategy = data.strategies.get(name)
        if strategy is None and name not in data.analytics:
            known = [*data.strategies, *data.analytics]
            raise UsageError(common.unknown("analytic or strategy", given, known), why=f"{stix} has none of this id")
        members = strategy.analytics if strategy else (name,)
        if not members:
            raise DeployerError(
                f"{name} has no analytic in {stix}",
                why="the strategy is there, and the analytics that it lists are not",
                todo="Give the whole file of ATT&CK.",
            )
        active = [data.analytics[member] for member in members if not data.analytics[member].retired]
        if not active:
            raise DeployerError(
                f"{name} is deprecated or revoked in this release of ATT&CK",
                todo=f"See {data.analytics[members[0]].url or 'its page'} for what took its place.",
            )
        found |= {item.id: item for item in active}
    return list(found.values())


def _as_json(written: Iterable[Scaffold], kept: Sequence[str], left_out: Sequence[str]) -> dict[str, Any]:
    return {
        "format_version": 1,
        "written": [
            {
                "analytic": item.id,
                "folder": item.folder,
                "files": [f"{item.folder}/{name}" for name in item.files],
                "log_sources": item.log_sources,
                "served": item.served,
                "tunables": item.tunables,
            }
            for item in written
        ],
        "kept": list(kept),
        "left_out": list(left_out),
    }


def _tell(written: Sequence[Scaffold], kept: Sequence[str], left_out: Sequence[str], standing: Any) -> None:
    from deployer.report.escape import visible

    for name in kept[:SHOWN]:
        common.note(f"kept {standing(name)}: it is there already (--force writes over it)")
    for line in left_out[:SHOWN]:
        common.note(f"left out: {visible(line)}")
    for what, lines in (("kept", kept), ("left out", left_out)):
        if len(lines) > SHOWN:
            common.note(f"and {len(lines) - SHOWN} more {what}")
    for item in written[:SHOWN]:
        tunables = common.counts((item.tunables, "tunable", ""))
        sources = common.counts((item.log_sources, "log source", ""))
        common.result(f"{item.folder}: {tunables}, {sources}, {item.served} of them served here")
    if len(written) > SHOWN:
        common.result(f"and {len(written) - SHOWN:,} more")
    common.result(f"{common.counts((len(written), 'draft', ''))} written.")
    if written:
        common.result("    deployer validate")
        common.result(f"    deployer test {written[0].id}")


COMMAND = new
