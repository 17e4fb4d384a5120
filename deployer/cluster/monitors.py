"""Monitors and workflows: one search for all of a deployment's (FACTS.md, "Search")."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from deployer.cluster import errors
from deployer.cluster.client import Cluster
from deployer.model.resource import Kind
from deployer.plan.canonical import digest, stable
from deployer.plan.live import Live, Schedule, monitor_marker, owner_of

PAGE = 1000
"""Hits of one search: about 2 MB of monitors."""

THREADS = 8
"""Reads by id at once."""

READINGS = 3
"""How often a reading that others disturbed is begun anew."""

SEARCH = "/_plugins/_alerting/monitors/_search"

_UNITS = {"SECONDS": 1.0, "MINUTES": 60.0, "HOURS": 3600.0, "DAYS": 86400.0}

Counted = tuple[int, tuple[Schedule, ...]]
"""How many monitors the whole cluster has, and the schedules of those that are enabled."""

_NONE: Counted = (0, ())

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Job:
    """A monitor or workflow of anybody, with what `Live` leaves out. `enabled_at` is in epoch milliseconds, `interval` in
    seconds (a minute for a cron schedule, the shortest that it can say)."""

    live: Live
    enabled: bool
    enabled_at: int | None
    interval: float


def read_monitors(
    cluster: Cluster, deployment: str, ids: Collection[str] = (), names: Collection[str] = ()
) -> tuple[list[Live], Counted]:
    """The monitors and workflows with the deployment's owner, with one of `ids`, or with one of `names`, whoever owns them.

    The owner of a monitor can be reset by hand, so the recorded ids are asked for too. Sorted by sequence number, a page
    misses nothing: what is changed meanwhile comes again on a later page.

    Raises IncompleteError if an answer was cut short, or less came than the server says there is.
    """
    found, counted = _whole(cluster, _query(deployment, ids, names), live_of)
    return sorted(found.values(), key=lambda live: live.seq_no or 0), counted


def read_jobs(cluster: Cluster) -> list[Job]:
    """All monitors and workflows of the cluster, whoever owns them; a search a thousand.

    Raises IncompleteError as `read_monitors` does.
    """
    # Without the word monitor.owner in the text, the plugin hides those whose owner lacks the token `alerting`.
    fields = ("monitor.owner", "workflow.owner", "monitor", "workflow")
    found, _ = _whole(cluster, {"bool": {"should": [{"exists": {"field": field}} for field in fields]}}, _job_of)
    return sorted(found.values(), key=lambda job: job.live.seq_no or 0)


def _job_of(hit: Mapping[str, Any]) -> Job:
    source = hit["_source"]
    period = source.get("schedule", {}).get("period", {})
    interval = float(period.get("interval", 0)) * _UNITS.get(period.get("unit", ""), 0) or 60.0
    return Job(live_of(hit), bool(source.get("enabled")), source.get("enabled_time"), interval)


def _whole(
    cluster: Cluster, query: Mapping[str, Any], make: Callable[[Mapping[str, Any]], T]
) -> tuple[dict[str, T], Counted]:
    """All hits by id; a reading that others disturbed is begun anew."""
    for _ in range(READINGS):
        found, total, counted = _pages(cluster, query, make)
        if len(found) >= total:
            return found, counted
    raise errors.IncompleteError(
        f"only {len(found)} of {total} monitors could be read",
        why="monitors were deleted while they were read, or a page was cut short",
        todo="Run again when nobody else changes monitors.",
    )


def read_again(cluster: Cluster, lives: Sequence[Live], ids: Collection[str]) -> list[Live]:
    """The same, with those of these ids as they are at this moment; one that is not there any more is left out.

    A search does not see a write before the next refresh, up to a second later; a read by id does.
    """
    stale = [live for live in lives if live.id in ids]
    with ThreadPoolExecutor(THREADS) as pool:
        fresh = dict(
            zip((live.id for live in stale), pool.map(lambda live: _at_this_moment(cluster, live), stale), strict=True)
        )
    found = [fresh.get(live.id, live) for live in lives]
    return [live for live in found if live is not None]


def _at_this_moment(cluster: Cluster, live: Live) -> Live | None:
    name = str(live.kind)
    try:
        answer = cluster.request("GET", f"/_plugins/_alerting/{name}s/{live.id}")
    except errors.AnswerError as error:
        if error.status == 404:
            return None
        raise
    return live_of({**answer, "_source": answer[name]})


def _query(deployment: str, ids: Collection[str], names: Collection[str]) -> dict[str, Any]:
    should: list[dict[str, Any]] = []
    for kind in (Kind.MONITOR, Kind.WORKFLOW):
        should.append({"term": {f"{kind}.owner.keyword": owner_of(deployment)}})
        if names:
            should.append({"terms": {f"{kind}.name.keyword": sorted(names)}})
    if ids:
        should.append({"ids": {"values": sorted(ids)}})
    return {"bool": {"should": should}}


def _pages(
    cluster: Cluster, query: Mapping[str, Any], make: Callable[[Mapping[str, Any]], T]
) -> tuple[dict[str, T], int, Counted]:
    body: dict[str, Any] = {
        "size": PAGE,
        "track_total_hits": True,
        "version": True,
        "seq_no_primary_term": True,
        "sort": [{"_seq_no": "asc"}],
        "query": query,
    }
    found: dict[str, T] = {}
    total, counted = 0, _NONE
    while True:
        answer = _search(cluster, body if "search_after" in body else {**body, "aggs": _COUNTS})
        if answer is None:
            return {}, 0, _NONE
        hits = answer["hits"]["hits"]
        total = max(total, answer["hits"]["total"]["value"])
        found |= {hit["_id"]: make(hit) for hit in hits}
        first = "search_after" not in body
        if first:
            counted = _counted(answer["aggregations"]["all"])
        if len(hits) < PAGE or (first and len(found) >= total):
            return found, total, counted
        body["search_after"] = hits[-1]["sort"]


def _search(cluster: Cluster, body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """A complete answer, or None if the cluster has no monitor yet, and so no index of them."""
    try:
        answer: Mapping[str, Any] = cluster.request("POST", SEARCH, body)
    except errors.AnswerError as error:
        if error.status == 404:
            return None
        raise
    shards = answer.get("_shards", {})
    if answer.get("timed_out") or shards.get("failed") or "hits" not in answer:
        raise errors.IncompleteError(
            "the search for monitors was cut short",
            why=f"timed out: {answer.get('timed_out')}; shards failed: {shards.get('failed')} of {shards.get('total')}",
            todo="Look at the cluster's health, then run again.",
        )
    if not answer["hits"]["hits"] and "aggregations" not in answer:
        return None
    return answer


def live_of(hit: Mapping[str, Any]) -> Live:
    """A hit of the search as a value. Its `_source` is unwrapped; the type tells monitors from workflows."""
    source = hit["_source"]
    kind = Kind.WORKFLOW if source.get("type") == "workflow" else Kind.MONITOR
    body = stable(kind, source)
    return Live(
        kind,
        hit["_id"],
        str(source.get("name", "")),
        body,
        digest(body),
        monitor_marker(kind, body),
        str(source.get("owner", "")),
        hit.get("_seq_no"),
        hit.get("_primary_term"),
        hit.get("_version"),
    )


_BUCKETS = {"filter": {"term": {"monitor.monitor_type": "bucket_level_monitor"}}}
_DELEGATES = {"nested": {"path": "workflow.inputs.composite_input.sequence.delegates"}}


def _by_interval(kind: str, inner: Mapping[str, Any]) -> dict[str, Any]:
    """The enabled ones of a kind by the unit and number of their interval, with a count `inner` of each and of all."""
    interval = {"terms": {"field": f"{kind}.schedule.period.interval", "size": 1000}, "aggs": {"inner": inner}}
    unit = {"terms": {"field": f"{kind}.schedule.period.unit", "size": 10}, "aggs": {"interval": interval}}
    return {"filter": {"term": {f"{kind}.enabled": True}}, "aggs": {"unit": unit, "inner": inner}}


_COUNTS = {
    "all": {
        "global": {},
        "aggs": {
            "monitors": {"filter": {"term": {"monitor.type": "monitor"}}},
            "enabled": _by_interval("monitor", _BUCKETS),
            "workflows": _by_interval("workflow", _DELEGATES),
        },
    }
}
"""Counts over the whole index, whatever the query: `max_monitors` and the compilation limit are everybody's."""


def _counted(counts: Mapping[str, Any]) -> Counted:
    monitors = [Schedule(seconds, number, buckets) for seconds, number, buckets in _intervals(counts["enabled"])]
    # A workflow runs its monitors itself, whether they are enabled or not.
    workflows = [Schedule(seconds, run, 0) for seconds, _, run in _intervals(counts["workflows"]) if run]
    return counts["monitors"]["doc_count"], (*monitors, *workflows)


def _intervals(enabled: Mapping[str, Any]) -> Iterator[tuple[float, int, int]]:
    """Seconds, how many run in them, and the inner count; a cron schedule counts as every minute."""
    number, inner = enabled["doc_count"], enabled["inner"]["doc_count"]
    for unit in enabled.get("unit", {}).get("buckets", ()):
        for interval in unit["interval"]["buckets"]:
            if interval["key"] > 0:
                count, within = interval["doc_count"], interval["inner"]["doc_count"]
                number, inner = number - count, inner - within
                yield float(interval["key"]) * _UNITS.get(unit["key"], 60.0), count, within
    if number > 0:
        yield 60.0, number, inner
