"""Whether the nodes can compile what a plan wants to run."""

from __future__ import annotations

from typing import Any

from deployer.plan import ClusterFacts, Inventory, Record, make_plan
from deployer.plan.live import Schedule
from tests import deployments as made

DEPLOYMENT = "h-unit"


def warnings(count: int, interval: int = 1, **facts: Any) -> tuple[str, ...]:
    """The warnings of a plan that creates `count` enabled monitors every `interval` minutes."""
    desired = [made.monitor(DEPLOYMENT, f"XX{n:04}", enabled=True, interval=interval) for n in range(count)]
    inventory = Inventory((), ClusterFacts(**{"rate": 75.0, "window": 300.0, "cache": 100, **facts}))
    return make_plan(desired, inventory, Record(DEPLOYMENT), made.environment(DEPLOYMENT)).warnings


def test_the_measured_overload_is_foretold() -> None:
    """150 monitors at one minute under the default limits, of which two in three did not alert, give a warning."""
    (text,) = warnings(150)

    assert "script.context.template.max_compilations_rate" in text
    assert "script.context.template.cache_max_size" in text
    assert "150 enabled monitors" in text


def test_raised_limits_carry_hundreds() -> None:
    """With the limits under which 899 of 900 alerted there is no warning."""
    assert () == warnings(900, rate=2000.0, window=60.0, cache=3000)


def test_few_monitors_stay_in_the_cache() -> None:
    """A handful at one minute stays compiled."""
    assert () == warnings(20)


def test_a_long_interval_needs_few_compilations() -> None:
    """Many monitors that run once a day stay below the rate although they do not stay compiled."""
    assert () == warnings(200, interval=1440)


def test_monitors_of_others_count() -> None:
    """What others run on the cluster needs the same compilations."""
    others = (Schedule(60.0, 150, 0),)

    assert () == warnings(1)
    assert 1 == len(warnings(1, schedules=others))


def test_every_copy_of_the_index_runs_its_share() -> None:
    """Two copies of the index of monitors on two nodes carry twice as many."""
    assert 1 == len(warnings(60))
    assert () == warnings(60, runners=2, rate=300.0)


def test_no_limit_needs_no_warning() -> None:
    """Where compilations are not limited nothing is refused."""
    assert () == warnings(900, rate=None)
