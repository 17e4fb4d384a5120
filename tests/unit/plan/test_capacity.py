"""Whether the nodes can compile what a plan wants to run."""

from __future__ import annotations

from typing import Any

from deployer.plan import Choices, ClusterFacts, Inventory, Plan, Record, make_plan
from deployer.plan.live import Schedule
from tests import deployments as made

DEPLOYMENT = "h-unit"


def plan(count: int, interval: int = 1, *, allow_overload: bool = False, **facts: Any) -> Plan:
    """A plan that creates `count` enabled monitors every `interval` minutes."""
    desired = [made.monitor(DEPLOYMENT, f"XX{n:04}", enabled=True, interval=interval) for n in range(count)]
    inventory = Inventory((), ClusterFacts(**{"rate": 75.0, "window": 300.0, "cache": 100, **facts}))
    choices = Choices(allow_overload=allow_overload)
    return make_plan(desired, inventory, Record(DEPLOYMENT), made.environment(DEPLOYMENT), choices=choices)


def told(*arguments: Any, **facts: Any) -> tuple[int, int]:
    """How many refusals and warnings such a plan has."""
    found = plan(*arguments, **facts)
    return len(found.refusals()), len(found.warnings)


def test_the_measured_overload_is_refused_with_the_settings_to_change() -> None:
    """150 monitors at one minute under the default limits, of which two in three did not alert, are refused."""
    (refusal,) = plan(150).refusals(looking=True)

    assert "the cluster cannot run 150 enabled monitors" == refusal.what
    assert 'script.context.template.max_compilations_rate to "300/1m"' in refusal.todo
    assert "script.context.template.cache_max_size to 300" in refusal.todo
    assert "--allow-overload" in refusal.todo


def test_an_overload_may_be_allowed_and_is_still_told() -> None:
    """Allowed for this run, the same numbers are a warning."""
    assert (0, 1) == told(150, allow_overload=True)


def test_what_is_only_possible_is_a_warning() -> None:
    """60 bucket-level monitors have 60 texts that stay compiled, and 60 more if all of them find something."""
    assert (0, 1) == told(60)


def test_raised_limits_carry_hundreds() -> None:
    """With the limits under which 899 of 900 alerted nothing is said."""
    assert (0, 0) == told(900, rate=2000.0, window=60.0, cache=3000)


def test_few_monitors_stay_in_the_cache() -> None:
    """A handful at one minute stays compiled."""
    assert (0, 0) == told(20)


def test_a_long_interval_needs_few_compilations() -> None:
    """Many monitors that run once a day stay below the rate although they do not stay compiled."""
    assert (0, 0) == told(200, interval=1440)


def test_what_only_a_workflow_runs_counts_at_its_schedule() -> None:
    """150 disabled monitors of one enabled workflow at a minute are an overload, at a day or with it disabled none."""
    desired = [made.monitor(DEPLOYMENT, f"XX{n:04}") for n in range(150)]
    needs = tuple(resource.key for resource in desired)
    inventory = Inventory((), ClusterFacts(rate=75.0, window=300.0, cache=100))

    def refusals(interval: int, *, enabled: bool) -> list[str]:
        flow = made.workflow(DEPLOYMENT, needs, interval=interval, enabled=enabled)
        found = make_plan([*desired, flow], inventory, Record(DEPLOYMENT), made.environment(DEPLOYMENT))
        return [refusal.code for refusal in found.refusals(looking=True)]

    assert ["overload"] == refusals(1, enabled=True)
    assert [] == refusals(1440, enabled=True)
    assert [] == refusals(1, enabled=False)


def test_monitors_of_others_count_if_this_plan_adds_to_them() -> None:
    """What others run needs the same compilations; a plan that does not add to them warns only."""
    others = (Schedule(60.0, 150, 0),)

    assert (0, 0) == told(1)
    assert (1, 0) == told(1, schedules=others)
    adding_none = plan(0, schedules=others)
    assert ["nothing"] == [refusal.code for refusal in adding_none.refusals()]
    assert 1 == len(adding_none.warnings)


def test_a_slower_schedule_is_no_overload_of_its_making() -> None:
    """On a cluster that has too many already, a plan that lets monitors run less often is not refused."""
    slow = [made.monitor(DEPLOYMENT, f"XX{n:04}", enabled=True, interval=5) for n in range(150)]
    lives, record = made.deployed([made.monitor(DEPLOYMENT, f"XX{n:04}", enabled=True, interval=1) for n in range(150)])
    facts = ClusterFacts(rate=75.0, window=300.0, cache=100, schedules=(Schedule(60.0, 150, 150),), present=150)

    found = make_plan(slow, Inventory(tuple(lives), facts), record, made.environment(DEPLOYMENT))

    assert 150 == len(found.actions)
    assert [] == [refusal.code for refusal in found.refusals()]
    assert 1 == len(found.warnings)


def test_every_copy_of_the_index_runs_its_share() -> None:
    """Two copies of the index of monitors on two nodes carry twice as many."""
    assert (1, 0) == told(150)
    assert (0, 0) == told(150, runners=2, rate=2000.0)


def test_no_limit_needs_no_warning() -> None:
    """Where compilations are not limited nothing is refused."""
    assert (0, 0) == told(900, rate=None)
