"""A folder of remembered results, found by the digest of what they were made from.

Entries are JSON behind a digest of themselves, so a file that was cut short, altered or renamed counts as absent; they are
written beside their place and moved there, so concurrent runs see whole ones only. Nothing depends on the folder: without
it everything is read and rendered. It is the user's own (mode 0700, outside of every repository): a pull request must not
be able to bring remembered results along.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import stat
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

KEPT = 30 * 86400.0
"""Seconds after its last use that an entry is removed."""

DAY = 86400.0
_HEADER = 65


@dataclass(frozen=True, slots=True)
class Store:
    """Entries in one folder."""

    folder: Path

    def get(self, key: str) -> Any:
        """The value remembered under a key, or None."""
        path = self.folder / key
        try:
            raw = path.read_bytes()
            if raw[:_HEADER] != _seal(key, raw[_HEADER:]):
                return None
            if time.time() - path.stat().st_mtime > DAY:
                os.utime(path)
            return json.loads(raw[_HEADER:])
        except (OSError, ValueError):
            return None

    def put(self, key: str, value: Mapping[str, Any]) -> None:
        """Remember a JSON value. A folder that cannot be written to remembers nothing."""
        payload = json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8", "surrogatepass")
        beside = self.folder / f"{key}.{os.getpid()}.{secrets.token_hex(4)}"
        try:
            beside.write_bytes(_seal(key, payload) + payload)
            beside.replace(self.folder / key)
        except OSError:
            with suppress(OSError):
                beside.unlink()

    def tidy(self) -> None:
        """Remove what was not used for a month, and what killed runs left behind."""
        now = time.time()
        with suppress(OSError):
            for path in self.folder.iterdir():
                with suppress(OSError):
                    age = now - path.stat().st_mtime
                    if age > KEPT or ("." in path.name and age > DAY):
                        path.unlink()


def open_store(folder: Path) -> Store | None:
    """The store in a folder, which is made if need be; None if it is not the user's own, or cannot be made."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        status = folder.lstat()
    except OSError:
        return None
    mine = status.st_uid == os.geteuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return Store(folder) if mine and stat.S_ISDIR(status.st_mode) else None


def default_folder(environment: Mapping[str, str]) -> Path | None:
    """``$XDG_CACHE_HOME/detection-deployer``, or ``~/.cache/detection-deployer``; None where there is no home."""
    given = environment.get("XDG_CACHE_HOME", "")
    if given and Path(given).is_absolute():
        return Path(given) / "detection-deployer" / "rendered"
    home = environment.get("HOME", "")
    return Path(home) / ".cache" / "detection-deployer" / "rendered" if home and Path(home).is_absolute() else None


def _seal(key: str, payload: bytes) -> bytes:
    return hashlib.sha256(key.encode("ascii") + b"\n" + payload).hexdigest().encode("ascii") + b"\n"
