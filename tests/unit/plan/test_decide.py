"""What a plan says in every state that an object can be in."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from deployer.model.resource import Kind, Resource
from deployer.plan import (
    Action,
    Choices,
    Conflict,
    Inventory,
    Live,
    Plan,
    Record,
    Remark,
    Usage,
    Verb,
    documents_needed,
    make_plan,
)
from deployer.plan.compare import FieldChange
from tests import deployments as made

DEPLOYMENT = "h-unit"


def plan(desired: list[Resource], lives: list[Live], record: Record | None = None, **choices: Any) -> Plan:
    """The plan of the test environment."""
    known = record or Record(DEPLOYMENT)
    return make_plan(desired, Inventory(tuple(lives)), known, made.environment(DEPLOYMENT), choices=Choices(**choices))


def only(found: Plan) -> Action:
    """The one action of a plan."""
    assert 1 == len(found.actions), [action.key for action in found.actions]
    return found.actions[0]


def edited(found: Live, **changes: Any) -> Live:
    """A live monitor after somebody changed fields of it by hand."""
    body = {**found.body, **changes}
    return made.live(
        made.monitor(DEPLOYMENT),
        found.id,
        body,
        name=found.name,
        version=2,
        seq_no=9,
        kind=found.kind,
        owner=body["owner"],
    )


def test_an_empty_cluster_gets_everything_in_the_order_of_kinds() -> None:
    """On an empty cluster every object is created, what is needed before what needs it."""
    found = plan(list(reversed(made.everything(DEPLOYMENT))), [])

    kinds = [action.kind for action in found.actions]
    assert {Verb.CREATE} == {action.verb for action in found.actions}
    assert sorted(kinds, key=lambda kind: kind.stage) == kinds
    assert 6 == len(kinds)


def test_after_a_deploy_there_are_no_changes() -> None:
    """What was deployed and is as the server stored it is unchanged, although sent and stored bodies differ."""
    resources = made.everything(DEPLOYMENT)
    lives, record = made.deployed(resources)

    found = plan(resources, lives, record)

    assert found.empty
    assert 6 == found.unchanged
    assert all(live.digest != record.entries[key].sent for key, live in zip(record.entries, lives, strict=True) if live.kind is not Kind.CHANNEL)  # fmt: skip


def test_a_tunable_is_named_as_the_cause_of_an_update() -> None:
    """A change of a tunable updates exactly the monitor that uses it, and the plan names the tunable, old and new."""
    lives, record = made.deployed(made.everything(DEPLOYMENT))
    desired = made.everything(DEPLOYMENT, follow={"threshold": 5})

    action = only(plan(desired, lives, record))

    assert (Verb.UPDATE, "monitor/XX0002/follow") == (action.verb, action.key)
    assert ("Threshold",) == action.causes
    assert FieldChange("tunables.Threshold", 1, 5) in action.changes
    assert action.conflict is None


def test_a_changed_template_shows_the_fields_of_the_body() -> None:
    """Where people wrote nothing else but the body differs (a template changed), the body's fields are shown."""
    resource = made.monitor(DEPLOYMENT)
    lives, record = made.deployed([resource])
    changed = dataclasses.replace(resource, body={**resource.body, "name": "another title"})

    action = only(plan([changed], lives, record))

    assert (FieldChange("body.name", resource.body["name"], "another title"),) == action.changes


def test_a_change_by_hand_is_an_update_in_conflict() -> None:
    """A field changed by hand is exactly one update, shown as deployed and as it is, and not undone without a word."""
    resource = made.monitor(DEPLOYMENT, enabled=True)
    (live,), record = made.deployed([resource])

    action = only(plan([resource], [edited(live, enabled=False)], record))

    assert (Verb.UPDATE, Conflict.DRIFT) == (action.verb, action.conflict)
    assert (FieldChange("enabled", True, False),) == action.drift
    assert () == action.changes


def test_revert_takes_the_conflict_away() -> None:
    """With `revert` a change by hand is written over."""
    resource = made.monitor(DEPLOYMENT)
    (live,), record = made.deployed([resource])

    action = only(plan([resource], [edited(live, name="by hand")], record, on_drift="revert"))

    assert (Verb.UPDATE, None) == (action.verb, action.conflict)


def test_keep_leaves_what_was_changed_by_hand() -> None:
    """With `keep` a change by hand stays, even if the repository changed too, and is noted."""
    resource = made.monitor(DEPLOYMENT)
    (live,), record = made.deployed([resource])

    found = plan([made.monitor(DEPLOYMENT, threshold=9)], [edited(live, name="by hand")], record, on_drift="keep")

    assert found.empty
    assert [Remark.KEPT] == [note.remark for note in found.notes]
    assert "name" == found.notes[0].changes[0].path


