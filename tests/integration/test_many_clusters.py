"""An environment of two clusters: side by side, one summary, and what fails on one neither stops nor hides the other."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.bench import MONITORS, RECORDS, Bench, bench
from tests.commands import append, deployment, environment, run, run_alone
from tests.faults import Fault, Proxy, Reply, proxied

pytestmark = pytest.mark.integration


@dataclass
class Pair:
    """Two clusters, which are one node: to whoever comes by the way of `west`, the names of the two benches are exchanged."""

    east: Bench
    west: Bench
    to_east: Proxy
    to_west: Proxy


@pytest.fixture
def pair(cluster_url: str, tmp_path: Path) -> Iterator[Pair]:
    """The small repository, whose environment names both."""
    with contextlib.ExitStack() as stack:
        east = stack.enter_context(deployment(cluster_url, tmp_path / "repository"))
        west = stack.enter_context(bench(cluster_url, tmp_path))
        west.deployment = f"w{east.deployment[1:]}"
        west.also = [path.replace(east.deployment, west.deployment) for path in east.also]
        uuid = str(east.node.request("GET", "/")["cluster_uuid"])
        names = [
            (east.deployment, west.deployment),
            (east.deployment.replace("-", ""), west.deployment.replace("-", "")),
            (uuid, uuid[::-1]),
        ]
        to_east, to_west = stack.enter_context(proxied(cluster_url)), stack.enter_context(proxied(cluster_url, names))
        path = environment(east)
        clusters = f'clusters: [{{name: east, hosts: ["{to_east.url}"]}}, {{name: west, hosts: ["{to_west.url}"]}}]'
        path.write_text(path.read_text().replace(f'cluster: {{hosts: ["{cluster_url}"]}}', clusters))
        yield Pair(east, west, to_east, to_west)


def test_one_plan_one_deploy_one_summary(pair: Pair, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A plan file has both; one cluster fails half-way, the other is done; the next run does the rest; each has its history."""
    east, west, file = pair.east, pair.west, tmp_path / "both.plan"
    assert 2 == run(east, "plan", "--detailed-exitcode", "--out", str(file))
    assert [f"{name}  Plan: 6 to add, 0 to change, 0 to destroy." for name in ("east", "west")] == _end(capsys)
    pair.to_west.faults.append(Fault("POST", f"{MONITORS}$", times=9, before=Reply(400, {"error": "not today"})))

    assert 1 == run_alone(east, "deploy", str(file), "--output", "json")
    told = capsys.readouterr()
    results = _by_cluster(told.out)
    pair.to_west.faults.clear()
    assert 3 == run_alone(east, "deploy", str(file))
    stale = capsys.readouterr().err
    assert 0 == run(east, "deploy")
    rest = _end(capsys)

    assert (0, 6) == (results["east"]["exit_code"], results["east"]["summary"]["applied"])
    assert (1, 4, 2) == (results["west"]["exit_code"], *(results["west"]["summary"][fate] for fate in ("applied", "failed")))  # fmt: skip
    assert {"not today"} == {item["reason"] for item in results["west"]["outcomes"] if item["fate"] == "failed"}
    assert "west: 5/6 create monitor/XX0001/" in told.err
    assert "east: 6/6 create monitor/XX0001/" in told.err
    assert "stale" in stale
    assert ["east  No changes.", "west  applied 2, unchanged 4"] == rest
    assert (2, 2) == (len(east.monitors()), len(west.monitors()))

    append(east, "tunables: {XX0001: {Window: 1h}}\n")
    assert 0 == run(east, "deploy")
    assert 64 == run(east, "rollback")
    assert 64 == run(east, "show")
    assert 0 == run(east, "rollback", "1", "--cluster", "east")
    capsys.readouterr()
    assert 0 == run(east, "history", "--output", "json")
    histories = _by_cluster(capsys.readouterr().out)
    assert 0 == run(east, "show", "1", "--cluster", "west")
    assert "failed: create monitor/XX0001/discovery: not today" in capsys.readouterr().out
    states = {name: [(one["action"], one["state"]) for one in found["deployments"]] for name, found in histories.items()}  # fmt: skip
    done = ("deploy", "complete")
    assert {"east": [("rollback", "complete"), done, done], "west": [done, done, ("deploy", "partial")]} == states

    assert 3 == run(east, "destroy")
    assert 0 == run(east, "destroy", "--confirm", "local")
    assert ["east  applied 6, unchanged 0", "west  applied 6, unchanged 0"] == _end(capsys)
    assert ({}, {}) == (east.monitors(), west.monitors())


def test_what_is_wrong_with_one_cluster_is_said_and_the_other_goes_on(
    pair: Pair, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Locked, edited by hand, out of reach: told for that cluster, in each command, while the other is planned, deployed and looked at."""
    east, west = pair.east, pair.west
    west.node.request("PUT", f"{RECORDS}/_doc/lock:{west.deployment}", {"type": "lock", "deployment": west.deployment, "who": "alice", "host": "far", "pid": 1, "at": "2026-01-01T00:00:00Z", "token": "x"})  # fmt: skip
    assert 3 == run(east, "deploy", "--lock-timeout", "0")
    locked = _end(capsys)
    assert 3 == run(east, "unlock")
    assert 0 == run(east, "unlock", "--yes")
    unlocked = _end(capsys)
    assert 0 == run(east, "deploy")

    assert "east  applied 6, unchanged 0" == locked[0]
    assert locked[1].startswith(f"west  failed: another deploy of {east.deployment} holds the lock: alice on far")
    assert ["east: there was no lock", "west: unlocked"] == unlocked
    assert (2, 2) == (len(east.monitors()), len(west.monitors()))

    append(east, "tunables: {XX0001: {Window: 1h}}\n")
    west.edit(west.monitor_id("Listed"), lambda body: body.update(enabled=not body["enabled"]))
    file = tmp_path / "a.plan"
    capsys.readouterr()
    assert 3 == run(east, "plan", "--out", str(file))
    assert f"note: west is not in {file}: " in capsys.readouterr().err
    assert 0 == run_alone(east, "deploy", str(file))
    capsys.readouterr()
    assert 1 == run(east, "status", "--output", "json")
    states = _by_cluster(capsys.readouterr().out)
    assert {"east": 0, "west": 1} == {name: len(state["drift"]) for name, state in states.items()}
    assert 3 == run(east, "deploy")

    pair.to_west.faults += [Fault(method, "", times=99, before=Reply(500)) for method in ("GET", "POST")]
    capsys.readouterr()
    for command in (["plan"], ["deploy"], ["history"], ["status"], ["unlock"], ["destroy", "--confirm", "local"]):
        assert 1 == run(east, *command), command
        first, second = _end(capsys)
        assert first.startswith("east"), command
        assert "answered 500" in second, command
    assert ({}, 2) == (east.monitors(), len(west.monitors()))


def _end(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The last two lines of the result: one for each cluster."""
    return capsys.readouterr().out.splitlines()[-2:]


def _by_cluster(text: str) -> dict[str, Any]:
    """The result of each cluster in a JSON report."""
    return {item["name"]: item["result"] for item in json.loads(text)["clusters"]}
