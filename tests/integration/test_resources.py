"""Every kind of object through its life on a real cluster: made, unchanged, updated, adopted, changed by hand, orphaned, pruned."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deployer.model.resource import Kind, Resource
from deployer.plan import Conflict, Remark, Verb
from deployer.plan.outcome import Fate
from tests import deployments as made
from tests.bench import Bench, bench

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


KINDS: dict[str, Callable[[str, bool], Resource]] = {
    "component template": lambda d, changed: made.component(d, "wildcard" if changed else "keyword"),
    "pipeline": lambda d, changed: made.pipeline(d, "no" if changed else "yes"),
    "index template": lambda d, changed: _template(d, changed=changed),
    "channel": lambda d, changed: made.channel(d, f"http://127.0.0.1:9/{'b' if changed else 'a'}"),
    "query-level monitor": lambda d, changed: made.query_monitor(d, interval=9 if changed else 60),
    "bucket-level monitor": lambda d, changed: made.monitor(d, "XX0002", "m", needs=(), interval=9 if changed else 60),
    "document-level monitor": lambda d, changed: made.document_monitor(d, interval=9 if changed else 60),
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


@pytest.mark.parametrize("kind", [name for name in KINDS if "monitor" in name])
def test_a_monitor_of_each_level_is_adopted_and_its_drift_seen(on: Bench, kind: str) -> None:
    """A hand-made one of the same name is taken over in place; a schedule changed by hand is a conflict, and reverted if asked."""
    resource = KINDS[kind](on.deployment, False)
    identity = on.create({**resource.body, "owner": "alerting"})

    adopted = on.deploy([resource], adopt=True)
    on.edit(identity, lambda body: body["schedule"]["period"].update(interval=5))
    drifted = on.plan([resource])
    reverted = on.deploy([resource], on_drift="revert")

    assert resource.kind is Kind.MONITOR
    assert [(Verb.ADOPT, Fate.APPLIED, identity)] == [(o.action.verb, o.fate, o.id) for o in adopted.outcomes]
    assert [Conflict.DRIFT] == [action.conflict for action in drifted.actions]
    assert [Fate.APPLIED] == [outcome.fate for outcome in reverted.outcomes]
    assert on.plan([resource]).empty
