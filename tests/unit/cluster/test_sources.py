"""How a log source is judged from its last event."""

from __future__ import annotations

import pytest

from deployer.cluster.health import LastEvent
from deployer.cluster.status import Place, heard

NOW = 1_800_000_000_000
HOUR = 3600


@pytest.mark.parametrize(
    ("hours", "known", "own", "asked", "silent"),
    [
        (2, True, 1, None, True),
        (2, True, 3, None, False),
        (2, True, None, None, False),
        (2, True, 1, 3, False),
        (2, True, 3, 1, True),
        (None, True, 1, None, False),
        (None, True, 1, 1, True),
        (None, False, 1, 1, False),
        (-1, True, 1, None, False),
    ],
)
def test_a_source_is_silent_by_its_own_limit_or_the_one_asked_for(
    hours: int | None, known: bool, own: int | None, asked: int | None, silent: bool
) -> None:
    """Its own limit tells of one that stopped; one that never sent counts only if a limit was asked for; what cannot be read never does."""
    last = LastEvent(None if hours is None else NOW - hours * HOUR * 1000, known)
    place = Place("logs-*", {}, None if own is None else own * HOUR)

    found = heard("x", place, last, NOW, None if asked is None else asked * HOUR)

    assert silent is found.silent
