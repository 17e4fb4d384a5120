"""`make fidelity EVENTS=DIR`: our mapping against the references of a folder of real logs.

Runs against the node that OPENSEARCH_URL names, else starts a local cluster of its own and stops it again.
"""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.fidelity import pairs, report
from benchmarks.fidelity.compare import Compared, compare, fields_used
from benchmarks.fidelity.measure import documents
from benchmarks.real_logs.__main__ import ROOT, with_node
from deployer.catalogue import load_repository
from deployer.model.finding import Findings
from deployer.replay.client import Client

RESULT = ROOT / "build" / "fidelity.json"


def main(arguments: list[str]) -> int:
    """Compare the pairs of a folder (default ../shared/events) and print the table; 0 if every difference has a reason."""
    folder = Path(arguments[0]) if arguments else ROOT.parent / "shared" / "events"
    found = list(pairs.read(folder)) if folder.is_dir() else []
    if not found:
        print(f"{folder} holds no references; name a folder that does: make fidelity EVENTS=DIR", file=sys.stderr)
        return 64
    results = with_node(lambda client: compared(client, found))
    report.write(RESULT, results)
    report.show(results, RESULT.relative_to(ROOT))
    return 1 if any(one.unexplained for one in results) else 0


def compared(client: Client, found: list[pairs.Pair]) -> list[Compared]:
    """Every pair, its events sent through the pipelines of a node and compared."""
    findings = Findings()
    repository = load_repository(ROOT, findings)
    findings.raise_errors()
    used = fields_used(repository)
    kept = documents(client, repository, found)
    return [compare(pair, ours, used) for pair, ours in zip(found, kept, strict=True)]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
