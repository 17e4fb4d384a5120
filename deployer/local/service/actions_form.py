"""The stored form of actions: what a trigger sends, to whom, how often."""

from __future__ import annotations

from deployer.local.service.errors import Json, illegal_argument, illegal_state, not_set, null_pointer
from deployer.local.service.ids import short_id
from deployer.local.service.tokens import (
    END_ARRAY,
    END_OBJECT,
    START_ARRAY,
    START_OBJECT,
    VALUE_BOOLEAN,
    VALUE_NULL,
    VALUE_NUMBER,
    VALUE_STRING,
    Parser,
)

_CATEGORIES = ("DEDUPED", "NEW", "COMPLETED")


def parse_actions(parser: Parser) -> list[Json]:
    """Gives the stored forms of the array of actions at the current token."""
    parser.expect(START_ARRAY)
    actions = []
    while parser.next() != END_ARRAY:
        actions.append(_action(parser))
    return actions


def _action(parser: Parser) -> Json:
    action: Json = {"id": short_id(), "name": None, "destination_id": None, "message_template": None}
    subject: Json | None = None
    throttle: Json | None = None
    policy: Json | None = None
    throttled = False
    parser.expect(START_OBJECT)
    while parser.next() != END_OBJECT:
        field = parser.name
        parser.next()
        match field:
            case "id":
                action["id"] = parser.text()
            case "name" | "destination_id":
                action[field] = parser.text_or_none()
                if action[field] is None:
                    raise null_pointer("textOrNull(...) must not be null")
            case "subject_template":
                subject = None if parser.type == VALUE_NULL else parser.part()["value"]
            case "message_template":
                action["message_template"] = parser.part()["value"]
            case "throttle":
                throttle = None if parser.type == VALUE_NULL else _throttle(parser)
            case "throttle_enabled":
                throttled = parser.boolean()
            case "action_execution_policy":
                policy = None if parser.type == VALUE_NULL else _policy(parser)
            case _:
                raise illegal_state(f"Unexpected field: {field}, while parsing action")
    if throttled and throttle is None:
        raise illegal_argument("Action throttle enabled but not set throttle value")
    for field, name in (("name", "name"), ("destination_id", "destinationId"), ("message_template", "messageTemplate")):
        if action[field] is None:
            raise not_set(name)
    if subject is not None and subject.get("lang") != "mustache":
        raise illegal_argument("subject_template must be a mustache script")
    if action["message_template"].get("lang") != "mustache":
        raise illegal_argument("message_template must be a mustache script")
    if policy is not None and "per_execution" in policy["action_execution_scope"] and throttle is not None:
        raise illegal_argument("Throttle is currently not supported for per execution action scope")
    action["throttle_enabled"] = throttled
    optional = {"subject_template": subject, "throttle": throttle, "action_execution_policy": policy}
    return action | {name: value for name, value in optional.items() if value is not None}


def _throttle(parser: Parser) -> Json:
    value = 0
    parser.expect(START_OBJECT)
    while parser.next() != END_OBJECT:
        field = parser.name
        parser.next()
        if field == "unit":
            if parser.text().upper() != "MINUTES":
                raise illegal_argument("Only support MINUTES throttle unit currently")
        elif field == "value":
            if parser.type == VALUE_NULL:
                raise illegal_argument("Throttle value can't be null")
            if parser.type not in (VALUE_STRING, VALUE_NUMBER, VALUE_BOOLEAN):
                raise parser.unknown_token()
            value = parser.integer()
            if value <= 0:
                raise illegal_argument("Can only set positive throttle period")
        else:
            raise illegal_state(f"Unexpected field: {field}, while parsing action")
    return {"value": value, "unit": "MINUTES"}


def _policy(parser: Parser) -> Json:
    scope: Json | None = None
    parser.expect(START_OBJECT)
    while parser.next() != END_OBJECT:
        field = parser.name
        parser.next()
        if field == "action_execution_scope":
            scope = _scope(parser)
    if scope is None:
        raise not_set("actionExecutionScope")
    return {"action_execution_scope": scope}


def _scope(parser: Parser) -> Json:
    kind = ""
    categories: list[str] = []
    parser.expect(START_OBJECT)
    while parser.next() != END_OBJECT:
        field = parser.name
        parser.next()
        if kind:
            raise illegal_argument("You can only specify one type of action execution scope.")
        if field == "per_alert":
            kind = field
            categories = _actionable(parser)
        elif field == "per_execution":
            kind = field
            while parser.next() != END_OBJECT:
                continue
        else:
            raise illegal_argument(f"Invalid field [{field or 'null'}] found in action execution scope.")
    if not kind:
        raise illegal_argument("Action execution scope is null.")
    return {kind: {"actionable_alerts": categories} if kind == "per_alert" else {}}


def _actionable(parser: Parser) -> list[str]:
    categories: list[str] = []
    while parser.next() != END_OBJECT:
        field = parser.name
        parser.next()
        if field != "actionable_alerts":
            raise illegal_argument(f"Invalid field [{field or 'null'}] found in per alert action execution scope.")
        parser.expect(START_ARRAY)
        while parser.next() != END_ARRAY:
            category = parser.text()
            if category not in _CATEGORIES:
                raise illegal_state("Actionable alerts should be one of [DEDUPED, NEW, COMPLETED]")
            if category not in categories:
                categories.append(category)
    return categories
