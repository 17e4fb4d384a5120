"""What is made of the intents that a killed run left in the record."""

from __future__ import annotations

import dataclasses

import pytest

from deployer.model.resource import Resource
from deployer.plan import Conflict, Intent, Inventory, Live, Plan, Record, Verb, make_plan
from deployer.plan.canonical import digest
from tests import deployments as made

DEPLOYMENT = "h-unit"


def intent(resource: Resource, before: Live | None, *, delete: bool = False) -> Intent:
    """What the killed run had noted."""
    return Intent(
        resource.key,
        resource.kind,
        resource.name,
        "" if delete else digest(resource.body),
        before_version=0 if before is None else before.version,
        before_digest="" if before is None else before.digest,
    )


def plan(desired: list[Resource], lives: list[Live], record: Record) -> Plan:
    """The plan of the next run."""
    return make_plan(desired, Inventory(tuple(lives)), record, made.environment(DEPLOYMENT))


def test_a_create_that_was_carried_out_only_needs_to_be_noted() -> None:
    """An object that a killed run created is ours, is not created again, and goes into the record."""
    resource = made.monitor(DEPLOYMENT)
    record = Record(DEPLOYMENT, pending={resource.key: intent(resource, None)})

    found = plan([resource], [made.live(resource)], record)

    assert () == found.actions
    assert [resource.key] == [entry.key for entry in found.repairs]
    assert not found.empty


def test_a_create_that_was_not_carried_out_is_done_now() -> None:
    """An intent without an object is a plain create."""
    resource = made.monitor(DEPLOYMENT)
    record = Record(DEPLOYMENT, pending={resource.key: intent(resource, None)})

    found = plan([resource], [], record)

    assert [(Verb.CREATE, None)] == [(action.verb, action.conflict) for action in found.actions]


def test_a_delete_that_was_carried_out_is_cleared_from_the_record() -> None:
    """Killed after its last delete, nothing is left to do on the cluster, but the record is put in order."""
    kept, gone = made.monitor(DEPLOYMENT), made.monitor(DEPLOYMENT, "XX0002")
    lives, record = made.deployed([kept, gone])
    record = dataclasses.replace(record, pending={gone.key: intent(gone, lives[1], delete=True)})

    found = plan([kept], lives[:1], record)

    assert ((), (gone.key,), (gone.key,)) == (found.actions, found.gone, found.abandoned)
    assert not found.empty


def test_an_update_that_nobody_wants_any_more_is_cleared_from_the_record() -> None:
    """A killed run did not get to an update, and the repository went back since: the intention goes, the entry stays."""
    resource, other = made.monitor(DEPLOYMENT), made.monitor(DEPLOYMENT, threshold=9)
    lives, record = made.deployed([resource])
    record = dataclasses.replace(record, pending={resource.key: intent(other, lives[0])})

    found = plan([resource], lives, record)

    assert ((), (), (resource.key,)) == (found.actions, found.gone, found.abandoned)
    assert not found.empty


def test_a_create_that_somebody_edited_since_is_unverified() -> None:
    """If the created monitor has a second version, somebody wrote it: it is not taken for what we sent."""
    resource = made.monitor(DEPLOYMENT)
    record = Record(DEPLOYMENT, pending={resource.key: intent(resource, None)})

    found = plan([resource], [made.live(resource, version=2)], record)

    assert [Conflict.UNVERIFIED] == [action.conflict for action in found.actions]


@pytest.mark.parametrize(
    ("version", "changed", "actions", "repairs"),
    [
        pytest.param(1, False, [(Verb.UPDATE, None)], 0, id="not carried out"),
        pytest.param(2, True, [], 1, id="carried out"),
        pytest.param(3, True, [(Verb.UPDATE, Conflict.DRIFT)], 0, id="carried out and edited"),
    ],
)
def test_an_update_is_told_by_the_version(
    version: int, changed: bool, actions: list[tuple[Verb, Conflict | None]], repairs: int
) -> None:
    """Exactly one version more means that ours was written; more means that somebody else wrote too."""
    old, new = made.monitor(DEPLOYMENT), made.monitor(DEPLOYMENT, threshold=5)
    (before,), record = made.deployed([old])
    record = dataclasses.replace(record, pending={old.key: intent(new, before)})
    now = made.live(new if changed else old, version=version)

    found = plan([new], [now], record)

    assert actions == [(action.verb, action.conflict) for action in found.actions]
    assert repairs == len(found.repairs)


