"""Windows over slots of time, against the plain way: look at every run's events."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.replay.conditions import ConditionError, parse
from deployer.replay.windows import Grid, Slot, alerting

KINDS = {"count": "sum", "first": "min", "last": "max", "kinds": "distinct"}


def holds(values: Any) -> bool:
    """Something that depends on all kinds of metrics."""
    ordered = values["first"] is not None and values["last"] is not None and values["first"] <= values["last"]
    return values["count"] >= 2 and (ordered or values["kinds"] >= 2)


@given(
    st.lists(st.tuples(st.integers(0, 60), st.sampled_from([None, 1, 5]), st.sampled_from([None, 3, 4]), st.sets(st.sampled_from("abc")))),
    st.sampled_from([(1, 1), (2, 3), (2, 6), (5, 5), (6, 9)]),
)  # fmt: skip
def test_spans_are_those_that_looking_at_every_run_gives(
    events: list[tuple[int, int | None, int | None, set[str]]], form: tuple[int, int]
) -> None:
    """Whatever the events, the interval and the look-back: a run sees what is later than its start, up to itself."""
    interval, look_back = form
    width = math.gcd(interval, look_back)
    times = list(range(10 // interval * interval, 51, interval))
    slots: dict[int, list[Any]] = {}
    for event in events:
        slots.setdefault((event[0] - 1) // width * width, []).append(event)
    made = [
        Slot(
            start,
            (
                len(own),
                min((e[1] for e in own if e[1] is not None), default=None),
                max((e[2] for e in own if e[2] is not None), default=None),
                set().union(*(e[3] for e in own)),
            ),
        )
        for start, own in sorted(slots.items())
    ]

    expected = []
    for at in times:
        seen = [event for event in events if at - look_back < event[0] <= at]
        values = {
            "count": len(seen),
            "first": min((e[1] for e in seen if e[1] is not None), default=None),
            "last": max((e[2] for e in seen if e[2] is not None), default=None),
            "kinds": len(set().union(*(e[3] for e in seen))),
        }
        expected.append(bool(seen) and holds(values))
    spans = alerting(made, Grid(times, look_back, width), KINDS, holds)
    assert expected == [any(start <= number < end for start, end in spans) for number in range(len(times))]
    assert all(end < start for (_, end), (start, _) in pairwise(spans)), "spans do not touch"


@pytest.mark.parametrize(
    ("source", "values", "expected"),
    [
        ("params.count >= params.threshold", {"count": 3, "threshold": 3}, True),
        ("params.count >= 4", {"count": 3}, False),
        ("params.count>=2&&params.distinct>=2", {"count": 3, "distinct": 1}, False),
        ("params.a != null && params.b != null && params.a <= params.b", {"a": None, "b": 1}, False),
        ("params.a == null || params.a < 1.5", {"a": 1}, True),
        ("(params.a > 1 || params.b > 1) && params.c != 0", {"a": 0, "b": 2, "c": 1}, True),
        ("params.a > 1 || params.b > 1 && params.c > 1", {"a": 2, "b": 0, "c": 0}, True),
    ],
)
def test_comparisons_are_read(source: str, values: dict[str, Any], expected: bool) -> None:
    """As painless would: `&&` binds before `||`, and what stands behind a false part is not looked at."""
    condition = parse(source)

    assert condition is not None
    assert expected is condition(values)


@pytest.mark.parametrize(
    "source",
    ["", "return params.a > 1", "params.a + 1 > 2", "Math.max(params.a, 1) > 2", "params.a > 1 &&", "(params.a > 1", "params.a > 1)", "params.a", "doc['x'].value > 1", "params.a >= params.b >= 1", "!params.a"],
)  # fmt: skip
def test_what_is_more_than_comparisons_is_not_read(source: str) -> None:
    """Better to ask the server at each run than to guess."""
    assert parse(source) is None


def test_a_missing_metric_that_is_compared_is_an_error() -> None:
    """The server's script would fail there, and alert on nothing."""
    condition = parse("params.a > 1")

    assert condition is not None
    with pytest.raises(ConditionError):
        condition({"a": None})
