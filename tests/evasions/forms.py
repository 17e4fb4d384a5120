"""Raw events, one log source each, in which a command reaches the project as its shipper delivers it."""

from __future__ import annotations

import base64
import json
import ntpath
import posixpath
import shlex
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

AT = datetime(2026, 4, 1, 10, 0, tzinfo=UTC)
"""When everything happened."""

SYSTEM = "C:\\Windows\\System32"
Event = dict[str, Any]


def raw(event: Event, host: str) -> dict[str, Any] | str:
    """The event on a host of that name: a document, or a raw line (of audit records: several)."""
    return FORMS[event["source"]](event, host)


def encoded(script: str) -> str:
    """A script as PowerShell's -EncodedCommand takes it."""
    return base64.b64encode(script.encode("utf-16-le")).decode()


def command_of(event: Event) -> str:
    """The command as text, for a reader; `{encoded: ...}` in it becomes the code."""
    text = event.get("command", event.get("script", ""))
    if isinstance(text, list):
        return shlex.join(text)
    return text.replace("{code}", encoded(event["encoded"])) if "encoded" in event else str(text)


def _image(event: Event) -> str:
    if "image" in event:
        return str(event["image"])
    first = command_of(event).lstrip('"').split('"' if command_of(event).startswith('"') else None)[0]
    name = ntpath.basename(first).lower().removesuffix(".exe")
    return f"{SYSTEM}\\{name}.exe"


def _original(event: Event) -> str:
    return str(event.get("original", ntpath.basename(_image(event))))


def _sysmon(event: Event, host: str) -> Event:
    return {
        "EventID": 1, "Channel": "Microsoft-Windows-Sysmon/Operational", "Computer": host, "Image": _image(event),
        "UtcTime": f"{AT:%Y-%m-%d %H:%M:%S}.000", "OriginalFileName": _original(event), "User": "CORP\\mallory",
        "CommandLine": command_of(event), "ParentImage": event.get("parent", f"{SYSTEM}\\cmd.exe"),
    }  # fmt: skip


def _security(event: Event, host: str) -> Event:
    return {
        "EventID": 4688, "Channel": "Security", "Computer": host, "TimeCreated": f"{AT:%Y-%m-%dT%H:%M:%S}Z",
        "NewProcessName": _image(event), "CommandLine": command_of(event), "SubjectUserName": "mallory",
        "ParentProcessName": event.get("parent", f"{SYSTEM}\\cmd.exe"),
    }  # fmt: skip


def _defender(event: Event, host: str) -> Event:
    return {
        "Timestamp": f"{AT:%Y-%m-%dT%H:%M:%S}Z", "DeviceName": host, "ActionType": "ProcessCreated",
        "FileName": ntpath.basename(_image(event)), "FolderPath": _image(event), "AccountName": "mallory",
        "ProcessCommandLine": command_of(event), "ProcessVersionInfoOriginalFileName": _original(event),
        "InitiatingProcessFileName": "cmd.exe",
    }  # fmt: skip


def _powershell(event: Event, host: str) -> Event:
    return {
        "EventID": 4104, "Channel": "Microsoft-Windows-PowerShell/Operational", "Computer": host,
        "TimeCreated": f"{AT:%Y-%m-%dT%H:%M:%S}Z", "ScriptBlockText": command_of(event),
        "MessageNumber": str(event.get("part", 1)), "MessageTotal": str(event.get("parts", 1)),
        "ScriptBlockId": f"00000000-0000-0000-0000-{int(host[1:]):012d}", "UserID": "S-1-5-21-1-2-3-1104",
    }  # fmt: skip


def _argv(event: Event) -> list[str]:
    command = event["command"]
    return [str(word) for word in command] if isinstance(command, list) else shlex.split(command)


def _audit_text(value: str) -> str:
    plain = value.isascii() and value.isprintable() and '"' not in value and " " not in value and value != ""
    return f'"{value}"' if plain else value.encode().hex().upper()


