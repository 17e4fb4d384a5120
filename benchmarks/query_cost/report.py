"""The tables and targets of `benchmarks.query_cost`."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from benchmarks.figures import Target, percentile, shown
from benchmarks.query_cost.events import Base
from benchmarks.query_cost.fill import Rate
from benchmarks.query_cost.measure import OPEN, OURS, WILD, Cost


def costs_table(costs: Sequence[Cost]) -> Table:
    """A row a monitor."""
    table = Table("Monitor", "Events in range", "Median ms", "p95 ms", "No clause: median", "p95", "query_string: median", "p95",
                  "x no clause", "x query_string", title="Searches (took)")  # fmt: skip
    for cost in costs:
        cells = [f"{value:g}" for kind in (OURS, OPEN, WILD) for value in (cost.median(kind), percentile(cost.took[kind], 0.95))]  # fmt: skip
        table.add_row(cost.monitor, f"{cost.events:,}", *cells, shown(cost.against(OPEN)), shown(cost.against(WILD), 3))
    return table


def rates_table(rates: Sequence[Rate], bases: Sequence[Base]) -> Table:
    """A row a log source."""
    origins = {base.source: base.origin for base in bases}
    table = Table(
        "Log source", "Pipeline", "Events", "From", "Raw/s", "Mapped/s", "Part of the rate left", title="Ingest"
    )
    for rate in rates:
        table.add_row(rate.source, rate.pipeline, f"{rate.events:,}", origins[rate.source], shown(rate.with_it, 0),
                      shown(rate.without, 0), shown(rate.part))  # fmt: skip
    return table


def targets(costs: Sequence[Cost], rates: Sequence[Rate]) -> list[Target]:
    """What is asked: judged by the dearest monitor and the slowest pipeline, each of which is named."""
    found = []
    for name, kind, most in (("no clause", OPEN, 1.0), ("query_string of wildcards", WILD, 0.1)):
        worst = max(costs, key=lambda cost: cost.against(kind) or 0)
        met = sum((cost.against(kind) or 0) <= most for cost in costs)
        text = f"a monitor against {name} (dearest: {worst.monitor}; {met} of {len(costs)} within)"
        found.append(Target(text, worst.against(kind), most=most, unit=" x"))
    if rates:
        slow = min(rates, key=lambda rate: rate.part)
        met = sum(rate.part >= 0.5 for rate in rates)
        text = f"part of the ingest rate left (least: {slow.source}; {met} of {len(rates)} within)"
        found.append(Target(text, slow.part, least=0.5))
    return found
