"""Many enabled monitors at one minute on one node, watched for some minutes."""

from __future__ import annotations

import json
import re
import secrets
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.deploy import repository, state
from benchmarks.deploy.bare import Call, post_all
from benchmarks.node import DEFAULT, RAISED, ROOT, client, gone, say, settings
from benchmarks.schedule.tally import MINUTE, Load, Tally
from deployer.cluster.errors import AnswerError
from deployer.model.resource import Kind, Resource
from deployer.replay.client import Client

LIMITS: Mapping[str, Mapping[str, Any]] = {"default": DEFAULT, "raised": RAISED}
ALERTS = ".opendistro-alerting-alerts"
HISTORY = ".opendistro-alerting-alert-history-*"
STREAM = "logs-linux.shell-default"
POLL = 10_000
"""Milliseconds between two looks; each run of a monitor is a minute after the one before, so none is missed."""

CONNECTIONS = 16
COMMANDS = ("probe{n} a", "probe{n} b", "probe{n} c", "list{n} --all", "tar -czf /tmp/x /srv")
"""What makes the three monitors of an analytic of the repository alert, all of the time: their windows are made a day long."""


def measure(url: str, monitors: int, minutes: int, limits: str) -> Load:
    """One number of monitors under `default` or `raised` limits."""
    with_it = client(url)
    made = _resources(url, monitors)
    jobs = [one for one in made if one.kind is Kind.MONITOR]
    state.reset(url, made)
    try:
        with settings(url, LIMITS[limits]):
            for stage in state.creates([one for one in made if one.kind is not Kind.MONITOR]):
                post_all(url, [stage], 1)
            _events(with_it, -(-monitors // repository.MONITORS_EACH))
            say(f"{monitors} monitors, {limits} limits: creating")
            post_all(url, [[Call("POST", f"{state.MONITORS}", every_minute(one)) for one in jobs]], CONNECTIONS)
            return _watched(with_it, url, monitors, minutes, limits)
    finally:
        _remove(with_it, url, made)


def _resources(url: str, monitors: int) -> tuple[Resource, ...]:
    with tempfile.TemporaryDirectory(prefix="bench-repository-") as temporary:
        folder = Path(temporary) / "repository"
        folder.mkdir()
        repository.make(ROOT, folder, monitors, url, f"bench-{secrets.token_hex(4)}")
        return state.resources(folder)


def every_minute(resource: Resource) -> Any:
    """A query-level monitor of the same conditions, at an interval of a minute, looking back a day, without a message to anybody.

    Of query-level monitors each run that finds something writes its time into the alert. A bucket-level one writes its alert
    once; and it compiles its search twice in a run that finds something, so of those a node runs half as many.
    """
    body = json.loads(re.sub(r"\|\|-\d+s", "||-86400s", json.dumps(resource.body)))
    (search,) = body["inputs"]
    (trigger,) = (inner for item in body["triggers"] for inner in item.values())
    found = {"source": "ctx.results[0].hits.total.value > 0", "lang": "painless"}
    kept = {name: trigger[name] for name in ("id", "name", "severity")}
    query = {"size": 0, "query": search["search"]["query"]["query"]}
    return {
        **body,
        "monitor_type": "query_level_monitor",
        "schedule": {"period": {"interval": 1, "unit": "MINUTES"}},
        "inputs": [{"search": {**search["search"], "query": query}}],
        "triggers": [{"query_level_trigger": {**kept, "condition": {"script": found}, "actions": []}}],
    }


def _events(with_it: Client, analytics: int) -> None:
    """Events that every monitor finds, some minutes old: a few of each analytic, in the order that its correlation wants."""
    now = time.time() - 600
    lines = []
    for number in range(1, analytics + 1):
        for step, command in enumerate(COMMANDS):
            at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now + step))
            text = f"{at}.000000+00:00 web{number:04} bash[811]: HISTORY: PID=811 UID=1000 {command.format(n=number)}"
            lines += ['{"create":{}}', json.dumps({"message": text})]
    answer = with_it.request("POST", f"/{STREAM}/_bulk", "\n".join(lines) + "\n", {"refresh": "true"})
    assert not answer["errors"], str(answer["items"][:2])[:600]


