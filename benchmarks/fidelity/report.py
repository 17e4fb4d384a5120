"""The result for programs (build/fidelity.json) and for people (a table, and each difference with its reason)."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.fidelity.compare import Compared, Difference


def write(path: Path, results: list[Compared]) -> None:
    """``{"pairs": [{...}]}``: for each pair its fields, the numbers of values, and every difference with its reason."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"pairs": [_object(one) for one in results]}, indent=1) + "\n", "utf-8")


def show(results: list[Compared], path: Path) -> None:
    """One row for each pair (those of one event each are added up by folder), then the differences by reason."""
    table = Table(
        "Platform", "Pair", "Events", "Fields", "Values", "Equal", "Different", "Unexplained", title="Fidelity"
    )
    for (platform, name), group in _grouped(results).items():
        values, different = sum(one.values for one in group), sum(len(one.different) for one in group)
        fields = set().union(*(one.fields for one in group))
        row = [sum(len(one.pair.events) for one in group), len(fields), values, values - different, different,
               sum(len(one.unexplained) for one in group)]  # fmt: skip
        note = group[0].pair.note
        table.add_row(platform, name, *([note, "", "", "", "", ""] if note else map(str, row)))
    values, different = sum(one.values for one in results), sum(len(one.different) for one in results)
    unexplained = sum(len(one.unexplained) for one in results)
    events, fields = sum(len(one.pair.events) for one in results), set().union(*(one.fields for one in results))
    table.add_section()
    table.add_row("all", f"{len(results)} pairs", *map(str, (events, len(fields), values, values - different, different, unexplained)))  # fmt: skip
    console = Console(width=170)
    console.print(table)
    console.print(_reasons(results))
    for one in results:
        for difference in one.unexplained:
            print(
                f"{one.pair.platform}/{one.pair.name}:{difference.event}: {difference.field}: "
                f"expected {_short(difference.expected)}, ours {_short(difference.ours)}"
            )
    console.print(f"every difference stands in {path}", highlight=False)


def _grouped(results: list[Compared]) -> dict[tuple[str, str], list[Compared]]:
    groups: dict[tuple[str, str], list[Compared]] = {}
    for one in results:
        many = len([other for other in results if other.pair.family == one.pair.family]) > 8
        groups.setdefault((one.pair.platform, one.pair.family if many else one.pair.name), []).append(one)
    return groups


def _reasons(results: list[Compared]) -> Table:
    table = Table("Values", "Pairs", "Fields", "Why we differ", title="Differences with a reason")
    counted = Counter(d.reason for one in results for d in one.different if d.reason)
    for reason, count in counted.most_common():
        table.add_row(str(count), reason.pairs, ", ".join(reason.fields), reason.why)
    return table


def _object(one: Compared) -> dict[str, object]:
    return {
        "platform": one.pair.platform, "pair": one.pair.name, "note": one.pair.note, "events": len(one.pair.events),
        "fields": sorted(one.fields), "values": one.values, "equal": one.values - len(one.different),
        "different": [_difference(difference) for difference in one.different],
    }  # fmt: skip


def _difference(one: Difference) -> dict[str, object]:
    return {"event": one.event, "field": one.field, "expected": one.expected, "ours": one.ours,
            "why": one.reason.why if one.reason else None}  # fmt: skip


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) < 160 else f"{text[:157]}..."
