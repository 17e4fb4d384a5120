"""The local cluster without a container engine, for real: the published server on this computer's JDK."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deployer.local import LocalCluster, down, status, up
from deployer.local.artifacts import OPENSEARCH_VERSION
from deployer.local.ports import require_free
from deployer.local.probe import answers, request
from deployer.local.processes import started_at
from deployer.model.errors import LocalError

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]


@pytest.fixture(autouse=True)
def _without_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests are about the node without a container engine, also where there is one."""
    monkeypatch.setenv("DEPLOYER_LOCAL", "service")
    monkeypatch.setenv("DEPLOYER_LOCAL_HEAP", "512m")


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    """A folder for a cluster, which is stopped at the end whatever happened."""
    yield tmp_path / "cluster"
    down(tmp_path / "cluster")


def start(directory: Path, **options: Any) -> LocalCluster:
    return up(directory, progress=lambda _: None, **{"port": 0, **options})


def call(url: str, method: str = "GET", body: object = None) -> Any:
    status_code, answer = request(url, method, body, timeout_s=30)
    assert status_code < 300, answer
    return answer


def put_document(cluster: LocalCluster) -> None:
    call(f"{cluster.url}/survivor/_doc/1?refresh=true", "PUT", {"word": "here"})


def has_document(cluster: LocalCluster) -> bool:
    return request(f"{cluster.url}/survivor/_doc/1")[0] == 200


def assert_nothing_runs(cluster: LocalCluster) -> None:
    assert [None] * len(cluster.pids) == [started_at(pid) for pid in cluster.pids]
    require_free(int(cluster.url.rpartition(":")[2]))
    require_free(int(cluster.node_url.rpartition(":")[2]))


def test_up_status_down(directory: Path) -> None:
    """Up gives a cluster that answers, up again keeps it and says so of its port, and down leaves nothing of it running."""
    cluster = start(directory)
    running = status(directory)
    version = call(cluster.url)["version"]["number"]
    said: list[str] = []
    again = up(directory, port=9201, progress=said.append)

    stopped = down(directory)

    assert OPENSEARCH_VERSION == version == cluster.version
    assert "service" == cluster.kind
    assert 2 == len(cluster.pids)
    assert (True, cluster.url, cluster.pids) == (running.running, running.url, running.pids)
    assert running.health in ("green", "yellow")
    assert 0 < running.heap_used < running.heap_max <= 512 * 2**20
    assert {"deployer-local.log", "node.out", "service.out"} <= {log.name for log in running.logs}
    assert [("service", False), ("node", False)] == [(item.role, item.forced) for item in stopped]
    assert cluster == again
    assert [f"already running at {cluster.url}, not on port 9201: to move it, stop it first (deployer local down)"] == [
        line for line in said if "already running" in line
    ]
    assert_nothing_runs(cluster)
    assert [] == down(directory)
    assert not status(directory).running


def test_limits_that_decide_how_many_monitors_run_are_raised(directory: Path) -> None:
    """The node compiles queries 2,000 times a minute and caches 3,000; other contexts that monitors use too."""
    cluster = start(directory)

    settings = call(f"{cluster.url}/_cluster/settings?flat_settings=true")["persistent"]

    for context in ("template", "trigger", "painless_test", "aggregation_selector", "derived_field"):
        assert "2000/1m" == settings[f"script.context.{context}.max_compilations_rate"]
        assert "3000" == settings[f"script.context.{context}.cache_max_size"]


def test_only_this_computer_is_listened_on(directory: Path) -> None:
    """Every port of the node, transport included, is bound to 127.0.0.1."""
    cluster = start(directory)

    (node,) = call(f"{cluster.node_url}/_nodes/_local/http,transport")["nodes"].values()

    for kind in ("http", "transport"):
        assert all(address.startswith("127.0.0.1:") for address in node[kind]["bound_address"])
    with socket.socket() as probe:
        probe.settimeout(5)
        # 127.0.0.2 is this computer too, but not an address the cluster was told to listen on.
        with pytest.raises(OSError, match=r"refused|assign|unreachable"):
            probe.connect(("127.0.0.2", int(cluster.url.rpartition(":")[2])))


def test_up_twice_is_one_cluster(directory: Path) -> None:
    """A second up gives the cluster that runs, at once, and starts nothing."""
    first = start(directory)
    began = time.monotonic()

    second = start(directory)

    assert first == second
    assert time.monotonic() - began < 2


def test_data_survive_a_restart_and_a_kill(directory: Path) -> None:
    """What was indexed is there after down and up, and after both processes were killed."""
    cluster = start(directory)
    put_document(cluster)

    down(directory)
    restarted = start(directory)
    after_down = has_document(restarted)
    for pid in restarted.pids:
        os.kill(pid, signal.SIGKILL)
    mended = start(directory)
    after_kill = has_document(mended)

    assert after_down
    assert after_kill
    assert not {*restarted.pids} & {*mended.pids}


def test_fresh_wipes(directory: Path) -> None:
    """fresh stops the cluster that runs, deletes its data, and gives an empty one."""
    cluster = start(directory)
    put_document(cluster)

    empty = start(directory, fresh=True)

    assert not has_document(empty)
    assert not {*cluster.pids} & {*empty.pids}
    assert [None, None] == [started_at(pid) for pid in cluster.pids]


def test_dead_service_is_replaced(directory: Path) -> None:
    """When only the service in front died, up mends it and the data are there."""
    cluster = start(directory)
    put_document(cluster)
    os.kill(cluster.pids[1], signal.SIGKILL)

    mended = start(directory)

    assert has_document(mended)
    assert status(directory).running


def test_busy_port_is_a_clear_error(directory: Path) -> None:
    """A port that somebody has is told with the process that has it, and nothing is left running."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]

        with pytest.raises(LocalError, match=f"port {port} is in use") as caught:
            start(directory, port=port)

    assert f"pid {os.getpid()}" in caught.value.why
    assert not status(directory).running


def test_port_that_was_asked_for_is_used(directory: Path) -> None:
    """up on a port of one's own choosing is reachable there."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    cluster = start(directory, port=port)

    assert f"http://127.0.0.1:{port}" == cluster.url
    assert answers(f"{cluster.url}/_cluster/health")


def test_two_clusters_side_by_side(directory: Path, tmp_path: Path) -> None:
    """Clusters of two folders share nothing but the program."""
    first = start(directory)
    put_document(first)
    other = tmp_path / "other"
    try:
        second = start(other)

        assert first.url != second.url
        assert not has_document(second)
        assert 2 == len(down(other))
        assert has_document(first)
    finally:
        down(other)


def test_works_from_any_working_directory(directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative folder is meant from where up was called; down from elsewhere finds it by its full name."""
    monkeypatch.chdir(tmp_path)
    cluster = start(Path("cluster"))

    monkeypatch.chdir("/")

    assert directory == cluster.directory
    assert status(directory).running
    assert 2 == len(down(directory))