def test_a_template_is_told_by_its_content() -> None:
    """Templates have no version: any difference from before counts as the write that was noted."""
    old, new = made.component(DEPLOYMENT), made.component(DEPLOYMENT, "wildcard")
    (before,), record = made.deployed([old])
    record = dataclasses.replace(record, pending={old.key: intent(new, before)})

    done, undone = plan([new], [made.live(new)], record), plan([new], [before], record)

    assert ([], 1) == (list(done.actions), len(done.repairs))
    assert [Verb.UPDATE] == [action.verb for action in undone.actions]


def test_a_delete_that_was_carried_out_is_not_a_deletion_by_hand() -> None:
    """What a killed run deleted is gone from the record, and nobody is asked about it."""
    kept, gone = made.monitor(DEPLOYMENT), made.monitor(DEPLOYMENT, "XX0002")
    lives, record = made.deployed([kept, gone])
    record = dataclasses.replace(record, pending={gone.key: intent(gone, lives[1], delete=True)})

    found = plan([kept], lives[:1], record)

    assert () == found.actions
    assert gone.key in found.gone


def test_a_delete_that_was_rejected_is_still_known() -> None:
    """An object whose delete did not happen stays in the record as an orphan."""
    kept, gone = made.monitor(DEPLOYMENT), made.monitor(DEPLOYMENT, "XX0002")
    lives, record = made.deployed([kept, gone])
    record = dataclasses.replace(record, pending={gone.key: intent(gone, lives[1], delete=True)})

    found = plan([kept], lives, record)

    assert [gone.key] == [note.key for note in found.notes]


def _closing(resource: Resource, before: Live, *, delete: bool) -> Intent:
    """The intent of a run that closes alerts before its own write."""
    return dataclasses.replace(intent(resource, before, delete=delete), closing=True)


@pytest.mark.parametrize("delete", [True, False])
def test_a_monitor_that_a_killed_run_only_made_silent_is_written_again(delete: bool) -> None:
    """One version more means that the alerts were being closed: it is no change by hand, and what is wanted is written."""
    old, new = made.monitor(DEPLOYMENT), made.monitor(DEPLOYMENT, threshold=5)
    lives, record = made.deployed([old])
    record = dataclasses.replace(record, pending={old.key: _closing(old if delete else new, lives[0], delete=delete)})
    silent = made.live(old, lives[0].id, {**lives[0].body, "enabled": True, "triggers": lives[0].body["triggers"], "inputs": []}, version=2)  # fmt: skip

    found = plan([old if delete else new], [silent], record)

    assert [(Verb.UPDATE, None)] == [(action.verb, action.conflict) for action in found.actions]
    assert [old.key] == [entry.key for entry in found.repairs]


def test_a_monitor_that_was_put_back_is_as_it_was() -> None:
    """If the alerts could not be closed the monitor is restored: two versions more, and nothing was carried out."""
    old, new = made.monitor(DEPLOYMENT), made.monitor(DEPLOYMENT, threshold=5)
    lives, record = made.deployed([old])
    record = dataclasses.replace(record, pending={old.key: _closing(new, lives[0], delete=False)})

    found = plan([old], [dataclasses.replace(lives[0], version=3)], record)

    assert () == found.actions
    assert ((), (old.key,)) == (found.repairs, found.abandoned)


def test_an_update_behind_closed_alerts_was_carried_out_if_two_writes_were() -> None:
    """Two versions more and another body: both writes were ours."""
    old, new = made.monitor(DEPLOYMENT), made.monitor(DEPLOYMENT, threshold=5)
    lives, record = made.deployed([old])
    record = dataclasses.replace(record, pending={old.key: _closing(new, lives[0], delete=False)})

    found = plan([new], [made.live(new, lives[0].id, version=3)], record)

    assert () == found.actions
    assert [old.key] == [entry.key for entry in found.repairs]
