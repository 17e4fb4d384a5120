"""Deploys to a real cluster through a proxy that breaks things: no duplicate, no lost update, no untruth."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import time

import pytest

from deployer.deploy import LockedError
from deployer.model.errors import RefusedError
from deployer.model.resource import Resource
from deployer.plan import Verb
from deployer.plan.outcome import Fate
from tests import deployments as made
from tests.bench import MONITORS, Bench, fates
from tests.faults import Fault, Proxy, Reply

pytestmark = pytest.mark.integration

CREATE = ("POST", "/monitors$")
NOT_READY = {"error": {"type": "alerting_exception", "reason": "all shards failed"}, "status": 500}


LOST = {
    "done, answer dropped": Fault(*CREATE, after=Reply(drop=True)),
    "not done, connection dropped": Fault(*CREATE, before=Reply(drop=True)),
    "done, gateway timeout": Fault(*CREATE, after=Reply(504)),
    "refused for now": Fault(*CREATE, before=Reply(503)),
    "too many requests": Fault(*CREATE, before=Reply(429, headers={"retry-after": "0"})),
    "both answers dropped": Fault(*CREATE, times=2, after=Reply(drop=True)),
    "the index of monitors is half-made": Fault(*CREATE, times=2, before=Reply(500, NOT_READY)),
}
"""What may happen to a create and its answer."""


def test_promise_19_a_create_whose_answer_is_lost_makes_no_duplicate(on: Bench, through: Proxy) -> None:
    """Whatever happens to the answer of a create, each monitor is there once, is known, and nothing is left to do."""
    resources: list[Resource] = []
    for number, (what, fault) in enumerate(LOST.items()):
        resources += [made.monitor(on.deployment, f"XX{number:02}{two:02}", needs=()) for two in (1, 2)]
        fault = dataclasses.replace(fault)
        through.faults[:] = [fault]

        result = on.deploy(resources, through.url)

        assert fault.hits >= 1, what
        assert [Fate.APPLIED, Fate.APPLIED] == list(fates(result).values()), what
        assert len(resources) == len(on.monitors()), what
        assert on.plan(resources).empty, what


def test_promise_19_a_create_that_takes_too_long_is_not_sent_again(on: Bench, through: Proxy) -> None:
    """After a timeout the create may still be carried out: it is reported as unknown, and the next run finds it."""
    resources = [made.monitor(on.deployment, needs=())]
    fault = Fault(*CREATE, meanwhile=lambda: time.sleep(2.5))
    through.faults.append(fault)
    cluster = on.client(through.url, timeout=1.0)

    result = on.deploy(resources, cluster=cluster)
    _await(lambda: len(on.monitors()) == 1)
    next_run = on.deploy(resources)

    assert [Fate.UNKNOWN] == list(fates(result).values())
    assert 1 == result.exit_code
    assert 1 == [path for method, path in through.writes if method == "POST"].count(MONITORS)
    assert 1 == len(on.monitors())
    assert 1 == len(next_run.plan.repairs)
    assert on.plan(resources).empty


@pytest.mark.parametrize("when", ["done", "not done"])
def test_promise_19_other_writes_survive_a_lost_answer_too(on: Bench, through: Proxy, when: str) -> None:
    """A template, pipeline or channel whose create lost its answer is there, and ours; an update is carried out exactly once."""
    drop = Reply(drop=True)
    before = drop if when == "not done" else None
    ways = [("PUT", "component_template"), ("PUT", "index_template"), ("PUT", "pipeline"), ("POST", "configs")]
    through.faults += [Fault(*way, before=before, after=drop) for way in ways]
    resources = made.everything(on.deployment)

    result = on.deploy(resources, through.url)

    assert all(fault.hits >= 1 for fault in through.faults)
    assert {Fate.APPLIED} == set(fates(result).values())
    assert on.plan(resources).empty

    through.faults[:] = [Fault("PUT", "/monitors/", before=before, after=drop)]
    desired = made.everything(on.deployment, follow={"threshold": 4})
    updated = on.deploy(desired, through.url)

    assert [Fate.APPLIED] == list(fates(updated).values())
    assert 2 == on.monitors()[on.monitor_id("follow")]["_version"]
    assert on.plan(desired).empty


def test_a_delete_whose_answer_is_lost_is_done(on: Bench, through: Proxy) -> None:
    """Deleting again what is gone is no failure."""
    resources = made.everything(on.deployment)
    on.deploy(resources)
    through.faults.append(Fault("DELETE", "/monitors/", after=Reply(drop=True)))

    result = on.deploy(resources[:-1], through.url, prune=True)

    assert [Fate.APPLIED] == list(fates(result).values())
    assert 1 == len(on.monitors())


def test_promise_17_a_write_between_our_read_and_ours_stays(on: Bench, through: Proxy) -> None:
    """Somebody saves the monitor just before our update arrives: theirs stays, ours is a conflict, the rest is done."""
    on.deploy(made.everything(on.deployment))
    identity = on.monitor_id("follow")
    through.faults.append(
        Fault("PUT", f"/monitors/{identity}", meanwhile=lambda: on.edit(identity, lambda body: body.update(name=f"theirs {on.deployment}")))
    )  # fmt: skip
    desired = made.everything(on.deployment, discovery={"threshold": 4}, follow={"threshold": 4})

    result = on.deploy(desired, through.url)

    assert {"monitor/XX0001/discovery": Fate.APPLIED, "monitor/XX0002/follow": Fate.CONFLICT} == fates(result)
    assert 3 == result.exit_code
    assert f"theirs {on.deployment}" == on.monitors()[identity]["_source"]["name"]
    (action,) = on.plan(desired).actions
    assert ["name"] == [change.path for change in action.drift]


@pytest.mark.parametrize("kind", ["pipeline", "monitor"])
def test_promise_17_what_changed_while_the_plan_was_looked_at_is_not_written(on: Bench, kind: str) -> None:
    """Between plan and consent somebody changes an object: it is left out as a conflict, the others are written."""
    on.deploy(made.everything(on.deployment))
    desired = [made.component(on.deployment), made.pipeline(on.deployment, "new"), *made.everything(on.deployment, follow={"threshold": 4})[2:]]  # fmt: skip
    seen = on.look(desired)
    key = "ingest-pipeline/mark" if kind == "pipeline" else "monitor/XX0002/follow"
    if kind == "pipeline":
        on.node.request("PUT", f"/_ingest/pipeline/{on.deployment}-mark", made.pipeline(on.deployment, "theirs").body)
    else:
        on.edit(on.monitor_id("follow"), lambda body: body.update(enabled=True))

    result = on.deploy(desired, seen=seen)

    assert {key} == {outcome.action.key for outcome in result.of(Fate.CONFLICT)}
    assert 1 == len(result.of(Fate.APPLIED))
    assert 3 == result.exit_code


def test_a_plan_is_stale_if_somebody_deployed_since(on: Bench) -> None:
    """A deploy of somebody else between plan and consent is named, and nothing is written."""
    on.deploy(made.everything(on.deployment))
    seen = on.look(made.everything(on.deployment, follow={"threshold": 4}))
    on.deploy(made.everything(on.deployment, follow={"threshold": 8}))
    before = on.monitors()

    with pytest.raises(RefusedError, match=r"tester deployed .* from testhost since") as error:
        on.deploy(made.everything(on.deployment, follow={"threshold": 4}), seen=seen)

    assert 3 == error.value.exit_code
    assert before == on.monitors()


def test_promise_21_and_24_an_interrupted_deploy_ends_what_it_began_and_the_next_does_the_rest(
    on: Bench, through: Proxy
) -> None:
    """Stopped at the channel, the call in flight ends, no new one begins; record and lock are in order."""
    resources = made.everything(on.deployment)
    through.faults.append(Fault("POST", "/configs", meanwhile=on.stop.set))

    result = on.deploy(resources, through.url)
    on.stop.clear()
    rest = on.deploy(resources)

    expected = {"monitor/XX0001/discovery": Fate.STOPPED, "monitor/XX0002/follow": Fate.STOPPED}
    assert expected == {key: fate for key, fate in fates(result).items() if fate is not Fate.APPLIED}
    assert (130, True) == (result.exit_code, result.interrupted)
    assert expected.keys() == {outcome.action.key for outcome in rest.outcomes}
    assert 0 == rest.exit_code
    assert 2 == len(on.monitors())


def test_promise_21_a_killed_deploy_leaves_nothing_twice(on: Bench, through: Proxy) -> None:
    """Killed while monitors are created, the next run notes those that were, makes the others, and asks nobody."""
    resources = [*made.everything(on.deployment), *(made.monitor(on.deployment, f"YY{n:04}") for n in range(6))]
    child: list[subprocess.Popen[bytes]] = []
    through.faults.append(Fault(*CREATE, skip=3, times=99, afterwards=lambda: child[0].kill()))
    program = "from tests.bench import Bench; from pathlib import Path; import sys, tests.deployments as made; b = Bench(sys.argv[1], Path('.')); b.deployment = sys.argv[2]; b.deploy([*made.everything(b.deployment), *(made.monitor(b.deployment, f'YY{n:04}') for n in range(6))])"
    child.append(subprocess.Popen([sys.executable, "-c", program, through.url, on.deployment]))
    child[0].wait(60)
    made_then = len(on.monitors())

    with pytest.raises(LockedError, match="holds the lock") as error:
        on.deploy(resources)
    result = on.deploy(resources, terms={"break_lock": True})

    assert "--break-lock" in error.value.todo
    assert 3 <= made_then < 9
    assert made_then == len([entry for entry in result.plan.repairs if entry.kind == "monitor"])
    assert 8 - made_then == len(
        [o for o in result.outcomes if o.action.verb is Verb.CREATE and o.action.kind == "monitor"]
    )
    assert 8 == len(on.monitors())
    assert on.plan(resources).empty


def test_promise_18_a_page_that_fails_stops_the_run_before_any_write(on: Bench, through: Proxy) -> None:
    """A reading that fails, or is cut short, ends the run with nothing written."""
    resources = made.everything(on.deployment)
    on.deploy(resources)
    answer = on.node.request("POST", f"{MONITORS}/_search", {"size": 0, "query": {"match_all": {}}})
    short = {**answer, "hits": {"total": {"value": 2, "relation": "eq"}, "hits": []}, "aggregations": made.counted(2)}  # fmt: skip
    for fault in (Fault("POST", "/monitors/_search", times=99, before=Reply(500)), Fault("POST", "/monitors/_search", times=99, before=Reply(200, short))):  # fmt: skip
        through.faults[:] = [fault]
        with pytest.raises(Exception, match=r"500|only 0 of 2"):
            on.deploy(resources, through.url)

    assert [] == through.writes


def _await(condition: object, seconds: float = 20.0) -> None:
    """Wait until a condition holds."""
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.1)
