"""Medians, ratios and targets, and the report that all benchmarks end with."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

WIDTH = 150


@dataclass(frozen=True, slots=True)
class Target:
    """What is asked for: `value` at most `most` (or at least `least`). A value of None was not measured."""

    name: str
    value: float | None
    most: float | None = None
    least: float | None = None
    unit: str = ""

    @property
    def verdict(self) -> str:
        """``met``, ``not met`` or ``not measured``."""
        if self.value is None:
            return "not measured"
        low = self.least is None or self.value >= self.least
        high = self.most is None or self.value <= self.most
        return "met" if low and high else "not met"

    @property
    def asked(self) -> str:
        """The bound in words."""
        if self.most is not None:
            return f"at most {self.most:g}{self.unit}"
        return f"at least {self.least:g}{self.unit}"

    def plain(self) -> dict[str, Any]:
        """JSON-ready."""
        return {"target": self.name, "asked": self.asked, "value": self.value, "unit": self.unit.strip(), "verdict": self.verdict}  # fmt: skip


def median(values: Sequence[float]) -> float:
    """The middle value.

    Raises StatisticsError for none.
    """
    return statistics.median(values)


def percentile(values: Sequence[float], part: float) -> float:
    """The smallest value that at least `part` (0 to 1) of the values do not exceed: the nearest rank.

    Raises ValueError for no values.
    """
    ordered = sorted(values)
    if not ordered:
        raise ValueError("no values")
    rank = max(1, -(-len(ordered) * part // 1))
    return ordered[int(rank) - 1]


def ratio(value: float, base: float) -> float | None:
    """`value` as a multiple of `base`; None where the base is nothing."""
    return value / base if base else None


def shown(value: float | None, digits: int = 2, unit: str = "") -> str:
    """A number for a table; a dash for what was not measured."""
    return "-" if value is None else f"{value:,.{digits}f}{unit}"


def machine() -> dict[str, Any]:
    """What it was measured on: cores, load before, Python and system; and when."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "load_1m": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
    }


def heading(about: Mapping[str, Any]) -> str:
    """The machine in one line."""
    return f"{about['cores']} cores, load {about['load_1m']} at the start, Python {about['python']}, {about['at']}"


def targets_table(targets: Sequence[Target]) -> Table:
    """The targets, and whether each was met."""
    table = Table("Target", "Asked", "Measured", "", title="Targets")
    for target in targets:
        table.add_row(target.name, target.asked, shown(target.value, 2, target.unit), target.verdict)
    return table


def show(about: Mapping[str, Any], tables: Sequence[Table], path: Path, root: Path) -> None:
    """Print the tables below the machine."""
    console = Console(width=WIDTH)
    console.print(heading(about), highlight=False)
    for table in tables:
        console.print(table)
    console.print(f"all figures: {path.relative_to(root)}", highlight=False)


def write(path: Path, value: Mapping[str, Any]) -> None:
    """The result for programs."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(value, indent=1) + "\n", "utf-8")
