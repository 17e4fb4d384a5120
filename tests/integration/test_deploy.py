"""Deploys to a real cluster: what they write, and that a second one writes nothing."""

from __future__ import annotations

import base64
import dataclasses
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deployer.catalogue import load_environment, load_repository
from deployer.cluster import deployed_monitors
from deployer.deploy import look
from deployer.model.finding import Findings
from deployer.model.resource import Kind, Resource
from deployer.plan import Conflict, Remark, UnsafePlanError, Verb
from deployer.plan.outcome import Fate
from deployer.render import render_environment
from tests import deployments as made
from tests.bench import CHANNELS, MONITORS, RECORDS, Bench, bench, dumps

pytestmark = pytest.mark.integration


@pytest.fixture
def on(cluster_url: str, tmp_path: Path) -> Iterator[Bench]:
    """A deployment of its own for each test."""
    with bench(cluster_url, tmp_path) as found:
        yield found


def test_promise_02_deploying_twice_writes_nothing_the_second_time(on: Bench) -> None:
    """The first deploy makes everything; the second sends no write at all, not even a lock or a record."""
    resources = made.everything(on.deployment)

    first = on.deploy(resources)
    cluster = on.client()
    second = on.deploy(resources, cluster=cluster)

    assert (0, 6) == (first.exit_code, len(first.of(Fate.APPLIED)))
    assert (0, ()) == (second.exit_code, second.outcomes)
    assert 0 == cluster.writes


def test_promise_02_holds_for_the_projects_own_detections(on: Bench, root: Path) -> None:
    """Every real template, pipeline and monitor is stored in a form that the next plan finds unchanged."""
    findings = Findings()
    repository = load_repository(root, findings)
    environment = load_environment(root, "local", repository.analytics, repository.sources, findings)
    assert environment is not None
    environment = dataclasses.replace(environment, deployment=on.deployment)
    resources = list(render_environment(repository, environment, findings))
    findings.raise_errors()
    # Another deployment may be on this cluster for the same data; templates for the same patterns would clash with its.
    resources = [_apart(resource, on.deployment) for resource in resources]
    for resource in resources:
        path = {Kind.INDEX_TEMPLATE: "/_index_template", Kind.INGEST_PIPELINE: "/_ingest/pipeline", Kind.COMPONENT_TEMPLATE: "/_component_template", Kind.CHANNEL: CHANNELS}.get(resource.kind)  # fmt: skip
        if path:
            on.also.insert(0, f"{path}/{resource.name}")

    first = on.deploy(resources, allow_mass_change=True)
    cluster = on.client()
    again = on.deploy(resources, cluster=cluster)

    assert [] == [
        (outcome.action.key, outcome.reason) for outcome in first.outcomes if outcome.fate is not Fate.APPLIED
    ]
    assert again.plan.empty
    assert len(resources) == again.plan.unchanged
    assert 0 == cluster.writes


def _apart(resource: Resource, deployment: str) -> Resource:
    """An index template for patterns that no other deployment has."""
    if resource.kind is not Kind.INDEX_TEMPLATE:
        return resource
    patterns = [f"{deployment}-{pattern}" for pattern in resource.body["index_patterns"]]
    return dataclasses.replace(resource, body={**resource.body, "index_patterns": patterns})


def test_promise_01_a_plan_writes_nothing(on: Bench) -> None:
    """Planning on an empty and on a deployed cluster sends no request that could write, and makes no index."""
    cluster = on.client()

    def reads_only(method: str, path: str) -> None:
        assert method in ("GET", "HEAD") or path.endswith(("/_search", "/_mget")), (method, path)

    cluster.on_request = reads_only
    look(cluster, on.wish(made.everything(on.deployment)))
    on.deploy(made.everything(on.deployment))
    look(cluster, on.wish(made.everything(on.deployment, follow={"threshold": 3})))

    assert 0 == cluster.writes


