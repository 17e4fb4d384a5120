"""The state of a deployment as text and JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from deployer.cluster.health import LastEvent, Problem
from deployer.cluster.status import Health, MonitorState, SourceState, Status
from deployer.model.resource import Kind
from deployer.plan import Choices, ClusterFacts, Inventory, make_plan
from deployer.plan.drift import drifted
from deployer.plan.match import match
from deployer.report.status import status_json, status_text
from tests import deployments as made

DEPLOYMENT = "h-unit"
GOLDEN = Path(__file__).parent / "golden"
NOW = 1_800_000_000_000


def status(**changes: Any) -> Status:
    """A state with one of everything."""
    before = [*made.everything(DEPLOYMENT), made.monitor(DEPLOYMENT, "XX0003"), made.monitor(DEPLOYMENT, "XX0004")]
    lives, record = made.deployed(before)
    lives[6] = made.live(before[6], lives[6].id, {**lives[6].body, "enabled": True}, version=2)
    lives.append(made.live(before[4], "id-of-a-copy"))
    other = made.monitor("h-unit", "XX0009", "x")
    alike = made.live(other, "id-alike", {**other.body, "name": f"{before[5].name} (2)", "owner": "alerting", "triggers": []}, marker=None)  # fmt: skip
    inventory = Inventory(tuple(lives), ClusterFacts(uuid="u", version="3.4.0", rate=2.0, schedules=()))
    environment = made.environment(DEPLOYMENT)
    plan = make_plan(before[:7], inventory, record, environment, choices=Choices(prune=True))
    matched = match(DEPLOYMENT, inventory.objects, record)
    monitors = (
        MonitorState("monitor/XX0001/discovery", Kind.MONITOR, "id-1", "One", Health.OK, NOW - 30_000, Problem(NOW - 90_000, "once\x1b[31m", False), {"ACTIVE": 2}),
        MonitorState("monitor/XX0002/follow", Kind.MONITOR, "id-2", "Two", Health.FAILING, NOW - 30_000, Problem(NOW, "no channel", True), {"ERROR": 1}),
        MonitorState("monitor/XX0003/discovery", Kind.MONITOR, "id-3", "Three", Health.NEVER, None, None, {}),
    )  # fmt: skip
    sources = (
        SourceState("x.loud", "logs-x.loud-*", LastEvent(NOW - 7_300_000), 7300.0, silent=False),
        SourceState("x.mute", "logs-x.mute-*", LastEvent(None), None, silent=True),
        SourceState("x.shut", "logs-x.shut-*", LastEvent(None, known=False), None, silent=False),
    )
    values = {
        "plan": plan,
        "record": record,
        "drift": drifted(plan, matched, record, before[:7], [*lives, alike]),
        "monitors": monitors,
        "sources": sources,
        "pending": 1,
        "owned": len(lives),
        "now": NOW,
        "refused": {"one": 57},
        "limited": True,
        "unseen": (),
    }
    return Status(**{**values, **changes})


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
