"""Work on many things by several processes, where that is quicker and safe."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

MANY = 60
"""From so many things on: below, the processes take longer to start than they save."""

MOST = 4
"""Processes at once; each holds what it was forked with."""

T = TypeVar("T")
R = TypeVar("R")

_work: Callable[[int], Any] | None = None


def spread(work: Callable[[T], R], things: Sequence[T]) -> list[R]:
    """What `work` makes of each thing, in their order; what it raises, too.

    The processes are forks, so `work` may use whatever is in memory; what it makes must pickle, and what it changes is lost.
    One process does it where forks are not safe (other threads run; macOS), or a process of ours was killed.
    """
    processes = min(_processors(), MOST)
    if len(things) < MANY or processes < 2 or not _safe():
        return [work(thing) for thing in things]
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool
    from multiprocessing import get_context

    global _work
    _work = lambda number: work(things[number])  # noqa: E731 - found by the forks, to which it is not sent
    try:
        with ProcessPoolExecutor(processes, get_context("fork"), _deaf) as pool:
            return list(pool.map(_one, range(len(things)), chunksize=max(1, len(things) // (8 * processes))))
    except BrokenProcessPool:
        return [work(thing) for thing in things]
    finally:
        _work = None


def _one(number: int) -> Any:
    assert _work is not None
    return _work(number)


def _deaf() -> None:
    """Ctrl-C is for the process that waits; it ends the others."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _safe() -> bool:
    return sys.platform == "linux" and threading.active_count() == 1


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else 1
