"""One deploy at a time: a document that only one can create (promise 23)."""

from __future__ import annotations

import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from deployer.cluster import Cluster
from deployer.cluster.errors import AnswerError, LostAnswerError
from deployer.cluster.records import INDEX
from deployer.model.errors import ClusterError, RefusedError

POLL = 1.0
"""Seconds between two attempts to get a lock that somebody holds."""


class LockedError(RefusedError):
    """Somebody else deploys, or died doing so."""

    code = "locked"


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock: a person, a host, a process there, since when (ISO 8601, UTC)."""

    who: str
    host: str
    pid: int
    since: str

    def __str__(self) -> str:
        return f"{self.who} on {self.host} (process {self.pid}) since {self.since}"

    @property
    def dead(self) -> bool:
        """Whether the process is known to be gone; only knowable on its own host."""
        if self.host != socket.gethostname():
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except OSError:
            return False
        return False


@contextmanager
def locked(
    cluster: Cluster,
    deployment: str,
    me: Holder,
    *,
    wait: float,
    break_it: bool,
    stop: threading.Event,
    progress: Callable[[str], None],
) -> Iterator[None]:
    """Hold the deployment's lock. Waits up to `wait` seconds for another holder, then raises LockedError.

    With `break_it`, a lock that is held is broken first. The index of records must exist.
    """
    token = secrets.token_hex(8)
    path = f"/{INDEX}/_doc/lock:{deployment}"
    source = {
        "type": "lock",
        "deployment": deployment,
        "who": me.who,
        "host": me.host,
        "pid": me.pid,
        "at": me.since,
        "token": token,
    }
    if break_it:
        _break(cluster, path, progress)
    _acquire(cluster, path, source, deployment, wait, stop, progress)
    try:
        yield
    finally:
        _release(cluster, path, token, progress)


def _acquire(
    cluster: Cluster,
    path: str,
    source: Mapping[str, Any],
    deployment: str,
    wait: float,
    stop: threading.Event,
    progress: Callable[[str], None],
) -> None:
    deadline, told = time.monotonic() + wait, False
    while True:
        held = _try(cluster, path, source)
        if held is None:
            return
        holder = Holder(held["who"], held["host"], held["pid"], held["at"])
        if time.monotonic() >= deadline or stop.is_set() or holder.dead:
            raise LockedError(
                f"another deploy of {deployment} holds the lock: {holder}",
                why="its process is gone: it was killed" if holder.dead else f"waited {wait:g} s for it",
                todo="Wait for it to end; if it is dead, run again with --break-lock.",
            )
        if not told:
            progress(f"waiting for the lock, which {holder} holds")
            told = True
        stop.wait(min(POLL, max(0.05, deadline - time.monotonic())))


def _try(cluster: Cluster, path: str, source: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """None if the lock is ours now, else what it says of its holder."""
    try:
        # Safe: a repetition that is refused finds its own token.
        cluster.request("PUT", path, source, {"op_type": "create"}, safe=True)
    except (AnswerError, LostAnswerError) as error:
        if error.status not in (409, None):
            raise
        found = _read(cluster, path)
        if found is None:
            return _try(cluster, path, source)
        held: Mapping[str, Any] = found["_source"]
        return None if held.get("token") == source["token"] else held
    return None


def _read(cluster: Cluster, path: str) -> Any:
    try:
        return cluster.request("GET", path)
    except AnswerError as error:
        if error.status == 404:
            return None
        raise


def _break(cluster: Cluster, path: str, progress: Callable[[str], None]) -> None:
    found = _read(cluster, path)
    if found is None:
        return
    held = found["_source"]
    progress(f"breaking the lock of {Holder(held['who'], held['host'], held['pid'], held['at'])}")
    _delete(cluster, path, found)


def _release(cluster: Cluster, path: str, token: str, progress: Callable[[str], None]) -> None:
    try:
        found = _read(cluster, path)
        if found is not None and found["_source"].get("token") == token:
            _delete(cluster, path, found)
    except ClusterError as error:
        progress(f"the lock could not be released ({error}); the next deploy needs --break-lock")


def _delete(cluster: Cluster, path: str, found: Mapping[str, Any]) -> None:
    params = {"if_seq_no": found["_seq_no"], "if_primary_term": found["_primary_term"]}
    try:
        cluster.request("DELETE", path, params=params)
    except AnswerError as error:
        if error.status not in (404, 409):
            raise
