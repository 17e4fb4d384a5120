"""The state of a deployment as text and JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from deployer.cluster.status import Health, MonitorState
from deployer.model.resource import Kind
from deployer.report.status import status_json, status_text
from tests.states import NOW, status

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("status.txt", lambda: status_text(status(), "http://127.0.0.1:9200")),
        ("status.json", lambda: json.dumps(status_json(status(), "http://127.0.0.1:9200"), indent=2, ensure_ascii=False)),
    ],
)  # fmt: skip
def test_the_state_keeps_its_form(name: str, text: Any) -> None:
    """Both forms are what the files beside this test say; a change of one is a change of a public form."""
    assert (GOLDEN / name).read_text("utf-8").rstrip("\n") == text().rstrip("\n")


def test_only_what_somebody_should_act_on_counts() -> None:
    """Findings are drift, sick monitors, silent sources and refused runs; counts of the past and silence unasked are none."""
    found = status()

    assert 4 + 2 + 1 + 1 == found.findings
    assert 0 == status(drift=(), monitors=found.monitors[:1], sources=found.sources[:1], limited=False).findings
    assert "wide enough now" in status_text(status(limited=False))
    assert status_text(status(drift=(), monitors=(), sources=(), limited=False)).endswith("All well.")


def test_well_monitors_are_cut_and_sick_ones_never() -> None:
    """With many monitors the text names all that are sick, fifty that are well, and counts the rest."""
    well = [MonitorState(f"monitor/XX{n:04}/m", Kind.MONITOR, "i", "n", Health.OK, NOW, None, {}) for n in range(80)]
    sick = MonitorState("monitor/XX9999/m", Kind.MONITOR, "i", "n", Health.LATE, NOW, None, {})

    text = status_text(status(monitors=(*well, sick)))

    assert "XX9999/m" in text
    assert "and 30 more without a finding" in text
    assert 50 == sum(f"XX{n:04}/m" in text for n in range(80))
    assert 81 == len(status_json(status(monitors=(*well, sick)))["monitors"])
