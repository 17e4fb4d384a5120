"""Time windows as spans of days and minutes."""

from __future__ import annotations

from deployer.render.times import spans


def test_a_window_over_midnight_belongs_to_the_day_it_starts_on() -> None:
    """22:00 to 04:00 on Sunday is the end of Sunday and the beginning of Monday."""
    value = {"timezone": "UTC", "windows": [{"days": ["sun"], "from": "22:00", "to": "04:00"}]}

    assert [7, 1320, 1440, 1, 0, 240] == spans(value)


def test_a_window_within_a_day_is_one_span() -> None:
    """08:30 to 24:00 stays on its days."""
    value = {"timezone": "UTC", "windows": [{"days": ["mon", "tue"], "from": "08:30", "to": "24:00"}]}

    assert [1, 510, 1440, 2, 510, 1440] == spans(value)
