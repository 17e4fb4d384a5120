"""Deploys to a real cluster through a proxy that breaks things: no duplicate, no lost update, no untruth."""

from __future__ import annotations

import dataclasses
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployer.cluster import sorted_by_owner
from deployer.cluster.alerts import Alert, read_alerts
from deployer.deploy import LockedError, push
from deployer.model.errors import RefusedError
from deployer.plan import Verb
from deployer.plan.outcome import Fate, Result
from tests import deployments as made
from tests.bench import MONITORS, RECORDS, Bench, bench
from tests.faults import Fault, Proxy, Reply, proxied

pytestmark = pytest.mark.integration

CREATE = ("POST", "/monitors$")
NOT_READY = {"error": {"type": "alerting_exception", "reason": "all shards failed"}, "status": 500}


@pytest.fixture
def on(cluster_url: str, tmp_path: Path) -> Iterator[Bench]:
    """A deployment of its own for each test."""
    with bench(cluster_url, tmp_path) as found:
        yield found


@pytest.fixture
def through(cluster_url: str) -> Iterator[Proxy]:
    """A proxy in front of the cluster."""
    with proxied(cluster_url) as proxy:
        yield proxy


def fates(result: Result) -> dict[str, Fate]:
    """What became of each object."""
    return {outcome.action.key: outcome.fate for outcome in result.outcomes}


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault(*CREATE, after=Reply(drop=True)), id="done, answer dropped"),
        pytest.param(Fault(*CREATE, before=Reply(drop=True)), id="not done, connection dropped"),
        pytest.param(Fault(*CREATE, after=Reply(504)), id="done, gateway timeout"),
        pytest.param(Fault(*CREATE, before=Reply(503)), id="refused for now"),
        pytest.param(Fault(*CREATE, before=Reply(429, headers={"retry-after": "1"})), id="too many requests"),
        pytest.param(Fault(*CREATE, times=2, after=Reply(drop=True)), id="both answers dropped"),
        pytest.param(Fault(*CREATE, times=2, before=Reply(500, NOT_READY)), id="the index of monitors is half-made"),
    ],
)
def test_promise_19_a_create_whose_answer_is_lost_makes_no_duplicate(on: Bench, through: Proxy, fault: Fault) -> None:
    """Whatever happens to the answer of a create, each monitor is there once, is known, and nothing is left to do."""
    resources = made.everything(on.deployment)
    fault = dataclasses.replace(fault)
    through.faults.append(fault)

    result = on.deploy(resources, through.url)

    assert fault.hits >= 1
    assert {Fate.APPLIED} == set(fates(result).values())
    assert 2 == len(on.monitors())
    assert on.plan(resources).empty


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


@pytest.mark.parametrize("what", ["component_template", "index_template", "pipeline", "configs"])
@pytest.mark.parametrize("when", ["done", "not done"])
def test_promise_19_other_creates_survive_a_lost_answer_too(on: Bench, through: Proxy, what: str, when: str) -> None:
    """A template, pipeline or channel whose create lost its answer is there, is ours, and nothing is left to do."""
    method = "POST" if what == "configs" else "PUT"
    drop = Reply(drop=True)
    fault = Fault(method, f"{what}", before=drop if when == "not done" else None, after=drop)
    through.faults.append(fault)
    resources = made.everything(on.deployment)

    result = on.deploy(resources, through.url)

    assert fault.hits >= 1
    assert {Fate.APPLIED} == set(fates(result).values())
    assert on.plan(resources).empty


@pytest.mark.parametrize("when", ["done", "not done"])
def test_an_update_whose_answer_is_lost_is_made_once(on: Bench, through: Proxy, when: str) -> None:
    """The update is carried out exactly once, and the record has what the server has."""
    on.deploy(made.everything(on.deployment))
    drop = Reply(drop=True)
    through.faults.append(Fault("PUT", "/monitors/", before=drop if when == "not done" else None, after=drop))
    desired = made.everything(on.deployment, follow={"threshold": 4})

    result = on.deploy(desired, through.url)

    assert [Fate.APPLIED] == list(fates(result).values())
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


def test_promise_22_a_record_that_cannot_be_written_is_saved_and_can_be_pushed(
    on: Bench, through: Proxy, tmp_path: Path
) -> None:
    """If the cluster refuses the record after objects changed, it lies in a file, the result names it, and pushing it settles all."""
    resources = made.everything(on.deployment)
    through.faults.append(Fault("PUT", f"{RECORDS}/_doc/{on.deployment}", skip=1, times=99, before=Reply(403)))

    result = on.deploy(resources, through.url)
    record = push(on.client(), on.deployment, Path(result.record_file))

    assert 1 == result.exit_code
    assert "403" in result.record_error
    assert Fate.APPLIED == fates(result)["component-template/base"]
    assert Fate.STOPPED == fates(result)["monitor/XX0001/discovery"]
    assert tmp_path in Path(result.record_file).parents
    assert {"component-template/base"} == set(record.entries)
    assert 5 == len(on.deploy(resources).outcomes)
    assert on.plan(resources).empty


