"""The stored form of a workflow's input: the monitors it runs, in what order."""

from __future__ import annotations

from deployer.local.service.errors import Json, illegal_argument, illegal_state, not_set
from deployer.local.service.ids import check_id
from deployer.local.service.tokens import (
    END_ARRAY,
    END_OBJECT,
    FIELD_NAME,
    START_ARRAY,
    START_OBJECT,
    VALUE_NULL,
    Parser,
)


def parse_workflow_input(parser: Parser) -> Json:
    """Gives the stored form of the input at the current token."""
    parser.expect(START_OBJECT)
    parser.next()
    parser.expect(FIELD_NAME)
    parser.next()
    parser.expect(START_OBJECT)
    if parser.name != "composite_input":
        raise illegal_state("Unexpected input type when reading Input")
    delegates: list[Json] = []
    while parser.next() != END_OBJECT:
        field = parser.name
        parser.next()
        if field == "sequence":
            delegates = _sequence(parser)
    parser.next()
    parser.expect(END_OBJECT)
    return {"composite_input": {"sequence": {"delegates": delegates}}}


def _sequence(parser: Parser) -> list[Json]:
    delegates: list[Json] = []
    parser.expect(START_OBJECT)
    while parser.next() != END_OBJECT:
        field = parser.name
        parser.next()
        if field == "delegates":
            parser.expect(START_ARRAY)
            while parser.next() != END_ARRAY:
                delegates.append(_delegate(parser))
    return delegates


def _delegate(parser: Parser) -> Json:
    order = 0
    monitor_id: str | None = None
    chained: Json | None = None
    parser.expect(START_OBJECT)
    while parser.next() != END_OBJECT:
        field = parser.name
        parser.next()
        if field == "order":
            order = parser.integer()
            _check_order(order)
        elif field == "monitor_id":
            monitor_id = parser.text()
            check_id(monitor_id)
        elif field == "chained_monitor_findings":
            chained = _chained(parser)
    if monitor_id is None:
        raise not_set("monitorId")
    _check_order(order)
    return {"order": order, "monitor_id": monitor_id, **({"chained_monitor_findings": chained} if chained else {})}


def _check_order(order: int) -> None:
    if order <= 0:
        raise illegal_argument("Invalid delgate order")


def _chained(parser: Parser) -> Json:
    monitor_id: str | None = None
    monitor_ids: list[str] = []
    parser.expect(START_OBJECT)
    while parser.next() != END_OBJECT:
        field = parser.name
        parser.next()
        if field == "monitor_id" and parser.type != VALUE_NULL:
            monitor_id = parser.text()
        elif field == "monitor_ids":
            monitor_ids += parser.texts()
    if not (monitor_id or "").strip() and not monitor_ids:
        raise illegal_argument("at least one of fields, 'monitorIds' and 'monitorId' should be provided")
    if monitor_id is not None and not monitor_id.strip():
        check_id(monitor_id)
    for other in monitor_ids:
        check_id(other)
    return {"monitor_id": monitor_id, "monitor_ids": monitor_ids}
