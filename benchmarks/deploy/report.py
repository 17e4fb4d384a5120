"""The tables and targets of `benchmarks.deploy`."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from benchmarks.deploy.measure import BASES, STEPS, Size
from benchmarks.figures import Target, median, ratio, shown


def sizes_table(sizes: Sequence[Size]) -> Table:
    """A row for each step and size, and one for each baseline."""
    table = Table("Monitors", "What", "Median s", "Best s", "Worst s", "Own CPU s", "Requests", "Peak MB", "x bare loop", "x GET and PUT",
                  title="Deploys (medians of all runs; a ratio is the median of the runs' ratios)")  # fmt: skip
    for size in sizes:
        for step in STEPS:
            runs = size.steps[step]
            seconds = [one.seconds for one in runs]
            base = "bare deletes" if step == "destroy" else "bare loop"
            table.add_row(str(size.monitors), step, shown(median(seconds)), shown(min(seconds)), shown(max(seconds)),
                          shown(median([one.cpu for one in runs])), str(round(median([one.requests for one in runs]))), shown(median([one.peak for one in runs]) / 2**20, 0),
                          shown(size.times(step, base)), shown(size.times(step, "GET and PUT"), 3))  # fmt: skip
        for base in BASES:
            values = size.bases[base]
            name = (
                f"{base} ({size.connections} connections)" if base != "GET and PUT" else "GET and PUT by opensearch-py"
            )
            table.add_row(str(size.monitors), name, *map(shown, (median(values), min(values), max(values))))
        table.add_section()
    table.caption = (
        "destroy is compared with bare deletes of the monitors; everything else with the bare loop that creates"
    )
    return table


def targets(sizes: Sequence[Size], help_s: Sequence[float], python_s: Sequence[float]) -> list[Target]:
    """What is asked of the largest size, and of the start-up."""
    size = max(sizes, key=lambda one: one.monitors)
    slower = size.times("plan, nothing changed", "GET and PUT")
    start = median(help_s)
    n = size.monitors
    return [
        Target(f"first deploy of {n}, against the bare loop", size.times("first deploy", "bare loop"), most=1.2, unit=" x"),
        Target(f"plan of {n}, nothing changed", size.seconds("plan, nothing changed"), most=1.0, unit=" s"),
        Target(f"deploy of {n}, nothing changed", size.seconds("deploy, nothing changed"), most=1.0, unit=" s"),
        Target(f"10 of {n} changed", size.seconds("10 changed"), most=1.5, unit=" s"),
        Target("GET and PUT of each, against a plan with nothing changed", ratio(1, slower or 0), least=10, unit=" x"),
        Target("deployer --help, against python -c pass", ratio(start, median(python_s)), most=2, unit=" x"),
        Target("deployer --help", start * 1000, most=150, unit=" ms"),
    ]  # fmt: skip