def test_both_sides_changed_shows_both() -> None:
    """If repository and cluster both changed, the update shows both and is in conflict."""
    resource = made.monitor(DEPLOYMENT)
    (live,), record = made.deployed([resource])

    action = only(plan([made.monitor(DEPLOYMENT, threshold=9)], [edited(live, name="by hand")], record))

    assert Conflict.DRIFT == action.conflict
    assert "threshold" in [change.path for change in action.changes]
    assert ["name"] == [change.path for change in action.drift]


def test_an_owner_reset_by_hand_is_drift_and_not_a_loss() -> None:
    """A monitor whose owner Dashboards reset is known by its recorded id, and the owner is what changed."""
    resource = made.monitor(DEPLOYMENT)
    (live,), record = made.deployed([resource])

    action = only(plan([resource], [edited(live, owner="alerting")], record))

    assert ["owner"] == [change.path for change in action.drift]
    assert live.id == action.id


@pytest.mark.parametrize(
    ("on_drift", "verbs", "conflict"),
    [(None, [Verb.CREATE], Conflict.DELETED), ("revert", [Verb.CREATE], None), ("keep", [], None)],
)
def test_what_was_deleted_by_hand_is_made_again_only_if_asked(
    on_drift: str | None, verbs: list[Verb], conflict: Conflict | None
) -> None:
    """A recorded object that is gone is a change by hand like any other: shown, and made again only with `revert`."""
    resource = made.monitor(DEPLOYMENT)
    _, record = made.deployed([resource])

    found = plan([resource], [], record, on_drift=on_drift)

    assert verbs == [action.verb for action in found.actions]
    assert [conflict] * len(verbs) == [action.conflict for action in found.actions]


@pytest.mark.parametrize(
    ("accept", "verb", "conflict"),
    [(None, Verb.UPDATE, Conflict.UNVERIFIED), ("live", Verb.ACCEPT, None), ("desired", Verb.UPDATE, None)],
)
def test_without_a_record_nothing_is_overwritten_before_somebody_decides(
    accept: str | None, verb: Verb, conflict: Conflict | None
) -> None:
    """With the record lost an object is known by its marks, is unverified, and waits for the operator's word."""
    resource = made.monitor(DEPLOYMENT)

    action = only(plan([resource], [made.live(resource)], accept=accept))

    assert (verb, conflict) == (action.verb, action.conflict)


def test_an_orphan_is_reported_and_stays() -> None:
    """What the repository no longer has is reported and not deleted."""
    resources = made.everything(DEPLOYMENT)
    lives, record = made.deployed(resources)

    found = plan(resources[:-1], lives, record)

    assert found.empty
    assert [(Remark.ORPHAN, "monitor/XX0002/follow")] == [(note.remark, note.key) for note in found.notes]


@pytest.mark.parametrize(("enabled", "said"), [(True, "it still runs and alerts"), (False, "it stays, disabled")])
def test_the_note_of_an_orphaned_monitor_says_whether_it_still_alerts(enabled: bool, said: str) -> None:
    """An orphan goes on alerting, which nobody may overlook; the note says what ends it."""
    resources = made.everything(DEPLOYMENT, follow={"enabled": enabled})
    lives, record = made.deployed(resources)

    (note,) = plan(resources[:-1], lives, record).notes

    assert said in note.text
    assert "--prune deletes it" in note.text


@pytest.mark.parametrize(
    ("usage", "kept"),
    [
        pytest.param(Usage(), set(), id="nothing uses them"),
        pytest.param(Usage(streams={"s": f"{DEPLOYMENT}-events"}), {"base", "mark", "events"}, id="a data stream"),
        pytest.param(Usage(streams={"s": "another"}), set(), id="a data stream that another template shapes"),
        pytest.param(Usage(indices={f"{DEPLOYMENT}-mark": ("i",)}), {"mark"}, id="an index names the pipeline"),
        pytest.param(
            Usage(templates={"by-hand": {"composed_of": [f"{DEPLOYMENT}-base"], "template": {"settings": {"index.final_pipeline": f"{DEPLOYMENT}-mark"}}}}),
            {"base", "mark"}, id="somebody's template",
        ),
        pytest.param(Usage(known=False), {"base", "mark", "events"}, id="not to be seen"),
    ],
)  # fmt: skip
def test_promise_10_prune_keeps_what_is_in_use(usage: Usage, kept: set[str]) -> None:
    """A template or pipeline that something needs is kept and said to be; the others are deleted."""
    resources = made.everything(DEPLOYMENT)
    lives, record = made.deployed(resources)
    inventory = Inventory(tuple(lives), usage=usage)

    found = make_plan(resources[3:], inventory, record, made.environment(DEPLOYMENT), choices=Choices(prune=True))

    assert kept == {note.key.split("/")[1] for note in found.notes if note.remark is Remark.IN_USE}
    assert {"base", "mark", "events"} - kept == {action.key.split("/")[1] for action in found.of(Verb.DELETE)}


