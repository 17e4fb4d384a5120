"""Durations as people write them: ``90s``, ``5m``, ``24h``, ``7d``."""

from __future__ import annotations

import re

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
UNITS = "s (seconds), m (minutes), h (hours) and d (days)"
"""The units, for messages."""

_FORM = re.compile(r"(\d{1,7})([smhd])")


def seconds(text: str) -> int:
    """The length of a duration in seconds.

    Raises ValueError for anything but a whole number and one of the units s, m, h, d.
    """
    match = _FORM.fullmatch(text)
    if not match:
        raise ValueError(f"'{text}' is no duration; write a whole number and one of the units {UNITS}, such as 30m")
    return int(match[1]) * _UNITS[match[2]]


def whole_minutes(text: str, most: int = 24 * 3600) -> int:
    """A duration of whole minutes in seconds; ``0s`` is allowed. The Alerting plugin takes a throttle of up to a day.

    Raises ValueError for any other.
    """
    length = seconds(text)
    if length % 60 or length > most:
        raise ValueError(f"'{text}' is not in whole minutes up to {words(most)}; the server knows no other reminders")
    return length


def words(length: int) -> str:
    """A number of seconds as people write it, in the largest unit that divides it."""
    for unit in ("d", "h", "m"):
        if length and length % _UNITS[unit] == 0:
            return f"{length // _UNITS[unit]}{unit}"
    return f"{length}s"
