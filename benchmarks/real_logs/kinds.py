"""Which log source a raw line belongs to: what an operator decides by where a shipper sends it, read here from the line."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

PLATFORMS = ("windows", "linux", "macos", "esxi", "network", "cloud", "bulk")
ANALYTICS = {
    "windows": "AN0903", "linux": "AN0904", "macos": "AN0905", "esxi": "AN0906", "network": "AN0907", "cloud": "AN0908",
}  # fmt: skip
ENVELOPES = (
    "_source",
    "result",
    "Event",
    "event",
    "message",
    "_raw",
    "detail",
    "properties",
    "data",
    "body",
    "Body",
    "records",
    "Records",
    "Results",
    "results",
    "document",
    "context",
    "activityLog",
    "alertContext",
    "eventData",
    "Message",
    "Events",
    "entries",
    "value",
    "receivedMessages",
    "logEvents",
    "json",
    "attributes",
    "osquery",
    "suricata",
    "eve",
    "predecoder",
    "win",
    "system",
)
"""Where shippers and exports put the event itself."""

_SYSLOG = re.compile(r"^(<\d{1,3}>)?\s*(\w{3}\s+\d{1,2}\s|\d{1,2}\s\w{3}\s|20\d\d|19\d\d|\d+\s20\d\d|\*|\.)")
_SHELLS = re.compile(
    r"\b-?(bash|zsh|ksh|sh|snoopy|shell_?log\w*|commands?|cmdlog\w*|history)(\[\d+\])?:", re.IGNORECASE
)


def source_of(platform: str, line: str) -> str:
    """The id of the log source of a line, or "" where we map none."""
    record = parsed(line)
    if platform == "bulk":
        platform = _platform(record, line)
    kind = _KINDS.get(platform)
    return kind(record, line) if kind else ""


def parsed(line: str) -> dict[str, Any]:
    """The JSON object of a line, or {}."""
    if not line.lstrip("\ufeff \t").startswith("{"):
        return {}
    try:
        value = json.loads(line.lstrip("\ufeff"))
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def layers(record: Mapping[str, Any], depth: int = 3) -> list[Mapping[str, Any]]:
    """A record and the objects that its envelopes hold, outermost first; text that is JSON counts as an object."""
    found: list[Mapping[str, Any]] = [record]
    if depth:
        for name in ENVELOPES:
            inner = record.get(name)
            inner = parsed(inner) if isinstance(inner, str) else inner
            # A batch is of one kind, that of its first event.
            inner = inner[0] if isinstance(inner, list) and inner else inner
            if isinstance(inner, Mapping) and inner:
                found += layers(inner, depth - 1)
    return found


def _keys(record: Mapping[str, Any]) -> set[str]:
    return {str(key) for layer in layers(record) for key in layer}


def _platform(record: Mapping[str, Any], line: str) -> str:
    keys = _keys(record)
    if {"eventSource", "eventName"} <= keys or keys & {"protoPayload", "operationName", "CloudTrailEvent"}:
        return "cloud"
    if _windows(record, line, ""):
        return "windows"
    if {"columns", "hostIdentifier"} & keys or "exec_chain_child" in keys or "santad" in line:
        return "macos"
    if (
        "msg=audit(" in line
        or re.search(r"\b(sshd|sudo|su|systemd|CRON|crond)(\(\w+\))?(\[\d+\])?:", line)
        or " combo " in line
    ):
        return "linux"
    if re.search(r"%[A-Z][A-Z0-9_]+-\d-[A-Z0-9_]+:", line) or "CISE_" in line:
        return "network"
    if re.search(r"\b([Hh]ostd|vpxa|vobd|vmkernel|shell\[\d+\])", line):
        return "esxi"
    return "macos"


_CHANNEL_NAMES = (
    "Channel", "channel", "_Channel", "winlog.channel", "log_name", "LogName", "EventLog", "Provider", "ProviderName", "providerName",
    "SourceName",
)  # fmt: skip
_EVENT_NAMES = ("EventID", "EventId", "EventCode", "event_id", "winlog.event_id", "eventID", "_EventID", "Id")
# XML, or text with a head: which channel it names, and which number.
_CHANNELS = re.compile(
    r"Microsoft-Windows-(?:Sysmon|PowerShell|Security)|PowerShellCore|LogName=\S+|AgentLogFile=\S+|<Channel>[^<]*|MSWinEventLog.\d.\S+"
)
_EVENT = re.compile(r"<EventID[^>]*>(\d+)<|EventCode=(\d+)|EventID=\"?(\d+)")


def _windows(record: Mapping[str, Any], line: str, otherwise: str = "windows.sysmon") -> str:
    keys = _keys(record)
    if {"ActionType", "m365_defender"} & keys or any(
        key.startswith(("InitiatingProcess", "CreatedProcess")) for key in keys
    ):
        return "windows.defender"
    channel, event = "", ""
    for layer in layers(record):
        head = layer.get("System") if isinstance(layer.get("System"), Mapping) else layer
        winlog = layer.get("winlog")
        for one in (head, winlog if isinstance(winlog, Mapping) else {}):
            assert isinstance(one, Mapping)
            channel += "".join(f" {one[name]}" for name in _CHANNEL_NAMES if name in one)
            for name in _EVENT_NAMES:
                value = one.get(name)
                value = value.get("#text", value.get("Value", value.get("id"))) if isinstance(value, Mapping) else value
                event = event or ("" if value is None else str(value))
    if not channel and (not record or not event):
        channel = " ".join(_CHANNELS.findall(line[:4000]))
        event = next(("".join(found) for found in _EVENT.findall(line[:4000])), event)
    if "PowerShell" in channel or event in ("4103", "4104") or "ScriptBlockText" in keys:
        return "windows.powershell"
    if "Sysmon" in channel:
        return "windows.sysmon"
    if "Security" in channel or event == "4688" or "NewProcessName" in keys:
        return "windows.security"
    return "windows.sysmon" if channel or event or {"Image", "CommandLine"} <= keys else otherwise


_PROGRAMS = (
    "program", "appname", "programname", "program_name", "ident", "PROGRAM", "SYSLOG_IDENTIFIER", "ProcessName", "_application_name",
)  # fmt: skip


def _program(record: Mapping[str, Any]) -> str:
    """The program that wrote the line, where a shipper has it in a field."""
    for layer in layers(record):
        log = layer.get("log")
        syslog = log.get("syslog") if isinstance(log, Mapping) else None
        for one in (layer, syslog if isinstance(syslog, Mapping) else {}):
            for name in _PROGRAMS:
                if isinstance(one.get(name), str):
                    return str(one[name])
    return ""


def _linux(record: Mapping[str, Any], line: str) -> str:
    keys = _keys(record)
    if {"auditd", "EXECVE", "SYSCALL", "_AUDIT_TYPE"} & keys or any(key.startswith("auditd.") for key in keys):
        return "linux.auditd"
    if {"sequence", "messages"} <= keys or ("audit(" in line and "type=" in line and "SyslogMessage" not in keys):
        return "linux.auditd"
    if "Linux-Sysmon" in line:
        return "linux.auth"
    program = _program(record)
    if (
        _SHELLS.search(f"{program}:" if program else line)
        or re.search(r"[._]history\b", line[:2000])
        or (not record and not _SYSLOG.match(line))
    ):
        return "linux.shell"
    return "linux.auth"


def _macos(record: Mapping[str, Any], line: str) -> str:
    keys = _keys(record)
    if (
        {"columns", "snapshot", "diffResults", "hostIdentifier", "osquery", "osquery_meta"} & keys
        or any(key.startswith("osquery.") for key in keys)
        or '"hostIdentifier"' in line
    ):
        return "macos.osquery"
    return "macos.endpoint"


def _esxi(record: Mapping[str, Any], line: str) -> str:
    program = _program(record)
    shells = r"\b(shell|ESXShell|sshd|dcui|login|sftp-server|su)(\[\d+\])?(:| \d+ - )"
    return "esxi.shell" if re.search(shells, f"{program}:" if program else line) else "esxi.hostd"


def _network(record: Mapping[str, Any], line: str) -> str:
    keys = _keys(record)
    if {"snmp", "get_requests", "pdu_type", "snmp_trap", "trap", "varbinds"} & keys or '"event_type":"snmp"' in line:
        return "network.snmp"
    zeek = r"^\d{10}\.\d{6}\tC\w+\t\S+\t\d+\t\S+\t16[12]\t"
    traps = r"\bsnmp(trap)?d\b|\bSNMPv[123]\b|SNMP-TRAP|TRAP[,:2]|\bUDP: \["
    return "network.snmp" if re.search(zeek, line) or re.search(traps, line) else "network.cli"


def _cloud(record: Mapping[str, Any], line: str) -> str:
    keys = _keys(record)
    azure = {"operationName", "operation_name", "OperationName", "OperationNameValue", "activityLog"}
    if azure & keys and not {"awsRegion", "protoPayload", "insertId"} & keys:
        return "azure.activity"
    if {
        "eventSource", "EventSource", "eventsource", "CloudTrailEvent", "aws", "digestEndTime", "class_uid", "logGroup",
    } & keys or '"eventSource' in line or '\\"eventSource' in line:  # fmt: skip
        return "aws.cloudtrail"
    if (
        {"protoPayload", "jsonPayload", "proto_payload", "protopayload_auditlog", "messageId", "ackId"} & keys
        or "cloudaudit.googleapis.com" in line
        or "type.googleapis.com" in line
    ):
        return "gcp.audit"
    return "azure.activity"


_KINDS = {"windows": _windows, "linux": _linux, "macos": _macos, "esxi": _esxi, "network": _network, "cloud": _cloud}
