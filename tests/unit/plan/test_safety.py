"""The rules by which a plan refuses itself."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.model.environment import Limits
from deployer.model.errors import DeployerError
from deployer.model.resource import Resource
from deployer.plan import Choices, ClusterFacts, Inventory, Live, Plan, Record, UnsafePlanError, make_plan
from tests import deployments as made

DEPLOYMENT = "h-unit"


def plan(
    desired: list[Resource],
    lives: list[Live],
    record: Record | None = None,
    facts: ClusterFacts | None = None,
    limits: Limits | None = None,
    **choices: Any,
) -> Plan:
    """A plan under the default limits."""
    environment = made.environment(DEPLOYMENT, limits=limits or Limits())
    inventory = Inventory(tuple(lives), facts or ClusterFacts())
    return make_plan(desired, inventory, record or Record(DEPLOYMENT), environment, choices=Choices(**choices))


def monitors(count: int, **changes: Any) -> list[Resource]:
    """Monitors of as many analytics."""
    return [made.monitor(DEPLOYMENT, f"XX{number:04}", **changes) for number in range(count)]


def codes(found: Plan) -> list[str]:
    """The codes of the refusals."""
    return [refusal.code for refusal in found.refusals()]


@given(live=st.integers(1, 40), updates=st.integers(0, 40), deletes=st.integers(0, 40), percent=st.integers(1, 100))
def test_too_many_changes_are_refused_exactly_over_the_limit(
    live: int, updates: int, deletes: int, percent: int
) -> None:
    """From ten managed objects on the share of updates and deletes decides, below it only more than half deleted."""
    updates, deletes = min(updates, live), min(deletes, live)
    updates = min(updates, live - deletes)
    resources = monitors(live)
    lives, record = made.deployed(resources)
    desired = [*monitors(live, threshold=2)[:updates], *resources[updates : live - deletes]]
    # A new monitor takes the place of a deleted one, so that the rule about nothing left has no say.
    desired.append(made.monitor(DEPLOYMENT, "YY0001"))

    found = plan(desired, lives, record, limits=Limits(percent, 10), prune=True)

    over = (updates + deletes) / live > percent / 100 if live >= 10 else deletes > live / 2
    assert over == ("many" in codes(found))


def test_the_refusal_names_the_numbers() -> None:
    """A plan over the limit says how many of how many, and the limit."""
    resources = monitors(10)
    lives, record = made.deployed(resources)

    found = plan([*monitors(4, threshold=2), *resources[4:]], lives, record)

    assert "4 updates and 0 deletes of 10 managed objects are 40 %, over the limit of 30 %" == found.refusals()[0].what


def test_a_mass_change_may_be_allowed_for_a_run() -> None:
    """With the permission of this run the limit does not hold."""
    lives, record = made.deployed(monitors(10))

    found = plan(monitors(10, threshold=2), lives, record, allow_mass_change=True)

    assert [] == codes(found)


@pytest.mark.parametrize("count", [0, 1, 2, 9, 30])
def test_an_empty_repository_is_refused_whatever_is_live(count: int) -> None:
    """Nothing wanted is refused, with any number of live objects, pruning or not, allowed or not."""
    lives, record = made.deployed(monitors(count)) if count else ([], None)

    for choices in ({}, {"prune": True}, {"prune": True, "allow_mass_change": True}):
        assert "nothing" in codes(plan([], lives, record, **choices))


def test_templates_alone_are_not_a_deployment() -> None:
    """A repository without a monitor is refused while monitors are live, though it still has a channel."""
    lives, record = made.deployed([made.monitor(DEPLOYMENT), made.channel(DEPLOYMENT)])

    found = plan([made.channel(DEPLOYMENT)], lives, record, prune=True, allow_mass_change=True)

    assert "nothing" in codes(found)


def test_channels_alone_are_an_empty_repository() -> None:
    """Channels come from the environment, so a repository without detections still has them: it is refused all the same."""
    assert ["nothing"] == codes(plan([made.channel(DEPLOYMENT)], []))


def test_a_repository_of_templates_alone_may_be_begun_with() -> None:
    """Where no monitor is live, templates alone may be deployed."""
    assert [] == codes(plan([made.component(DEPLOYMENT)], []))


def test_a_protected_analytic_is_not_deleted() -> None:
    """Deleting a monitor that the record says is protected is refused, although the repository forgot it."""
    kept, gone = made.monitor(DEPLOYMENT), made.monitor(DEPLOYMENT, "XX0002", protected=True)
    lives, record = made.deployed([kept, gone])

    found = plan([kept], lives, record, prune=True, allow_mass_change=True)

    assert ["protected"] == codes(found)
    assert "monitor/XX0002/discovery" in found.refusals()[0].what


@pytest.mark.parametrize("still_protected", [True, False])
def test_a_protected_analytic_is_not_disabled(still_protected: bool) -> None:
    """Disabling is refused if the analytic is protected, or was when it was deployed last."""
    lives, record = made.deployed([made.monitor(DEPLOYMENT, enabled=True, protected=True)])

    found = plan([made.monitor(DEPLOYMENT, enabled=False, protected=still_protected)], lives, record)

    assert ["protected"] == codes(found)


def test_a_protected_analytic_may_be_tuned() -> None:
    """Other changes of a protected analytic are allowed."""
    lives, record = made.deployed([made.monitor(DEPLOYMENT, enabled=True, protected=True)])

    found = plan([made.monitor(DEPLOYMENT, enabled=True, protected=True, threshold=4)], lives, record)

    assert [] == codes(found)
    assert 1 == len(found.actions)


def test_more_monitors_than_the_cluster_takes_are_refused_before_any_write() -> None:
    """A plan that would go over max_monitors is refused and names the setting."""
    found = plan(monitors(3), [], facts=ClusterFacts(max_monitors=1000, present=998))

    assert ["capacity"] == codes(found)
    assert "plugins.alerting.monitor.max_monitors to 1001" in found.refusals()[0].todo


def test_the_last_place_may_be_taken() -> None:
    """Exactly as many monitors as the cluster takes are no reason to refuse."""
    assert [] == codes(plan(monitors(3), [], facts=ClusterFacts(max_monitors=1000, present=997)))


def test_a_change_by_hand_stops_a_deploy_but_not_a_look() -> None:
    """A conflict makes the deploy fail and the plan not."""
    resource = made.monitor(DEPLOYMENT)
    (live,), record = made.deployed([resource])
    changed = dataclasses.replace(live, body={**live.body, "name": "by hand"}, digest="other", version=2)

    found = plan([resource], [changed], record)

    assert () == found.refusals(looking=True)
    with pytest.raises(UnsafePlanError, match="changed by hand: monitor/XX0001/discovery") as error:
        found.check()
    assert 3 == error.value.exit_code


def test_a_red_cluster_is_not_written_to() -> None:
    """A deploy to a red cluster is an error; the plan is shown with a warning."""
    found = plan(monitors(1), [], facts=ClusterFacts(status="red"))

    assert any("red" in warning for warning in found.warnings)
    with pytest.raises(DeployerError, match="health is red") as error:
        found.check()
    assert 1 == error.value.exit_code


def test_a_good_plan_passes_its_own_check() -> None:
    """A plan without reasons to refuse passes."""
    found = plan(made.everything(DEPLOYMENT), [])

    found.check()

    assert () == found.refusals()
