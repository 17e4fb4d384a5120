"""Which files of a repository were saved, as it happens."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from deployer.catalogue.repository import PARTS

ENDINGS = (".yml", ".j2")
QUIET = 0.05
"""Seconds without a further change after which what was saved together is told."""

LONGEST = 0.4
"""Seconds after which it is told though something still changes."""

POLLED = 0.1
"""Seconds between two looks, where the operating system cannot be asked to tell."""

Seen = Mapping[str, tuple[int, int, int]]


def saves(root: Path) -> Iterator[frozenset[str]]:
    """The paths (below `root`) of the files that were saved, made or removed together, again and again, without an end.

    What is saved from this call on is told, however long the caller takes until it asks.
    """
    try:
        import watchfiles
    except ImportError:
        return polled(root)

    def ours(_: watchfiles.Change, path: str) -> bool:
        return path.endswith(ENDINGS)

    watching = watchfiles.watch(
        *(root / part for part in PARTS),
        watch_filter=ours,
        step=round(QUIET * 1000),
        debounce=round(LONGEST * 1000),
        rust_timeout=200,
        yield_on_timeout=True,
    )
    first = next(watching)  # it begins to watch when it is first asked
    return (
        frozenset(Path(path).relative_to(root).as_posix() for _, path in changes)
        for changes in itertools.chain([first], watching)
        if changes
    )


def polled(root: Path) -> Iterator[frozenset[str]]:
    """The same by looking at the files every tenth of a second."""
    return _polled(root, _look(root))


def _polled(root: Path, told: Seen) -> Iterator[frozenset[str]]:
    while True:
        time.sleep(POLLED)
        now = _look(root)
        if now == told:
            continue
        deadline = time.monotonic() + LONGEST
        while time.monotonic() < deadline:
            time.sleep(QUIET)
            before, now = now, _look(root)
            if now == before:
                break
        changed = frozenset(path for path in {*told, *now} if told.get(path) != now.get(path))
        told = now
        if changed:
            yield changed


def _look(root: Path) -> Seen:
    """When each file was written, how long it is, and which it is."""
    found = {}
    for part in PARTS:
        for path in (root / part).rglob("*"):
            if path.name.endswith(ENDINGS):
                try:
                    stat = path.stat()
                except OSError:
                    continue  # removed in between
                found[path.relative_to(root).as_posix()] = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
    return found
