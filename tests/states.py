"""The state of a made-up deployment, as `status` reads it."""

from __future__ import annotations

from typing import Any

from deployer.cluster.health import LastEvent, Problem
from deployer.cluster.status import Health, MonitorState, SourceState, Status
from deployer.model.resource import Kind
from deployer.plan import Choices, ClusterFacts, Inventory, make_plan
from deployer.plan.drift import drifted
from deployer.plan.match import match
from tests import deployments as made

DEPLOYMENT = "h-unit"
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
