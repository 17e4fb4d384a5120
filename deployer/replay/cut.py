"""A raw file or sample cut into the documents that a shipper would send."""

from __future__ import annotations

import json
import re
from typing import Any

_SERIAL = re.compile(r"(?:node=(?P<node>\S+) )?.{0,200}?(?:msg=|\d )audit\((?P<stamp>[\d.]+:\d+)\)")

_BATCHES = (
    "Records", "records", "Results", "results", "Events", "entries", "value", "receivedMessages", "logEvents",
)  # fmt: skip
"""Where interfaces and files put many events into one document."""


def sample(raw: Any, form: str) -> list[dict[str, Any]]:
    """The documents of a sample event: a mapping is the document itself, a text is one raw line or more."""
    if isinstance(raw, dict):
        return _records(raw)
    # Cut at line ends only: str.splitlines would also cut at the character 0x1d that stands inside audit records.
    lines = [line.rstrip("\r") for line in str(raw).split("\n") if line.strip()]
    return audit_events(lines) if form == "auditd" else [{"message": line} for line in lines]


def file_lines(lines: list[str], form: str) -> list[dict[str, Any]]:
    """The documents of a raw file's lines: JSON objects are sent as they are, other lines in `message`."""
    if form == "auditd":
        return audit_events(lines)
    return [document for line in lines for document in _documents(line)]


def audit_events(lines: list[str]) -> list[dict[str, Any]]:
    """Audit records joined by node and serial, as auditbeat does: the records of one event in one `message`, in their order.

    A line that is no audit record is an event of its own.
    """
    groups: dict[str, list[str]] = {}
    for number, line in enumerate(lines):
        match = _SERIAL.match(line)
        key = f"{match['node']} {match['stamp']}" if match else f"line {number}"
        groups.setdefault(key, []).append(line)
    return [{"message": "\n".join(group)} for group in groups.values()]


def _documents(line: str) -> list[dict[str, Any]]:
    try:
        value = json.loads(line)
    except ValueError:
        # The event viewer saves its events as XML in one line.
        events = re.findall(r"<Event[ >].*?</Event>", line) if line.count("</Event>") > 1 else ()
        return [{"message": event} for event in events] or [{"message": line}]
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        return [document for item in value for document in _records(item)]
    if not isinstance(value, dict):
        return [{"message": line}]
    return _records(value)


def _records(value: dict[str, Any]) -> list[dict[str, Any]]:
    """The events of a batch or of an export, as a shipper sends them: one document each.

    Batches: the files of CloudTrail (``Records``), the messages of Event Hub (``records``), the answers of interfaces (``Results``,
    ``results``, ``Events``, ``entries``, ``value``, ``receivedMessages``) and subscriptions of CloudWatch Logs (``logEvents``). Exports: a search's hits
    (``hits.hits``, ``hits.events``), or one hit a line, whose event is its ``_source``.
    """
    hits = value.get("hits")
    for records in (*(value.get(name) for name in _BATCHES), *(hits.values() if isinstance(hits, dict) else ())):
        if isinstance(records, list) and records and all(isinstance(record, dict) for record in records):
            return [document for record in records for document in _records(record)]
    source = value.get("_source")
    return [source] if isinstance(source, dict) and source else [value]
