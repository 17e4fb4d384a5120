"""One good event of each log source that alerts, as a document or as a raw line, with a marked host and time.

`HOST` and the `AT` texts stand where the event has them, so that a broken one can be put in their place.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.evasions import forms

HOST = "e0001"
"""The host (of network devices the device, of clouds the account) of the good events."""

ACCOUNT = "111122223333"

COMMANDS: dict[str, Any] = {
    "windows.sysmon": {"command": "netstat -ano"},
    "windows.security": {"command": "netstat -ano"},
    "windows.defender": {"command": "netstat -ano"},
    "windows.powershell": {"script": "Get-NetTCPConnection"},
    "linux.auditd": {"command": ["netstat", "-an"]},
    "linux.auth": {"command": "/usr/bin/netstat -an"},
    "linux.shell": {"command": "netstat -an"},
    "macos.osquery": {"command": ["netstat", "-an"]},
    "macos.endpoint": {"command": ["netstat", "-an"]},
    "esxi.shell": {"command": "esxcli network ip connection list"},
    "network.cli": {"command": "show ip sockets"},
}
"""The commands of the sources whose forms stand in tests/evasions."""

OTHERS: dict[str, Any] = {
    "esxi.hostd": (
        f"2026-04-01T10:00:00.000Z {HOST} Hostd: info hostd[2099656] [Originator@6876 sub=SysCommandPosix "
        "opID=esxcli-76-ecbf user=root] Executing command: 'esxcli network ip connection list'"
    ),
    "network.snmp": {
        "timestamp": "2026-04-01T10:00:00.000000+0000", "event_type": "snmp", "src_ip": "198.51.100.31", "src_port": 5000,
        "dest_ip": "192.0.2.52", "dest_port": 161, "proto": "UDP",
        "snmp": {"version": 2, "pdu_type": "get_next_request", "vars": ["1.3.6.1.2.1.6.13"], "community": "public"},
    },
    "aws.cloudtrail": {
        "eventVersion": "1.09", "eventTime": "2026-04-01T10:00:00Z", "eventSource": "ec2.amazonaws.com",
        "eventName": "DescribeVpcs", "awsRegion": "eu-west-1", "sourceIPAddress": "203.0.113.10", "readOnly": True,
        "userAgent": "curl/8", "recipientAccountId": ACCOUNT, "eventType": "AwsApiCall", "requestParameters": {},
        "userIdentity": {"type": "IAMUser", "arn": f"arn:aws:iam::{ACCOUNT}:user/mallory", "accountId": ACCOUNT, "userName": "mallory"},
    },
    "azure.activity": {
        "time": "2026-04-01T10:00:00.1234567Z", "operationName": "MICROSOFT.NETWORK/NETWORKWATCHERS/TOPOLOGY/ACTION",
        "resourceId": "/SUBSCRIPTIONS/00000000-0000-0000-0000-0000000000AA/RESOURCEGROUPS/R/PROVIDERS/MICROSOFT.NETWORK/NETWORKWATCHERS/N",
        "category": "Action", "resultType": "Success", "callerIpAddress": "203.0.113.20",
        "identity": {"claims": {"name": "Mallory", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name": "mallory@example.com"}},
    },
    "gcp.audit": {
        "insertId": "i1", "logName": "projects/p/logs/cloudaudit.googleapis.com%2Fdata_access", "timestamp": "2026-04-01T10:00:00.123456Z",
        "protoPayload": {
            "@type": "type.googleapis.com/google.cloud.audit.AuditLog", "serviceName": "compute.googleapis.com",
            "methodName": "v1.compute.networks.list", "resourceName": "projects/p/global/networks",
            "authenticationInfo": {"principalEmail": "mallory@example.com"},
            "authorizationInfo": [{"granted": True, "permission": "compute.networks.list"}],
            "requestMetadata": {"callerIp": "203.0.113.30"},
        },
        "resource": {"type": "api", "labels": {"project_id": "p", "method": "v1.compute.networks.list"}},
    },
}  # fmt: skip

MONITORS: Mapping[str, tuple[str, str]] = {
    "windows": ("AN0903", "discovery"),
    "linux": ("AN0904", "discovery"),
    "macos": ("AN0905", "discovery"),
    "esxi": ("AN0906", "connections"),
    "network.cli": ("AN0907", "cli"),
    "network.snmp": ("AN0907", "snmp"),
    "aws": ("AN0908", "burst"),
    "azure": ("AN0908", "burst"),
    "gcp": ("AN0908", "burst"),
}
"""The monitor that alerts on the good event of a source, by the source's id or what stands before its dot."""


def monitor_of(source: str) -> tuple[str, str]:
    """The analytic and monitor that alert on the source's good event."""
    return MONITORS.get(source) or MONITORS[source.split(".")[0]]


def good(source: str) -> dict[str, Any] | str:
    """The good event of a source: a document, or a raw line (of audit records: two)."""
    if source in OTHERS:
        found: dict[str, Any] | str = json.loads(json.dumps(OTHERS[source]))
        return found
    return forms.raw({"source": source, **COMMANDS[source]}, HOST)


def line(source: str) -> str:
    """The good event as one raw text, as it stands in a file."""
    event = good(source)
    return event if isinstance(event, str) else json.dumps(event)
