"""Ports on 127.0.0.1: which is free, and who has the one that is not."""

from __future__ import annotations

import errno
import socket
from pathlib import Path

from deployer.model.errors import LocalError

_LISTEN = "0A"  # the state column of /proc/net/tcp


def free_port() -> int:
    """Gives a port that nobody listens on now. Somebody may take it before it is used: the start then says so."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def require_free(port: int) -> None:
    """Raises LocalError if `port` cannot be listened on, naming the process that has it where the system tells."""
    with socket.socket() as probe:
        # As servers do: connections of a server that just ended do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError as error:
            raise LocalError(
                f"port {port} may not be used", why="ports below 1024 need rights", todo="choose another: --port 9200"
            ) from error
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            raise LocalError(
                f"port {port} is in use",
                why=owner(port) or "the system does not tell by whom",
                todo="stop that process (if it is the local cluster of another folder, by `deployer local down` there); "
                "or start on another port (deployer local up --port 9201, where 0 takes any free one) "
                "and set cluster.hosts in environments/local.yml to the address that it prints, because a deploy goes "
                "to whatever listens at the address there",
            ) from error


def owner(port: int, proc: Path = Path("/proc")) -> str:
    """Gives "pid 12 (java -Xmx1g ...) listens on it" by /proc; empty if that does not show it (another user's)."""
    sockets = {f"socket:[{inode}]" for table in ("tcp", "tcp6") for inode in _inodes(proc / "net" / table, port)}
    if not sockets:
        return ""
    for folder in proc.glob("[0-9]*/fd"):
        try:
            if not any(_link(entry) in sockets for entry in folder.iterdir()):
                continue
            command = (folder.parent / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            # Another user's, or ended meanwhile.
            continue
        return f"pid {folder.parent.name} ({command[:80]}) listens on it"
    return ""


def _link(entry: Path) -> str:
    try:
        return str(entry.readlink())
    except FileNotFoundError:
        # Closed since it was listed.
        return ""


def _inodes(table: Path, port: int) -> set[str]:
    try:
        lines = table.read_text(encoding="ascii").splitlines()[1:]
    except OSError:
        return set()
    rows = [line.split() for line in lines]
    return {row[9] for row in rows if row[3] == _LISTEN and int(row[1].rpartition(":")[2], 16) == port}
