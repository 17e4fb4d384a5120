"""Files that a run leaves behind: whole or not at all, and where they are private, for this user only."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

PRIVATE = 0o600


def write_whole(path: Path, data: bytes, mode: int | None = None) -> None:
    """Write a file, in the place of one that is there; with `mode` it has exactly that, whatever the umask or that one had.

    It is written beside its place and moved there, so nobody ever reads half of it, nor with wider rights. Raises OSError.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666 if mode is None else mode)
        with os.fdopen(descriptor, "wb") as file:
            if mode is not None:
                os.fchmod(descriptor, mode)
            file.write(data)
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