def _watched(with_it: Client, url: str, monitors: int, minutes: int, limits: str) -> Load:
    due = {identity: int(body["enabled_time"]) for identity, body in state.monitors(url).items()}
    assert monitors == len(due), f"{len(due)} of {monitors} monitors are there"
    # The first run of each is a minute after it was made; the minutes that count begin when all have been due once.
    tally = Tally(due, max(due.values()) + MINUTE, minutes)
    _sleep_until(tally.start)
    refused, cpu, used = _refused(with_it), [], _cpu(with_it)
    for number in range(1, minutes + 2):
        while _now() < tally.start + number * MINUTE:
            _sleep_until(min(_now() + POLL, tally.start + number * MINUTE))
            tally.see(_ends(with_it))
        # Over the time that passed: a look on a busy node takes some seconds.
        used, before = _cpu(with_it), used
        cpu.append((used[0] - before[0]) / (used[1] - before[1]))
        say(f"  {number} of {minutes + 1} minutes: ended a run {tally.by_minute()}, {cpu[-1]:.2f} cores used")
    started = sum(at >= tally.end - MINUTE for at in _started(with_it).values())
    return Load(monitors, limits, tally, started, _refused(with_it) - refused, cpu)


def _sleep_until(moment: int) -> None:
    """Wait until a time in epoch milliseconds."""
    time.sleep(max(0, moment - _now()) / 1000)


def _now() -> int:
    return int(time.time() * 1000)


def _ends(with_it: Client) -> dict[str, int]:
    """When the last run of each monitor that found its bucket wrote its alert, in epoch milliseconds."""
    body = {"size": 10_000, "_source": ["monitor_id", "last_notification_time"], "query": {"term": {"state": "ACTIVE"}}}
    try:
        hits = with_it.request("POST", f"/{ALERTS}/_search", body)["hits"]["hits"]
    except AnswerError as error:
        if error.status == 404:
            return {}
        raise
    found: dict[str, int] = {}
    for hit in hits:
        source = hit["_source"]
        found[source["monitor_id"]] = max(found.get(source["monitor_id"], 0), int(source["last_notification_time"]))
    return found


def _started(with_it: Client) -> dict[str, int]:
    answer = with_it.request("GET", "/_plugins/_alerting/stats/jobs_info")
    jobs = [item for one in answer["nodes"].values() for item in (one.get("jobs_info") or {}).items()]
    return {identity: int(job["last_execution_time"]) for identity, job in jobs if job.get("last_execution_time")}


def _refused(with_it: Client) -> int:
    nodes = with_it.request("GET", "/_nodes/stats/script_cache")["nodes"].values()
    contexts = [context for one in nodes for context in one["script_cache"]["contexts"]]
    return sum(item["compilation_limit_triggered"] for item in contexts if item["context"] == "template")


def _cpu(with_it: Client) -> tuple[int, int]:
    """The processor time that the nodes' processes have used, and their clock, in milliseconds."""
    nodes = list(with_it.request("GET", "/_nodes/stats/process")["nodes"].values())
    return sum(one["process"]["cpu"]["total_in_millis"] for one in nodes), nodes[0]["process"]["timestamp"]


def _remove(with_it: Client, url: str, made: Sequence[Resource]) -> None:
    found = list(state.monitors(url))
    if found:
        post_all(url, state.deletes(found), CONNECTIONS)
    gone(with_it, f"/_data_stream/{STREAM}")
    state.reset(url, made)
    _forget_alerts(with_it, found)


def _forget_alerts(with_it: Client, monitors: Sequence[str]) -> None:
    """The alerts of these monitors, which are gone: the server would keep them."""
    query = {"query": {"terms": {"monitor_id": list(monitors)}}}
    params = {"refresh": "true", "conflicts": "proceed", "expand_wildcards": "all", "ignore_unavailable": "true"}
    with_it.request("POST", f"/{ALERTS},{HISTORY}/_delete_by_query", query, params)
