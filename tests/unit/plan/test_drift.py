"""The ways of differing that a real cluster shows seldom: interrupted deploys and several claimants."""

from __future__ import annotations

import dataclasses

from deployer.plan import Choices, Inventory, Live, Record, make_plan
from deployer.plan.drift import Drift, Drifted, drifted
from deployer.plan.match import match
from deployer.plan.record import Intent
from tests import deployments as made

DEPLOYMENT = "h-unit"


def _drifted(lives: list[Live], record: Record) -> tuple[Drifted, ...]:
    wanted = made.everything(DEPLOYMENT)
    plan = make_plan(wanted, Inventory(tuple(lives)), record, made.environment(DEPLOYMENT), choices=Choices(prune=True))
    return drifted(plan, match(DEPLOYMENT, lives, record), record, wanted, lives)


def test_what_a_killed_deploy_was_about_to_do_is_interrupted() -> None:
    """Both what it had done and what it had not are named, with who deployed and when."""
    lives, record = made.deployed(made.everything(DEPLOYMENT))
    done, open_ = lives[4], lives[5]
    keys = ("monitor/XX0001/discovery", "monitor/XX0002/follow")
    lives[4] = dataclasses.replace(done, version=2)
    pending = {
        key: Intent(key, live.kind, live.name, "another", before_version=1, before_digest=live.digest)
        for key, live in zip(keys, (done, open_), strict=True)
    }

    found = _drifted(lives, dataclasses.replace(record, pending=pending, who="alice", at="2026-01-01T00:00:00Z"))

    interrupted = {item.key: item.text for item in found if item.drift is Drift.INTERRUPTED}
    assert set(keys) == set(interrupted)
    assert "2026-01-01T00:00:00Z by alice did not end; it did write this" in interrupted[keys[0]]
    assert "found out by the next deploy" in interrupted[keys[1]]
    assert all(item.drift.counts for item in found)


def test_several_objects_with_the_same_marks_and_no_record_are_ambiguous() -> None:
    """None of them is said to be the deployment's, and both ids are named."""
    resource = made.everything(DEPLOYMENT)[4]
    lives = [made.live(resource, "one"), made.live(resource, "two")]

    found = _drifted(lives, Record(DEPLOYMENT))

    (item,) = [item for item in found if item.drift is Drift.AMBIGUOUS]
    assert (resource.key, "one, two") == (item.key, item.id)
    assert "2 objects claim to be" in item.text
