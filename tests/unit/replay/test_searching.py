"""Pages of buckets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from deployer.replay.searching import Reader


class Pages:
    """A cluster that answers one page after the other, and keeps what it was asked."""

    def __init__(self, pages: Sequence[tuple[list[int], int | None]]) -> None:
        self.pages, self.asked = list(pages), []  # type: ignore[var-annotated]

    def request(self, method: str, path: str, body: Any = None, params: Mapping[str, Any] | None = None) -> Any:
        self.asked.append(body["aggregations"]["x"]["composite"].get("after"))
        buckets, after = self.pages.pop(0)
        found = {"buckets": buckets} | ({} if after is None else {"after_key": after})
        return {"_shards": {"total": 3, "failed": len(self.pages)}, "aggregations": {"x": found}}


BODY = {"aggregations": {"x": {"composite": {"size": 2}}}}


def test_a_page_emptied_by_a_condition_is_not_the_last() -> None:
    """Only without a key to go on from is it; each page is asked for with the key of the one before."""
    cluster = Pages([([1], 10), ([], 20), ([2], 30), ([], None)])

    assert [1, 2] == list(Reader(cluster, ("a",), 30).buckets(BODY, "x"))
    assert [None, 10, 20, 30] == cluster.asked


def test_a_page_that_is_not_full_is_the_last_where_nothing_is_left_out() -> None:
    """That saves a search a monitor."""
    cluster = Pages([([1, 2], 10), ([3], 20), ([4], 30)])

    assert [1, 2, 3] == list(Reader(cluster, ("a",), 30).buckets(BODY, "x", 2))


def test_shards_that_did_not_answer_are_told() -> None:
    """What they hold is missing from the count; the same gap twice would be no news."""
    reader = Reader(Pages([([1], 10), ([2], 20), ([3], None)]), ("a",), 30)

    assert [1, 2, 3] == list(reader.buckets(BODY, "x"))
    assert [
        "2 of 3 shards did not answer: at least this many",
        "1 of 3 shards did not answer: at least this many",
    ] == reader.gaps
