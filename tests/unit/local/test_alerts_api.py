"""What the alerting service makes of the alerts that a search finds."""

from __future__ import annotations

from deployer.local.service.alerts_api import once
from deployer.local.service.indices import ALERTS


def test_an_alert_that_is_just_moved_to_the_past_ones_counts_once() -> None:
    """A search between the refreshes of the two indices finds it in both: the past one stays, in its place."""
    hits = [{"_index": index, "_id": name} for index, name in ((ALERTS, "a"), ("past-1", "a"), (ALERTS, "b"), ("past-1", "c"))]  # fmt: skip

    found = once({"hits": hits, "total": {"value": 14, "relation": "eq"}})

    assert [("past-1", "a"), (ALERTS, "b"), ("past-1", "c")] == [(hit["_index"], hit["_id"]) for hit in found["hits"]]
    assert {"value": 13, "relation": "eq"} == found["total"]
