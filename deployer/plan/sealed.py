"""JSON files that hold a digest of themselves, in one form only, so that a byte that is changed never goes unseen.

A digest is no signature: it tells changes, not forgers. Who can write such a file can write a digest too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from deployer.plan.canonical import digest


class BrokenError(ValueError):
    """What was read is not what was written; its text says how."""


def sealed(body: Mapping[str, Any], **after: Any) -> bytes:
    """The bytes of a file with this content, and `after` behind its digest."""
    return _bytes({**body, "digest": digest(body), **after})


def parsed(data: bytes) -> dict[str, Any]:
    """The value of a file that says of which format it is, whole or not. BrokenError if it is none."""
    try:
        value = json.loads(data)
        if isinstance(value, dict) and "format_version" in value and "digest" in value:
            return value
    except (ValueError, RecursionError):
        pass
    raise BrokenError("it is no JSON of such a file")


def opened(value: Mapping[str, Any], data: bytes | None, *after: str) -> dict[str, Any]:
    """The content of a file that was `parsed`, without its digest and what stands behind it. BrokenError if it was changed.

    Without `data`, of a value that was taken out of another file, only the digest is compared.
    """
    body = {key: inner for key, inner in value.items() if key not in ("digest", *after)}
    try:
        behind = {key: value[key] for key in after if key in value}
        whole = value.get("digest") == digest(body) if data is None else sealed(body, **behind) == data
    except (ValueError, RecursionError, TypeError):
        whole = False
    if not whole:
        raise BrokenError("its digest does not fit its content")
    return body


def _bytes(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(value, indent=1, ensure_ascii=True, allow_nan=False) + "\n").encode("ascii")
