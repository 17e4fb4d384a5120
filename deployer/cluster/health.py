"""How monitors fare: when each ran last, what went wrong, what alerts; and when a log source last had an event.

All of it is read. What the server tells nobody cannot be told here either: a run of a bucket-level monitor whose search
fails leaves nothing but a line in the server's log, unless one of its alerts is open.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from deployer.cluster import errors
from deployer.cluster.alerts import OPEN, is_over
from deployer.cluster.client import Cluster

STATS = "/_plugins/_alerting/stats/jobs_info"
ALERTS = "/_plugins/_alerting/monitors/alerts"
NODES = "/_nodes/stats/jvm,script_cache"

PAGE = 1000
MOST = 10_000
"""Alerts of one state that the plugin pages through; of more, the first are counted, and `Alerts.whole` is false."""

SEARCHES = 6
"""Log sources asked at once."""


@dataclass(frozen=True, slots=True)
class Run:
    """A scheduled job as the nodes know it. `last` is in epoch milliseconds, None if no node has run it since it started."""

    last: int | None
    on_time: bool


@dataclass(frozen=True, slots=True)
class Problem:
    """The latest error that an alert tells of. `at` is in epoch milliseconds; `current` if the alert is still in error."""

    at: int
    message: str
    current: bool


@dataclass(frozen=True, slots=True)
class Alerts:
    """Open alerts of one monitor or workflow by state and by trigger, and the latest error; `whole` is false if not all were counted."""

    counts: Mapping[str, int] = field(default_factory=dict)
    triggers: Mapping[str, int] = field(default_factory=dict)
    problem: Problem | None = None
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Nodes:
    """What the nodes count. `now` and `since` (the start of the node that started last) are epoch milliseconds of their clocks.

    `refused` are template compilations that a limit of the node refused since it started, by the node's name: as many runs
    failed (FACTS.md, "How many monitors a node can run").
    """

    now: int
    since: int
    refused: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class LastEvent:
    """The newest event of a log source that is not in the future; `at` is epoch milliseconds, None if there is none.

    `known` is false if these credentials may not read its indices.
    """

    at: int | None = None
    known: bool = True


def read_runs(cluster: Cluster) -> dict[str, Run] | None:
    """The scheduled monitors and workflows of the whole cluster by id; None if these credentials may not see them.

    A job that is disabled is not among them, and one that a workflow runs is only if it is enabled itself.
    """
    answer = cluster.seen("GET", STATS)
    if answer is None:
        return None
    found: dict[str, Run] = {}
    for node in answer.get("nodes", {}).values():
        for job, info in (node.get("jobs_info") or {}).items():
            last, on_time = info.get("last_execution_time"), bool(info.get("running_on_time", True))
            known = found.get(job)
            if known is not None:
                # A job moves between nodes: the latest run counts, and it is late only if it is late everywhere.
                last = max((time for time in (last, known.last) if time is not None), default=None)
                on_time = on_time or known.on_time
            found[job] = Run(last, on_time)
    return found


def read_nodes(cluster: Cluster) -> Nodes | None:
    """What the nodes count; None if these credentials may not see it."""
    answer = cluster.seen("GET", NODES)
    if answer is None or not answer.get("nodes"):
        return None
    nodes = list(answer["nodes"].values())
    started = [node["timestamp"] - node.get("jvm", {}).get("uptime_in_millis", 0) for node in nodes]
    refused: dict[str, int] = {}
    for node in nodes:
        contexts = node.get("script_cache", {}).get("contexts", ())
        count = sum(item["compilation_limit_triggered"] for item in contexts if item["context"] == "template")
        if count:
            refused[str(node.get("name", ""))] = count
    return Nodes(max(node["timestamp"] for node in nodes), max(started), refused)


def read_open_alerts(cluster: Cluster) -> dict[str, Alerts]:
    """The open alerts of the whole cluster, summed up by the id of their monitor (or workflow, for a chained alert).

    Asked without the deployment's name: the alert of a document-level monitor that failed bears no trigger of ours.
    """
    counts: dict[str, Counter[str]] = {}
    triggers: dict[str, Counter[str]] = {}
    problems: dict[str, Problem] = {}
    whole = True
    for state in OPEN:
        alerts, complete = _alerts(cluster, state)
        whole = whole and complete
        for alert in alerts:
            if is_over(alert):
                continue
            owner = str(alert.get("monitor_id") or alert.get("workflow_id") or "")
            counts.setdefault(owner, Counter())[state] += 1
            triggers.setdefault(owner, Counter())[str(alert.get("trigger_id", ""))] += 1
            problem = _problem(alert)
            known = problems.get(owner)
            if problem and (known is None or (problem.current, problem.at) > (known.current, known.at)):
                problems[owner] = problem
    return {
        owner: Alerts(dict(states), dict(triggers[owner]), problems.get(owner), whole)
        for owner, states in counts.items()
    }


def read_last_events(
    cluster: Cluster, sources: Mapping[str, tuple[str, Mapping[str, str]]], now: int | None = None
) -> dict[str, LastEvent]:
    """The last event of each log source. `sources` gives, by name, the index pattern and the fields that tell its events.

    `now` is in epoch milliseconds (by default this computer's clock); what is dated later does not count.
    """
    limit = now if now is not None else int(datetime.now(UTC).timestamp() * 1000)
    with ThreadPoolExecutor(SEARCHES) as pool:
        found = pool.map(lambda place: _last_event(cluster, place[0], place[1], limit), sources.values())
        return dict(zip(sources, found, strict=True))


def _last_event(cluster: Cluster, index: str, fields: Mapping[str, str], now: int) -> LastEvent:
    until = {"range": {"@timestamp": {"lte": now, "format": "epoch_millis"}}}
    body = {
        "size": 1,
        "track_total_hits": False,
        "_source": False,
        "query": {"bool": {"filter": [until, *({"term": {name: value}} for name, value in fields.items())]}},
        "sort": [{"@timestamp": {"order": "desc", "unmapped_type": "date"}}],
    }
    answer = cluster.seen("POST", f"/{index}/_search", body, _LENIENT)
    if answer is None:
        return LastEvent(known=False)
    hits = answer["hits"]["hits"]
    return LastEvent(int(hits[0]["sort"][0]) if hits else None)


_LENIENT = {"ignore_unavailable": "true", "allow_no_indices": "true"}


def _problem(alert: Mapping[str, Any]) -> Problem | None:
    message = str(alert.get("error_message") or "")
    if alert.get("state") == "ERROR" and message:
        at = alert.get("last_notification_time") or alert.get("start_time") or 0
        return Problem(int(at), message, current=True)
    past = alert.get("alert_history") or ()
    if not past:
        return None
    latest = max(past, key=lambda item: item.get("timestamp") or 0)
    return Problem(int(latest.get("timestamp") or 0), str(latest.get("message", "")), current=False)


def _alerts(cluster: Cluster, state: str) -> tuple[Collection[Mapping[str, Any]], bool]:
    """All alerts of a state, and whether these are all."""
    params = {"alertState": state, "sortString": "start_time", "sortOrder": "desc", "size": PAGE}
    found: dict[str, Mapping[str, Any]] = {}
    for start in range(0, MOST, PAGE):
        try:
            page = cluster.request("GET", ALERTS, params={**params, "startIndex": start})["alerts"]
        except errors.AnswerError as error:
            if error.status == 404:
                return (), True
            raise
        found |= {alert["id"]: alert for alert in page}
        if len(page) < PAGE:
            return found.values(), True
    return found.values(), False
