"""Windows and thresholds at their edges, and episodes: real monitors over mapped events, with the clock set by `period_end`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from deployer.model.environment import MonitorOverride
from tests import mapped
from tests.mapped import Site, Stored, stamp, store

pytestmark = pytest.mark.integration

PROMISE = (
    "An entity is alerted once an episode: while every run finds it, there is one alert and one message; "
    "after a run that does not find it, the next find is a new alert and a new message."
)

T = datetime(2026, 5, 4, 12, tzinfo=UTC)
"""The time of the last event of each host below."""

WINDOW, INTERVAL, ALLOWANCE = timedelta(minutes=10), timedelta(minutes=1), timedelta(minutes=2)
LOOK_BACK = WINDOW + INTERVAL + ALLOWANCE
"""Of AN0904's monitor `discovery`: its own window and schedule, and the ingest delay of linux.auditd."""

SEQUENCE_WINDOW = timedelta(minutes=30)
SEQUENCE_LOOK_BACK = SEQUENCE_WINDOW + INTERVAL + ALLOWANCE
SOURCE = "linux.auditd"
TUNABLES = {"ExecutionFrequencyThreshold": 3, "FrequencyWindow": "10m", "TimeWindow": "30m"}
MILLISECOND = timedelta(milliseconds=1)

# Three listings raise an alert. Times are before T, in the order in which they are indexed.
ALWAYS = {
    "as wide as the window": (WINDOW, WINDOW / 2, timedelta()),
    "out of order": (timedelta(), WINDOW, WINDOW / 2),
    "at the same time": (timedelta(), timedelta(), timedelta()),
}
NEVER = {
    "one too few": (timedelta(minutes=1), timedelta()),
    "as wide as the look-back": (LOOK_BACK, timedelta(minutes=1), timedelta()),
    "wider than the look-back": (LOOK_BACK + MILLISECOND, timedelta(minutes=1), timedelta()),
}
BETWEEN = {"wider than the window": (WINDOW + ALLOWANCE, timedelta(minutes=1), timedelta())}


def listing(host: str, at: datetime, command: str = "netstat -tulpn") -> dict[str, Any]:
    """A mapped event of the audit log: somebody lists connections, or what else the command does."""
    return {
        "@timestamp": stamp(at),
        "host": {"name": host},
        "user": {"name": "alice"},
        "process": {"command_line": command, "name": command.split()[0]},
    }


def follow_up(host: str, at: datetime) -> dict[str, Any]:
    return listing(host, at, "pkexec /bin/sh")


def every_phase(start: datetime, step: int = 1) -> list[datetime]:
    """The first run from `start` on, for every offset of the schedule: each second (or `step`) of an interval, and its last instant."""
    return [*(start + timedelta(seconds=second) for second in range(0, 60, step)), start + INTERVAL - MILLISECOND]


def turns(times: Iterable[datetime], look_back: timedelta) -> set[datetime]:
    """Every time at which what a run sees of these events can change: so what holds at these holds at any time."""
    return {at + step for at in times for step in (timedelta(), look_back - MILLISECOND, look_back)}


@pytest.fixture(scope="module")
def site(cluster_url: str, root: Path) -> Iterator[Site]:
    """The events of all tests about windows, each on hosts of its own."""
    with mapped.site(cluster_url, root, "AN0904", TUNABLES) as made:
        made.send(
            SOURCE,
            (
                listing(host, T - before)
                for group in (ALWAYS, NEVER, BETWEEN)
                for host, times in group.items()
                for before in times
            ),
        )
        yield made


def test_within_the_window_alerts_whatever_the_phase_of_the_schedule(site: Site) -> None:
    """Three listings within the window, the last arriving as late as allowed, alert in the first run after that, at every offset.

    Nothing wider than window, interval and allowance together does, nor two listings, nor what comes later than that.
    """
    body = site.body("discovery")
    late, too_late = "late by the allowance", "late by the whole look-back"
    arrival = T + ALLOWANCE
    site.send(SOURCE, (listing(late, T - before) for before in (WINDOW, WINDOW / 2)))
    site.send(SOURCE, (listing(too_late, T) for _ in range(2)))
    assert site.hosts(body, arrival - MILLISECOND) >= set(ALWAYS)
    assert site.hosts(body, arrival - MILLISECOND).isdisjoint({late, too_late})

    site.send(SOURCE, [listing(late, T), listing(too_late, arrival - LOOK_BACK)])

    for at in every_phase(arrival):
        assert {*ALWAYS, late} == site.hosts(body, at), at


