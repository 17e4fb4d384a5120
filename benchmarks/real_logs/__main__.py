"""`make real-logs EVENTS=DIR`: the six analytics on real logs, under `measure` and under the defaults.

Runs against the node that OPENSEARCH_URL names, else starts a local cluster of its own and stops it again.
"""

from __future__ import annotations

import dataclasses
import json
import os
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.real_logs import files
from benchmarks.real_logs.measure import Measured, measure
from deployer import local
from deployer.catalogue import load_environment, load_repository
from deployer.cluster import connect
from deployer.model.environment import Connection
from deployer.model.finding import Findings
from deployer.replay.client import Client

ROOT = Path(__file__).parent.parent.parent
RESULT = ROOT / "build" / "real-logs.json"
SHOWN = 12


def main(arguments: list[str]) -> int:
    """Measure the folder named (default ../shared/events) and print the table; 0 if nothing was lost or missed under `measure`."""
    folder = Path(arguments[0]) if arguments else ROOT.parent / "shared" / "events"
    if not folder.is_dir():
        print(f"There is no folder of real logs at {folder}; name one: make real-logs EVENTS=DIR", file=sys.stderr)
        return 64
    given = os.environ.get("OPENSEARCH_URL")
    if given:
        return _run(connect(Connection((given.rstrip("/"),), timeout=120.0)), folder)
    with tempfile.TemporaryDirectory() as temporary:
        cluster = local.up(Path(temporary), port=0, fresh=True, progress=_say)
        try:
            return _run(connect(Connection((cluster.url,), timeout=120.0)), folder)
        finally:
            local.down(Path(temporary))


def _run(client: Client, folder: Path) -> int:
    findings = Findings()
    repository = load_repository(ROOT, findings)
    environments = {
        "measure": load_environment(ROOT, "measure", repository.analytics, repository.sources, findings),
        "defaults": None,
    }
    findings.raise_errors()
    results: list[Measured] = []
    for log in files.read(folder):
        if not log.events:
            _say(f"{log.platform}/{log.name}: {log.unmapped} lines of a kind that no log source of ours reads")
            continue
        results += measure(client, repository, log, environments, _say)
    RESULT.parent.mkdir(exist_ok=True)
    listed = [{key: value for key, value in dataclasses.asdict(one).items() if key != "reasons"} for one in results]
    RESULT.write_text(json.dumps({"files": listed}, indent=1) + "\n", "utf-8")
    _print(results)
    return 1 if any(one.lost or (one.run == "measure" and one.missed) for one in results) else 0


def _print(results: list[Measured]) -> None:
    table = Table(
        "Platform",
        "File",
        "Analytic",
        "Run",
        "Positives",
        "Found",
        "Missed",
        "Negatives",
        "False alerts",
        "Unparsed",
        "Lost",
        "Not mapped",
        "Events/s",
        title="Real logs",
    )
    for one in results:
        found = str(one.positives - len(one.missed)) if one.positives else "unproven"
        table.add_row(one.platform, one.file, one.analytic, one.run, str(one.positives), found, str(len(one.missed)), str(one.negatives), str(len(one.false_alerts)),
                      str(one.unparsed), str(one.lost), str(one.unmapped), f"{one.events_per_second:.0f}")  # fmt: skip
    Console(width=190).print(table)
    for one in results:
        for kind, numbers in (("missed", one.missed), ("false alert", one.false_alerts)):
            for number in numbers[:SHOWN]:
                print(f"{one.run}: {one.platform}/{one.file}:{number}: {kind} of {one.analytic}: {one.reasons[number]}")
            if len(numbers) > SHOWN:
                print(
                    f"{one.run}: {one.platform}/{one.file}: {len(numbers) - SHOWN} more ({kind}); all are in {RESULT.relative_to(ROOT)}"
                )


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