def test_reading_takes_the_same_number_of_requests_for_few_and_many(on: Bench) -> None:
    """The inventory does not ask object by object."""
    few, many = on.client(), on.client()
    on.deploy([*made.everything(on.deployment)])
    look(few, on.wish(made.everything(on.deployment)))
    resources = [*made.everything(on.deployment), *(made.monitor(on.deployment, f"YY{n:04}") for n in range(20))]
    on.deploy(resources)
    look(many, on.wish(resources))

    assert sum(few.requests.values()) == sum(many.requests.values()) <= 12


def test_a_changed_tunable_updates_exactly_the_monitors_that_use_it(on: Bench) -> None:
    """Only the dependent monitor gets a new version; its id, its trigger's id and everything else stay."""
    on.deploy(made.everything(on.deployment))
    before = on.monitors()

    result = on.deploy(made.everything(on.deployment, follow={"threshold": 7}))

    after = on.monitors()
    changed = [identity for identity in after if after[identity]["_version"] != before[identity]["_version"]]
    assert [on.monitor_id("follow")] == changed
    assert before.keys() == after.keys()
    trigger = after[changed[0]]["_source"]["triggers"][0]["bucket_level_trigger"]
    assert {"threshold": 7} == trigger["condition"]["script"]["params"]
    assert f"{on.deployment}.XX0002.follow" == trigger["id"]
    assert ["monitor/XX0002/follow"] == [outcome.action.key for outcome in result.outcomes]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda d: made.component(d, "wildcard"), id="component template"),
        pytest.param(lambda d: made.pipeline(d, "no"), id="pipeline"),
        pytest.param(lambda d: made.channel(d, "http://127.0.0.1:9/other"), id="channel"),
    ],
)
def test_other_kinds_are_updated_too(on: Bench, change: Any) -> None:
    """A changed template, pipeline or channel is one update, and settles."""
    resources = made.everything(on.deployment)
    on.deploy(resources)
    new = change(on.deployment)
    desired = [new if resource.key == new.key else resource for resource in resources]

    result = on.deploy(desired)

    assert [(Verb.UPDATE, new.key, Fate.APPLIED)] == [(o.action.verb, o.action.key, o.fate) for o in result.outcomes]
    assert on.plan(desired).empty


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


@pytest.mark.parametrize(
    ("change", "path"),
    [
        pytest.param(lambda body: body.update(enabled=True), "enabled", id="enabled"),
        pytest.param(lambda body: body.update(name=body["name"] + " by hand"), "name", id="name"),
        pytest.param(lambda body: body["schedule"]["period"].update(interval=9), "schedule.period.interval", id="schedule"),
        pytest.param(lambda body: body.update(owner="alerting"), "owner", id="owner"),
        pytest.param(
            lambda body: body["triggers"][0]["bucket_level_trigger"].update(severity="1"),
            "triggers[0].bucket_level_trigger.severity", id="severity",
        ),
        pytest.param(
            lambda body: body["triggers"][0]["bucket_level_trigger"]["condition"]["script"]["params"].update(threshold=99),
            "triggers[0].bucket_level_trigger.condition.script.params.threshold", id="threshold",
        ),
        pytest.param(
            lambda body: body["inputs"][0]["search"].update(indices=["nothing-*"]), "inputs[0].search.indices", id="indices",
        ),
    ],
)  # fmt: skip
def test_promise_03_and_16_a_change_by_hand_is_one_update_and_not_undone(on: Bench, change: Any, path: str) -> None:
    """Each field changed by hand is exactly one update that names it; a deploy refuses with 0 writes until asked."""
    resources = made.everything(on.deployment)
    on.deploy(resources)
    identity = on.monitor_id("follow")
    on.edit(identity, change)
    theirs = on.monitors().get(identity) or on.node.request("GET", f"{MONITORS}/{identity}")

    plan = on.plan(resources)
    cluster = on.client()
    with pytest.raises(UnsafePlanError, match="changed by hand"):
        on.deploy(resources, cluster=cluster)

    (action,) = plan.actions
    assert (Verb.UPDATE, Conflict.DRIFT, "monitor/XX0002/follow") == (action.verb, action.conflict, action.key)
    assert [path] == [changed.path for changed in action.drift]
    assert 0 == cluster.writes
    assert theirs["_version"] == on.node.request("GET", f"{MONITORS}/{identity}")["_version"]
    assert on.deploy(resources, on_drift="keep").plan.empty
    assert 0 == on.deploy(resources, on_drift="revert").exit_code
    assert on.plan(resources).empty