def _auditd(event: Event, host: str) -> str:
    stamp = f"msg=audit({AT.timestamp():.3f}:{1000 + int(host[1:])})"
    head = f"node={host} type="
    if "opens" in event:
        path = event["opens"]
        return (
            f"{head}SYSCALL {stamp}: arch=c000003e syscall=257 success=yes exit=3 items=1 ppid=9 pid=10 auid=1000 uid=1000 "
            f'comm="x" exe="{event["exe"]}" key="net"\n{head}CWD {stamp}: cwd="/tmp"\n'
            f'{head}PATH {stamp}: item=0 name="{path}" inode=1 dev=00:16 mode=0100444 ouid=0 ogid=0 nametype=NORMAL'
        )
    argv = _argv(event)
    exe = event.get("exe", argv[0] if argv[0].startswith("/") else f"/usr/bin/{argv[0]}")
    arguments = " ".join(f"a{number}={_audit_text(word)}" for number, word in enumerate(argv))
    return (
        f"{head}SYSCALL {stamp}: arch=c000003e syscall=59 success=yes exit=0 items=2 ppid=9 pid=10 auid=1000 uid=1000 "
        f'comm={_audit_text(event.get("comm", posixpath.basename(exe))[:15])} exe={_audit_text(exe)} key="exec"\n'
        f"{head}EXECVE {stamp}: argc={len(argv)} {arguments}"
    )


def _sudo(event: Event, host: str) -> str:
    return (
        f"{AT:%Y-%m-%dT%H:%M:%S}.000000+00:00 {host} sudo[42]:  mallory : TTY=pts/0 ; PWD=/tmp ; USER=root ; "
        f"COMMAND={command_of(event)}"
    )


def _shell(event: Event, host: str) -> str:
    command = command_of(event).replace("\n", "#012")  # as a syslog daemon writes the end of a line
    return f"{AT:%Y-%m-%dT%H:%M:%S}.000000+00:00 {host} bash[811]: HISTORY: PID=811 UID=1000 {command}"


def _osquery(event: Event, host: str) -> str:
    argv = _argv(event)
    path = event.get("exe", argv[0] if argv[0].startswith("/") else f"/usr/sbin/{argv[0].lower()}")
    columns = {
        "time": str(int(AT.timestamp())), "event_type": "exec", "pid": "77", "path": path, "cmdline": " ".join(argv),
        "uid": "501", "username": "mallory", "parent_path": "/bin/zsh",
    }  # fmt: skip
    return json.dumps(
        {
            "name": "t1049",
            "hostIdentifier": host,
            "unixTime": int(AT.timestamp()),
            "columns": columns,
            "action": "added",
        }
    )


def _endpoint(event: Event, host: str) -> str:
    argv = _argv(event)
    path = event.get("exe", argv[0] if argv[0].startswith("/") else f"/usr/sbin/{argv[0].lower()}")
    target = {"executable": {"path": path}, "audit_token": {"pid": 55, "ruid": 502, "euid": 502}, "ppid": 44}
    return json.dumps(
        {
            "schema_version": 1,
            "time": f"{AT:%Y-%m-%dT%H:%M:%S}Z",
            "event_type": 9,
            "host": {"hostname": host},
            "event": {"exec": {"args": argv, "target": target}},
            "process": {"executable": {"path": "/bin/zsh"}},
        }
    )


def _esxi(event: Event, host: str) -> str:
    return f"{AT:%Y-%m-%dT%H:%M:%S}.000Z {host} shell[811]: [root]: {command_of(event)}"


def _ios(event: Event, host: str) -> str:
    return (
        f"<190>1: {host}: {AT:%b} {AT.day:2d} {AT:%Y %H:%M:%S}: %AAAA-6-ACCTLOCAL: Username: mallory Privilege level: 1 "
        f"Command: {command_of(event)} <cr>"
    )


FORMS: dict[str, Callable[[Event, str], Event | str]] = {
    "windows.sysmon": _sysmon,
    "windows.security": _security,
    "windows.defender": _defender,
    "windows.powershell": _powershell,
    "linux.auditd": _auditd,
    "linux.auth": _sudo,
    "linux.shell": _shell,
    "macos.osquery": _osquery,
    "macos.endpoint": _endpoint,
    "esxi.shell": _esxi,
    "network.cli": _ios,
}
