"""The page of evasions says what the lists say."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tests.evasions.catalogue import load
from tests.evasions.table import document


def test_the_page_is_made_of_the_lists(root: Path) -> None:
    """docs/evasions.md is what `python -m tests.evasions` writes, so no row of it goes untested."""
    assert document(load()) == (root / "docs/evasions.md").read_text("utf-8")


def test_each_platform_has_attacks_and_near_misses() -> None:
    """No analytic's list shows only what works, and no row stands there twice."""
    entries = load()
    counts = Counter((entry.analytic, entry.verdict) for entry in entries)

    assert all(
        counts[analytic, verdict]
        for analytic in {entry.analytic for entry in entries}
        for verdict in ("caught", "missed", "quiet")
    )
    assert [] == [
        row for row, times in Counter((entry.source, str(entry.events)) for entry in entries).items() if times > 1
    ]
