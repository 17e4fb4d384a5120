"""A cluster in a bad state, before a deploy or in the middle of one: a refusal or a truthful partial result, and nothing lost."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deployer.deploy import About
from deployer.deploy.past import chronicle
from tests import deployments as made
from tests.bench import MONITORS, RECORDS, Bench, bench
from tests.commands import by_way_of, deployment, run
from tests.faults import Fault, Proxy, proxied

pytestmark = pytest.mark.integration

EVERY = "/_all/_settings?expand_wildcards=all"
FULL = {"index.blocks.read_only_allow_delete": True}
"""What OpenSearch sets on every index of a node whose disk passes the flood stage."""


@pytest.fixture
def on(cluster_url: str, tmp_path: Path) -> Iterator[Bench]:
    """A deployment whose repository lies in `folder`."""
    with deployment(cluster_url, tmp_path / "repository") as found:
        yield found


@pytest.fixture
def through(on: Bench) -> Iterator[Proxy]:
    """A proxy in front of the cluster, by whose way the repository's commands go."""
    with proxied(on.url) as proxy, by_way_of(on, proxy.url):
        yield proxy


@pytest.fixture
def fill(on: Bench) -> Iterator[Callable[[], object]]:
    """Fills the node's disk, as far as indices can tell; there is room again at the end."""
    yield lambda: on.node.request("PUT", EVERY, FULL)
    _make_room(on)


def _make_room(on: Bench) -> None:
    on.node.request("PUT", EVERY, {"index.blocks.read_only_allow_delete": None})


def test_a_disk_that_is_full_in_the_middle_of_a_deploy(
    on: Bench, through: Proxy, fill: Callable[[], object], capsys: pytest.CaptureFixture[str]
) -> None:
    """What was done is told, nothing is tried again, the record lies in a file; once there is room, the next run does the rest."""
    through.faults.append(Fault("POST", f"{MONITORS}$", meanwhile=fill))

    assert 1 == run(on, "deploy", "--yes")
    told = capsys.readouterr()
    before = len(through.writes)
    assert 1 == run(on, "deploy", "--yes", "--break-lock")
    refused = capsys.readouterr().err
    _make_room(on)
    (file,) = on.folder.glob(".deployer/records/*.json")
    assert 0 == run(on, "deploy", "--push-record", str(file))
    assert 0 == run(on, "unlock", "--yes")
    capsys.readouterr()
    assert 0 == run(on, "deploy", "--yes")

    assert "Applied 4, unchanged 0, failed 2, not attempted 0" in told.out
    assert "disk usage exceeded flood-stage watermark" in told.out
    assert "make room" in told.out
    assert f"--push-record {file}" in told.out
    assert "`deployer unlock` takes it away" in told.err
    assert "make room" in refused
    assert all(path.startswith(RECORDS) for _, path in through.writes[before : before + 2])
    assert "Applied 2, unchanged 4" in capsys.readouterr().out
    assert 2 == len(on.monitors())
    assert 0 == run(on, "plan", "--detailed-exitcode")


def test_records_that_are_deleted_in_the_middle_of_a_deploy(
    on: Bench, through: Proxy, capsys: pytest.CaptureFixture[str]
) -> None:
    """Somebody deletes the tool's own index: it is made anew, as a hidden one, with all that this deploy did."""
    through.faults.append(Fault("POST", f"{MONITORS}$", meanwhile=lambda: on.node.request("DELETE", RECORDS)))

    assert 0 == run(on, "deploy", "--yes")
    capsys.readouterr()
    assert 0 == run(on, "show", "1")
    shown = capsys.readouterr().out
    assert 0 == run(on, "plan", "--detailed-exitcode")
    assert 0 == run(on, "deploy", "--yes")
    assert 0 == run(on, "rollback", "1")

    assert 6 == shown.count("\n  + ")
    assert "complete" in shown
    assert "true" == on.node.request("GET", f"{RECORDS}/_settings")[RECORDS[1:]]["settings"]["index"]["hidden"]


def test_a_clock_that_jumps_breaks_no_lock_and_no_order(
    cluster_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Years forward once the lock is held, and far back before the write: lock, result and history are as with a good clock."""
    real = time.time

    def jump(years: int) -> Callable[[], object]:
        return lambda: monkeypatch.setattr(time, "time", lambda: real() + years * 31_557_600)

    def by(year: int) -> About:
        return About("tester", "testhost", "c0ffee", "0.0", f"{year}-01-01T00:00:00Z")

    with bench(cluster_url, tmp_path) as on, proxied(cluster_url) as proxy:
        resources = [made.monitor(on.deployment, needs=())]
        proxy.faults += [
            Fault("PUT", f"{RECORDS}/_doc/lock:", afterwards=jump(+10)),
            Fault("POST", f"{MONITORS}$", meanwhile=jump(-20)),
        ]
        assert 0 == on.deploy(resources, proxy.url, terms={"about": by(2031)}).exit_code
        assert [1, 1] == [fault.hits for fault in proxy.faults]
        changed = [made.monitor(on.deployment, needs=(), threshold=3)]
        assert 0 == on.deploy(changed, proxy.url, terms={"about": by(1999)}).exit_code

        listed = chronicle(on.client(), on.deployment, 10).deployments
        assert [(2, "1999"), (1, "2031")] == [(one.number, one.at[:4]) for one, _ in listed]
        assert on.plan(changed).empty
        assert 1 == len(on.monitors())
