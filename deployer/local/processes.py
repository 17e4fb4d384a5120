"""Processes of ours: started detached, known by more than their number, ended surely.

A process number is used again after a while, and after a reboot at once. So a process is remembered with the time it
started, as the kernel tells it, and is touched only if both still agree.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deployer.model.errors import LocalError

_POLL_S = 0.05
# How long the kernel may take to end what was killed.
_KILL_S = 10.0
# The child writes to a log and belongs to a session of its own; the shell in between ends at once, so the process is
# nobody's child here: it needs no waiting for, and outlives us.
_LAUNCHER = 'log=$1; shift; exec "$@" >>"$log" 2>&1 </dev/null & echo $!'


@dataclass(frozen=True, slots=True)
class Process:
    """A process we started: what it is for ("node", "service"), its number, when it started (opaque), its log."""

    role: str
    pid: int
    started: str
    log: Path


@dataclass(frozen=True, slots=True)
class Stopped:
    """A process or container that was ended; `forced` if it had to be killed."""

    role: str
    identity: str
    forced: bool


PASSED_ON = frozenset({"PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR", "VIRTUAL_ENV", "JAVA_HOME", "JAVA_TOOL_OPTIONS", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"})  # fmt: skip
"""The variables that what runs for days gets of the shell that started it (``LC_*`` and ``XDG_*`` too): others may be secrets."""


def launch(
    role: str, command: Sequence[str | Path], *, log: Path, cwd: Path, environ: Mapping[str, str] | None = None
) -> Process:
    """Starts `command` detached (own session, no terminal, output appended to `log`) and gives its identity.

    It gets `environ` (default: this process's variables), as far as `PASSED_ON` lets it through. Raises LocalError if it could not be started or ended at once.
    """
    launcher = subprocess.run(
        ["/bin/sh", "-c", _LAUNCHER, "sh", log, *command],
        cwd=cwd,
        env=_passed_on(os.environ if environ is None else environ),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        start_new_session=True,
    )
    pid = int(launcher.stdout)
    started = started_at(pid)
    if started is None:
        raise died(role, log)
    return Process(role, pid, started, log)


def _passed_on(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if name in PASSED_ON or name.startswith(("LC_", "XDG_"))}


def started_at(pid: int) -> str | None:
    """Gives an opaque text that tells this process from any other that had or will have its number; None if it ended.

    A process that ended and was not waited for (a zombie) counts as ended.
    """
    try:
        # proc(5): the second field, the name, may contain anything; after its last ")" come state, ..., start time.
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None if Path("/proc/self/stat").exists() else _started_by_ps(pid)
    if fields[0] in "ZX":
        return None
    # Ticks since the boot, so the boot belongs to it.
    boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return f"{boot} {fields[19]}"


def _started_by_ps(pid: int) -> str | None:
    """Answers for systems without /proc (macOS)."""
    command = ["ps", "-o", "stat=,lstart=", "-p", str(pid)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"})
    state, _, started = answer.stdout.strip().partition(" ")
    return None if not started or state.startswith("Z") else started.strip()


def alive(process: Process) -> bool:
    """Says whether that very process runs, not another under its number."""
    return started_at(process.pid) == process.started


def stop(process: Process, *, patience_s: float) -> Stopped | None:
    """Ends a process: SIGTERM, then after `patience_s` SIGKILL. Gives None if it was not running any more."""
    if not _send(process, signal.SIGTERM):
        return None
    identity = f"pid {process.pid}"
    if _ended(process, patience_s):
        return Stopped(process.role, identity, forced=False)
    _send(process, signal.SIGKILL)
    if not _ended(process, _KILL_S):
        raise LocalError(
            f"the {process.role} (pid {process.pid}) does not end",
            why="it survived SIGKILL, so the kernel holds it, most likely in a disk operation",
            todo=f"look at /proc/{process.pid}/status and the disk",
        )
    return Stopped(process.role, identity, forced=True)


def died(role: str, log: Path) -> LocalError:
    """Gives the error for a process that ended while starting, with the last lines it wrote."""
    return LocalError(f"the {role} ended while starting", why=last_lines(log), todo=f"see {log}")


def last_lines(log: Path, count: int = 15) -> str:
    """Gives the end of a log file, at most `count` lines and 4 kB, without the frames of Java stack traces."""
    try:
        with log.open("rb") as handle:
            handle.seek(0, os.SEEK_END)
            # A Java stack trace, whose first line is the one that counts, takes 10 kB easily.
            handle.seek(max(0, handle.tell() - 65536))
            text = handle.read().decode(errors="replace")
    except FileNotFoundError:
        return "it wrote nothing"
    lines = [line for line in text.strip().splitlines() if not line.startswith(("\tat ", "\t... "))]
    return "\n".join(lines[-count:])[-4096:] or "it wrote nothing"


def _send(process: Process, number: signal.Signals) -> bool:
    if not alive(process):
        return False
    try:
        os.kill(process.pid, number)
    except ProcessLookupError:
        return False
    except PermissionError as error:
        raise LocalError(
            f"the {process.role} (pid {process.pid}) belongs to another user",
            why="it was started under another account",
            todo="stop it as that user",
        ) from error
    return True


def _ended(process: Process, within_s: float) -> bool:
    deadline = time.monotonic() + within_s
    while alive(process):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)
    return True
