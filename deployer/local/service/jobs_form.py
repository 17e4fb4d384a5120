"""The stored form of monitors and workflows: every body sent is read into it, with the plugin's own refusals."""

from __future__ import annotations

import re
from collections.abc import Iterable

from deployer.local.service.errors import Json, illegal_argument, illegal_state
from deployer.local.service.inputs_form import parse_input, without_notes
from deployer.local.service.schedules import parse_schedule
from deployer.local.service.times import now_ms
from deployer.local.service.tokens import (
    END_ARRAY,
    END_OBJECT,
    START_ARRAY,
    START_OBJECT,
    VALUE_NULL,
    Parser,
)
from deployer.local.service.triggers_form import parse_trigger
from deployer.local.service.workflow_form import parse_workflow_input

MONITOR_TYPES = ("query_level_monitor", "bucket_level_monitor", "cluster_metrics_monitor", "doc_level_monitor")
_TRIGGER_OF = {
    "query_level_monitor": "query_level_trigger",
    "bucket_level_monitor": "bucket_level_trigger",
    "cluster_metrics_monitor": "query_level_trigger",
    "doc_level_monitor": "document_level_trigger",
}
_MAX_TRIGGERS = 10
DATA_SOURCES: Json = {
    "query_index": ".opensearch-alerting-queries",
    "findings_index": ".opensearch-alerting-finding-history-write",
    "findings_index_pattern": "<.opensearch-alerting-finding-history-{now/d}-1>",
    "alerts_index": ".opendistro-alerting-alerts",
    "alerts_history_index": ".opendistro-alerting-alert-history-write",
    "alerts_history_index_pattern": "<.opendistro-alerting-alert-history-{now/d}-1>",
    "comments_index": ".opensearch-alerting-comments-history-write",
    "comments_index_pattern": "<.opensearch-alerting-comments-history-{now/d}-1>",
    "query_index_mappings_by_type": {},
    "findings_enabled": False,
}


def standard_type(monitor: Json) -> str:
    """Gives the monitor's type in small letters if it is one of the plugin's own, else an empty text."""
    kind = str(monitor["monitor_type"]).lower()
    return kind if kind in MONITOR_TYPES else ""


def parse_monitor(parser: Parser) -> Json:
    """Gives the stored form of the monitor at the current token. Raises ServerError as the plugin refuses it."""
    monitor: Json = {
        "type": "monitor",
        "schema_version": 0,
        "name": None,
        "monitor_type": "query_level_monitor",
        "enabled": True,
        "enabled_time": None,
        "schedule": None,
        "inputs": [],
        "triggers": [],
        "last_update_time": None,
    }
    rest: Json = {
        "ui_metadata": {},
        "data_sources": dict(DATA_SOURCES),
        "delete_query_index_in_every_run": False,
        "should_create_single_alert_for_findings": False,
        "owner": "alerting",
    }
    parser.expect(START_OBJECT)
    while parser.next() != END_OBJECT:
        field = parser.name
        parser.next()
        match field:
            case "schema_version":
                monitor[field] = parser.integer()
            case "name":
                monitor[field] = parser.text()
            case "monitor_type":
                monitor[field] = parser.text()
                if not re.fullmatch(r"[a-zA-Z0-9_]{5,25}", monitor[field]):
                    raise illegal_state("Monitor type should follow pattern [a-zA-Z0-9_]{5,25}")
            case "user":
                _skip_user(parser)
            case "enabled":
                monitor[field] = parser.boolean()
            case "schedule":
                monitor[field] = parse_schedule(parser)
            case "inputs":
                parser.expect(START_ARRAY)
                while parser.next() != END_ARRAY:
                    monitor[field].append(parse_input(parser))
            case "triggers":
                monitor[field] += parse_triggers(parser)
            case "enabled_time" | "last_update_time":
                monitor[field] = parser.instant()
            case "ui_metadata":
                rest[field] = parser.map()
            case "data_sources":
                rest[field] = dict(DATA_SOURCES) if parser.type == VALUE_NULL else _data_sources(parser)
            case "delete_query_index_in_every_run" | "should_create_single_alert_for_findings":
                rest[field] = rest[field] if parser.type == VALUE_NULL else parser.boolean()
            case "owner":
                rest[field] = rest[field] if parser.type == VALUE_NULL else parser.text()
            case _:
                parser.skip_children()
    if not rest["ui_metadata"]:
        del rest["ui_metadata"]
    _finish_times(monitor)
    _require_name_and_schedule(monitor, "Monitor")
    monitor |= rest
    _check_monitor(monitor)
    monitor["inputs"] = [without_notes(found) for found in monitor["inputs"]]
    return monitor


def parse_triggers(parser: Parser) -> list[Json]:
    """Gives the stored forms of the array of triggers at the current token."""
    parser.expect(START_ARRAY)
    triggers = []
    while parser.next() != END_ARRAY:
        triggers.append(parse_trigger(parser))
    return triggers