def test_prune_deletes_an_orphan() -> None:
    """With `prune` an orphan is deleted."""
    resources = made.everything(DEPLOYMENT)
    lives, record = made.deployed(resources)

    action = only(plan(resources[:-1], lives, record, prune=True))

    assert (Verb.DELETE, "monitor/XX0002/follow", None) == (action.verb, action.key, action.conflict)


def test_prune_of_something_changed_by_hand_is_a_conflict() -> None:
    """An orphan that somebody changed by hand is not deleted without a word."""
    resources = [made.monitor(DEPLOYMENT), made.monitor(DEPLOYMENT, "XX0002")]
    lives, record = made.deployed(resources)

    action = only(plan(resources[:1], [lives[0], edited(lives[1], name="by hand")], record, prune=True))

    assert (Verb.DELETE, Conflict.DRIFT) == (action.verb, action.conflict)


def test_prune_of_an_unrecorded_orphan_is_a_conflict() -> None:
    """An orphan that the record does not know is not deleted unless the operator says that the repository is right."""
    kept, orphan = made.monitor(DEPLOYMENT), made.monitor(DEPLOYMENT, "XX0002")
    (live,), record = made.deployed([kept])

    refused = only(plan([kept], [live, made.live(orphan)], record, prune=True))
    allowed = only(plan([kept], [live, made.live(orphan)], record, prune=True, accept="desired"))

    assert (Conflict.UNVERIFIED, None) == (refused.conflict, allowed.conflict)


def test_a_recorded_orphan_that_is_gone_is_forgotten() -> None:
    """An entry of an object that neither side has is dropped at the next write, and is no change by itself."""
    resources = [made.monitor(DEPLOYMENT), made.monitor(DEPLOYMENT, "XX0002")]
    lives, record = made.deployed(resources)

    found = plan(resources[:1], lives[:1], record)

    assert found.empty
    assert ("monitor/XX0002/discovery",) == found.gone


def test_a_copy_made_in_the_ui_is_not_ours() -> None:
    """A monitor with all our marks but another id than the recorded one is a copy: shown, not updated, not pruned."""
    resource = made.monitor(DEPLOYMENT)
    (live,), record = made.deployed([resource])
    copy = made.live(resource, "id-of-a-copy")

    found = plan([made.monitor(DEPLOYMENT, threshold=2)], [copy, live], record, prune=True)

    assert live.id == only(found).id
    assert [(Remark.COPY, "id-of-a-copy")] == [(note.remark, note.id) for note in found.notes]


def test_a_copy_does_not_stand_in_for_what_was_deleted() -> None:
    """If the recorded monitor is gone and a copy is there, the copy stays a copy."""
    resource = made.monitor(DEPLOYMENT)
    _, record = made.deployed([resource])

    found = plan([resource], [made.live(resource, "id-of-a-copy")], record)

    assert (Verb.CREATE, Conflict.DELETED) == (only(found).verb, only(found).conflict)
    assert [Remark.COPY] == [note.remark for note in found.notes]


def test_a_copy_with_another_owner_is_a_copy() -> None:
    """A copy whose owner Dashboards reset is told from a hand-made monitor by its trigger ids."""
    resource = made.monitor(DEPLOYMENT)
    (live,), record = made.deployed([resource])
    copy = made.live(resource, "id-of-a-copy", {**live.body, "owner": "alerting"})

    found = plan([resource], [live, copy], record)

    assert [(Remark.COPY, "monitor/XX0001/discovery")] == [(note.remark, note.key) for note in found.notes]


def test_without_a_record_two_claimants_are_nobodys() -> None:
    """With the record lost, two monitors with the same marks cannot be told apart: the plan is refused and names both."""
    resource = made.monitor(DEPLOYMENT)

    found = plan([resource], [made.live(resource, "one"), made.live(resource, "two")], accept="desired")

    assert [] == list(found.actions)
    assert ["ownership"] == [refusal.code for refusal in found.refusals()]
    assert "one, two" in found.refusals()[0].what


