"""The table and targets of `benchmarks.schedule`."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from benchmarks.figures import Target, median, shown
from benchmarks.schedule.tally import Load


def loads_table(loads: Sequence[Load]) -> Table:
    """A row for each number of monitors and pair of limits."""
    table = Table("Monitors", "Limits", "Ended a run, minute by minute", "Never", "Started in the last minute", "Late s: median", "p95", "Most",
                  "Compilations refused", "Cores used", title="Enabled monitors at one minute on one node")  # fmt: skip
    for load in loads:
        late = [shown(load.late_seconds(part), 1) for part in (0.5, 0.95, 1)]
        table.add_row(str(load.monitors), load.limits, ", ".join(map(str, load.tally.by_minute())), str(load.tally.silent()),
                      str(load.started), *late, str(load.refused), shown(median(load.cpu)))  # fmt: skip
    return table


def targets(loads: Sequence[Load]) -> list[Target]:
    """That the limits we advise let the monitors run, in every minute: the part that did in the worst."""
    return [
        Target(
            f"part of {load.monitors} monitors that ran in the worst minute, {load.limits} limits",
            min(load.tally.by_minute()) / load.monitors,
            least=1.0,
        )
        for load in loads
        if load.limits == "raised"
    ]
