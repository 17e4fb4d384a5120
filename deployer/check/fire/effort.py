"""How much a rule may think about one monitor: comparing two conditions of a stranger's making can take for ever."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

STEPS = 100_000
"""Comparisons for one monitor; ours take some thousand, and so many a second."""

_left: ContextVar[list[int] | None] = ContextVar("effort left", default=None)


@contextmanager
def limited(steps: int = STEPS) -> Iterator[None]:
    """Whatever is compared within counts."""
    before = _left.set([steps])
    try:
        yield
    finally:
        _left.reset(before)


def spend(steps: int) -> bool:
    """Whether so many comparisons may still be made; what is not compared is not certain, and no finding."""
    left = _left.get()
    if left is None:
        return True
    left[0] -= steps
    return left[0] >= 0