def parse_workflow(parser: Parser) -> Json:
    """Gives the stored form of the workflow at the current token. Raises ServerError as the plugin refuses it."""
    workflow: Json = {
        "type": "workflow",
        "schema_version": 0,
        "name": None,
        "workflow_type": "composite",
        "enabled": True,
        "enabled_time": None,
        "schedule": None,
        "inputs": [],
        "triggers": [],
        "last_update_time": None,
        "owner": "alerting",
        "audit_delegate_monitor_alerts": True,
    }
    parser.expect(START_OBJECT)
    while parser.next() != END_OBJECT:
        field = parser.name
        parser.next()
        match field:
            case "schema_version":
                workflow[field] = parser.integer()
            case "name":
                workflow[field] = parser.text()
            case "workflow_type":
                workflow[field] = parser.text()
                if workflow[field] != "composite":
                    raise illegal_state("Workflow type should be one of [composite]")
            case "user":
                _skip_user(parser)
            case "enabled" | "audit_delegate_monitor_alerts":
                workflow[field] = parser.boolean()
            case "schedule":
                workflow[field] = parse_schedule(parser)
            case "triggers":
                workflow[field] += parse_triggers(parser)
            case "inputs":
                parser.expect(START_ARRAY)
                while parser.next() != END_ARRAY:
                    workflow[field].append(parse_workflow_input(parser))
            case "enabled_time" | "last_update_time":
                workflow[field] = parser.instant()
            case "owner":
                workflow[field] = workflow[field] if parser.type == VALUE_NULL else parser.text()
            case _:
                parser.skip_children()
    _finish_times(workflow)
    _require_name_and_schedule(workflow, "Workflow")
    if len(workflow["inputs"]) > 1:
        raise illegal_argument("Workflows can only have 1 search input.")
    for kind, trigger in kinds(workflow["triggers"]):
        if kind != "chained_alert_trigger":
            raise illegal_argument(f"Incompatible trigger [{trigger['name']}] for workflow. ")
    return workflow


def kinds(triggers: Iterable[Json]) -> list[tuple[str, Json]]:
    """Gives kind and body of each trigger."""
    return [next(iter(trigger.items())) for trigger in triggers]


def _finish_times(job: Json) -> None:
    now = now_ms()
    if not job["enabled"]:
        job["enabled_time"] = None
    elif job["enabled_time"] is None:
        job["enabled_time"] = now
    # Whatever was sent: the plugin's time of receiving it.
    job["last_update_time"] = now


def _require_name_and_schedule(job: Json, what: str) -> None:
    if job["name"] is None:
        raise illegal_argument(f"{what} name is null")
    if job["schedule"] is None:
        raise illegal_argument(f"{what} schedule is null")


def _check_monitor(monitor: Json) -> None:
    seen: set[str] = set()
    wanted = _TRIGGER_OF.get(monitor["monitor_type"])
    for kind, trigger in kinds(monitor["triggers"]):
        if trigger["id"] in seen:
            raise illegal_argument(f"Duplicate trigger id: {trigger['id']}. Trigger ids must be unique.")
        seen.add(trigger["id"])
        if wanted is not None and kind != wanted:
            what = f"Incompatible trigger [{trigger['id']}] for monitor type [{monitor['monitor_type']}]"
            raise illegal_argument(what)
    if len(monitor["inputs"]) > 1:
        raise illegal_argument("Monitors can only have 1 search input.")
    if len(monitor["triggers"]) > _MAX_TRIGGERS:
        raise illegal_argument(f"Monitors can only support up to {_MAX_TRIGGERS} triggers.")
    if standard_type(monitor) != "bucket_level_monitor":
        return
    for found in monitor["inputs"]:
        if "search" not in found:
            raise illegal_argument(f"Unsupported input [{_kotlin_text(found)}] for Monitor")
        search = found["search"]
        if not search["#aggregations"]:
            text = f"SearchInput(indices=[{', '.join(search['indices'])}], query={search['#text']})"
            raise illegal_argument(f"At least one aggregation is required for the input [{text}]")


def _kotlin_text(found: Json) -> str:
    """Gives an input as Kotlin prints it."""
    if "uri" in found:
        uri = found["uri"]
        clusters = ", ".join(uri["clusters"])
        return (
            f"ClusterMetricsInput(path={uri['path']}, pathParams={uri['path_params']}, url={uri['url']}, "
            f"clusters=[{clusters}])"
        )
    body = found["doc_level_input"]
    queries = ", ".join(_kotlin_query(query) for query in body["queries"])
    return (
        f"DocLevelMonitorInput(description={body['description']}, indices=[{', '.join(body['indices'])}], "
        f"queries=[{queries}], fanoutEnabled={str(body['fan_out_enabled']).lower()})"
    )


def _kotlin_query(query: Json) -> str:
    return (
        f"DocLevelQuery(id={query['id']}, name={query['name']}, fields=[{', '.join(query['fields'])}], query={query['query']}, "
        f"tags=[{', '.join(query['tags'])}], queryFieldNames=[{', '.join(query['query_field_names'])}])"
    )


def _skip_user(parser: Parser) -> None:
    """Reads a user, who is not kept: without security the plugin puts an empty one."""
    if parser.type == VALUE_NULL:
        return
    parser.expect(START_OBJECT)
    while parser.next() != END_OBJECT:
        field = parser.name
        parser.next()
        if field == "name":
            parser.text()
        elif field in ("backend_roles", "roles", "custom_attribute_names"):
            parser.texts()


def _data_sources(parser: Parser) -> Json:
    sources: Json = dict.fromkeys(DATA_SOURCES, "")
    sources |= {"query_index_mappings_by_type": {}, "findings_enabled": False}
    parser.expect(START_OBJECT)
    while parser.next() != END_OBJECT:
        field = parser.name
        parser.next()
        if field == "query_index_mappings_by_type":
            sources[field] = parser.map()
        elif field == "findings_enabled":
            sources[field] = parser.boolean()
        elif field in sources:
            sources[field] = parser.text()
    for field, name in (("query_index", "Query"), ("findings_index", "Findings"), ("alerts_index", "Alerts")):
        if not sources[field]:
            raise illegal_argument(f"{name} index cannot be empty")
    if sources["query_index_mappings_by_type"] and sources["query_index"] == DATA_SOURCES["query_index"]:
        what = "Custom query index mappings are configurable only if a custom query index is configured too."
        raise illegal_argument(what)
    return sources
