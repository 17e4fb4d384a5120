"""The inventory is complete or the run stops (promise 18)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import stamina

from deployer.cluster import Cluster, monitors, read_monitors
from deployer.cluster.errors import AnswerError, IncompleteError
from deployer.cluster.facts import parse_rate, read_identity
from deployer.cluster.inventory import read_channels
from deployer.model.environment import Connection
from deployer.model.errors import ClusterError
from tests import deployments as made
from tests.faults import Reply, Request, serving

COUNTS = made.counted(5)


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    """Retries do not wait."""
    with stamina.set_testing(True, attempts=2):
        yield


def hits(*numbers: int, total: int, **answer: Any) -> dict[str, Any]:
    """An answer of the search with these monitors."""
    found = [
        {
            "_id": f"m{number}",
            "_seq_no": number,
            "_primary_term": 1,
            "_version": 1,
            "_source": dict(made.monitor("h-unit", f"XX{number:04}").body),
            "sort": [number],
        }
        for number in numbers
    ]
    shards = {"total": 1, "failed": 0}
    return {"_shards": shards, "hits": {"total": {"value": total}, "hits": found}, "aggregations": COUNTS, **answer}


def answering(*answers: Any) -> Callable[[Request], Reply]:
    """A script that gives one answer after the other, the last for ever."""
    left = list(answers)

    def script(request: Request) -> Reply:
        answer = left.pop(0) if len(left) > 1 else left[0]
        return answer if isinstance(answer, Reply) else Reply(200, answer)

    return script


def test_promise_18_small_pages_are_put_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """All pages make one inventory, each after the last hit of the one before."""
    monkeypatch.setattr(monitors, "PAGE", 2)
    with serving(answering(hits(1, 2, total=5), hits(3, 4, total=5), hits(5, total=5))) as (url, seen):
        lives, (present, _) = read_monitors(Cluster.connect(Connection((url,))), "h-unit")

    assert ["m1", "m2", "m3", "m4", "m5"] == [live.id for live in lives]
    assert 5 == present
    assert '"search_after": [4]' in seen[2].body


def test_promise_18_a_page_that_fails_stops_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error on the second page is an error, not a shorter inventory."""
    monkeypatch.setattr(monitors, "PAGE", 2)
    with serving(answering(hits(1, 2, total=5), Reply(500))) as (url, _), pytest.raises(AnswerError):
        read_monitors(Cluster.connect(Connection((url,))), "h-unit")


def test_promise_18_an_answer_cut_short_stops_the_run() -> None:
    """Fewer hits than the server says there are, time and again, is an error that names the numbers."""
    with serving(answering(hits(1, 2, total=5))) as (url, seen), pytest.raises(IncompleteError, match="only 2 of 5"):
        read_monitors(Cluster.connect(Connection((url,))), "h-unit")

    assert monitors.READINGS == len(seen)


def test_a_deletion_while_reading_is_no_error() -> None:
    """If somebody deletes a monitor between two readings, the second reading is complete."""
    with serving(answering(hits(1, 2, total=3), hits(1, 2, total=2))) as (url, _):
        lives, _counted = read_monitors(Cluster.connect(Connection((url,))), "h-unit")

    assert 2 == len(lives)


@pytest.mark.parametrize("answer", [{"timed_out": True}, {"_shards": {"total": 1, "failed": 1}}])
def test_promise_18_a_partial_search_stops_the_run(answer: dict[str, Any]) -> None:
    """A search that timed out or lost a shard is not an inventory."""
    with serving(answering(hits(1, total=1, **answer))) as (url, _), pytest.raises(IncompleteError, match="cut short"):
        read_monitors(Cluster.connect(Connection((url,))), "h-unit")


def test_a_monitor_changed_while_reading_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A monitor that comes again on a later page is taken as it is there."""
    monkeypatch.setattr(monitors, "PAGE", 2)
    again = hits(3, 9, total=3)
    again["hits"]["hits"][1]["_id"] = "m1"
    with serving(answering(hits(1, 2, total=3), again, hits(total=3))) as (url, _):
        lives, _counted = read_monitors(Cluster.connect(Connection((url,))), "h-unit")

    assert {"m1": 9, "m2": 2, "m3": 3} == {live.id: live.seq_no for live in lives}


def test_no_monitor_yet_is_an_empty_inventory() -> None:
    """A cluster without the index of monitors has none."""
    with serving(answering(Reply(404, {"error": {"type": "index_not_found_exception", "reason": "x"}}))) as (url, _):
        assert ([], (0, ())) == read_monitors(Cluster.connect(Connection((url,))), "h-unit")


def test_promise_18_channels_cut_short_stop_the_run() -> None:
    """Fewer channels than the plugin says there are is an error."""
    with serving(answering({"config_list": [], "total_hits": 3})) as (url, _), pytest.raises(IncompleteError):
        read_channels(Cluster.connect(Connection((url,))), "h-unit")


def test_something_else_than_opensearch_is_refused() -> None:
    """A server that is not OpenSearch, or too old a one, is told apart before anything else is asked."""
    for version in ({"number": "8.1.0"}, {"distribution": "opensearch", "number": "1.3.2"}):
        with serving(answering({"version": version})) as (url, seen):
            with pytest.raises(ClusterError, match=r"not OpenSearch|too old"):
                read_identity(Cluster.connect(Connection((url,))))
            assert 1 == len(seen)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, (75.0, 300.0)),
        ({"script.context.template.max_compilations_rate": "2000/1m"}, (2000.0, 60.0)),
        ({"script.context.template.max_compilations_rate": "unlimited"}, (None, 60.0)),
        (
            {"script.max_compilations_rate": "10/1s", "script.context.template.max_compilations_rate": "75/5m"},
            (10.0, 1.0),
        ),
        ({"script.disable_max_compilations_rate": "true"}, (None, 60.0)),
    ],
)
def test_the_compilation_rate_is_read_as_the_server_means_it(
    settings: dict[str, str], expected: tuple[float | None, float]
) -> None:
    """A general rate replaces that of a context, and both may be unlimited."""
    assert expected == parse_rate(settings)


def test_what_a_killed_run_may_have_just_written_is_read_by_its_id() -> None:
    """A search does not see a write before the next refresh: those objects are read again, and one that is gone is left out."""
    old = hits(1, 2, 3, total=3)
    written = {**old["hits"]["hits"][1], "_version": 2, "_seq_no": 9}
    now = {"_id": "m2", "_version": 2, "_seq_no": 9, "_primary_term": 1, "monitor": written["_source"]}

    def script(request: Request) -> Reply:
        if request.path.endswith("/_search"):
            return Reply(200, old)
        return Reply(200, now) if request.path.endswith("/m2") else Reply(404, {})

    with serving(script) as (url, seen):
        cluster = Cluster.connect(Connection((url,)))
        lives, _ = read_monitors(cluster, "h-unit")
        found = monitors.read_again(cluster, lives, {"m2", "m3"})

    assert [("m1", 1), ("m2", 2)] == [(live.id, live.version) for live in found]
    assert 3 == len(seen)


def test_a_full_page_that_is_all_needs_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exactly as many monitors as fit a page take one request."""
    monkeypatch.setattr(monitors, "PAGE", 2)

    with serving(answering(hits(1, 2, total=2))) as (url, seen):
        lives, _ = read_monitors(Cluster.connect(Connection((url,))), "h-unit")

    assert (2, 1) == (len(lives), len(seen))