def test_promise_03_a_write_that_changes_nothing_is_not_drift(on: Bench) -> None:
    """Somebody who saves a monitor in Dashboards without changing it makes no change, although its version moves."""
    resources = made.everything(on.deployment)
    on.deploy(resources)
    on.edit(on.monitor_id("follow"), lambda body: None)

    assert on.plan(resources).empty


@pytest.mark.parametrize("kind", ["pipeline", "template", "channel"])
def test_promise_16_changes_by_hand_of_other_kinds_are_seen(on: Bench, kind: str) -> None:
    """A pipeline, a template or a channel changed by hand is a conflict too."""
    resources = made.everything(on.deployment)
    on.deploy(resources)
    body: Any
    if kind == "pipeline":
        body = dict(made.pipeline(on.deployment, "by hand").body)
        on.node.request("PUT", f"/_ingest/pipeline/{on.deployment}-mark", body)
    elif kind == "template":
        body = dict(made.component(on.deployment, "wildcard").body)
        on.node.request("PUT", f"/_component_template/{on.deployment}-base", body)
    else:
        body = {"config": dict(made.channel(on.deployment, "http://127.0.0.1:9/by-hand").body["config"])}
        on.node.request("PUT", f"{CHANNELS}/{on.deployment}-soc", body)

    (action,) = on.plan(resources).actions

    assert Conflict.DRIFT == action.conflict
    assert 1 == len(action.drift)
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


def test_promise_29_a_secret_address_is_in_no_record_and_no_plan(on: Bench) -> None:
    """The address of a channel reaches the channel, and nothing else that is stored or shown."""
    secret = "http://127.0.0.1:9/canary-token"
    resources = [*made.everything(on.deployment)[:3], made.channel(on.deployment, secret, "env:HOOK"), *made.everything(on.deployment)[4:]]  # fmt: skip

    result = on.deploy(resources)
    changed = on.plan([made.channel(on.deployment, secret + "-2", "env:HOOK")], accept="desired")
    query = {"size": 1000, "query": {"term": {"deployment": on.deployment}}}
    on.node.request("POST", f"{RECORDS}/_refresh")
    hits = on.node.request("POST", f"{RECORDS}/_search", query)["hits"]["hits"]

    texts = [dumps(hit["_source"]) for hit in hits]
    texts += [zlib.decompress(base64.b64decode(hit["_source"]["content"])).decode() for hit in hits if "content" in hit["_source"]]  # fmt: skip
    assert len(hits) > 6
    assert "canary" not in "".join(texts)
    assert "canary" not in "".join(on.progress) + repr(changed.notes) + repr([a.changes for a in changed.actions])
    assert (
        secret
        == on.node.request("GET", f"{CHANNELS}/{on.deployment}-soc")["config_list"][0]["config"]["webhook"]["url"]
    )
    assert 0 == result.exit_code


def test_the_record_says_who_when_and_what(on: Bench) -> None:
    """The record has the person, the host, the commit, the tool and an entry an object."""
    on.deploy(made.everything(on.deployment))
    on.deploy(made.everything(on.deployment, follow={"threshold": 2}))

    record = on.record()

    assert ("tester", "testhost", "c0ffee", 2) == (
        record["who"],
        record["host"],
        record["commit"],
        record["generation"],
    )
    assert {resource.key for resource in made.everything(on.deployment)} == {e["key"] for e in record["entries"]}
    assert [] == record["pending"]