def test_promise_22_even_without_the_file_nothing_is_lost(on: Bench, through: Proxy) -> None:
    """The intents noted before tell the next run what was written."""
    resources = made.everything(on.deployment)
    through.faults.append(Fault("PUT", f"{RECORDS}/_doc/{on.deployment}", skip=1, times=99, before=Reply(403)))
    on.deploy(resources, through.url)

    result = on.deploy(resources)

    assert 1 == len(result.plan.repairs)
    assert 5 == len(result.of(Fate.APPLIED))
    assert on.plan(resources).empty


def test_without_a_record_nothing_is_begun(on: Bench, through: Proxy) -> None:
    """If the record cannot even be begun, no object is written."""
    through.faults.append(Fault("PUT", f"{RECORDS}/_doc/{on.deployment}", times=99, before=Reply(400)))

    with pytest.raises(Exception, match="400"):
        on.deploy(made.everything(on.deployment), through.url)

    assert {} == on.monitors()
    assert all(path.startswith(RECORDS) for _, path in through.writes)


def test_a_record_whose_answer_is_lost_is_known_by_its_digest(on: Bench, through: Proxy) -> None:
    """A record that was written although the answer was lost is not written as another."""
    resources = made.everything(on.deployment)
    through.faults.append(Fault("PUT", f"{RECORDS}/_doc/{on.deployment}", skip=1, times=2, after=Reply(drop=True)))

    result = on.deploy(resources, through.url)

    assert (0, "") == (result.exit_code, result.record_error)
    assert 1 == on.record()["generation"]


def test_promise_27_an_edited_record_is_refused(on: Bench) -> None:
    """A record that somebody edited is refused before anything is planned on it."""
    on.deploy(made.everything(on.deployment))
    source = on.record()
    on.node.request("PUT", f"{RECORDS}/_doc/{on.deployment}", {**source, "who": "mallory"})

    with pytest.raises(RefusedError, match="was edited"):
        on.plan(made.everything(on.deployment))


def test_promise_23_one_deploy_at_a_time(on: Bench) -> None:
    """Who holds the lock, where and since when is told; waiting is bounded; nothing is written meanwhile."""
    resources = made.everything(on.deployment)
    on.deploy(resources)
    _hold(on, "otherhost", 1)
    cluster = on.client()
    started = time.monotonic()

    with pytest.raises(LockedError, match=r"alice on otherhost .* since 2026-01-01") as error:
        on.deploy(made.everything(on.deployment, follow={"threshold": 3}), cluster=cluster, terms={"lock_wait": 1.2})

    assert 1.0 < time.monotonic() - started < 10
    assert 3 == error.value.exit_code
    assert 1 == on.monitors()[on.monitor_id("follow")]["_version"]
    assert any("waiting for the lock" in line for line in on.progress)


def test_promise_23_a_lock_that_is_released_in_time_is_taken(on: Bench) -> None:
    """A deploy that waits goes on when the other has ended."""
    resources = made.everything(on.deployment)
    on.deploy(resources)
    path = _hold(on, "otherhost", 1)
    timer = threading.Timer(0.8, lambda: on.node.request("DELETE", path))
    timer.start()

    result = on.deploy(made.everything(on.deployment, follow={"threshold": 3}), terms={"lock_wait": 30.0})

    timer.join()
    assert 0 == result.exit_code


def test_promise_23_a_dead_holders_lock_is_broken_on_purpose(on: Bench) -> None:
    """On its own host a dead process is recognised at once; its lock is broken only with the wish to."""
    resources = made.everything(on.deployment)
    on.deploy(resources)
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    _hold(on, socket.gethostname(), gone.pid)
    desired = made.everything(on.deployment, follow={"threshold": 3})
    started = time.monotonic()

    with pytest.raises(LockedError) as error:
        on.deploy(desired, terms={"lock_wait": 60.0})
    broken = on.deploy(desired, terms={"break_lock": True})

    assert time.monotonic() - started < 30
    assert "was killed" in error.value.why
    assert 0 == broken.exit_code
    assert on.plan(desired).empty


def test_promise_24_the_lock_is_released_whatever_happens(on: Bench, through: Proxy) -> None:
    """After a deploy that failed, the next one needs no force."""
    through.faults.append(Fault("PUT", f"{RECORDS}/_doc/{on.deployment}", times=99, before=Reply(500)))
    with pytest.raises(Exception, match="500"):
        on.deploy(made.everything(on.deployment), through.url)

    assert 0 == on.deploy(made.everything(on.deployment)).exit_code


