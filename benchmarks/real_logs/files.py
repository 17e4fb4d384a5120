"""A folder of real logs: files, their lines, their labels, and the log source of each line.

`<platform>/X.ndjson` or `X.log` (also `.gz`), beside it `X.labels.json`: line number (from 0) to
``{malicious, analytic, why, context?, ambiguous?}``. Lines that are not listed are negatives.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deployer.replay.cut import file_lines

PLATFORMS = ("windows", "linux", "macos", "esxi", "network", "cloud", "bulk")


@dataclass(frozen=True, slots=True)
class Lines:
    """Some lines of a file that make one event: their numbers, and the document that a shipper would send of them."""

    numbers: tuple[int, ...]
    document: dict[str, Any]


@dataclass(frozen=True, slots=True)
class LogFile:
    """A file as read. `events` are by log source; lines of a kind that no source of ours reads are in `unmapped`."""

    platform: str
    name: str
    lines: int
    labels: dict[int, dict[str, Any]]
    events: dict[str, tuple[Lines, ...]]
    unmapped: int


def read(folder: Path) -> Iterator[LogFile]:
    """The files of every platform that is there, in a fixed order."""
    for platform in PLATFORMS:
        for path in sorted((folder / platform).glob("*")) if (folder / platform).is_dir() else ():
            if path.is_file() and path.name.removesuffix(".gz").endswith((".ndjson", ".log")):
                yield _file(platform, path)


def _file(platform: str, path: Path) -> LogFile:
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    lines = raw.decode("utf-8", "replace").split("\n")
    if lines and not lines[-1]:
        lines.pop()
    stem = path.name.removesuffix(".gz").rsplit(".", 1)[0]
    beside = path.with_name(f"{stem}.labels.json")
    labels = (
        {int(key): value for key, value in json.loads(beside.read_text("utf-8")).items()} if beside.exists() else {}
    )
    by_source: dict[str, list[tuple[int, str]]] = {}
    for number, line in enumerate(lines):
        if line.strip():
            by_source.setdefault(source_of(platform, line), []).append((number, line))
    unmapped = len(by_source.pop("", []))
    events = {source: tuple(_events(source, numbered)) for source, numbered in by_source.items()}
    return LogFile(platform, path.name, len(lines), labels, events, unmapped)


def _events(source: str, numbered: list[tuple[int, str]]) -> Iterator[Lines]:
    if source != "linux.auditd" or not numbered[0][1].lstrip().startswith(("type=", "node=")):
        for number, line in numbered:
            for document in file_lines([line], "json"):
                yield Lines((number,), document)
        return
    # Joined by serial, as auditbeat does; the numbers of a group are those of its lines, in the order of the lines.
    waiting: dict[str, list[int]] = {}
    for number, line in numbered:
        waiting.setdefault(line, []).append(number)
    for document in file_lines([line for _, line in numbered], "auditd"):
        yield Lines(tuple(waiting[line].pop(0) for line in str(document["message"]).split("\n")), document)


def source_of(platform: str, line: str) -> str:
    """The log source that a line belongs to, or "" where we map none."""
    record = _record(line)
    if platform == "bulk":
        platform = (
            "windows"
            if _is_windows(record)
            else "linux"
            if "sshd" in line or "sudo" in line or "combo" in line
            else "other"
        )
    return _SNIFFERS.get(platform, _nothing)(record, line)


def _record(line: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
        if (
            isinstance(value, dict)
            and set(value) <= {"message", "event", "@timestamp"}
            and isinstance(value.get("message"), str)
            and value["message"].lstrip().startswith("{")
        ):
            value = json.loads(value["message"])
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _is_windows(record: dict[str, Any]) -> bool:
    known = {"Event", "winlog", "EventID", "EventId", "ProviderGuid"} & set(record)
    return bool(known) or _is_defender(record)


def _is_defender(record: Any) -> bool:
    if not isinstance(record, dict):
        return False
    return "ActionType" in record or any(key.startswith(("InitiatingProcess", "CreatedProcess")) for key in record)


def _windows(record: dict[str, Any], line: str) -> str:
    system = record.get("Event", {}).get("System", {}) if isinstance(record.get("Event"), dict) else {}
    winlog = record.get("winlog") if isinstance(record.get("winlog"), dict) else {}
    assert isinstance(winlog, dict)
    channel = str(system.get("Channel") or winlog.get("channel") or record.get("Channel") or "")
    event = system.get("EventID", winlog.get("event_id", record.get("EventID", record.get("EventId"))))
    event = str(event.get("#text") if isinstance(event, dict) else event)
    if _is_defender(record) or _is_defender(record.get("properties")):
        return "windows.defender"
    if "PowerShell" in channel or event in ("4103", "4104"):
        return "windows.powershell"
    if channel == "Security" or event == "4688":
        return "windows.security"
    return "windows.sysmon"


def _linux(record: dict[str, Any], line: str) -> str:
    if "msg=audit(" in line and not record:
        return "linux.auditd"
    if "auditd" in record:
        return "linux.auditd"
    return "linux.auth"


def _macos(record: dict[str, Any], line: str) -> str:
    return (
        "macos.osquery"
        if record.get("name") and ({"columns", "snapshot", "diffResults"} & set(record) or "osquery" in record)
        else ""
    )


def _esxi(record: dict[str, Any], line: str) -> str:
    return "esxi.shell" if " shell[" in line or "ESXShell" in line else "esxi.hostd"


def _network(record: dict[str, Any], line: str) -> str:
    lowered = line.lower()
    return "network.snmp" if "snmp" in lowered and "cmd" not in lowered and "command" not in lowered else "network.cli"


def _cloud(record: dict[str, Any], line: str) -> str:
    if {"eventSource", "EventSource", "CloudTrailEvent", "Records"} & set(record) or "aws" in record:
        return "aws.cloudtrail"
    if "protoPayload" in record or "cloudaudit.googleapis.com" in line:
        return "gcp.audit"
    return "azure.activity"


def _nothing(record: dict[str, Any], line: str) -> str:
    return ""


_SNIFFERS = {"windows": _windows, "linux": _linux, "macos": _macos, "esxi": _esxi, "network": _network, "cloud": _cloud}