def test_what_is_wider_or_less_never_alerts(site: Site) -> None:
    """Two listings, and three that are as wide as the look-back or wider, alert in no run at any time."""
    body = site.body("discovery")
    times = {T - before for group in NEVER.values() for before in group}

    for at in sorted(turns(times, LOOK_BACK)):
        assert site.hosts(body, at).isdisjoint(NEVER), at


def test_between_window_and_look_back_the_phase_decides(site: Site) -> None:
    """Listings further apart than the window alert exactly if a run falls between the last's arrival and the first's leaving the look-back."""
    body = site.body("discovery")
    ((host, times),) = BETWEEN.items()
    leaves = T - times[0] + LOOK_BACK

    assert host not in site.hosts(body, T - MILLISECOND)
    assert host in site.hosts(body, T)
    assert host in site.hosts(body, leaves - MILLISECOND)
    assert host not in site.hosts(body, leaves)


def test_a_sequence_holds_within_its_window_and_in_its_order(site: Site) -> None:
    """A listing and its follow-up as far apart as the window alert at every offset; further apart than the look-back, or reversed, never."""
    body = site.body("correlated")
    always = {"s wide": (SEQUENCE_WINDOW, timedelta()), "s same time": (timedelta(), timedelta())}
    never = {
        "s too wide": (SEQUENCE_LOOK_BACK, timedelta()),
        "s reversed": (timedelta(), MILLISECOND),
        "s reversed, wide": (timedelta(), SEQUENCE_WINDOW),
    }
    pairs = {**always, **never}
    # What came later is indexed first: the order of arrival does not count.
    site.send(SOURCE, (follow_up(host, T - second) for host, (_, second) in pairs.items()))
    site.send(SOURCE, (listing(host, T - first) for host, (first, _) in pairs.items()))

    for at in every_phase(T + ALLOWANCE, step=6):
        assert set(always) == site.hosts(body, at), at
    for at in sorted(turns({T - before for times in never.values() for before in times}, SEQUENCE_LOOK_BACK)):
        assert site.hosts(body, at).isdisjoint(never), at


@pytest.fixture
def stored(site: Site, request: pytest.FixtureRequest) -> Iterator[Stored]:
    """The monitor of the parameter (key and reminder), stored."""
    key, reminder = request.param
    with store(site, key, monitors={"AN0904": MonitorOverride(reminder=reminder)}) as made:
        yield made


@pytest.mark.parametrize("stored", [("discovery", None)], indirect=True)
def test_an_entity_is_alerted_once_an_episode(stored: Stored, root: Path) -> None:
    """While runs find it there is one alert and one message; after one that does not, the next is new: as the documentation promises."""
    assert PROMISE in " ".join((root / "docs/alerts.md").read_text("utf-8").replace("\n> ", " ").split())
    start = T + timedelta(days=1)
    host = "episodes"
    stored.site.send(SOURCE, (listing(host, start) for _ in range(3)))

    (first,) = stored.run(start)
    stored.site.send(SOURCE, [listing(host, start + INTERVAL)])
    rest = [message for number in range(1, 13) for message in stored.run(start + number * INTERVAL)]

    assert host in first
    assert [] == rest
    assert [(host, "ACTIVE", 4)] == stored.alerts()

    assert [] == stored.run(start + LOOK_BACK)
    assert [(host, "COMPLETED", 4)] == stored.alerts()

    again = start + 2 * LOOK_BACK
    stored.site.send(SOURCE, (listing(host, again) for _ in range(3)))
    (second,) = stored.run(again)
    assert host in second
    assert [] == stored.run(again + INTERVAL)
    assert [(host, "COMPLETED", 4), (host, "ACTIVE", 3)] == stored.alerts()


@pytest.mark.parametrize("stored", [("correlated", "2h")], indirect=True)
def test_a_reminder_comes_only_where_it_is_asked_for_and_only_after_its_time(stored: Stored) -> None:
    """An alert that goes on is told again after the reminder's time, as a reminder, and it stays one alert."""
    start = T + timedelta(days=2)
    host = "reminded"
    stored.site.send(SOURCE, [listing(host, start), follow_up(host, start + MILLISECOND)])

    (new,) = stored.run(start + INTERVAL)
    silent = stored.run(start + 2 * INTERVAL)
    stored.turn_back(hours=1)
    still_silent = stored.run(start + 3 * INTERVAL)
    stored.turn_back(hours=1)
    (reminder,) = stored.run(start + 4 * INTERVAL)
    after = stored.run(start + 5 * INTERVAL)

    assert ([], [], []) == (silent, still_silent, after)
    assert (False, True) == ("REMINDER" in new, "REMINDER" in reminder)
    assert host in reminder
    assert [(host, "ACTIVE", 2)] == stored.alerts()