def test_promise_18_a_page_that_fails_stops_the_run_before_any_write(on: Bench, through: Proxy) -> None:
    """A reading that fails, or is cut short, ends the run with nothing written."""
    resources = made.everything(on.deployment)
    on.deploy(resources)
    answer = on.node.request("POST", f"{MONITORS}/_search", {"size": 0, "query": {"match_all": {}}})
    short = {**answer, "hits": {"total": {"value": 2, "relation": "eq"}, "hits": []}, "aggregations": {"all": {"monitors": {"doc_count": 2}, "enabled": {"doc_count": 0, "buckets": {"doc_count": 0}}}}}  # fmt: skip
    for fault in (Fault("POST", "/monitors/_search", times=99, before=Reply(500)), Fault("POST", "/monitors/_search", times=99, before=Reply(200, short))):  # fmt: skip
        through.faults[:] = [fault]
        with pytest.raises(Exception, match=r"500|only 0 of 2"):
            on.deploy(resources, through.url)

    assert [] == through.writes


def test_promise_10_a_deleted_monitor_leaves_no_alert_active(on: Bench) -> None:
    """Pruning a monitor that has an active alert ends the alert: the deploy closes it, or the server does with the monitor."""
    desired = made.monitor(on.deployment, needs=("component-template/base",), window="7d")
    resources = [made.component(on.deployment), desired, made.monitor(on.deployment, "XX0002", needs=())]
    on.deploy(resources)
    _event(on, "ws01")
    on.node.request("POST", f"{MONITORS}/{on.monitor_id('XX0001')}/_execute", {}, {"dryrun": "false"})
    (alert,) = read_alerts(on.client(), on.deployment)

    on.deploy([resources[0], resources[2]], prune=True)

    assert (("host", "ws01"),) == alert.entity
    assert ("XX0001", "discovery", 1) == (alert.analytic, alert.monitor, alert.count)
    _await(lambda: not read_alerts(on.client(), on.deployment))
    _await(lambda: _ended(read_alerts(on.client(), on.deployment, "ALL")))


def _ended(alerts: list[Alert]) -> bool:
    return len(alerts) == 1 and alerts[0].state in ("COMPLETED", "DELETED") and alerts[0].end != ""


def test_alerts_are_of_this_deployment_only(on: Bench, cluster_url: str, tmp_path: Path) -> None:
    """Alerts of another deployment, and of a copy, are not shown."""
    resources = [
        made.component(on.deployment),
        made.monitor(on.deployment, needs=("component-template/base",), window="7d"),
    ]
    on.deploy(resources)
    original = on.monitor_id("XX0001")
    body = on.node.request("GET", f"{MONITORS}/{original}")["monitor"]
    copy = on.create({**body, "name": f"Copy of {body['name']}"})
    with bench(cluster_url, tmp_path) as other:
        other.deployment = f"{on.deployment}-two"
        other.deploy(
            [
                made.component(other.deployment),
                made.monitor(other.deployment, needs=("component-template/base",), window="7d"),
            ]
        )
        _event(on, "ws01")
        _event(other, "ws02")
        for identity in (original, copy):
            on.node.request("POST", f"{MONITORS}/{identity}/_execute", {}, {"dryrun": "false"})
        other.node.request("POST", f"{MONITORS}/{other.monitor_id('XX0001')}/_execute", {}, {"dryrun": "false"})

        copies = {live.id for _, live in sorted_by_owner(on.client(), on.deployment).copies}
        mine = read_alerts(on.client(), on.deployment, "ACTIVE", copies)
        theirs = read_alerts(on.client(), other.deployment)

    assert {copy} == copies
    assert [(("host", "ws01"),)] == [alert.entity for alert in mine]
    assert [(("host", "ws02"),)] == [alert.entity for alert in theirs]


def _event(on: Bench, host: str) -> None:
    """An event that the made-up monitors alert on."""
    index = f"{on.deployment}-events-1"
    if f"/{index}" not in on.also:
        on.also.append(f"/{index}")
        mapping = {"properties": {"@timestamp": {"type": "date"}, "host": {"properties": {"name": {"type": "keyword"}}}, "event": {"properties": {"code": {"type": "keyword"}}}}}  # fmt: skip
        on.node.request("PUT", f"/{index}", {"mappings": mapping})
    event = {"@timestamp": int(time.time() * 1000), "host": {"name": host}, "event": {"code": "1"}}
    on.node.request("POST", f"/{index}/_doc", event, {"refresh": "true"})


def _hold(on: Bench, host: str, pid: int) -> str:
    """A lock of somebody else."""
    path = f"{RECORDS}/_doc/lock:{on.deployment}"
    source = {"type": "lock", "deployment": on.deployment, "who": "alice", "host": host, "pid": pid, "at": "2026-01-01T00:00:00Z", "token": "x"}  # fmt: skip
    on.node.request("PUT", path, source, {"op_type": "create"})
    return path


def _await(condition: object, seconds: float = 20.0) -> None:
    """Wait until a condition holds."""
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.1)
