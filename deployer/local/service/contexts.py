"""What scripts and templates see as `ctx`."""

from __future__ import annotations

from typing import Any

from deployer.local.service.alerts import template_arg
from deployer.local.service.errors import Failure, Json
from deployer.local.service.results import MonitorRun
from deployer.local.service.schedules import template_arg as schedule_arg
from deployer.local.service.store import Job, compact


def monitor_arg(monitor: Job) -> Json:
    """Gives a monitor as templates see it."""
    body = monitor.body
    return {
        "_id": monitor.id,
        "_version": monitor.version,
        "name": body["name"],
        "enabled": body["enabled"],
        "monitor_type": body["monitor_type"],
        "enabled_time": body["enabled_time"],
        "last_update_time": body["last_update_time"],
        "schedule": schedule_arg(body["schedule"]),
        "inputs": [_input_arg(found) for found in body["inputs"]],
    }


def workflow_arg(workflow: Job) -> Json:
    """Gives a workflow as templates see it."""
    body = workflow.body
    return {"_id": workflow.id, "_version": workflow.version, "name": body["name"], "enabled": body["enabled"]}


def trigger_arg(kind: str, trigger: Json) -> Json:
    """Gives a trigger as templates see it."""
    condition = trigger["condition"]
    script = condition["script"]
    arg: Json = {
        "id": trigger["id"],
        "name": trigger["name"],
        "severity": trigger["severity"],
        "actions": [_action_arg(action) for action in trigger["actions"]],
    }
    if kind == "bucket_level_trigger":
        arg["parentBucketPath"] = condition["parent_bucket_path"]
    source = script.get("source", script.get("id"))
    return arg | {"condition": {"script": {"source": source, "lang": script.get("lang")}}}


def _action_arg(action: Json) -> Json:
    return {name: action[name] for name in ("id", "name", "destination_id", "throttle_enabled")}


def _input_arg(found: Json) -> Json:
    if "search" in found:
        search = found["search"]
        return {"search": {"indices": search["indices"], "query": compact(search["query"])}}
    if "doc_level_input" in found:
        body = found["doc_level_input"]
        names = ("id", "name", "fields", "query", "tags", "query_field_names")
        queries = [{name: query[name] for name in names} for query in body["queries"]]
        return {"description": body["description"], "indices": body["indices"], "queries": queries}
    return {}


def alert_arg(
    alert: Json,
    *,
    queries: list[Json] | None = None,
    samples: list[Any] | None = None,
    comments: list[Json] | None = None,
) -> Json:
    """Gives an alert as templates see it, with the queries and documents it came of where they are known."""
    arg = template_arg(alert)
    if queries is not None:
        arg["associated_queries"] = [{name: query[name] for name in ("id", "name", "tags")} for query in queries]
    if samples is not None:
        arg["sample_documents"] = samples
    if comments is not None:
        arg["comments"] = [
            {
                "created_time": comment["created_time"],
                "last_updated_time": comment["last_updated_time"],
                "content": comment["content"],
                "user": (comment.get("user") or {}).get("name"),
            }
            for comment in comments
        ]
    return arg


def template_context(
    monitor: Job, kind: str, trigger: Json, run: MonitorRun, error: Failure | None, **rest: Any
) -> Json:
    """Gives the context of a monitor's templates."""
    return {
        "monitor": monitor_arg(monitor),
        "results": run.inputs.results,
        "periodStart": run.start,
        "periodEnd": run.end,
        "error": error_arg(error),
        "trigger": trigger_arg(kind, trigger),
        **rest,
    }


def error_arg(error: Failure | None) -> Json | None:
    """Gives an error as the node's module makes one of it for templates."""
    return None if error is None else {"message": error.message, "text": error.text}


def script_context(monitor: Job, kind: str, trigger: Json, run: MonitorRun, alert: Json | None) -> Json:
    """Gives the context of a trigger's script."""
    error = run.script_error()
    acknowledged = alert is not None and alert["state"] == "ACKNOWLEDGED"
    return {
        "monitor": {
            "id": monitor.id,
            "version": monitor.version,
            "name": monitor.body["name"],
            "enabled": monitor.body["enabled"],
        },
        "trigger": {
            "id": trigger["id"],
            "name": trigger["name"],
            "severity": trigger["severity"],
            "actions": trigger["actions"],
        },
        "results": run.inputs.results,
        "periodStart": run.start,
        "periodEnd": run.end,
        "alert": None
        if alert is None
        else {"id": alert["id"], "version": alert["version"], "acknowledged": acknowledged},
        "error": None if error is None else error.text,
    }
