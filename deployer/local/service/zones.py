"""Time zones by the names java.time.ZoneId takes."""

from __future__ import annotations

import re
from datetime import UTC, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from deployer.local.service.errors import illegal_argument

_OFFSET = re.compile(r"([+-])(\d{1,2})(?::?(\d{2})(?::?(\d{2}))?)?")
_PREFIXED = re.compile(r"(UTC|GMT|UT)(?:([+-].+))?")


def zone_id(text: str) -> str:
    """Gives the zone's id as Java writes it (`+1` is `+01:00`). Raises ServerError if there is no such zone."""
    if text == "Z":
        return "Z"
    if text[:1] in ("+", "-"):
        return _offset_id(text, text)
    prefixed = _PREFIXED.fullmatch(text)
    if prefixed:
        if prefixed[2] is None:
            return text
        offset = _offset_id(prefixed[2], text)
        return prefixed[1] if offset == "Z" else prefixed[1] + offset
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9~/._+-]+", text):
        raise _unsupported(text)
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise _unsupported(text) from error
    return text


def zone_info(zone: str) -> tzinfo:
    """Gives the time zone of an id that `zone_id` gave."""
    if zone in ("Z", "UTC", "GMT", "UT"):
        return UTC
    match = re.fullmatch(r"(?:UTC|GMT|UT)?([+-])(\d\d):(\d\d)(?::(\d\d))?", zone)
    if match:
        seconds = int(match[2]) * 3600 + int(match[3]) * 60 + int(match[4] or 0)
        return timezone(timedelta(seconds=-seconds if match[1] == "-" else seconds))
    return ZoneInfo(zone)


def _offset_id(offset: str, text: str) -> str:
    match = _OFFSET.fullmatch(offset)
    # Java takes +h, +hh, +hh:mm, +hhmm, +hh:mm:ss and +hhmmss, up to 18 hours.
    if not match or (match[3] and len(match[2]) == 1):
        raise _unsupported(text)
    hours, minutes, seconds = int(match[2]), int(match[3] or 0), int(match[4] or 0)
    if minutes > 59 or seconds > 59 or hours * 3600 + minutes * 60 + seconds > 18 * 3600:
        raise _unsupported(text)
    if not (hours or minutes or seconds):
        return "Z"
    return f"{match[1]}{hours:02d}:{minutes:02d}" + (f":{seconds:02d}" if seconds else "")


def _unsupported(text: str) -> Exception:
    return illegal_argument(f"Timezone {text} is not supported")
