"""Deploys to a real cluster: what they write, and that a second one writes nothing."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from deployer.catalogue import load_environment, load_repository
from deployer.deploy import look
from deployer.model.finding import Findings
from deployer.model.resource import Kind, Resource
from deployer.plan import UnsafePlanError, Verb
from deployer.plan.outcome import Fate
from deployer.render import render_environment
from tests import deployments as made
from tests.bench import CHANNELS, Bench

pytestmark = pytest.mark.integration


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


def test_other_kinds_are_updated_too(on: Bench) -> None:
    """A changed template, pipeline and channel are one update each, and settle."""
    name = on.deployment
    on.deploy(made.everything(name))
    changed = [made.component(name, "wildcard"), made.pipeline(name, "no"), made.channel(name, "http://127.0.0.1:9/o")]
    new = {resource.key: resource for resource in changed}
    desired = [new.get(resource.key, resource) for resource in made.everything(name)]

    result = on.deploy(desired)

    assert {(Verb.UPDATE, key, Fate.APPLIED) for key in new} == {
        (outcome.action.verb, outcome.action.key, outcome.fate) for outcome in result.outcomes
    }
    assert on.plan(desired).empty


def test_promise_29_a_secret_address_is_in_no_record_and_no_plan(on: Bench) -> None:
    """The address of a channel reaches the channel, and nothing else that is stored or shown."""
    secret = "http://127.0.0.1:9/canary-token"
    resources = [*made.everything(on.deployment)[:3], made.channel(on.deployment, secret, "env:HOOK"), *made.everything(on.deployment)[4:]]  # fmt: skip

    result = on.deploy(resources)
    changed = on.plan([made.channel(on.deployment, secret + "-2", "env:HOOK")], accept="desired")
    texts = on.documents()

    assert len(texts) > 12
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
