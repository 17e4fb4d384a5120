"""Mappings of the indices that the Alerting and Notifications plugins 3.4 keep, as their indices show them."""

from __future__ import annotations

from typing import Any

from deployer.local.service.errors import Json

_WORD: Json = {"type": "keyword"}
_FREE: Json = {"type": "text"}
_BOOLEAN: Json = {"type": "boolean"}
_INTEGER: Json = {"type": "integer"}
_LONG: Json = {"type": "long"}
_DATE: Json = {"type": "date"}
_TIME: Json = {"type": "date", "format": "strict_date_time||epoch_millis"}
_OPAQUE: Json = {"type": "object", "enabled": False}


def _text(ignore_above: int | None = 256) -> Json:
    limit = {} if ignore_above is None else {"ignore_above": ignore_above}
    return {"type": "text", "fields": {"keyword": {"type": "keyword", **limit}}}


def _object(**properties: Json) -> Json:
    return {"properties": properties}


def _nested(**properties: Json) -> Json:
    return {"type": "nested", "properties": properties}


def _index(schema_version: int | None, properties: Json, **rest: Any) -> Json:
    meta = {} if schema_version is None else {"_meta": {"schema_version": schema_version}}
    return {**meta, **rest, "properties": properties}


CONFIG_SCHEMA = 9
ALERT_SCHEMA = 5

