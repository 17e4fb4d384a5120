"""Deletes on a real cluster: only what is asked for, only what nothing needs, and known until done."""

from __future__ import annotations

import pytest

from deployer.plan import Remark
from deployer.plan.outcome import Fate
from tests import deployments as made
from tests.bench import Bench

pytestmark = pytest.mark.integration


def test_promise_10_an_orphan_is_reported_and_stays_until_pruned(on: Bench) -> None:
    """Without prune an orphan stays on the cluster; with it, it goes, and the plan is empty then."""
    resources = made.everything(on.deployment)
    on.deploy(resources)

    reported = on.deploy(resources[:-1])
    stays = len(on.monitors())
    pruned = on.deploy(resources[:-1], prune=True)

    assert [Remark.ORPHAN] == [note.remark for note in reported.plan.notes]
    assert (2, 1) == (stays, len(on.monitors()))
    assert 0 == pruned.exit_code
    assert on.plan(resources[:-1]).empty
    assert () == on.plan(resources[:-1]).notes


def test_promise_26_a_rejected_delete_stays_known(on: Bench) -> None:
    """A monitor that somebody's workflow runs is not deleted by the server; it stays recorded, and the next run tries again."""
    resources = made.everything(on.deployment)
    on.deploy(resources)
    used = on.monitor_id("follow")
    workflow = on.node.request("POST", "/_plugins/_alerting/workflows", {
        "type": "workflow", "workflow_type": "composite", "name": "by hand", "enabled": False,
        "schedule": {"period": {"interval": 1, "unit": "MINUTES"}}, "triggers": [],
        "inputs": [{"composite_input": {"sequence": {"delegates": [{"order": 1, "monitor_id": used}]}}}],
    })["_id"]  # fmt: skip
    on.also.insert(0, f"/_plugins/_alerting/workflows/{workflow}")

    rejected = on.deploy(resources[:-1], prune=True)
    recorded = [item["key"] for item in on.record()["entries"]]
    on.node.request("DELETE", f"/_plugins/_alerting/workflows/{workflow}")
    again = on.deploy(resources[:-1], prune=True)

    assert [("monitor/XX0002/follow", Fate.FAILED)] == [(o.action.key, o.fate) for o in rejected.outcomes]
    assert 1 == rejected.exit_code
    assert "monitor/XX0002/follow" in recorded
    assert [Fate.APPLIED] == [outcome.fate for outcome in again.outcomes]
    assert on.plan(resources[:-1], prune=True).empty


def test_promise_10_and_25_what_a_data_stream_needs_is_kept_until_the_stream_is_gone(on: Bench) -> None:
    """Prune keeps the template, pipeline and component of a data stream, says so each time, and prunes them after it."""
    resources = made.everything(on.deployment)
    monitors_only = [made.monitor(on.deployment, needs=())]
    on.deploy([*resources[:2], made.index_template(on.deployment, stream=True), *monitors_only])
    index = f"{on.deployment}-events-1"
    on.also.append(f"/_data_stream/{index}")
    on.node.request("PUT", f"/_data_stream/{index}")

    first, second = (on.deploy(monitors_only, prune=True, allow_mass_change=True) for _ in range(2))
    on.node.request("POST", f"/{index}/_doc", {"@timestamp": 1})
    on.node.request("DELETE", f"/_data_stream/{index}")
    last = on.deploy(monitors_only, prune=True, allow_mass_change=True)

    kept = {"index-template/events", "ingest-pipeline/mark", "component-template/base"}
    for result in (first, second):
        assert (0, ()) == (result.exit_code, result.outcomes)
        assert [(Remark.IN_USE, key) for key in sorted(kept)] == [(note.remark, note.key) for note in result.plan.notes]
        assert "DELETE /_data_stream/NAME" in result.plan.notes[0].text
    assert (kept, 0) == ({outcome.action.key for outcome in last.of(Fate.APPLIED)}, last.exit_code)
    assert ((), True) == ((found := on.plan(monitors_only, prune=True)).notes, found.empty)


def test_promise_10_a_pipeline_that_an_index_names_is_not_pruned(on: Bench) -> None:
    """The server deletes a pipeline that indices use, and refuses their events from then on; so it is kept."""
    resources = made.everything(on.deployment)
    on.deploy(resources[:2])
    on.also.append(f"/{on.deployment}-plain")
    on.node.request("PUT", f"/{on.deployment}-plain", {"settings": {"index.default_pipeline": f"{on.deployment}-mark"}})

    kept = on.deploy(resources[:1], prune=True, allow_mass_change=True)

    assert [(Remark.IN_USE, "ingest-pipeline/mark")] == [(note.remark, note.key) for note in kept.plan.notes]
    assert "created" == on.node.request("POST", f"/{on.deployment}-plain/_doc", {"a": 1})["result"]