def test_more_monitors_than_allowed_are_refused_with_nothing_written(on: Bench) -> None:
    """With max_monitors full the deploy is refused before the first write, and names the setting."""
    # A new client of the plugin's counts at once, so the limit is only lowered while this test runs.
    present = on.plan(made.everything(on.deployment)).facts.present
    limit = max(1, present + 1)
    on.node.request("PUT", "/_cluster/settings", {"transient": {"plugins.alerting.monitor.max_monitors": limit}})
    cluster = on.client()
    try:
        with pytest.raises(UnsafePlanError, match="no room for") as error:
            on.deploy([*made.everything(on.deployment), made.monitor(on.deployment, "XX0003")], cluster=cluster)
    finally:
        on.node.request("PUT", "/_cluster/settings", {"transient": {"plugins.alerting.monitor.max_monitors": None}})

    assert "plugins.alerting.monitor.max_monitors" in error.value.todo
    assert 0 == cluster.writes
    assert {} == on.monitors()


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


def test_a_failure_blocks_only_what_depends_on_it(on: Bench) -> None:
    """If one template is refused, monitors that do not need it are made, those that do are not attempted."""
    resources = made.everything(on.deployment)
    bad = dataclasses.replace(resources[0], body={**resources[0].body, "template": {"mappings": {"properties": {"a": {"type": "nonsense"}}}}})  # fmt: skip
    free = made.monitor(on.deployment, "XX0009", "free", needs=("channel/soc",))

    result = on.deploy([bad, *resources[1:], free])

    fates = {outcome.action.key: outcome.fate for outcome in result.outcomes}
    assert Fate.FAILED == fates["component-template/base"]
    assert {Fate.BLOCKED} == {
        fates[key] for key in ("index-template/events", "monitor/XX0001/discovery", "monitor/XX0002/follow")
    }
    assert {Fate.APPLIED} == {fates[key] for key in ("ingest-pipeline/mark", "channel/soc", "monitor/XX0009/free")}
    assert 1 == result.exit_code
    mended = on.deploy([*resources, free])
    assert {"component-template/base", "index-template/events", "monitor/XX0001/discovery", "monitor/XX0002/follow"} == {o.action.key for o in mended.outcomes}  # fmt: skip


def test_a_workflow_gets_the_ids_of_its_monitors(on: Bench) -> None:
    """A workflow that names monitors by key is created after them, with their ids."""
    resources = made.everything(on.deployment)
    key = "workflow/XX0001/chain"
    trigger = {"chained_alert_trigger": {"id": f"{on.deployment}.XX0001.chain", "name": "both", "severity": "1", "condition": {"script": {"source": "monitor[id=x]", "lang": "painless"}}, "actions": []}}  # fmt: skip
    delegates = [
        {"order": 1, "monitor_id": "monitor/XX0001/discovery"},
        {"order": 2, "monitor_id": "monitor/XX0002/follow"},
    ]
    body = {
        "type": "workflow", "workflow_type": "composite", "name": f"chain of {on.deployment}", "owner": f"alerting {on.deployment}",
        "enabled": False, "schedule": {"period": {"interval": 1, "unit": "MINUTES"}},
        "inputs": [{"composite_input": {"sequence": {"delegates": delegates}}}], "triggers": [trigger],
    }  # fmt: skip
    needs = ("monitor/XX0001/discovery", "monitor/XX0002/follow")
    workflow = Resource(Kind.WORKFLOW, key, str(body["name"]), body, {"title": "chain"}, needs, None, "XX0001")

    result = on.deploy([*resources, workflow])

    ids = {outcome.action.key: outcome.id for outcome in result.outcomes}
    stored = on.node.request("GET", f"/_plugins/_alerting/workflows/{ids[key]}")["workflow"]
    on.also.insert(0, f"/_plugins/_alerting/workflows/{ids[key]}")
    assert [ids[needs[0]], ids[needs[1]]] == [d["monitor_id"] for d in stored["inputs"][0]["composite_input"]["sequence"]["delegates"]]  # fmt: skip
    assert on.plan([*resources, workflow]).empty
    pruned = on.deploy(resources, prune=True)
    assert [(key, Fate.APPLIED)] == [(o.action.key, o.fate) for o in pruned.outcomes]
