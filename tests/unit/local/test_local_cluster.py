"""What `up` does when something goes wrong, with stand-ins for Java and the server."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from deployer.local import cluster as module
from deployer.local import down, status, up
from deployer.local.processes import alive
from deployer.local.state import Folder, State, claim, write_state
from deployer.model.errors import LocalError, RefusedError, UsageError

Start = Callable[[str], object]


@pytest.fixture
def fake_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_jdk: Callable[..., Path]
) -> Callable[[str], None]:
    """Sets what `java` does in place of the server; no home is built, and no container engine is asked."""
    monkeypatch.setenv("DEPLOYER_LOCAL", "service")
    monkeypatch.setattr(module, "build_home", lambda *_, **__: tmp_path / "home")
    monkeypatch.setattr(module, "require_extra", lambda: None)

    def set_server(body: str) -> None:
        monkeypatch.setenv("DEPLOYER_JAVA_HOME", str(make_jdk("jdk", "25", java=body)))

    return set_server


def test_server_that_dies_leaves_nothing(fake_server: Callable[[str], None], tmp_path: Path) -> None:
    """A server that ends while starting is an error with its last words, and no cluster is recorded."""
    fake_server("echo 'BindException: unlucky'; exit 3")

    with pytest.raises(LocalError, match="node ended while starting") as caught:
        up(tmp_path / "c", port=0, progress=lambda _: None)

    assert "unlucky" in caught.value.why
    assert "stopped" == status(tmp_path / "c").health
    assert [] == down(tmp_path / "c")


def test_interrupt_leaves_nothing_running(
    fake_server: Callable[[str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C while waiting stops the node that was started."""
    fake_server("exec sleep 60")
    seen = []

    def interrupted(node: module.LocalCluster, *_: object, **__: object) -> str:
        seen.append(node)
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "wait_for_node", interrupted)

    with pytest.raises(KeyboardInterrupt):
        up(tmp_path / "c", port=0, progress=lambda _: None)

    (node,) = seen
    assert not alive(node)  # type: ignore[arg-type]
    assert not status(tmp_path / "c").pids


def test_busy_port_is_found_before_anything_starts(fake_server: Callable[[str], None], tmp_path: Path) -> None:
    """A port that is taken is told with its owner, and Java is not started."""
    fake_server(f"touch {tmp_path}/was-started; exec sleep 60")
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]

        with pytest.raises(LocalError, match=f"port {port} is in use") as caught:
            up(tmp_path / "c", port=port, progress=lambda _: None)

    assert f"pid {os.getpid()}" in caught.value.why
    assert not (tmp_path / "was-started").exists()


def test_remains_of_another_boot_are_not_killed(tmp_path: Path, started: Start) -> None:
    """down of a record whose numbers belong to others now stops nothing, and forgets the record."""
    somebody = started("exec sleep 60")
    folder = Folder(tmp_path / "c")
    claim(folder)
    write_state(folder, State("service", "3.4.0", "512m", processes=(somebody,)))  # type: ignore[arg-type]
    record = json.loads(folder.record.read_text())
    record["processes"][0]["started"] = "another boot"
    folder.record.write_text(json.dumps(record))

    stopped = down(folder.root)

    assert [] == stopped
    assert alive(somebody)  # type: ignore[arg-type]
    assert not folder.record.exists()


def test_fresh_refuses_a_folder_of_something_else(tmp_path: Path) -> None:
    """fresh on a folder without our mark deletes nothing."""
    (tmp_path / "data").mkdir()

    with pytest.raises(RefusedError):
        up(tmp_path, port=0, fresh=True, progress=lambda _: None)

    assert (tmp_path / "data").is_dir()


def test_port_out_of_range_is_a_usage_error(tmp_path: Path) -> None:
    """A number that is no port is refused before anything is made."""
    with pytest.raises(UsageError):
        up(tmp_path / "c", port=70000, progress=lambda _: None)

    assert not (tmp_path / "c").exists()


def test_down_and_status_of_nothing(tmp_path: Path) -> None:
    """Where there never was a cluster, down stops nothing, status says stopped, and neither makes a folder."""
    assert [] == down(tmp_path / "c")
    assert (False, "stopped", ()) == (
        status(tmp_path / "c").running,
        status(tmp_path / "c").health,
        status(tmp_path / "c").logs,
    )
    assert not (tmp_path / "c").exists()


def test_missing_extra_says_what_to_install(
    fake_server: Callable[[str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the packages of the extra the error names them and the pip command."""
    monkeypatch.undo()
    monkeypatch.setenv("DEPLOYER_LOCAL", "service")
    monkeypatch.setattr("deployer.local.front._NEEDED", ("json", "no_such_package"))

    with pytest.raises(LocalError, match="lacks no_such_package") as caught:
        up(tmp_path / "c", port=0, progress=lambda _: None)

    assert "detection-deployer[local]" in caught.value.todo
