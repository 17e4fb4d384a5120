"""The result for programs (build/real-logs.json) and for people (tables and reasons)."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.real_logs.judge import Measured

SHOWN = 12
"""Missed positives and false alerts that are printed with their reason, of each file, analytic and run."""

KEYS = (
    "platform",
    "file",
    "analytic",
    "run",
    "positives",
    "negatives",
    "missed",
    "false_alerts",
    "unparsed",
    "lost",
    "events_per_second",
)
"""What a file's object in the JSON result says: `missed` and `false_alerts` are lists of line numbers, from 0."""


def write(path: Path, results: list[Measured]) -> None:
    """``{"files": [{...}]}``, one object for each file, analytic and run."""
    path.parent.mkdir(exist_ok=True)
    listed = [{key: value for key, value in dataclasses.asdict(one).items() if key in KEYS} for one in results]
    path.write_text(json.dumps({"files": listed}, indent=1) + "\n", "utf-8")


def show(results: list[Measured], path: Path) -> None:
    """Print the tables, then what was missed or alerted falsely, each with its reason."""
    columns = ["Platform", "File", "Analytic", "Run", "Positives", "Found", "Missed", "Negatives", "False alerts",
               "of these judged", "Unparsed", "Lost", "Events/s"]  # fmt: skip
    table = Table(*columns, title="Real logs")
    for one in results:
        found = str(one.positives - len(one.missed)) if one.positives else "unproven"
        table.add_row(one.platform, one.file, one.analytic, one.run, str(one.positives), found, str(len(one.missed)), str(one.negatives),
                      str(len(one.false_alerts)), str(one.accepted), str(one.unparsed), str(one.lost), f"{one.events_per_second:.0f}")  # fmt: skip
    console = Console(width=190)
    console.print(table)
    console.print(
        "of these judged: the label says that it is ambiguous, or that automation or a service did it", highlight=False
    )
    console.print(_sources(results))
    for one in results:
        for kind, numbers in (("missed", one.missed), ("false alert", one.false_alerts)):
            for number in numbers[:SHOWN]:
                print(f"{one.run}: {one.platform}/{one.file}:{number}: {kind} of {one.analytic}: {one.reasons[number]}")
            if len(numbers) > SHOWN:
                print(f"{one.run}: {one.platform}/{one.file}: {len(numbers) - SHOWN} more ({kind}); all are in {path}")


def _sources(results: list[Measured]) -> Table:
    """By analytic and log source: what is proven by a real positive, under `measure`, and what is not."""
    totals: dict[tuple[str, str], tuple[int, int]] = {}
    for one in results:
        if one.run == "measure":
            for source, (positives, found) in one.by_source.items():
                before = totals.get((one.analytic, source), (0, 0))
                totals[one.analytic, source] = (before[0] + positives, before[1] + found)
    table = Table("Analytic", "Log source", "Real positives", "Found (measure)", title="Log sources")
    for (analytic, source), (positives, found) in sorted(totals.items()):
        table.add_row(
            analytic, source or "no log source of ours", str(positives), str(found) if positives else "unproven"
        )
    return table