def test_a_hand_made_monitor_of_the_same_name_is_named() -> None:
    """A hand-made monitor of a wanted name stands in the way of a create, and is named in the refusal."""
    resource = made.monitor(DEPLOYMENT)
    by_hand = made.live(resource, "made-by-hand", {**resource.body, "owner": "alerting", "triggers": []})

    found = plan([resource], [by_hand])

    assert [] == list(found.actions)
    assert "made-by-hand" in found.refusals(looking=True)[0].what


def test_adopt_takes_a_hand_made_monitor_over() -> None:
    """With `adopt` the hand-made monitor is written over in place."""
    resource = made.monitor(DEPLOYMENT)
    by_hand = made.live(resource, "made-by-hand", {**resource.body, "owner": "alerting", "triggers": []})

    found = plan([resource], [by_hand], adopt=True)

    assert (Verb.ADOPT, "made-by-hand") == (only(found).verb, only(found).id)
    assert () == found.refusals()


def test_adopt_does_not_choose_between_two() -> None:
    """Two hand-made monitors of one name are refused even with `adopt`."""
    resource = made.monitor(DEPLOYMENT)
    body = {**resource.body, "owner": "alerting", "triggers": []}

    found = plan([resource], [made.live(resource, "one", body), made.live(resource, "two", body)], adopt=True)

    assert ["ownership"] == [refusal.code for refusal in found.refusals()]


def test_monitors_of_another_deployment_may_have_the_same_names() -> None:
    """Two deployments on a cluster: the same names of monitors do not get in each other's way."""
    theirs = made.monitor("h-other")
    ours = made.renamed(made.monitor(DEPLOYMENT), theirs.name)

    found = plan([ours], [made.live(theirs)], adopt=True, prune=True)

    assert Verb.CREATE == only(found).verb


def test_a_pipeline_of_another_deployment_is_not_adopted() -> None:
    """An object of our name that carries another deployment's mark is refused, with `adopt` too."""
    ours = made.pipeline(DEPLOYMENT)
    theirs = dataclasses.replace(
        ours, body={**ours.body, "description": "Marks. [h-other ingest-pipeline/mark]"}
    )  # fmt: skip

    found = plan([ours], [made.live(theirs)], adopt=True)

    assert [] == list(found.actions)
    assert "h-other" in found.refusals()[0].what


def test_what_another_deployment_took_over_is_theirs() -> None:
    """A recorded monitor that now carries another deployment's marks is not ours any more."""
    resource = made.monitor(DEPLOYMENT)
    (live,), record = made.deployed([resource])
    taken = made.live(made.monitor("h-other"), live.id)

    found = plan([resource], [taken], record, prune=True, on_drift="revert")

    assert [Verb.CREATE] == [action.verb for action in found.actions]


def test_an_address_of_a_channel_is_never_in_a_plan() -> None:
    """A changed secret address is an update that shows only digests."""
    resources = [made.channel(DEPLOYMENT, "http://hook/old-secret", "env:HOOK")]
    lives, record = made.deployed(resources)

    action = only(plan([made.channel(DEPLOYMENT, "http://hook/new-secret", "env:HOOK")], lives, record))

    assert "secret" not in repr((action.changes, action.drift, action.live, action.entry))
    (change,) = action.changes
    assert "body.config.webhook.url" == change.path
    assert ["env:HOOK (hidden, sha256 "] * 2 == [str(side)[:25] for side in (change.old, change.new)]
    assert change.old != change.new


def test_only_documents_of_what_differs_are_asked_for() -> None:
    """Of the recorded bodies only those of objects that differ are needed."""
    resources = made.everything(DEPLOYMENT)
    lives, record = made.deployed(resources)
    lives[-1] = edited(lives[-1], name="by hand")
    desired = [made.component(DEPLOYMENT, "wildcard"), *resources[1:]]

    wanted = documents_needed(desired, Inventory(tuple(lives)), record)

    assert {"sent component-template/base", "stored monitor/XX0002/follow"} == wanted


def test_what_is_not_recorded_is_said_to_be_unknown() -> None:
    """Where a recorded body is missing, the plan says so and still sees the change."""
    resource = made.monitor(DEPLOYMENT)
    lives, record = made.deployed([resource])
    bare = dataclasses.replace(record, documents={})

    action = only(plan([made.monitor(DEPLOYMENT, threshold=3)], [edited(lives[0], name="x")], bare))

    assert "not recorded" in action.changes[0].path
    assert "not recorded" in action.drift[0].path
