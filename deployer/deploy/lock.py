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
from deployer.model.errors import AuthError, ClusterError, RefusedError

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
    def here(self) -> bool:
        """Whether it is a process of this host."""
        return self.host == socket.gethostname() and self.pid > 0

    @property
    def dead(self) -> bool:
        """Whether the process is known to be gone; only knowable on its own host."""
        if not self.here:
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except OSError:
            return False
        return False


@dataclass(frozen=True, slots=True)
class Held:
    """A deployment's lock as it stands on a cluster."""

    deployment: str
    holder: Holder
    found: Mapping[str, Any]


def read_lock(cluster: Cluster, deployment: str) -> Held | None:
    """Who holds the lock of a deployment, or None."""
    found = _read(cluster, _path(deployment))
    return None if found is None else Held(deployment, _holder(found["_source"]), found)


def unlock(cluster: Cluster, held: Held) -> None:
    """Take a lock away from whoever holds it.

    Raises LockedError if it is another one by now: that holder was not looked at.
    """
    if _delete(cluster, _path(held.deployment), held.found):
        return
    now = read_lock(cluster, held.deployment)
    if now is not None:
        raise LockedError(
            f"the lock of {held.deployment} has changed hands: {now.holder} holds it now",
            why="it was released and taken again since it was looked at",
            todo="Look again; that deploy may well be alive.",
        )


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
    path = _path(deployment)
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
        holder = _holder(held)
        if time.monotonic() >= deadline or stop.is_set() or holder.dead:
            raise LockedError(
                f"another deploy of {deployment} holds the lock: {holder}",
                why="its process is gone: it was killed" if holder.dead else f"waited {wait:g} s for it",
                todo="Wait for it to end; if it is dead, `deployer unlock` takes its lock, or run again with --break-lock.",
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
    progress(f"breaking the lock of {_holder(found['_source'])}")
    _delete(cluster, path, found)


def _release(cluster: Cluster, path: str, token: str, progress: Callable[[str], None]) -> None:
    try:
        found = _read(cluster, path)
        if found is not None and found["_source"].get("token") == token:
            _delete(cluster, path, found)
    except (ClusterError, AuthError) as error:
        progress(f"the lock could not be released ({error}); `deployer unlock` takes it away")


def _path(deployment: str) -> str:
    return f"/{INDEX}/_doc/lock:{deployment}"


def _holder(held: Mapping[str, Any]) -> Holder:
    pid = held.get("pid")
    who, host, at = (str(held.get(name) or "unknown") for name in ("who", "host", "at"))
    return Holder(who, host, pid if isinstance(pid, int) else 0, at)


def _delete(cluster: Cluster, path: str, found: Mapping[str, Any]) -> bool:
    """Delete the lock that was read; false if it is not that one any more."""
    params = {"if_seq_no": found["_seq_no"], "if_primary_term": found["_primary_term"]}
    try:
        cluster.request("DELETE", path, params=params)
    except AnswerError as error:
        if error.status not in (404, 409):
            raise
        return False
    return True
