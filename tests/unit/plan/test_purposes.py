"""Plans that go back or destroy: which rules hold for them, and what they say of what is lost for good."""

from __future__ import annotations

from typing import Any

from deployer.model.environment import Limits
from deployer.model.resource import Resource
from deployer.plan import Choices, Inventory, Live, Plan, Purpose, Record, Verb, make_plan
from deployer.report import plan_json, plan_markdown, plan_text
from tests import deployments as made

DEPLOYMENT = "h-unit"


def plan(desired: list[Resource], lives: list[Live], record: Record, purpose: Purpose, **choices: Any) -> Plan:
    """A plan under the default limits, of a rollback to deploy 7 or of a destruction."""
    target = 7 if purpose is Purpose.ROLLBACK else 0
    wish = Choices(prune=True, purpose=purpose, target=target, **choices)
    environment = made.environment(DEPLOYMENT, limits=Limits())
    return make_plan(desired, Inventory(tuple(lives)), record, environment, choices=wish)


def codes(found: Plan) -> list[str]:
    """The codes of the refusals."""
    return [refusal.code for refusal in found.refusals()]


def test_a_rollback_deletes_what_came_after_and_its_plan_says_so() -> None:
    """An object that is not in the content gone back to is deleted, with the reason; the others are changed back."""
    lives, record = made.deployed(made.everything(DEPLOYMENT, discovery={"threshold": 9}))

    found = plan(made.everything(DEPLOYMENT)[:-1], lives, record, Purpose.ROLLBACK)

    assert {"monitor/XX0001/discovery": "update", "monitor/XX0002/follow": "delete"} == {
        action.key: str(action.verb) for action in found.actions
    }
    assert ["came after deploy 7"] == [action.reason for action in found.of(Verb.DELETE)]
    assert [] == codes(found)


def test_a_rollback_is_under_the_same_rules() -> None:
    """Limits, protection, drift and the last monitor: a rollback is refused for each, as a deploy would be."""
    resources = [made.monitor(DEPLOYMENT, f"XX{n:04}", needs=()) for n in range(12)]
    lives, record = made.deployed(resources)
    few, protected = resources[:6], [made.monitor(DEPLOYMENT, "XX0000", needs=(), protected=True), *resources[1:]]
    edited = [made.live(resources[0], lives[0].id, {**lives[0].body, "enabled": True}, version=2), *lives[1:]]

    assert ["many"] == codes(plan(few, lives, record, Purpose.ROLLBACK))
    assert [] == codes(plan(few, lives, record, Purpose.ROLLBACK, allow_mass_change=True))
    assert ["protected"] == codes(plan(resources[1:], *made.deployed(protected), Purpose.ROLLBACK))
    assert ["drift"] == codes(plan(resources, edited, record, Purpose.ROLLBACK))
    assert "nothing" in codes(plan([], lives, record, Purpose.ROLLBACK, allow_mass_change=True))


def test_promise_11_holds_for_a_destruction_and_8_and_9_do_not() -> None:
    """Everything may go at once, but what is protected, and what was changed by hand without a decision."""
    resources = [made.monitor(DEPLOYMENT, f"XX{n:04}", needs=(), protected=n == 3) for n in range(12)]
    lives, record = made.deployed(resources)
    free_lives, free_record = made.deployed(resources[4:])
    edited = [made.live(resources[4], free_lives[0].id, {**free_lives[0].body, "enabled": True}, version=2)]

    assert [] == codes(plan([], free_lives, free_record, Purpose.DESTROY))
    assert ["protected"] == codes(plan([], lives, record, Purpose.DESTROY))
    refused = plan([], [*edited, *free_lives[1:]], free_record, Purpose.DESTROY).refusals()
    assert [("drift", "--on-drift revert deletes them all the same, --on-drift keep leaves them.")] == [
        (refusal.code, refusal.todo) for refusal in refused
    ]
    kept = plan([], [*edited, *free_lives[1:]], free_record, Purpose.DESTROY, on_drift="keep")
    assert 7 == len(kept.actions)


def test_promise_13_a_destruction_touches_only_what_is_owned() -> None:
    """Objects made by hand, of another deployment, and copies are not in the plan."""
    resources = made.everything(DEPLOYMENT)
    lives, record = made.deployed(resources)
    by_hand = made.live(made.renamed(resources[4], "mine"), "by-hand", marker=None, owner="alerting")
    others = [by_hand, *made.deployed(made.everything("h-other"))[0], made.live(resources[4], "id-of-a-copy")]

    found = plan([], [*lives, *others], record, Purpose.DESTROY)

    assert {live.id for live in lives} == {action.id for action in found.actions}


def test_promise_27_a_rollback_names_what_cannot_come_back() -> None:
    """Events, mappings, alerts and ids are named in every form of the plan; a deploy says nothing of it."""
    resources = made.everything(DEPLOYMENT)
    lives, record = made.deployed(
        [made.component(DEPLOYMENT, "wildcard"), made.pipeline(DEPLOYMENT, "no"), *resources[2:4]]
    )

    found = plan(resources, lives, record, Purpose.ROLLBACK)
    deploy = make_plan(resources, Inventory(tuple(lives)), record, made.environment(DEPLOYMENT))

    for words in (
        "events already ingested",
        "mappings of existing backing indices",
        "closed alerts",
        "ids of what was deleted",
    ):
        assert words in found.losses[0]
    assert any("monitor/XX0001/discovery" in line and "new ids" in line for line in found.losses)
    assert list(found.losses) == plan_json(found)["cannot_come_back"]
    assert all(line in plan_text(found) for line in found.losses)
    assert "new ids" in plan_markdown(found)
    assert () == deploy.losses
