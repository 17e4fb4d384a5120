"""Every kind of object through its life on a real cluster: made, unchanged, updated, adopted, changed by hand, orphaned,
pruned, rolled back."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deployer.deploy import deploy, look
from deployer.deploy.past import go_back
from deployer.model.resource import Kind, Resource
from deployer.plan import Choices, Conflict, Remark, Verb
from deployer.plan.outcome import Fate
from tests import deployments as made
from tests.bench import CHANNELS, MONITORS, WORKFLOWS, Bench, bench

pytestmark = pytest.mark.integration


@pytest.fixture
def on(cluster_url: str, tmp_path: Path) -> Iterator[Bench]:
    """A deployment of its own, with the index that its document-level monitor watches."""
    with bench(cluster_url, tmp_path) as found:
        found.also.append(f"/{found.deployment}-events-1")
        found.node.request("PUT", f"/{found.deployment}-events-1", {"mappings": {"properties": {"event.code": {"type": "keyword"}}}})  # fmt: skip
        yield found


def _template(deployment: str, *, changed: bool) -> Resource:
    found = made.index_template(deployment)
    return dataclasses.replace(found, body={**found.body, "priority": 301 if changed else 300}, depends_on=())


KEPT = "monitor/XX0009/kept"
HOOKS = ("http://127.0.0.1:9/a", "http://127.0.0.1:9/b")

KINDS: dict[str, Callable[[str, bool], Resource]] = {
    "component template": lambda d, changed: made.component(d, "wildcard" if changed else "keyword"),
    "pipeline": lambda d, changed: made.pipeline(d, "no" if changed else "yes"),
    "index template": lambda d, changed: _template(d, changed=changed),
    "channel": lambda d, changed: made.channel(d, HOOKS[changed], f"env:HOOK_{changed}"),
    "query-level monitor": lambda d, changed: made.query_monitor(d, interval=9 if changed else 60),
    "bucket-level monitor": lambda d, changed: made.monitor(d, "XX0002", "m", needs=(), interval=9 if changed else 60),
    "document-level monitor": lambda d, changed: made.document_monitor(d, interval=9 if changed else 60),
    "composite workflow": lambda d, changed: made.workflow(d, (KEPT,), interval=9 if changed else 60),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_an_object_of_each_kind_lives_its_life(on: Bench, kind: str) -> None:
    """Each step is one action of that object and nothing else; what follows a step without a change is empty."""
    base: list[Resource] = [made.component(on.deployment), made.pipeline(on.deployment)] if kind == "index template" else []  # fmt: skip
    base.append(made.monitor(on.deployment, "XX0009", "kept", needs=()))
    old, new = KINDS[kind](on.deployment, False), KINDS[kind](on.deployment, True)
    on.deploy(base)

    created = on.deploy([*base, old])
    again = on.plan([*base, old])
    updated = on.deploy([*base, new])
    on.deploy([*base, old])
    changed = on.plan([*base, new])
    orphaned = on.plan(base)
    pruned = on.deploy(base, prune=True, allow_mass_change=True)

    for result, verb in ((created, Verb.CREATE), (updated, Verb.UPDATE), (pruned, Verb.DELETE)):
        assert [(verb, old.key, Fate.APPLIED)] == [(o.action.verb, o.action.key, o.fate) for o in result.outcomes]
    assert again.empty
    assert [(Verb.UPDATE, None)] == [(action.verb, action.conflict) for action in changed.actions]
    assert [(Remark.ORPHAN, old.key)] == [(note.remark, note.key) for note in orphaned.notes]
    assert on.plan(base).empty
    assert () == on.plan(base).notes


def _all(deployment: str, *, changed: bool) -> list[Resource]:
    """One object of each kind, and the monitor that the workflow runs."""
    kept = made.monitor(deployment, "XX0009", "kept", needs=())
    found = [kept, *(make(deployment, changed) for make in KINDS.values())]
    return sorted(found, key=lambda resource: resource.kind.stage)


_PATHS = {
    Kind.COMPONENT_TEMPLATE: "/_component_template/", Kind.INGEST_PIPELINE: "/_ingest/pipeline/", Kind.INDEX_TEMPLATE: "/_index_template/",
    Kind.CHANNEL: f"{CHANNELS}/", Kind.MONITOR: f"{MONITORS}/", Kind.WORKFLOW: f"{WORKFLOWS}/",
}  # fmt: skip


def _by_hand(on: Bench, resource: Resource, ids: dict[str, str]) -> str:
    """Make an object as somebody would who knows nothing of this tool; its id."""
    body = json.loads(json.dumps(resource.body))
    for key, identity in ids.items():
        body = json.loads(json.dumps(body).replace(key, identity))
    path = _PATHS[resource.kind].rstrip("/")
    if resource.kind in (Kind.MONITOR, Kind.WORKFLOW):
        identity = str(on.node.request("POST", path, {**body, "owner": "alerting"})["_id"])
        on.also.insert(0, f"{path}/{identity}")
        return identity
    if resource.kind is Kind.CHANNEL:
        body["config"]["description"] = "By hand."
        on.node.request("POST", path, body)
    else:
        on.node.request("PUT", f"{path}/{resource.name}", {**body, **({"description": "By hand."} if "processors" in body else {"_meta": {}})})  # fmt: skip
    return resource.name


def _edited(on: Bench, resource: Resource, identity: str) -> None:
    """Change an object as somebody would by hand: read it, write it back changed."""
    path = f"{_PATHS[resource.kind]}{identity}"
    if resource.kind in (Kind.MONITOR, Kind.WORKFLOW):
        body = on.node.request("GET", path)[str(resource.kind)]
        body["schedule"]["period"]["interval"] = 5
    elif resource.kind is Kind.CHANNEL:
        body = {"config": {**resource.body["config"], "is_enabled": False}}
    else:
        body = {**resource.body, "version": 7}
    on.node.request("PUT", path, body)


def test_every_kind_is_adopted_its_drift_seen_and_a_deploy_of_all_rolled_back(on: Bench) -> None:
    """Hand-made ones are refused, then taken over in place; each changed by hand is a conflict until it is reverted; what a
    deploy changed comes back from the record."""
    old, new = _all(on.deployment, changed=False), _all(on.deployment, changed=True)
    ids: dict[str, str] = {}
    for resource in old:
        ids[resource.key] = _by_hand(on, resource, ids)

    foreign = on.plan(old)
    adopted = on.deploy(old, adopt=True)
    after = on.plan(old)
    for resource in old:
        _edited(on, resource, ids[resource.key])
    drifted = on.plan(old)
    reverted = on.deploy(old, on_drift="revert")
    settled = on.plan(old)
    on.deploy(new)
    wish = go_back(
        on.client(), on.environment(), None, lambda asked: HOOKS[asked.reference == "env:HOOK_True"], Choices()
    ).wish
    seen = look(on.client(), wish)
    back = deploy(on.client(), seen, wish, on.terms())

    keys = {resource.key for resource in old}
    assert keys == {note.key for note in foreign.notes if note.remark is Remark.FOREIGN}
    assert {(key, Verb.ADOPT, Fate.APPLIED, ids[key]) for key in keys} == {
        (o.action.key, o.action.verb, o.fate, o.id) for o in adopted.outcomes
    }
    assert after.empty
    assert {(key, Conflict.DRIFT) for key in keys} == {(action.key, action.conflict) for action in drifted.actions}
    assert all(action.drift for action in drifted.actions)
    assert {(key, Fate.APPLIED) for key in keys} == {(o.action.key, o.fate) for o in reverted.outcomes}
    assert settled.empty
    assert {(key, Verb.UPDATE, Fate.APPLIED) for key in keys - {KEPT}} == {
        (o.action.key, o.action.verb, o.fate) for o in back.outcomes
    }
    assert on.plan(old).empty
