"""Ports: free ones are found, and of a busy one its owner is named."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployer.local.ports import free_port, owner, require_free
from deployer.model.errors import LocalError


@pytest.fixture
def busy() -> Iterator[int]:
    """A port on 127.0.0.1 that this test listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_free_port_can_be_listened_on() -> None:
    """A port said to be free is one that require_free accepts."""
    port = free_port()

    require_free(port)

    assert 1024 <= port <= 65535


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="this system does not show who listens")
def test_busy_port_names_its_owner(busy: int) -> None:
    """The error for a busy port names the process that has it, and a way out."""
    with pytest.raises(LocalError, match=f"port {busy} is in use") as caught:
        require_free(busy)

    assert f"pid {os.getpid()} (" in caught.value.why
    assert "`deployer local down` there" in caught.value.todo
    assert "--port 9201" in caught.value.todo
    assert "cluster.hosts in environments/local.yml" in caught.value.todo


def test_port_of_a_listener_on_all_addresses_is_busy() -> None:
    """A server on 0.0.0.0 has the port of 127.0.0.1 too."""
    with socket.socket() as listener:
        listener.bind(("0.0.0.0", 0))
        listener.listen()

        with pytest.raises(LocalError, match="is in use"):
            require_free(listener.getsockname()[1])


def test_owner_is_unknown_where_the_system_does_not_tell(tmp_path: Path, busy: int) -> None:
    """Without /proc, and where another user's process hides its files, no owner is given and nothing fails."""
    (tmp_path / "net").mkdir()
    head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
    row = f"   0: 0100007F:{busy:04X} 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1\n"

    assert owner(busy, tmp_path / "nothing") == ""
    (tmp_path / "net" / "tcp").write_text(head + row)
    assert owner(busy, tmp_path) == ""


def test_connections_are_not_listeners(tmp_path: Path) -> None:
    """A connection from the port (state 01) does not make its process the owner."""
    (tmp_path / "net").mkdir()
    head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
    form = "   0: 0100007F:23F0 00000000:0000 {} 00000000:00000000 00:00000000 00000000     0        0 4711 1\n"
    (tmp_path / "7" / "fd").mkdir(parents=True)
    (tmp_path / "7" / "fd" / "3").symlink_to("socket:[4711]")
    (tmp_path / "7" / "cmdline").write_bytes(b"java\0-Xmx1g\0")

    (tmp_path / "net" / "tcp").write_text(head + form.format("01"))
    connected = owner(0x23F0, tmp_path)
    (tmp_path / "net" / "tcp").write_text(head + form.format("0A"))
    listening = owner(0x23F0, tmp_path)

    assert connected == ""
    assert listening == "pid 7 (java -Xmx1g) listens on it"
