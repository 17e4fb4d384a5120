"""Which open alerts a plan says will end, and which are closed before the write."""

from __future__ import annotations

from typing import Any

import pytest

from deployer.model.resource import Resource
from deployer.plan import Action, Choices, Inventory, Live, Record, make_plan
from deployer.plan.actions import Closing
from deployer.plan.closing import alerts_needed, with_alerts
from tests import deployments as made

DEPLOYMENT = "h-unit"
TRIGGER = f"{DEPLOYMENT}.XX0001.discovery"


def closing(wanted: list[Resource], lives: list[Live], record: Record, *, trigger: str = TRIGGER, **choices: Any) -> Closing | None:  # fmt: skip
    """What the plan's only action says of twelve open alerts of each monitor's trigger, and one of another."""
    plan = make_plan(wanted, Inventory(tuple(lives)), record, made.environment(DEPLOYMENT), choices=Choices(**choices))
    told = with_alerts(plan, {live.id: {trigger: 12, "another": 1} for live in lives})
    (action,) = told.actions
    assert alerts_needed(plan) or action.closing is None
    return action.closing


def _trigger(resource: Resource) -> dict[str, Any]:
    found: dict[str, Any] = resource.body["triggers"][0]["bucket_level_trigger"]
    return found


def test_an_update_that_keeps_its_trigger_closes_nothing_and_needs_no_alerts() -> None:
    """Severity, threshold and all the rest may change: the trigger's id is the same."""
    lives, record = made.deployed([made.monitor(DEPLOYMENT)])

    assert None is closing([made.monitor(DEPLOYMENT, threshold=9)], lives, record)


def test_a_delete_ends_all_alerts_of_the_monitor() -> None:
    """Also those of triggers that it lost before."""
    lives, record = made.deployed([made.monitor(DEPLOYMENT), made.monitor(DEPLOYMENT, "XX0002")])

    found = closing([made.monitor(DEPLOYMENT, "XX0002")], lives, record, prune=True)

    assert Closing(13, "it is deleted", first=True) == found


@pytest.mark.parametrize(
    ("before", "first"), [(made.monitor, True), (made.query_monitor, False), (made.document_monitor, True)]
)
def test_only_what_the_server_would_leave_is_closed_first(before: Any, first: bool) -> None:
    """A query-level trigger has one alert, which the server moves by itself."""
    lives, record = made.deployed([before(DEPLOYMENT), made.monitor(DEPLOYMENT, "XX0005")])

    found = closing([made.monitor(DEPLOYMENT, "XX0005")], lives, record, prune=True)

    assert found is not None
    assert first == found.first


def test_another_type_of_monitor_ends_all_alerts_though_the_trigger_keeps_its_id() -> None:
    """No run of the new type looks at alerts of the old one, so they are closed first."""
    query = made.query_monitor(DEPLOYMENT, "XX0001", "discovery")
    lives, record = made.deployed([query])

    found = closing([made.monitor(DEPLOYMENT)], lives, record)

    assert Closing(13, "it becomes a monitor of another type", first=True) == found


def test_other_entities_end_the_alerts_at_the_next_run() -> None:
    """The trigger stays, but alerts are told apart otherwise: the plan says so."""
    old = made.monitor(DEPLOYMENT)
    lives, record = made.deployed([made.written(old, entity=["host"])])

    found = closing([made.with_body(made.written(old, entity=["host", "user"]), enabled=True)], lives, record)

    assert found is not None
    assert (13, False) == (found.count, found.first)
    assert "told apart otherwise" in found.why


def test_of_a_dropped_trigger_only_its_own_alerts_end() -> None:
    """Adopting a monitor with two triggers keeps one with its id; the alerts of the other end."""
    ours = made.monitor(DEPLOYMENT)
    theirs = made.with_body(ours, owner="alerting", triggers=[{"bucket_level_trigger": {**_trigger(ours), "id": name, "name": name}} for name in ("one", "two")])  # fmt: skip
    live = made.live(theirs, "hand", theirs.body, marker=None)

    found = closing([ours], [live], Record(DEPLOYMENT), trigger="two", adopt=True)

    assert Closing(12, "it loses the trigger two", first=True) == found


def test_the_adopted_trigger_is_that_of_the_same_name() -> None:
    """Else the first; the action keeps its id of ours, by which the monitor is known if the record is lost."""
    ours = made.monitor(DEPLOYMENT)
    for names, kept in ((("a", "hit"), "hit"), (("a", "b"), "a")):
        theirs = made.with_body(ours, owner="alerting", triggers=[{"bucket_level_trigger": {**_trigger(ours), "id": f"id-{name}", "name": name, "actions": []}} for name in names])  # fmt: skip
        live = made.live(theirs, "hand", theirs.body, marker=None)
        plan = make_plan([ours], Inventory((live,)), Record(DEPLOYMENT), made.environment(DEPLOYMENT), choices=Choices(adopt=True))  # fmt: skip

        action: Action = plan.actions[0]
        assert action.resource is not None
        assert f"id-{kept}" == _trigger(action.resource)["id"]
        assert f"{TRIGGER}.soc" == _trigger(action.resource)["actions"][0]["id"]
        again = made.live(action.resource, "hand")
        assert again.marker is not None
        assert ours.key == again.marker.key
