"""`make bench-query-cost`: the monitors' searches on a million events, and the pipelines' rates.

Runs against the node that OPENSEARCH_URL names, else starts one of its own and removes it. What it makes there has names of
its own and is removed at the end.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from benchmarks import figures, node
from benchmarks.query_cost import events, fill, report
from benchmarks.query_cost.measure import measure
from deployer.catalogue import load_repository
from deployer.model.errors import DeployerError
from deployer.model.finding import Findings
from deployer.replay.stage import stage

RESULT = node.BUILD / "bench-query-cost.json"
END = 1_772_445_600
"""When the last event is, in epoch seconds: 2026-03-02T10:00:00Z."""


@click.command(epilog="Example: python -m benchmarks.query_cost --events 50000 --runs 5")
@click.option(
    "--events", "count", type=click.IntRange(100), default=1_000_000, show_default=True, help="Events to search."
)
@click.option("--minutes", type=click.IntRange(1), default=60, show_default=True, help="Over how long they are spread.")
@click.option("--hosts", type=click.IntRange(1), default=500, show_default=True, help="Hosts that they come from.")
@click.option("--users", type=click.IntRange(1), default=200, show_default=True, help="Users that they are of.")
@click.option("--runs", type=click.IntRange(1), default=20, show_default=True, help="Rounds of the three searches.")
@click.option(
    "--ingest",
    type=click.IntRange(0),
    default=20_000,
    show_default=True,
    help="Events of each log source that time its pipeline; 0 for none.",
)
@click.option(
    "--bulk",
    type=click.Path(path_type=Path),
    default=node.ROOT.parent / "shared" / "events" / "bulk",
    help="Folder of real events; where it has none of a log source, samples are taken.  [default: ../shared/events/bulk]",
)
@click.option("--heap", default="2g", show_default=True, help="Memory of the node, if one is started.")
def main(count: int, minutes: int, hosts: int, users: int, runs: int, ingest: int, bulk: Path, heap: str) -> None:
    """Measure what each monitor's search costs against two others, and each pipeline against none."""
    about = figures.machine()
    findings = Findings()
    repository = load_repository(node.ROOT, findings)
    try:
        findings.raise_errors()
        node.say("reading events")
        bases = events.bases(bulk, repository)
        with node.node(heap) as url, node.settings(url, node.RAISED):
            client = node.client(url)
            with stage(client, repository, [base.source for base in bases]) as naming:
                node.say("the pipelines of each log source")
                documents = fill.mapped(client, repository, naming, bases)
                rates = fill.rates(client, repository, naming, bases, documents, ingest, node.say) if ingest else []
                fill.keep_keywords(client, repository, naming)
                node.say(f"indexing {count:,} events")
                span = ((END - minutes * 60) * 1000, END * 1000)
                fill.fill(client, repository, naming, documents, count, span, (hosts, users), node.say)
                node.say(f"{runs} rounds of the searches of each monitor")
                costs = measure(client, repository, naming, END, runs, node.say)
    except DeployerError as error:
        raise click.ClickException(f"{error.what}\n  why:  {error.why}\n  next: {error.todo}") from None
    asked = report.targets(costs, rates)
    figures.write(RESULT, {
        "machine": about, "events": count, "minutes": minutes, "hosts": hosts, "users": users, "runs": runs,
        "origins": {base.source: base.origin for base in bases}, "monitors": [cost.plain() for cost in costs],
        "pipelines": [rate.plain() for rate in rates], "targets": [target.plain() for target in asked],
    })  # fmt: skip
    tables = [report.costs_table(costs), *([report.rates_table(rates, bases)] if rates else [])]
    figures.show(about, [*tables, figures.targets_table(asked)], RESULT, node.ROOT)


if __name__ == "__main__":
    sys.exit(main())
