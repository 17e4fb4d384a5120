"""Time windows (days, hours, zone) as a script query.

The wall clock of a zone is the one thing that query DSL cannot see; a script query with the zone as a parameter is
right across midnight and both daylight-saving changes, and cheap behind a time range (FACTS.md, "Query traps").
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deployer.catalogue.tunables import DAYS, minute_of_day

SOURCE = (
    "if (doc[params.field].size() == 0) return false; "
    "ZonedDateTime at = doc[params.field].value.withZoneSameInstant(ZoneId.of(params.zone)); "
    "int day = at.getDayOfWeek().getValue(); int minute = at.getHour() * 60 + at.getMinute(); "
    "boolean within = false; "
    "for (int i = 0; i < params.spans.length; i += 3) "
    "{ if (params.spans[i] == day && minute >= params.spans[i + 1] && minute < params.spans[i + 2]) { within = true; } } "
    "return within == params.inside;"
)


def spans(value: Mapping[str, Any]) -> list[int]:
    """Windows as day (1 is Monday), first minute, end minute, day, ...: a window over midnight is cut in two, and its second part lies on the next day."""
    result: list[int] = []
    for window in value["windows"]:
        begin, end = minute_of_day(str(window["from"])) or 0, minute_of_day(str(window["to"])) or 0
        for name in window["days"]:
            day = DAYS.index(name) + 1
            if begin < end:
                result += [day, begin, end]
            else:
                result += [day, begin, 1440]
                if end > 0:
                    result += [day % 7 + 1, 0, end]
    return result


def query(field: str, value: Mapping[str, Any], *, inside: bool) -> dict[str, Any]:
    """Events whose time lies inside (or outside) the windows; an event without a time is neither."""
    return {
        "script": {
            "script": {
                "lang": "painless",
                "source": SOURCE,
                "params": {"field": field, "zone": value["timezone"], "spans": spans(value), "inside": inside},
            }
        }
    }
