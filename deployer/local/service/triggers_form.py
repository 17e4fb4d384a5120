"""The stored form of triggers."""

from __future__ import annotations

from deployer.local.service.actions_form import parse_actions
from deployer.local.service.errors import Failure, Json, ServerError, illegal_argument, not_set
from deployer.local.service.ids import short_id
from deployer.local.service.tokens import END_OBJECT, FIELD_NAME, START_OBJECT, Parser

_SCRIPTED = ("query_level_trigger", "document_level_trigger", "chained_alert_trigger")
_KINDS = (*_SCRIPTED, "bucket_level_trigger", "noop_trigger", "remote_monitor_trigger")
TRIGGER_CLASSES = {
    "query_level_trigger": "QueryLevelTrigger",
    "document_level_trigger": "DocumentLevelTrigger",
    "chained_alert_trigger": "ChainedAlertTrigger",
    "bucket_level_trigger": "BucketLevelTrigger",
    "noop_trigger": "NoOpTrigger",
    "remote_monitor_trigger": "RemoteMonitorTrigger",
}


def parse_trigger(parser: Parser) -> Json:
    """Gives the stored form of the trigger at the current token: one key, its kind.

    Without a kind it is the old form of a query-level trigger.
    """
    parser.expect(START_OBJECT)
    parser.next()
    parser.expect(FIELD_NAME)
    kind = parser.name or ""
    if kind not in _KINDS:
        trigger = {"query_level_trigger": _scripted(parser)}
        parser.expect(END_OBJECT)
        return trigger
    parser.next()
    parser.expect(START_OBJECT)
    if kind == "bucket_level_trigger":
        body = _bucket_level(parser)
    elif kind == "noop_trigger":
        raise parser.not_registered("Trigger", kind)
    else:
        body = _scripted(parser)
    parser.next()
    parser.expect(END_OBJECT)
    return {kind: body}


def _scripted(parser: Parser) -> Json:
    """Reads a trigger whose condition is a script, from its first field or the object it begins with."""
    trigger: Json = {"id": short_id(), "name": None, "severity": None, "condition": None, "actions": []}
    if parser.type not in (START_OBJECT, FIELD_NAME):
        raise parser.unknown_token()
    if parser.type == START_OBJECT:
        parser.next()
    while parser.type != END_OBJECT:
        field = parser.name
        parser.next()
        if field in ("id", "name", "severity"):
            trigger[field] = parser.text()
        elif field == "condition":
            # The script stands one token further, under whatever name, and something must follow it.
            parser.next()
            trigger["condition"] = {"script": _script(parser)}
            parser.next()
        elif field == "query_ids":
            parser.texts()
        elif field == "actions":
            trigger["actions"] = trigger["actions"] + parse_actions(parser)
        parser.next()
    _require(trigger)
    return trigger


def _script(parser: Parser) -> Json:
    script: Json = parser.part()["value"]
    if script.get("lang") != "painless":
        raise illegal_argument("Invalid script language. Allowed languages are [painless]")
    return script


def _bucket_level(parser: Parser) -> Json:
    trigger: Json = {"id": short_id(), "name": None, "severity": None, "condition": None, "actions": []}
    while parser.next() != END_OBJECT:
        field = parser.name
        parser.next()
        if field in ("id", "name", "severity"):
            trigger[field] = parser.text()
        elif field == "condition":
            trigger["condition"] = _selector(parser, trigger["id"])
        elif field == "actions":
            trigger["actions"] = trigger["actions"] + parse_actions(parser)
    _require(trigger, condition="bucketSelector")
    return trigger


def _selector(parser: Parser, trigger_id: str) -> Json:
    try:
        selector: Json = parser.part()["value"]
    except ServerError as error:
        raise ServerError(_named(error.failure, trigger_id)) from error
    return selector


def _named(failure: Failure, trigger_id: str) -> Failure:
    """Puts the trigger's id where the node, which does not know it, wrote `[?]`."""

    def mend(value: object) -> object:
        if isinstance(value, str):
            return value.replace("[?]", f"[{trigger_id}]")
        if isinstance(value, dict):
            return {key: mend(item) for key, item in value.items()}
        return [mend(item) for item in value] if isinstance(value, list) else value

    body = mend(failure.body)
    message = (failure.message or "").replace("[?]", f"[{trigger_id}]")
    return Failure(failure.java_class, message, failure.kind, failure.status, body if isinstance(body, dict) else {})


def _require(trigger: Json, condition: str = "condition") -> None:
    for field in ("name", "severity", "condition"):
        if trigger[field] is None:
            raise not_set(condition if field == "condition" else field)
