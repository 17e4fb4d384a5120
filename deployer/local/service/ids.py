"""Ids in the forms the plugins give them."""

from __future__ import annotations

import base64
import os
import uuid
from datetime import UTC, datetime

from deployer.local.service.errors import illegal_argument

_ID_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/_-")


def short_id() -> str:
    """Gives an id for a trigger, an action or a channel: 20 characters of base64."""
    while True:
        text = base64.urlsafe_b64encode(os.urandom(15)).decode("ascii")
        # Such an id should be told from a word.
        if any(c.isupper() for c in text) and any(c.islower() for c in text) and any(c.isdigit() for c in text):
            return text


def long_id() -> str:
    """Gives an id for an alert, a finding or a query: a UUID."""
    return str(uuid.uuid4())


def execution_id(job_id: str) -> str:
    """Gives the id of one run of a monitor or workflow: its id, the time and a UUID."""
    now = datetime.now(UTC).replace(tzinfo=None)
    return f"{job_id}_{now.isoformat()}_{uuid.uuid4()}"


def check_id(text: str) -> None:
    """Raises ServerError for a text that cannot be an id."""
    odd = "".join(c for c in text if c not in _ID_CHARACTERS)
    if odd or not text.strip():
        raise illegal_argument(f"Invalid characters in id : {odd}")
