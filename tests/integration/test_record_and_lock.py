"""The record and the lock of a deployment on a real cluster, when they are refused, edited, lost or held."""

from __future__ import annotations

import socket
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from deployer.deploy import LockedError, push
from deployer.model.errors import RefusedError
from deployer.model.resource import Resource
from deployer.plan.outcome import Fate
from tests import deployments as made
from tests.bench import RECORDS, Bench, fates
from tests.faults import Fault, Proxy, Reply

pytestmark = pytest.mark.integration


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
    assert 0o600 == stat.S_IMODE(Path(result.record_file).stat().st_mode)
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
    on.deploy(_one(on))
    _hold(on, "otherhost", 1)
    cluster = on.client()
    started = time.monotonic()

    with pytest.raises(LockedError, match=r"alice on otherhost .* since 2026-01-01") as error:
        on.deploy(_one(on, threshold=3), cluster=cluster, terms={"lock_wait": 1.2})

    assert 1.0 < time.monotonic() - started < 10
    assert 3 == error.value.exit_code
    assert 1 == on.monitors()[on.monitor_id("discovery")]["_version"]
    assert any("waiting for the lock" in line for line in on.progress)


def test_promise_23_a_lock_that_is_released_in_time_is_taken(on: Bench) -> None:
    """A deploy that waits goes on when the other has ended."""
    on.deploy(_one(on))
    path = _hold(on, "otherhost", 1)
    timer = threading.Timer(0.8, lambda: on.node.request("DELETE", path))
    timer.start()

    result = on.deploy(_one(on, threshold=3), terms={"lock_wait": 30.0})

    timer.join()
    assert 0 == result.exit_code


def test_promise_23_a_dead_holders_lock_is_broken_on_purpose(on: Bench) -> None:
    """On its own host a dead process is recognised at once; its lock is broken only with the wish to."""
    on.deploy(_one(on))
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    _hold(on, socket.gethostname(), gone.pid)
    desired = _one(on, threshold=3)
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


def _hold(on: Bench, host: str, pid: int) -> str:
    """A lock of somebody else."""
    path = f"{RECORDS}/_doc/lock:{on.deployment}"
    source = {"type": "lock", "deployment": on.deployment, "who": "alice", "host": host, "pid": pid, "at": "2026-01-01T00:00:00Z", "token": "x"}  # fmt: skip
    on.node.request("PUT", path, source, {"op_type": "create"})
    return path


def _one(on: Bench, **changes: Any) -> list[Resource]:
    """All that a deployment needs where only the lock is looked at."""
    return [made.monitor(on.deployment, needs=(), **changes)]
