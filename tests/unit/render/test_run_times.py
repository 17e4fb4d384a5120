"""The times at which a schedule runs."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from deployer.render.schedules import run_times


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("schedule", "start", "end", "expected"),
    [
        ({"interval": "15m"}, "2026-03-02T10:05", "2026-03-02T10:45", ["10:00", "10:15", "10:30", "10:45"]),
        ({"interval": "15m"}, "2026-03-02T10:15", "2026-03-02T10:31", ["10:15", "10:30"]),
        ({"cron": "20 * * * *", "timezone": "UTC"}, "2026-03-02T10:05", "2026-03-02T11:20", ["09:20", "10:20", "11:20"]),
        ({"cron": "0 12 * * *", "timezone": "Asia/Kolkata"}, "2026-03-02T00:00", "2026-03-02T23:00", ["06:30", "06:30"]),
        # The clock of Berlin jumps from 02:00 to 03:00 on that day.
        ({"cron": "0 6 * * *", "timezone": "Europe/Berlin"}, "2026-03-29T00:00", "2026-03-29T12:00", ["05:00", "04:00"]),
    ],
)  # fmt: skip
def test_the_last_run_before_and_all_within(
    schedule: dict[str, str], start: str, end: str, expected: list[str]
) -> None:
    """The first is the run that the period found done; a run at its very end counts."""
    times = run_times(schedule, at(start), at(end))

    assert expected == [datetime.fromtimestamp(time, UTC).strftime("%H:%M") for time in times]
    assert times[0] <= at(start) < times[1]
