"""What monitors would have raised, in each of its forms."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from deployer.model.episodes import Counts, MonitorCount, Noisy, Period
from deployer.model.errors import Location
from deployer.report.episodes import (
    episodes_github,
    episodes_json,
    episodes_markdown,
    episodes_summary,
    episodes_text,
)

GOLDEN = Path(__file__).parent / "golden"
EVIL = "a|b`<img src=x>\x1b[31m\n::error::@team"


def counts(since: str = "36h", days: float = 1.5) -> Counts:
    """One monitor of each kind: counted, estimated, silent, disabled, not counted."""
    end = 1_772_500_000
    one = MonitorCount(
        "XX0001", "discovery", "Title", "low", Location("d/a.yml", 30, 3), "1m", 480, 2160, 7,
        {"2026-03-01": 3, "2026-03-02": 4}, 4, 1, 2, 3,
        (Noisy((("host", EVIL), ("user", "bob")), 5, 40, True), Noisy((("host", "h2"), ("user", "al")), 1, 1, False)),
    )  # fmt: skip
    much = dataclasses.replace(one, monitor="noisy", top=(), estimate=("cut short",), open_before=0)
    silent = dataclasses.replace(one, monitor="silent", episodes=0, per_day={}, entities=0, open_before=0, open_after=0, peak=0, top=())  # fmt: skip
    disabled = dataclasses.replace(silent, monitor="off", enabled=False)
    failed = dataclasses.replace(silent, monitor="failed", error=f"no such index {EVIL}")
    monitors = (one, much, silent, disabled, failed)
    return Counts("prod", "https://search.example", since, Period(end - int(days * 86_400), end), monitors)


def made(name: str, found: Counts) -> str:
    """A form by the name of its golden file."""
    sums = episodes_summary(found)
    forms: dict[str, Callable[[], str]] = {
        "episodes.txt": lambda: episodes_text(found, sums),
        "episodes.json": lambda: json.dumps(episodes_json(found, sums), indent=2),
        "episodes.md": lambda: episodes_markdown(found, sums),
        "episodes.github": lambda: episodes_github(found, sums),
    }
    return forms[name]()


@pytest.mark.parametrize("name", ["episodes.txt", "episodes.json", "episodes.md", "episodes.github"])
def test_each_form_is_as_it_was(name: str) -> None:
    """Programs and people rely on these forms: a change of one is a change of its golden file."""
    assert (GOLDEN / name).read_text("utf-8") == f"{made(name, counts())}\n"


def test_a_long_period_has_a_rate_instead_of_a_column_a_day() -> None:
    """Thirty days fit no table."""
    text = made("episodes.txt", counts("30d", 30))

    assert "A day" in text
    assert "03-02" not in text.split("XX0001/discovery")[0].split("\n\n")[1]


def test_markdown_says_what_it_cut() -> None:
    """A comment on a pull request has a limit."""
    found = counts()
    many = dataclasses.replace(found, monitors=found.monitors * 30)

    text = episodes_markdown(many, "sums", limit=4000)

    assert len(text) <= 4000
    assert "Cut here" in text
