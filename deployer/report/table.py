"""A table without lines, as plain text."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from deployer.report.escape import visible


def table_lines(
    heads: Sequence[str], rows: Iterable[Sequence[str]], *, right: Collection[str] = (), width: int = 120
) -> list[str]:
    """Its lines, at most `width` characters each; long cells go on below. The columns of the heads in `right` are numbers."""
    table = Table(box=None, pad_edge=False)
    for head in heads:
        table.add_column(head, overflow="fold", justify="right" if head in right else "left")
    for row in rows:
        table.add_row(*(Text(visible(cell)) for cell in row))
    console = Console(width=width, no_color=True)
    with console.capture() as capture:
        console.print(table)
    return [line.rstrip() for line in capture.get().rstrip("\n").split("\n")]
