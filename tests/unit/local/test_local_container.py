"""The official image under a container engine, against a fake engine: no real one has run it."""

from __future__ import annotations

import dataclasses
import threading
from pathlib import Path
from typing import Any

import pytest

from deployer.local import LocalCluster, down, status, up
from deployer.local.container import container_name, find_engine, run_command
from deployer.local.ports import free_port
from deployer.local.processes import Stopped
from deployer.local.state import Folder
from deployer.model.errors import LocalError, UsageError

Engine = Any


def start(directory: Path, **options: Any) -> LocalCluster:
    return up(directory, progress=lambda _: None, **{"port": 0, **options})


def test_image_is_bound_to_this_computer_only() -> None:
    """The container is reachable at 127.0.0.1 only, since its security is off."""
    command = run_command("docker", "name", 9200, "1g")

    assert "127.0.0.1:9200:9200" == command[command.index("--publish") + 1]
    assert "DISABLE_SECURITY_PLUGIN=true" in command
    assert "OPENSEARCH_JAVA_OPTS=-Xms1g -Xmx1g" in command
    assert "opensearchproject/opensearch:3.4.0" == command[-1]


def test_data_are_in_a_volume_of_the_folder(tmp_path: Path) -> None:
    """Two folders have two containers and volumes, the same folder always the same."""
    first, second = container_name(Folder(tmp_path / "a")), container_name(Folder(tmp_path / "b"))
    command = run_command("docker", first, 9200, "1g")

    assert first == container_name(Folder(tmp_path / "a"))
    assert first != second
    assert f"{first}:/usr/share/opensearch/data" == command[command.index("--volume") + 1]


def test_engine_that_does_not_answer_is_none(engine: Engine) -> None:
    """A docker command without its daemon is no container engine."""
    assert find_engine() is not None

    engine.answer(1)

    assert find_engine() is None


def test_up_status_down(engine: Engine, tmp_path: Path) -> None:
    """With an engine that answers, up runs a container, status shows it, down stops and removes it and keeps its data."""
    cluster = start(tmp_path / "c")
    running = status(tmp_path / "c")
    stopped = down(tmp_path / "c")
    after = status(tmp_path / "c")

    name = container_name(Folder(tmp_path / "c"))
    assert "container" == cluster.kind
    assert cluster.url == cluster.node_url == running.url
    assert (True, "green", 1, 2) == (running.running, running.health, running.heap_used, running.heap_max)
    assert [Stopped("container", name, forced=False)] == stopped
    assert (False, "stopped") == (after.running, after.health)
    assert [["rm", "--force", name]] * 2 == engine.calls("rm")
    assert [] == engine.calls("volume")


def test_up_twice_runs_one_container(engine: Engine, tmp_path: Path) -> None:
    """A running container is given again, whatever port the second call names."""
    first = start(tmp_path / "c")

    second = start(tmp_path / "c", port=free_port())

    assert first == second
    assert 1 == len(engine.calls("run"))


def test_two_at_once_run_one_container(engine: Engine, tmp_path: Path) -> None:
    """Of two calls at the same time one starts the cluster, the other waits for it and gets the same."""
    found: list[LocalCluster] = []
    callers = [threading.Thread(target=lambda: found.append(start(tmp_path / "c"))) for _ in range(2)]

    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(60)

    assert 2 == len(found)
    assert found[0] == found[1]
    assert 1 == len(engine.calls("run"))


def test_fresh_deletes_the_volume(engine: Engine, tmp_path: Path) -> None:
    """fresh stops the running container and deletes its data before it starts another."""
    start(tmp_path / "c")

    start(tmp_path / "c", fresh=True)

    assert 2 == len(engine.calls("run"))
    assert 1 == len(engine.calls("stop"))
    assert container_name(Folder(tmp_path / "c")) == engine.calls("volume")[-1][-1]


def test_engine_that_refuses_is_told_in_its_words(engine: Engine, tmp_path: Path) -> None:
    """What the engine says when it cannot start is the reason, and nothing is recorded as running."""
    (engine.state / "refuse").touch()

    with pytest.raises(LocalError, match="could not start") as caught:
        start(tmp_path / "c")

    assert "no space left on device" in caught.value.why
    assert not status(tmp_path / "c").running
    assert [] == down(tmp_path / "c")


def test_container_can_be_demanded(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DEPLOYER_LOCAL=container without an engine is an error, not a node of another kind."""
    engine.answer(1)
    monkeypatch.setenv("DEPLOYER_LOCAL", "container")

    with pytest.raises(LocalError, match="no container engine answers"):
        start(tmp_path / "c")


def test_nonsense_choice_is_a_usage_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DEPLOYER_LOCAL of another value is refused, naming the two that there are."""
    monkeypatch.setenv("DEPLOYER_LOCAL", "vm")

    with pytest.raises(UsageError) as caught:
        start(tmp_path / "c")

    assert "service or container" in caught.value.why


def test_cluster_is_a_frozen_value(engine: Engine, tmp_path: Path) -> None:
    """What up gives cannot be changed afterwards."""
    cluster = start(tmp_path / "c")

    with pytest.raises(dataclasses.FrozenInstanceError):
        cluster.url = "http://elsewhere"  # type: ignore[misc]
