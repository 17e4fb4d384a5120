"""Schedules in the Alerting plugin's words, and the longest time between two runs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from deployer.model import durations


def body(schedule: Mapping[str, str]) -> dict[str, Any]:
    """`schedule` as the plugin takes it."""
    if "cron" in schedule:
        return {"cron": {"expression": schedule["cron"], "timezone": schedule["timezone"]}}
    length = durations.seconds(schedule["interval"])
    for unit, size in (("HOURS", 3600), ("MINUTES", 60)):
        if length % size == 0:
            return {"period": {"interval": length // size, "unit": unit}}
    return {"period": {"interval": length, "unit": "SECONDS"}}


def longest_gap(schedule: Mapping[str, str]) -> int:
    """The longest time between two runs, in seconds.

    Of a cron expression it is measured over two years and at least three runs from a fixed day, in its own zone, so
    that daylight-saving changes and leap days count. ValueError if the expression cannot be read or never fires.
    """
    if "interval" in schedule:
        return durations.seconds(schedule["interval"])
    return _longest_gap(schedule["cron"], schedule["timezone"])


@lru_cache(1_000)
def _longest_gap(cron: str, timezone: str) -> int:
    try:
        zone = ZoneInfo(timezone)
        start = datetime(2024, 1, 1, tzinfo=zone)
        runs = CronSim(cron, start)
        end, previous, longest, seen = start + timedelta(days=731), None, timedelta(), 0
        for run in runs:
            moment = run.astimezone(UTC)
            if previous is not None:
                longest = max(longest, moment - previous)
            previous, seen = moment, seen + 1
            if seen > 3 and (run > end or seen > 20_000):
                break
    except (CronSimError, KeyError, OSError, ValueError) as error:
        raise ValueError(f"'{cron:.60}' in '{timezone:.60}' is no schedule: {error!s:.100}") from error
    if seen < 3:
        raise ValueError(f"'{cron:.60}' hardly ever fires")
    return int(longest.total_seconds())


def run_times(schedule: Mapping[str, str], start: int, end: int) -> list[int]:
    """The times of the runs after `start` up to `end`, and before them the last one up to `start`; epoch seconds, ascending.

    Intervals are counted from the epoch, because a monitor that is not deployed has no phase of its own yet.
    """
    if "interval" in schedule:
        length = durations.seconds(schedule["interval"])
        return list(range(start // length * length, end + 1, length))
    zone = ZoneInfo(schedule["timezone"])
    begin = datetime.fromtimestamp(start - longest_gap(schedule) - 60, zone)
    times: list[int] = []
    for run in CronSim(schedule["cron"], begin):
        moment = int(run.timestamp())
        if moment > end:
            break
        if moment <= start:
            times.clear()
        times.append(moment)
    return times
