"""`make real-logs EVENTS=DIR`: the six analytics on real logs, under `measure` and under the defaults.

Runs against the node that OPENSEARCH_URL names, else starts a local cluster of its own and stops it again.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from benchmarks import node
from benchmarks.node import say
from benchmarks.real_logs import files, report
from benchmarks.real_logs.judge import Alerting, Measured, judged
from benchmarks.real_logs.kinds import ANALYTICS
from benchmarks.real_logs.measure import measure
from deployer.catalogue import load_environment, load_repository
from deployer.model.finding import Findings
from deployer.replay.client import Client

ROOT = Path(__file__).parent.parent.parent
RESULT = ROOT / "build" / "real-logs.json"
T = TypeVar("T")


def main(arguments: list[str]) -> int:
    """Measure the folder named (default ../shared/events) and print the table; 0 if nothing was lost or missed under `measure`."""
    folder = Path(arguments[0]) if arguments else ROOT.parent / "shared" / "events"
    if not folder.is_dir():
        print(f"There is no folder of real logs at {folder}; name one: make real-logs EVENTS=DIR", file=sys.stderr)
        return 64
    if next(files.read(folder), None) is None:
        print(f"{folder} holds no log file; expected: <platform>/X.ndjson or X.log (also .gz)", file=sys.stderr)
        return 64
    RESULT.unlink(missing_ok=True)  # of an earlier run: what is there afterwards is of this one
    results = with_node(lambda client: _measured(client, folder))
    report.write(RESULT, results)
    report.show(results, RESULT.relative_to(ROOT))
    return 1 if any(one.lost or (one.run == "measure" and one.missed) for one in results) else 0


def with_node(work: Callable[[Client], T]) -> T:
    """Do something on the node that OPENSEARCH_URL names, or on a local cluster that lives as long as it takes."""
    with node.node("512m") as url:
        return work(node.client(url))


def _measured(client: Client, folder: Path) -> list[Measured]:
    findings = Findings()
    repository = load_repository(ROOT, findings)
    environments = {
        "measure": load_environment(ROOT, "measure", repository.analytics, repository.sources, findings),
        "defaults": None,
    }
    findings.raise_errors()
    results: list[Measured] = []
    for log in files.read(folder):
        for note in log.notes:
            say(f"{log.platform}/{log.name}: {note}")
        if log.unmapped:
            say(f"{log.platform}/{log.name}: {len(log.unmapped)} lines of a kind that no log source of ours reads")
        if log.events:
            results += measure(client, repository, log, environments, say)
        else:
            analytic = ANALYTICS.get(log.platform, "none")
            results += [judged(log, analytic, run, Alerting({}, {}), {}) for run in environments]
    return results


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
