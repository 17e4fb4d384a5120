"""Whose is what on a real cluster, and what was changed by hand: shown, never silently undone, never taken over."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deployer.cluster import deployed_monitors
from deployer.plan import Conflict, Remark, UnsafePlanError, Verb
from deployer.plan.outcome import Fate
from tests import deployments as made
from tests.bench import CHANNELS, MONITORS, RECORDS, Bench, bench

pytestmark = pytest.mark.integration


def _trigger(body: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = body["triggers"][0]["bucket_level_trigger"]
    return found


EDITS: dict[str, Callable[[dict[str, Any]], object]] = {
    "enabled": lambda body: body.update(enabled=True),
    "name": lambda body: body.update(name=body["name"] + " by hand"),
    "schedule.period.interval": lambda body: body["schedule"]["period"].update(interval=9),
    "owner": lambda body: body.update(owner="alerting"),
    "triggers[0].bucket_level_trigger.severity": lambda body: _trigger(body).update(severity="1"),
    "triggers[0].bucket_level_trigger.condition.script.params.threshold": lambda body: _trigger(body)["condition"][
        "script"
    ]["params"].update(threshold=99),
    "inputs[0].search.indices": lambda body: body["inputs"][0]["search"].update(indices=["nothing-*"]),
}
"""What somebody may change in Dashboards, by the path of the field."""


def test_promise_03_and_16_a_change_by_hand_is_one_update_and_not_undone(on: Bench) -> None:
    """Each field changed by hand is exactly one update that names it; a deploy refuses with 0 writes until asked."""
    resources = made.everything(on.deployment)
    on.deploy(resources)
    identity = on.monitor_id("follow")
    for path, change in EDITS.items():
        on.edit(identity, change)
        theirs = on.node.request("GET", f"{MONITORS}/{identity}")

        (action,) = on.plan(resources).actions
        cluster = on.client()
        with pytest.raises(UnsafePlanError, match="changed by hand"):
            on.deploy(resources, cluster=cluster)

        assert (Verb.UPDATE, Conflict.DRIFT, "monitor/XX0002/follow") == (action.verb, action.conflict, action.key)
        assert [path] == [changed.path for changed in action.drift]
        assert 0 == cluster.writes
        assert theirs == on.node.request("GET", f"{MONITORS}/{identity}")
        assert on.deploy(resources, on_drift="keep").plan.empty
        assert 0 == on.deploy(resources, on_drift="revert").exit_code
        assert on.plan(resources).empty


def test_promise_03_a_write_that_changes_nothing_is_not_drift(on: Bench) -> None:
    """Somebody who saves a monitor in Dashboards without changing it makes no change, although its version moves."""
    resources = made.everything(on.deployment)
    on.deploy(resources)
    on.edit(on.monitor_id("follow"), lambda body: None)

    assert on.plan(resources).empty


def test_promise_16_changes_by_hand_of_other_kinds_are_seen(on: Bench) -> None:
    """A pipeline, a template and a channel changed by hand are a conflict each, and come back if asked."""
    resources = made.everything(on.deployment)
    on.deploy(resources)
    body = {"config": dict(made.channel(on.deployment, "http://127.0.0.1:9/by-hand").body["config"])}
    on.node.request("PUT", f"/_ingest/pipeline/{on.deployment}-mark", made.pipeline(on.deployment, "by hand").body)
    on.node.request("PUT", f"/_component_template/{on.deployment}-base", made.component(on.deployment, "wildcard").body)
    on.node.request("PUT", f"{CHANNELS}/{on.deployment}-soc", body)

    actions = on.plan(resources).actions

    assert {(key, Conflict.DRIFT, 1) for key in ("component-template/base", "ingest-pipeline/mark", "channel/soc")} == {
        (action.key, action.conflict, len(action.drift)) for action in actions
    }
    assert 0 == on.deploy(resources, on_drift="revert").exit_code
    assert on.plan(resources).empty


def test_what_was_deleted_by_hand_comes_back_only_if_asked(on: Bench) -> None:
    """A monitor deleted by hand is a conflict; revert makes it again, and nothing twice."""
    resources = made.everything(on.deployment)
    on.deploy(resources)
    on.node.request("DELETE", f"{MONITORS}/{on.monitor_id('follow')}")

    with pytest.raises(UnsafePlanError, match="deleted by hand"):
        on.deploy(resources)
    on.deploy(resources, on_drift="revert")

    assert 2 == len(on.monitors())
    assert on.plan(resources).empty


def test_promise_13_a_hand_made_monitor_of_the_same_name_is_not_touched(on: Bench) -> None:
    """It is named in the refusal, with its id, and nothing is written; adopting takes it over in place."""
    resources = made.everything(on.deployment)
    by_hand = {**resources[-1].body, "owner": "alerting", "triggers": []}
    identity = on.create(by_hand)

    cluster = on.client()
    with pytest.raises(UnsafePlanError, match=identity):
        on.deploy(resources, cluster=cluster)
    untouched = on.node.request("GET", f"{MONITORS}/{identity}")
    adopted = on.deploy(resources, adopt=True)

    assert 0 == cluster.writes
    assert 1 == untouched["_version"]
    assert 0 == adopted.exit_code
    assert identity == on.monitor_id("follow")
    assert on.plan(resources).empty


def test_promise_14_a_copy_made_in_the_ui_is_not_ours(on: Bench) -> None:
    """A copy with owner and trigger ids is shown, and neither updated nor pruned."""
    resources = made.everything(on.deployment)
    on.deploy(resources)
    original = on.monitor_id("follow")
    body = on.node.request("GET", f"{MONITORS}/{original}")["monitor"]
    copy = on.create({**body, "name": f"Copy of {body['name']}"})

    result = on.deploy(made.everything(on.deployment, follow={"threshold": 3}), prune=True)

    assert [(Remark.COPY, copy)] == [(note.remark, note.id) for note in result.plan.notes]
    assert [original] == [outcome.id for outcome in result.outcomes]
    assert 1 == on.node.request("GET", f"{MONITORS}/{copy}")["_version"]
    assert copy not in deployed_monitors(on.client(), on.deployment).values()


def test_promise_15_two_deployments_share_a_cluster(on: Bench, cluster_url: str, tmp_path: Path) -> None:
    """Each plans only on its own objects, also where the name of one begins with that of the other."""
    with bench(cluster_url, tmp_path) as other:
        other.deployment = f"{on.deployment}-two"
        on.deploy(made.everything(on.deployment))
        second = other.deploy(made.everything(other.deployment))

        mine = on.plan(made.everything(on.deployment), prune=True)
        theirs = other.plan(made.everything(other.deployment), prune=True)

        assert 6 == len(second.of(Fate.APPLIED))
        assert (True, True) == (mine.empty, theirs.empty)
        assert ((), ()) == (mine.notes, theirs.notes)


def test_a_lost_record_is_not_guessed(on: Bench) -> None:
    """Without the record nothing is written over; accepting the live side notes it, and then nothing is to do."""
    resources = made.everything(on.deployment)
    on.deploy(resources)
    before = on.monitors()
    on.node.request("DELETE", f"{RECORDS}/_doc/{on.deployment}")

    with pytest.raises(UnsafePlanError, match="not in the record"):
        on.deploy(resources)
    accepted = on.deploy(resources, accept="live")

    assert [Verb.ACCEPT] * 6 == [outcome.action.verb for outcome in accepted.outcomes]
    assert before == on.monitors()
    assert on.plan(resources).empty


def test_a_lost_record_may_be_settled_for_the_repository(on: Bench) -> None:
    """Accepting the desired side writes every object again, in place."""
    resources = made.everything(on.deployment)
    on.deploy(resources)
    before = on.monitors()
    on.node.request("DELETE", f"{RECORDS}/_doc/{on.deployment}")

    result = on.deploy(resources, accept="desired")

    assert 6 == len(result.of(Fate.APPLIED))
    assert before.keys() == on.monitors().keys()
    assert on.plan(resources).empty
