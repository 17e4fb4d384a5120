"""The node's command line, what it needs, and the limits that are raised on it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from deployer.local.java import Java
from deployer.local.node import command, heap_bytes, prepare, raise_limits, require_room, wait_for_node
from deployer.local.processes import Process
from deployer.local.state import Folder
from deployer.model.errors import LocalError

Start = Callable[[str], Process]


class FakeNode:
    """A server that answers by `answers` ("METHOD path" → status and body) and keeps what it was sent in `sent`."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, Any]] = {}
        self.sent: list[tuple[str, Any]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                request = f"{self.command} {self.path.partition('?')[0]}"
                outer.sent.append((request, json.loads(body) if body else None))
                status, value = outer.answers.get(request, (404, {}))
                content = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_PUT = answer  # noqa: N815

            def log_message(self, *_: object) -> None:
                """Tests are quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def fake_node() -> Iterator[FakeNode]:
    """A fake node that listens."""
    node = FakeNode()
    thread = threading.Thread(target=node.server.serve_forever, daemon=True)
    thread.start()
    yield node
    node.server.shutdown()
    node.server.server_close()
    thread.join()


def test_command_listens_on_this_computer_only(tmp_path: Path) -> None:
    """The node listens on 127.0.0.1, on ports of its own choosing, and says which in the ports file."""
    arguments = command(Java(tmp_path / "jdk", 25), tmp_path / "home", Folder(tmp_path), "512m")

    assert str(tmp_path / "jdk" / "bin" / "java") == arguments[0]
    assert {"-Enetwork.host=127.0.0.1", "-Ehttp.port=0", "-Etransport.port=0", "-Enode.portsfile=true"} <= {*arguments}
    assert {"-Xms512m", "-Xmx512m", f"-Epath.data={tmp_path}/data/node"} <= {*arguments}


def test_class_archives_of_two_javas_are_apart(tmp_path: Path) -> None:
    """A class archive fits one Java only, so two of them do not overwrite each other's."""
    archives = [
        {
            argument
            for argument in command(Java(tmp_path, version), tmp_path / "home", Folder(tmp_path), "512m")
            if argument.startswith("-XX:SharedArchiveFile=")
        }
        for version in (21, 25)
    ]

    assert archives[0]
    assert archives[0] != archives[1]


@pytest.mark.parametrize(("heap", "size"), [("512m", 512 * 2**20), ("256m", 2**28), ("2g", 2**31), ("1G", 2**30)])
def test_heap_sizes(heap: str, size: int) -> None:
    """A heap is written as the JVM takes it."""
    assert size == heap_bytes(heap)


@pytest.mark.parametrize("heap", ["", "512", "m", "128m", "0g", "1.5g", "512m -XX:OnError=sh", "-1g"])
def test_nonsense_heap_is_refused(heap: str) -> None:
    """Anything else, and less than the node can start with, is an error that shows the form."""
    with pytest.raises(LocalError, match="heap") as caught:
        heap_bytes(heap)

    assert "512m" in caught.value.todo


def test_too_little_memory_is_refused_beforehand(tmp_path: Path) -> None:
    """A start that the kernel would end by killing the node does not begin."""
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal:  8000000 kB\nMemFree:  1000 kB\nMemAvailable:     409600 kB\n")

    with pytest.raises(LocalError, match="400 MB of memory are free") as caught:
        require_room(Folder(tmp_path), "512m", meminfo)

    assert "812 MB" in caught.value.why


def test_enough_memory_passes(tmp_path: Path) -> None:
    """With enough, and where the system does not tell, nothing is raised."""
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemAvailable:     900000 kB\n")

    require_room(Folder(tmp_path), "512m", meminfo)
    require_room(Folder(tmp_path), "512m", tmp_path / "nothing")

    with pytest.raises(LocalError):
        require_room(Folder(tmp_path), "1g", meminfo)


def test_full_disk_is_refused_beforehand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is nearly full is said so before the start."""
    usage = type("usage", (), {"free": 100 * 2**20})
    monkeypatch.setattr("deployer.local.node.shutil.disk_usage", lambda _: usage)

    with pytest.raises(LocalError, match="100 MB are free on the disk"):
        require_room(Folder(tmp_path), "512m", tmp_path / "nothing")


def test_prepare_forgets_the_ports_of_the_last_run(tmp_path: Path) -> None:
    """An old ports file would lead to whoever has that port now."""
    folder = Folder(tmp_path)
    prepare(folder)
    (folder / "logs" / "http.ports").write_text("127.0.0.1:1")

    prepare(folder)

    assert not (folder / "logs" / "http.ports").exists()


def test_ready_when_it_listens_and_is_healthy(fake_node: FakeNode, started: Start, tmp_path: Path) -> None:
    """The address comes from the ports file, and counts once the health request is answered by 200."""
    folder = Folder(tmp_path)
    prepare(folder)
    node = started("exec sleep 60")
    (folder / "logs" / "http.ports").write_text(f"[::1]:1\n{fake_node.url.removeprefix('http://')}\n")
    fake_node.answers["GET /_cluster/health"] = (408, {"timed_out": True})
    turn = threading.Timer(0.3, lambda: fake_node.answers.update({"GET /_cluster/health": (200, {})}))
    turn.start()

    url = wait_for_node(node, folder, deadline=time.monotonic() + 10)

    assert fake_node.url == url
    assert len(fake_node.sent) > 1


def test_node_that_dies_is_told_with_its_last_words(started: Start, tmp_path: Path) -> None:
    """A node that ends while starting is an error at once, with what it wrote last."""
    folder = Folder(tmp_path)
    prepare(folder)
    node = started("sleep 0.2; echo 'java.lang.Error: unlucky'; exit 1")

    with pytest.raises(LocalError, match="node ended while starting") as caught:
        wait_for_node(node, folder, deadline=time.monotonic() + 30)

    assert "unlucky" in caught.value.why


def test_node_that_never_comes_is_given_up(started: Start, tmp_path: Path) -> None:
    """Waiting ends at the deadline."""
    folder = Folder(tmp_path)
    prepare(folder)

    with pytest.raises(LocalError, match="not ready in time"):
        wait_for_node(started("exec sleep 60"), folder, deadline=time.monotonic() + 0.3)


def test_limits_are_raised_for_the_contexts_the_node_has(fake_node: FakeNode) -> None:
    """Only contexts that the node knows are set: an unknown one would make it refuse them all."""
    fake_node.answers["GET /_script_context"] = (200, {"contexts": [{"name": "template"}, {"name": "score"}]})
    fake_node.answers["PUT /_cluster/settings"] = (200, {"acknowledged": True})

    raise_limits(fake_node.url)

    expected = {
        "script.context.template.max_compilations_rate": "2000/1m",
        "script.context.template.cache_max_size": 3000,
    }
    assert ("PUT /_cluster/settings", {"persistent": expected}) == fake_node.sent[-1]


def test_refused_settings_are_an_error(fake_node: FakeNode) -> None:
    """A node that refuses its settings would run few monitors and tell nobody, so it is an error."""
    fake_node.answers["GET /_script_context"] = (200, {"contexts": [{"name": "template"}]})
    fake_node.answers["PUT /_cluster/settings"] = (400, {"error": "unknown setting"})

    with pytest.raises(LocalError, match="refused its settings") as caught:
        raise_limits(fake_node.url)

    assert "unknown setting" in caught.value.why
