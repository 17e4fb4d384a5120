"""The alerts of a deployment's monitors: one search, with who and where."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from deployer.cluster import errors
from deployer.cluster.client import Cluster
from deployer.model.resource import Kind
from deployer.plan.live import trigger_key

PAGE = 1000
MOST = 10_000
"""Alerts that the plugin pages through: its result window."""

OPEN = ("ACTIVE", "ACKNOWLEDGED", "ERROR")
"""The states of alerts that are not over."""


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert of a monitor, or of a workflow of them (then `monitor` and `monitor_id` are the workflow's).

    Times are ISO 8601 in UTC or empty; `severity` is the plugin's, ``"1"`` the highest.

    `entity` are the bucket's names and values (none for an alert without buckets), `keys` the values in the server's order,
    `count` its events, `metrics` what the monitor computed for it (``first_seen``, ``last_seen``, ...), `earliest` and `latest`
    the times of its first and last event in epoch milliseconds, `opened` that of `start`, and `documents` the events themselves (``id|index``) where
    the alert names them.
    """

    id: str
    analytic: str
    monitor: str
    monitor_id: str
    title: str
    severity: str
    state: str
    entity: tuple[tuple[str, str], ...] = ()
    count: int | None = None
    metrics: Mapping[str, Any] | None = None
    first_seen: str = ""
    last_seen: str = ""
    start: str = ""
    end: str = ""
    acknowledged: str = ""
    error: str = ""
    keys: tuple[str, ...] = ()
    earliest: int | None = None
    latest: int | None = None
    opened: int | None = None
    documents: tuple[str, ...] = ()


def read_alerts(
    cluster: Cluster,
    deployment: str,
    state: str = "ACTIVE",
    without: Collection[str] = (),
    adopted: Mapping[str, str] | None = None,
) -> list[Alert]:
    """The alerts of a deployment, newest first, in one state (``ALL`` for all, those of deleted monitors too).

    `without` are ids of monitors (copies) whose alerts are not this deployment's; `adopted` gives the key of each monitor
    whose triggers kept the ids that others gave them, by its id. The plugin's search text is a query string, which takes a
    field: so the server gives only those whose trigger id begins with the deployment's name, or whose monitor was adopted.

    Raises IncompleteError if there are more than the plugin pages through.
    """
    name = deployment.replace("-", "\\-")
    params = {
        "alertState": state,
        "searchString": " OR ".join(
            [f"trigger_id:{name}.*", *(f'monitor_id:"{identity}"' for identity in adopted or ())]
        ),
        "sortString": "start_time",
        "sortOrder": "desc",
        "size": PAGE,
    }
    found: dict[str, Alert] = {}
    for start in range(0, MOST, PAGE):
        answer = _page(cluster, {**params, "startIndex": start})
        found |= {
            alert.id: alert
            for item in answer["alerts"]
            if (alert := _alert(item, deployment, (adopted or {}).get(str(item.get("monitor_id", "")))))
            and alert.monitor_id not in without
        }
        if len(answer["alerts"]) < PAGE:
            return list(found.values())
    raise errors.IncompleteError(
        f"there are more than {MOST} alerts",
        why="the plugin pages through no more",
        todo="Ask for one state, and acknowledge or mend what alerts so often.",
    )


def open_alerts(cluster: Cluster, monitor_id: str) -> dict[str, str]:
    """The open alerts of one monitor: id to state, at most `PAGE` of each state."""
    found: dict[str, str] = {}
    for state in OPEN:
        params = {"monitorId": monitor_id, "alertState": state, "sortString": "start_time", "size": PAGE}
        found |= {str(item["id"]): state for item in _page(cluster, params)["alerts"] if not is_over(item)}
    return found


def is_over(item: Mapping[str, Any]) -> bool:
    """Whether an acknowledged alert is over: that of a finding goes to the history when somebody acknowledges it."""
    return item.get("state") == "ACKNOWLEDGED" and bool(item.get("finding_ids"))


def acknowledge(cluster: Cluster, monitor_id: str, ids: Sequence[str]) -> None:
    """Acknowledge alerts of a monitor. One that is not active any more is left as it is, so this may be repeated."""
    path = f"/_plugins/_alerting/monitors/{monitor_id}/_acknowledge/alerts"
    cluster.request("POST", path, {"alerts": list(ids)}, safe=True)


def run_now(cluster: Cluster, monitor_id: str) -> None:
    """Run a stored monitor once, now, alerts and all."""
    cluster.request("POST", f"/_plugins/_alerting/monitors/{monitor_id}/_execute", {}, {"dryrun": "false"}, safe=True)


def _page(cluster: Cluster, params: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        answer: Mapping[str, Any] = cluster.request("GET", "/_plugins/_alerting/monitors/alerts", params=params)
    except errors.AnswerError as error:
        if error.status == 404:
            return {"alerts": []}
        raise
    return answer


def _alert(item: Mapping[str, Any], deployment: str, adopted: str | None) -> Alert | None:
    key = trigger_key(Kind.MONITOR, deployment, str(item.get("trigger_id", ""))) or adopted
    if key is None:
        return None
    _, analytic, monitor = key.split("/", 2)
    content = item.get("agg_alert_content") or {}
    bucket = content.get("bucket") or {}
    values = {
        name: value.get("value_as_string", value["value"])
        for name, value in bucket.items()
        if isinstance(value, Mapping) and "value" in value
    }
    times = {
        name: bucket[name].get("value")
        for name in ("first_seen", "last_seen", "then_at")
        if isinstance(bucket.get(name), Mapping)
    }
    last = times.get("last_seen", times.get("then_at"))
    return Alert(
        id=str(item["id"]),
        analytic=analytic,
        monitor=monitor,
        monitor_id=str(item.get("monitor_id") or item.get("workflow_id") or ""),
        title=str(item.get("monitor_name", "")),
        severity=str(item.get("severity", "")),
        state=str(item.get("state", "")),
        entity=tuple((str(name), str(value)) for name, value in (bucket.get("key") or {}).items()),
        count=bucket.get("doc_count"),
        metrics={name: value for name, value in values.items() if name not in ("first_seen", "last_seen")},
        first_seen=_time(times.get("first_seen")),
        last_seen=_time(last),
        start=_time(item.get("start_time")),
        opened=_whole(item.get("start_time")),
        end=_time(item.get("end_time")),
        acknowledged=_time(item.get("acknowledged_time")),
        error=str(item.get("error_message") or ""),
        keys=tuple(str(value) for value in content.get("bucket_keys") or ()),
        earliest=_whole(times.get("first_seen")),
        latest=_whole(last),
        documents=tuple(str(name) for name in item.get("related_doc_ids") or ()),
    )


def _whole(millis: Any) -> int | None:
    return int(millis) if isinstance(millis, int | float) and not isinstance(millis, bool) else None


def _time(millis: Any) -> str:
    if not isinstance(millis, int | float) or isinstance(millis, bool):
        return ""
    return datetime.fromtimestamp(millis / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
