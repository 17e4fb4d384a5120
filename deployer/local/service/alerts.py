"""Alerts: how one is made, renewed, completed, and what of it a template sees. An alert is its document, as it is stored."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from deployer.local.service.errors import Json
from deployer.local.service.mappings import ALERT_SCHEMA
from deployer.local.service.results import ActionRun
from deployer.local.service.store import USER, Job
from deployer.local.service.times import now_ms

_ADDRESS = re.compile(r"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}")
_KEPT_ERRORS = 10


def alert_error(message: str) -> Json:
    """Gives an error as alerts keep it: with its time, and without network addresses."""
    return {"timestamp": now_ms(), "message": _ADDRESS.sub("x.x.x.x", message)}


def new_alert(monitor: Job, trigger: Json, state: str, execution_id: str | None, **given: Any) -> Json:
    """Gives a new alert of a monitor's trigger; `given` are fields that differ from those of a plain one."""
    now = now_ms()
    alert: Json = {
        "id": "",
        "version": -1,
        "monitor_id": monitor.id,
        "workflow_id": "",
        "workflow_name": "",
        "associated_alert_ids": [],
        "schema_version": ALERT_SCHEMA,
        "monitor_version": monitor.version,
        "monitor_name": monitor.body["name"],
        "execution_id": execution_id,
        "monitor_user": USER if monitor.id else None,
        "trigger_id": trigger["id"],
        "trigger_name": trigger["name"],
        "finding_ids": [],
        "related_doc_ids": [],
        "state": state,
        "error_message": None,
        "alert_history": [],
        "severity": trigger["severity"],
        "action_execution_results": [],
        "start_time": now,
        "last_notification_time": now,
        "end_time": None,
        "acknowledged_time": None,
    }
    return {**alert, **{name: value for name, value in given.items() if value is not None or name in alert}}


def chained_alert(workflow: Job, trigger: Json, execution_id: str, associated: list[str]) -> Json:
    """Gives a new alert of a workflow's trigger."""
    nobody = Job("monitor", {"name": ""}, version=-1)
    return new_alert(
        nobody,
        trigger,
        "ACTIVE",
        execution_id,
        monitor_user=USER if workflow.id else None,
        workflow_id=workflow.id,
        workflow_name=workflow.body["name"],
        associated_alert_ids=associated,
    )


def read_alert(hit: Json) -> Json:
    """Reads an alert from a search hit."""
    alert: Json = {**hit["_source"], "id": hit["_id"], "version": hit.get("_version", -1)}
    alert.setdefault("monitor_user", None)
    return alert


def public(alert: Json) -> Json:
    """Gives an alert as answers show it."""
    return {name: value for name, value in alert.items() if name != "monitor_user"}


def with_error(history: list[Json], error: Json | None) -> list[Json]:
    """Gives the kept errors with a new one before them."""
    return history if error is None else [error, *history][:_KEPT_ERRORS]


def action_results(current: Iterable[Json], runs: Mapping[str, ActionRun]) -> list[Json]:
    """Gives when each action ran last and how often it was held back, from what is known and what ran now."""
    updated = []
    known = set()
    for result in current:
        known.add(result["action_id"])
        run = runs.get(result["action_id"])
        if run is None:
            updated.append(result)
        elif run.throttled:
            updated.append({**result, "throttled_count": result["throttled_count"] + 1})
        else:
            updated.append({**result, "last_execution_time": run.time})
    return updated + [first_result(key, run) for key, run in runs.items() if key not in known]


def first_result(action_id: str, run: ActionRun) -> Json:
    """Gives the record of an action that ran for the first time."""
    return {"action_id": action_id, "last_execution_time": run.time, "throttled_count": int(run.throttled)}


def completed(alert: Json) -> Json:
    """Gives an alert whose condition holds no more."""
    return {
        **alert,
        "state": "COMPLETED",
        "end_time": now_ms(),
        "error_message": None,
        "schema_version": ALERT_SCHEMA,
    }


def template_arg(alert: Json) -> Json:
    """Gives an alert as templates see it."""
    bucket = alert.get("agg_alert_content")
    clusters = alert.get("clusters")
    return {
        "acknowledged_time": alert["acknowledged_time"],
        "id": alert["id"],
        "version": alert["version"],
        "end_time": alert["end_time"],
        "error_message": alert["error_message"],
        "execution_id": alert["execution_id"],
        "workflow_id": alert["workflow_id"],
        "workflow_name": alert["workflow_name"],
        "associated_alert_ids": alert["associated_alert_ids"],
        "last_notification_time": alert["last_notification_time"],
        "severity": alert["severity"],
        "start_time": alert["start_time"],
        "state": alert["state"],
        "bucket_keys": ",".join(bucket["bucket_keys"]) if bucket else None,
        "parent_bucket_path": bucket["parent_bucket_path"] if bucket else None,
        "finding_ids": ",".join(alert["finding_ids"]),
        "related_doc_ids": ",".join(alert["related_doc_ids"]),
        "clusters": ",".join(clusters) if clusters else None,
    }


def bucket_hash(alert: Json) -> str:
    """Gives the text by which a bucket's alert is known: its keys."""
    return "#".join(alert["agg_alert_content"]["bucket_keys"])
