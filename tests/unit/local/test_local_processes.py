"""Processes of ours are started detached, recognised, and ended; others are never touched."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from deployer.local.processes import Process, Stopped, alive, last_lines, launch, started_at, stop
from deployer.model.errors import LocalError

Start = Callable[[str], Process]


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come to hold within 10 s"
        time.sleep(0.01)


def test_process_is_detached(started: Start) -> None:
    """What is started has a session of its own, so neither Ctrl-C nor a closed terminal reaches it."""
    process = started("exec sleep 60")

    assert alive(process)
    assert os.getsid(process.pid) != os.getsid(0)


def test_output_goes_to_the_log(started: Start) -> None:
    """Both streams of the process are in its log."""
    process = started("echo out; echo err >&2; exec sleep 60")

    wait_for(lambda: last_lines(process.log) == "out\nerr")


def test_promise_29_what_runs_for_days_has_no_secret_of_the_shell(started: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is started with the variables that it needs, and none that may be a password."""
    monkeypatch.setenv("OPENSEARCH_PASSWORD", "c4nary")

    process = started("env; echo end; exec sleep 60")
    wait_for(lambda: "end" in last_lines(process.log))

    told = Path(f"/proc/{process.pid}/environ")
    text = process.log.read_text() + (told.read_text() if told.exists() else "")
    assert "PATH=" in text
    assert "c4nary" not in text


def test_recycled_number_is_not_touched(started: Start) -> None:
    """A process of the same number that started at another time is somebody else's: not alive, and not killed."""
    somebody = started("exec sleep 60")
    remembered = dataclasses.replace(somebody, started="another boot 1")

    stopped = stop(remembered, patience_s=0)

    assert stopped is None
    assert not alive(remembered)
    assert alive(somebody)


def test_polite_process_ends_by_itself(started: Start) -> None:
    """SIGTERM is enough for a process that heeds it."""
    process = started("exec sleep 60")

    stopped = stop(process, patience_s=10)

    assert Stopped("test", f"pid {process.pid}", forced=False) == stopped
    assert not alive(process)


def test_deaf_process_is_killed(started: Start) -> None:
    """A process that ignores SIGTERM is killed when the patience is over, and that is said."""
    process = started("trap '' TERM; echo deaf; while :; do sleep 0.1; done")
    wait_for(lambda: last_lines(process.log) == "deaf")

    stopped = stop(process, patience_s=0.2)

    assert Stopped("test", f"pid {process.pid}", forced=True) == stopped
    assert not alive(process)


def test_stopping_what_ended_gives_nothing(started: Start) -> None:
    """Stopping twice is no error: the second has nothing to stop."""
    process = started("exec sleep 60")
    stop(process, patience_s=10)

    assert stop(process, patience_s=10) is None


def test_zombie_counts_as_ended() -> None:
    """A process that ended and that nobody waited for does not run."""
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        assert started_at(child.pid) is not None
        child.send_signal(signal.SIGKILL)

        # Waits for the end without collecting it.
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)

        assert started_at(child.pid) is None
    finally:
        assert child.stdin is not None
        child.stdin.close()
        child.wait()


def test_command_that_does_not_exist_is_told_in_the_log(tmp_path: Path) -> None:
    """A program that is not there ends at once, and its log says why."""
    log = tmp_path / "log"

    # It may have ended before it was first looked at: launch says so itself.
    with suppress(LocalError):
        process = launch("test", [tmp_path / "nothing"], log=log, cwd=tmp_path)
        wait_for(lambda: not alive(process))

    assert "nothing" in last_lines(log)


def test_last_lines_are_bounded(tmp_path: Path) -> None:
    """The end of a huge log is at most so many lines and 4 kB."""
    log = tmp_path / "log"
    log.write_text("".join(f"line {number}\n" for number in range(100_000)) + "x" * 10_000 + "\nlast")

    tail = last_lines(log, 3)

    assert tail.endswith("last")
    assert len(tail) <= 4096
    assert "line 99999" not in tail


def test_stack_frames_do_not_hide_the_exception(tmp_path: Path) -> None:
    """Of a Java stack trace the lines that say what happened are kept, the frames are not."""
    log = tmp_path / "log"
    frames = "\tat org.example.Deep.call(Deep.java:1)\n" * 200
    log.write_text(f"java.lang.Error: unlucky\n{frames}Caused by: java.io.IOException: no\n{frames}\t... 9 more\n")

    assert "java.lang.Error: unlucky\nCaused by: java.io.IOException: no" == last_lines(log)


def test_missing_log_is_said(tmp_path: Path) -> None:
    """Of a process that wrote nothing that is said."""
    assert last_lines(tmp_path / "none") == "it wrote nothing"