_USER = _object(name=_text(), backend_roles=_text(None), roles=_text(None), custom_attribute_names=_text(None))
_SCHEDULE = _object(period=_object(interval=_INTEGER, unit=_WORD), cron=_object(expression=_FREE, timezone=_WORD))
_ACTIONS = _nested(
    name=_text(),
    destination_id=_WORD,
    subject_template=_OPAQUE,
    message_template=_OPAQUE,
    throttle_enabled=_BOOLEAN,
    throttle=_object(value=_INTEGER, unit=_WORD),
)
_TRIGGER: Json = {"name": _text(), "min_time_between_executions": _INTEGER, "condition": _OPAQUE, "actions": _ACTIONS}
_JOB: Json = {
    "schema_version": _INTEGER,
    "name": _text(),
    "owner": _text(),
    "user": _USER,
    "type": _WORD,
    "enabled": _BOOLEAN,
    "enabled_time": _TIME,
    "last_update_time": _TIME,
    "schedule": _SCHEDULE,
    "group_by_fields": _text(),
}
_MONITOR: Json = {
    "dynamic": "false",
    "properties": {
        **_JOB,
        "monitor_type": _WORD,
        "inputs": _nested(search=_object(indices=_text(), query=_OPAQUE)),
        "data_sources": _object(
            alerts_index=_text(), findings_index=_text(), query_index=_text(), query_index_mapping=_text()
        ),
        "delete_query_index_in_every_run": _BOOLEAN,
        "triggers": _nested(**_TRIGGER, query_level_trigger=_object(**_TRIGGER)),
        "ui_metadata": _OPAQUE,
    },
}
_DELEGATES = _nested(order=_INTEGER, monitor_id=_WORD, chained_monitor_findings=_object(monitor_id=_WORD))
_WORKFLOW: Json = {
    "dynamic": "false",
    "properties": {
        **_JOB,
        "workflow_type": _WORD,
        "audit_delegate_monitor_alerts": _BOOLEAN,
        "inputs": _nested(composite_input=_nested(sequence=_object(delegates=_DELEGATES))),
    },
}
_DESTINATION: Json = {
    "dynamic": "false",
    "properties": {
        "schema_version": _INTEGER,
        "name": _text(),
        "user": _USER,
        "type": _WORD,
        "last_update_time": _TIME,
        "chime": _object(url=_text()),
        "slack": _object(url=_text()),
        "custom_webhook": _object(
            url=_text(),
            scheme=_WORD,
            host=_FREE,
            port=_INTEGER,
            path=_WORD,
            query_params=_OPAQUE,
            header_params=_OPAQUE,
            username=_FREE,
            password=_FREE,
        ),
        "email": _object(email_account_id=_WORD, recipients=_nested(type=_WORD, email_group_id=_WORD, email=_FREE)),
    },
}
CONFIG = _index(
    CONFIG_SCHEMA,
    {
        "monitor": _MONITOR,
        "workflow": _WORKFLOW,
        "destination": _DESTINATION,
        "email_account": _object(name=_text(), **{"from": _FREE}, host=_FREE, port=_INTEGER, method=_FREE),
        "email_group": _object(name=_text(), emails=_nested(email=_FREE)),
        "metadata": _object(
            monitor_id=_WORD,
            last_action_execution_times=_nested(action_id=_WORD, execution_time=_TIME),
            last_run_context=_OPAQUE,
            source_to_query_index_mapping=_OPAQUE,
        ),
        "workflow_metadata": _object(
            workflow_id=_WORD, monitor_ids=_text(1000), latest_run_time=_TIME, latest_execution_id=_WORD
        ),
    },
)
ALERTS = _index(
    ALERT_SCHEMA,
    {
        "schema_version": _INTEGER,
        "id": _WORD,
        "version": _LONG,
        "monitor_id": _WORD,
        "monitor_version": _LONG,
        "monitor_name": _text(),
        "monitor_user": _USER,
        "workflow_id": _WORD,
        "workflow_name": _WORD,
        "execution_id": _WORD,
        "trigger_id": _WORD,
        "trigger_name": _text(),
        "severity": _WORD,
        "state": _WORD,
        "finding_ids": _text(None),
        "related_doc_ids": _text(None),
        "associated_alert_ids": _text(None),
        "clusters": _text(None),
        "start_time": _DATE,
        "end_time": _DATE,
        "last_notification_time": _DATE,
        "acknowledged_time": _DATE,
        "error_message": _FREE,
        "alert_history": _nested(timestamp=_DATE, message=_FREE),
        "action_execution_results": _nested(action_id=_WORD, last_execution_time=_DATE, throttled_count=_INTEGER),
        "agg_alert_content": {
            "dynamic": "true",
            "properties": {"parent_bucket_path": _FREE, "bucket_key": _FREE},
        },
    },
    dynamic="strict",
    _routing={"required": True},
)
FINDINGS = _index(
    4,
    {
        "schema_version": _INTEGER,
        "id": _WORD,
        "related_doc_ids": _text(None),
        "correlated_doc_ids": {**_text(None), "analyzer": "whitespace"},
        "monitor_id": _WORD,
        "monitor_name": _WORD,
        "index": _WORD,
        "queries": _nested(id=_WORD, name=_WORD, fields=_FREE, query=_FREE, query_field_names=_WORD, tags=_text(None)),
        "timestamp": _LONG,
        "execution_id": _WORD,
    },
    dynamic="strict",
)
# The plugin brings a percolator of its own that differs in nothing but its limits.
QUERIES = _index(1, {"query": {"type": "percolator"}, "monitor_id": _FREE, "index": _FREE})
COMMENTS = _index(
    None,
    {
        "entity_id": _WORD,
        "content": _FREE,
        "created_time": _TIME,
        "last_updated_time": _TIME,
        "user": _USER,
    },
    dynamic="false",
)
_URL = _object(url=_text(None))
_RECIPIENTS = _nested(recipient=_text(None))
CHANNELS = _index(
    2,
    {
        "metadata": _object(
            created_time_ms={"type": "date", "format": "epoch_millis"},
            last_updated_time_ms={"type": "date", "format": "epoch_millis"},
            access=_WORD,
        ),
        "config": _object(
            name=_text(None),
            description=_text(None),
            config_type=_WORD,
            is_enabled=_BOOLEAN,
            slack=_URL,
            chime=_URL,
            microsoft_teams=_URL,
            webhook=_object(url=_text(None), header_params={"type": "object"}),
            email=_object(email_account_id=_WORD, recipient_list=_RECIPIENTS, email_group_id_list=_WORD),
            email_group=_object(recipient_list=_RECIPIENTS),
            smtp_account=_object(host=_text(None), port=_INTEGER, method=_WORD, from_address=_text(None)),
            ses_account=_object(region=_WORD, role_arn=_text(None), from_address=_text(None)),
            sns=_object(topic_arn=_text(None), role_arn=_text(None)),
        ),
    },
    dynamic="false",
)
