"""Why a value of ours differs from a reference's, where it does on purpose. A difference that none of these explains is a mistake."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Holds = Callable[[Any, Any, Mapping[str, Any]], bool]


def always(expected: Any, ours: Any, document: Mapping[str, Any]) -> bool:
    """The reason explains any difference of its fields."""
    return True


@dataclass(frozen=True, slots=True)
class Reason:
    """`pairs` is a pattern of ``<platform>/<name of the pair>``; `holds` decides by expected value, our value and our document."""

    pairs: str
    fields: tuple[str, ...]
    why: str
    holds: Holds = always


def _cleaned(expected: Any, ours: Any, document: Mapping[str, Any]) -> bool:
    """Ours is the command without what the device hung on it."""
    return isinstance(ours, str) and str(expected).replace("!exec:", "").replace("<cr>", "").strip() == ours


def _zone(expected: Any, ours: Any, document: Mapping[str, Any]) -> bool:
    """The two times differ by what a zone can be."""
    both = [datetime.fromisoformat(str(value).replace("Z", "+00:00")) for value in (expected, ours)]
    return abs((both[0] - both[1]).total_seconds()) <= 14 * 3600


REASONS: tuple[Reason, ...] = (
    Reason(
        "network/integrations_cisco_ios/*", ("@timestamp",),
        "the line says its time zone; the integration reads it only where somebody configured it, and UTC otherwise", _zone,
    ),
    Reason(
        "network/sekoia/cisco_ios/*", ("process.command_line",),
        "<cr> and !exec: are the device's marks and no part of what was typed; patterns such as `show tcp $` need the end", _cleaned,
    ),
    Reason(
        "network/sekoia/cisco_ios/*", ("host.name",),
        "a number and a colon in front of the time is the sequence number, as the Elastic integration reads it (event.sequence)",
        lambda expected, ours, document: ours is None and str(expected).isdigit() and "event.sequence" in document,
    ),
    Reason(
        "network/integrations_cisco_nexus/*", ("user.name",),
        "a line of sudo: who typed it stands first (as in Elastic's system integration); USER= is user.effective.name",
        lambda expected, ours, document: document.get("user.effective.name") == expected,
    ),
    Reason(
        "linux/*auditd/*", ("auditd.log.tty",),
        "(none) means that the process has no terminal: ours leaves the field out, because messages show it",
        lambda expected, ours, document: expected == "(none)" and ours is None,
    ),
    Reason(
        "network/integrations_zeek_snmp/*", ("host.name",),
        "host.name is the device that was asked, which the alert is about; the reference has the sensor that saw it",
    ),
    Reason(
        "windows/integrations_sysmon_operational/*", ("@timestamp",),
        "an event without UtcTime: ours is the time of the event (TimeCreated), the reference keeps the time of the test's shipper",
        lambda expected, ours, document: document.get("event.code") == "255",
    ),
    Reason(
        "linux/integrations_auditd/*", ("user.id",),
        "4294967295 means that nobody is logged in; ours keeps the uid, because alerts name the user",
        lambda expected, ours, document: expected == "4294967295",
    ),
    Reason(
        "linux/integrations_auditd/*", ("event.action",),
        "a line cut to pieces, which is no audit record: ours marks it pipeline_error",
        lambda expected, ours, document: "pipeline_error" in document.get("tags", ()),
    ),
    Reason(
        "linux/beats_auditd/*", ("event.action",),
        "a SYSCALL record alone is `syscall` for the Elastic integration, which wins over Beats' `executed`",
        lambda expected, ours, document: ours == "syscall",
    ),
    Reason(
        "esxi/sekoia/vmware_esxi/*", ("user.name",),
        "`logged in as` names the client program; the user stands before it, as Elastic's vsphere integration has it",
        lambda expected, ours, document: document.get("user_agent.original") == expected,
    ),
    Reason(
        "esxi/sekoia/vmware_esxi/*", ("user.name",),
        "vCenter acts as vpxuser for somebody: the alert is about that one, vpxuser is user.effective.name",
        lambda expected, ours, document: document.get("user.effective.name") == expected == "vpxuser",
    ),
    Reason(
        "esxi/sekoia/vmware_esxi/*", ("source.ip",),
        "the broadcast address that a DHCP client sends to is no source",
        lambda expected, ours, document: expected == "255.255.255.255",
    ),
    Reason(
        "esxi/sekoia/vmware_esxi/*", ("host.name",),
        "the reference takes the program's name for the host's; it is process.name",
        lambda expected, ours, document: document.get("process.name") == expected,
    ),
    Reason(
        "cloud/sekoia/aws_cloudtrail/*", ("user.id",),
        "the principal, as the Elastic integration has it, and not the account (cloud.account.id)",
        lambda expected, ours, document: document.get("cloud.account.id") == expected,
    ),
    Reason(
        "cloud/sekoia/aws_cloudtrail/*", ("event.outcome",),
        "a record with an errorCode failed, as the Elastic integration has it",
        lambda expected, ours, document: "aws.cloudtrail.error_code" in document,
    ),
    Reason(
        "cloud/sekoia/aws_cloudtrail/*", ("event.action", "event.provider"),
        "an Insight is no call: the Elastic integration gives it no action either, so that it does not count as one",
        lambda expected, ours, document: document.get("aws.cloudtrail.event_type") == "AwsCloudTrailInsight",
    ),
    Reason(
        "cloud/sekoia/azure_activity/*", ("event.provider",),
        "the resource provider that acted (of the operation), not that of the resource (azure.resource.provider)",
        lambda expected, ours, document: document.get("azure.resource.provider") == expected,
    ),
    Reason(
        "cloud/sekoia/azure_activity/*", ("process.command_line",),
        "a command that a security alert tells of ran on a machine; it is kept under azure.activitylogs.properties",
        lambda expected, ours, document: document.get("azure.activitylogs.properties.commandLine") == expected,
    ),
)  # fmt: skip
