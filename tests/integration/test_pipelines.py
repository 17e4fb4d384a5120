"""Events of every shipper, whole and broken, through the pipelines of a real node."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from benchmarks.fidelity.pairs import flat
from deployer.model.analytic import Repository
from deployer.replay.stage import stage
from tests.node import Node
from tests.sources import piped
from tests.unit.test_mappings import mapped_fields

pytestmark = pytest.mark.integration

SYSMON = {
    "UtcTime": "2026-03-02 10:01:00.123",
    "ProcessGuid": "{5f1ca0f0-0000-0000-0000-000013726011}",
    "ProcessId": "4200",
    "Image": "C:\\Windows\\System32\\NETSTAT.EXE",
    "OriginalFileName": "netstat.exe",
    "CommandLine": 'netstat  "-ano"',
    "User": "CORP\\alice",
    "ParentProcessId": "4100",
    "ParentImage": "C:\\Windows\\System32\\cmd.exe",
    "ParentCommandLine": "-",
}
"""One event of Sysmon, to be put into the form of each shipper."""

CHANNEL = "Microsoft-Windows-Sysmon/Operational"
XML = (
    "<Event><System><Provider Name='Microsoft-Windows-Sysmon'/><EventID>1</EventID><TimeCreated SystemTime='2026-03-02T10:01:00.500Z'/>"
    f"<Channel>{CHANNEL}</Channel><Computer>WS01</Computer></System><EventData>"
    + "".join(f'<Data Name="{name}">{value.replace(chr(34), "&quot;")}</Data>' for name, value in SYSMON.items())
    + "</EventData></Event>"
)
HEAD = {"EventID": 1, "Channel": CHANNEL, "Computer": "WS01"}

FORMS: dict[str, dict[str, Any]] = {
    "winlogbeat": {"winlog": {"event_id": "1", "channel": CHANNEL, "computer_name": "WS01", "event_data": SYSMON}},
    "winlogbeat dotted": {
        "winlog.event_id": 1,
        "winlog.computer_name": "WS01",
        "winlog.channel": CHANNEL,
        "winlog.event_data": SYSMON,
    },
    "winlogbeat 6": {"event_id": 1, "log_name": CHANNEL, "computer_name": "WS01", "event_data": SYSMON},
    "event log as JSON": {
        "Event": {"System": {**HEAD, "EventID": {"#text": 1, "#attributes": {"Qualifiers": 0}}}, "EventData": SYSMON}
    },
    "event log as JSON, named data": {
        "Event": {
            "System": HEAD,
            "EventData": {"Data": [{"@Name": name, "#text": value} for name, value in SYSMON.items()]},
        }
    },
    "flat": {"EventID": 1, "Channel": CHANNEL, "Hostname": "WS01", "host": "collector", **SYSMON},
    "message only": {
        **HEAD,
        "Message": "Process Create:\r\n" + "\r\n".join(f"{name}: {value}" for name, value in SYSMON.items()),
    },
    "XML line": {"message": XML},
    "XML file": {"message": '<?xml version="1.0" encoding="utf-8"?>\r\n' + XML.replace("><", ">\r\n  <")},
}

WRONG: list[Any] = [
    None,
    "",
    "-",
    "x",
    -1,
    1e300,
    12345678901234567890123,
    True,
    [],
    [{}],
    [["a"]],
    {},
    {"a": 1},
    {"": 1},
    "x" * 40000,
    "\u00e9" * 20000,
]


@pytest.fixture(scope="module")
def streams(node: Node, repository: Repository) -> Iterator[dict[str, str]]:
    """A data stream for each log source, by its id."""
    with stage(node, repository, piped(repository)) as naming:
        yield {name: f"{naming.streams}-{source.dataset}-forms" for name, source in piped(repository).items()}


def send(node: Node, stream: str, documents: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Index documents; the answer's items."""
    items: list[Mapping[str, Any]] = []
    for start in range(0, len(documents), 300):
        lines = "".join(f'{{"create":{{}}}}\n{json.dumps(document)}\n' for document in documents[start : start + 300])
        items += [item["create"] for item in node.request("POST", f"/{stream}/_bulk", lines)["items"]]
    return items


def stored(node: Node, stream: str, item: Mapping[str, Any]) -> dict[str, Any]:
    """The document as it was kept."""
    source: dict[str, Any] = node.request("GET", f"/{item['_index']}/_doc/{item['_id']}")["_source"]
    return source


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("wrapped", [False, True], ids=["document", "line"])
def test_each_form_of_an_event_gives_the_same_fields(
    node: Node, streams: dict[str, str], form: str, wrapped: bool
) -> None:
    """Whichever shipper delivers it, as a document or as a line of JSON, a process creation says the same."""
    document = FORMS[form]
    if wrapped and set(document) != {"message"}:
        document = {"message": json.dumps(document)}

    (item,) = send(node, streams["windows.sysmon"], [document])
    event = stored(node, streams["windows.sysmon"], item)

    assert "2026-03-02T10:01:00.123Z" == event["@timestamp"]
    assert ("WS01", "alice", "CORP") == (event["host"]["name"], event["user"]["name"], event["user"]["domain"])
    assert ("1", ["process"], ["start"]) == (event["event"]["code"], event["event"]["category"], event["event"]["type"])
    process = event["process"]
    assert ("NETSTAT.EXE", 4200, ["netstat", "-ano"]) == (process["name"], process["pid"], process["args"])
    assert 'netstat  "-ano"' == process["command_line"]
    assert {"executable": "C:\\Windows\\System32\\cmd.exe", "name": "cmd.exe", "pid": 4100} == process["parent"]
    assert "tags" not in event


SAID: list[tuple[str, str, dict[str, Any]]] = [
    ("linux.auth", "Mar  2 10:00:00 h sshd[4]: Accepted publickey for alice from 192.0.2.7 port 5022 ssh2",
     {"user.name": "alice", "source.ip": "192.0.2.7", "source.port": 5022, "event.action": "ssh_login", "event.outcome": "success"}),
    ("linux.auth", "Mar  2 10:00:00 h sshd[4]: Failed password for invalid user bob from 2001:db8::7 port 5022 ssh2",
     {"user.name": "bob", "source.ip": "2001:db8::7", "event.action": "ssh_login", "event.outcome": "failure"}),
    ("linux.auth", "Mar  2 10:00:00 h sshd[4]: error: PAM: User not known for illegal user eve from gate.example.com",
     {"user.name": "eve", "source.domain": "gate.example.com", "event.action": None}),
    ("linux.auth", "Mar  2 10:00:00 h useradd[4]: new user: name=carol, UID=1007, GID=1007, home=/home/carol, shell=/bin/sh",
     {"user.name": "carol", "user.id": "1007", "event.category": ["iam"], "event.type": ["user", "creation"]}),
    ("linux.auth", "Mar  2 10:00:00 h userdel[4]: delete user 'carol'", {"user.name": "carol", "event.type": ["user", "deletion"]}),
    ("linux.auth", "Mar  2 10:00:00 h sudo:  alice : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/ss -t",
     {"user.name": "alice", "user.effective.name": "root", "process.name": "sudo", "process.command_line": "/bin/ss -t"}),
    ("linux.auditd", "type=USER_START msg=audit(1772445600.100:7): pid=9 uid=0 auid=1000 ses=2 msg='op=PAM:session_open acct=\"root\" exe=\"/usr/bin/sudo\" res=success'",
     {"user.id": "1000", "user.name": "root", "event.action": "started-session"}),
    ("linux.auditd", "type=NETFILTER_CFG msg=audit(1772445600.100:8): table=filter family=2 entries=0", {"event.action": "loaded-firewall-rule-to"}),
    ("network.cli", "<189>7: sw1: Mar  2 2026 10:00:00 UTC: %SEC-6-IPACCESSLOGP: list 101 denied tcp 192.0.2.7(4000) -> 192.0.2.9(22), 1 packet",
     {"event.action": "deny", "source.ip": "192.0.2.7", "host.name": "sw1"}),
    ("network.cli", "<189>7: sw1: Mar  2 2026 10:00:00 UTC: %LINK-3-UPDOWN: Interface Gi0/1, changed state to down", {"event.action": "down"}),
    ("network.cli", "<189>7: sw1: Mar  2 2026 10:00:00 UTC: %SSH-5-SSH2_USERAUTH: User 'alice' authentication for SSH2 Session from 192.0.2.7 (tty = 0) Succeeded",
     {"event.outcome": "success", "user.name": "alice", "source.ip": "192.0.2.7"}),
    ("esxi.hostd", "<14>1 2026-03-02T10:00:00.001Z vc1 updatemgr - - -  2026-03-02T10:00:00:001Z 'Activation' 14 INFO  [x, 3] Leave",
     {"@timestamp": "2026-03-02T10:00:00.001Z", "event.action": "Activation", "host.name": "vc1"}),
    ("esxi.hostd", "2026-03-02T10:00:00Z In(14) vobd[7]: [GenericCorrelator] 7us: [vob.user.ssh.session.closed] SSH session was closed for 'root@192.0.2.7'.",
     {"event.action": "vob.user.ssh.session.closed", "user.name": "root", "source.ip": "192.0.2.7"}),
]  # fmt: skip
"""Lines that tell of no command, by log source, with what they say (None: nothing)."""


def test_lines_without_a_command_say_who_from_where_and_how(node: Node, streams: dict[str, str]) -> None:
    """Logins, accounts, audit records, access lists and link states have the user, address, action and outcome that integrations give."""
    for source, line, said in SAID:
        (item,) = send(node, streams[source], [{"message": line, "event": {"created": "2026-03-02T10:00:01Z"}}])
        event = flat(stored(node, streams[source], item))

        assert said == {field: event.get(field) for field in said}, line


def test_an_event_known_only_by_its_text_is_read_from_it(node: Node, streams: dict[str, str]) -> None:
    """Some shippers send of a Windows event its number and what the event viewer shows, or its data as XML."""
    created = (
        "A new process has been created.\r\n\r\nCreator Subject:\r\n\tSecurity ID:\t\tS-1-5-21-7\r\n\tAccount Name:\t\talice\r\n"
        "\tAccount Domain:\t\tCORP\r\n\r\nTarget Subject:\r\n\tAccount Name:\t\t-\r\n\r\nProcess Information:\r\n"
        "\tNew Process Name:\tC:\\Windows\\System32\\NETSTAT.EXE\r\n\tCreator Process Name:\tC:\\Windows\\cmd.exe\r\n"
        "\tProcess Command Line:\tnetstat -an\r\n"
    )
    block = "Creating Scriptblock text (1 of 1):\r\nGet-NetTCPConnection\r\n\r\nScriptBlock ID: 7\r\nPath: "
    data = f"<EventData>{XML.split('<EventData>')[1].split('</EventData>')[0]}</EventData>"
    events = [
        (
            "windows.security",
            {"EventID": 4688, "Channel": "Security", "EventType": "AUDIT_SUCCESS", "Message": created},
        ),
        ("windows.security", {"Id": 4688, "LogName": "Security", "MachineName": "WS01", "Message": created}),
        (
            "windows.powershell",
            {"EventID": 4104, "Channel": "Microsoft-Windows-PowerShell/Operational", "Message": block},
        ),
        ("windows.sysmon", {"EventID": 1, "EventLog": CHANNEL, "Computer": "WS01", "EventData": data}),
    ]

    kept = [stored(node, streams[source], send(node, streams[source], [event])[0]) for source, event in events]

    for event in kept[:2]:
        assert ("netstat -an", "cmd.exe") == (event["process"]["command_line"], event["process"]["parent"]["name"])
        assert ("alice", "CORP", "4688") == (event["user"]["name"], event["user"]["domain"], event["event"]["code"])
    assert "Get-NetTCPConnection" == kept[2]["powershell"]["file"]["script_block_text"]
    assert ('netstat  "-ano"', "alice") == (kept[3]["process"]["command_line"], kept[3]["user"]["name"])


@pytest.mark.parametrize("source", ["windows.sysmon", "linux.auditd", "aws.cloudtrail"])
def test_no_type_of_value_in_any_field_loses_an_event(
    node: Node, repository: Repository, streams: dict[str, str], root: Path, source: str
) -> None:
    """An object where a text belongs, a text where an object belongs, a number of 74 bits: kept, never refused."""
    documents: list[Mapping[str, Any]] = []
    for component in repository.sources[source].components:
        template = yaml.safe_load((root / f"mappings/components/{component}.yml").read_text("utf-8"))["template"]
        paths = {
            path[:length]
            for path, _ in mapped_fields(template["mappings"]["properties"])
            for length in range(1, len(path) + 1)
        }
        for path in sorted(paths):
            for wrong in WRONG:
                value: Any = wrong
                for name in reversed(path):
                    value = {name: value}
                documents += [value, {"message": json.dumps(value)}]

    refused = [item["error"]["reason"] for item in send(node, streams[source], documents) if item["status"] > 299]

    assert [] == refused


def test_lines_that_are_no_events_are_kept(node: Node, streams: dict[str, str]) -> None:
    """Binary junk, half a JSON object, a megabyte of one letter: kept whole, with a time, by every source."""
    lines = ["\x00\x01\x7f\ufffe", '{"Event": {"System"', "x" * 1_000_000, "{}", ""]
    for stream in streams.values():
        items = send(node, stream, [{"message": line} for line in lines])

        assert [201] * len(lines) == [item["status"] for item in items]
        kept = [stored(node, stream, item) for item in items]
        assert lines[:3] == [event["event"]["original"] for event in kept[:3]]
        assert all(event["@timestamp"] for event in kept)
        assert "pipeline_error" == kept[1]["event"]["kind"]
        assert kept[1]["error"]["message"]


def test_a_reserved_name_in_a_line_reaches_no_other_index(node: Node, streams: dict[str, str]) -> None:
    """A logged JSON object cannot choose the index, the id or the routing that it is stored under."""
    line = json.dumps({"_index": "elsewhere", "_id": "mine", "_routing": "x", "EventID": 1, "CommandLine": "a"})

    (item,) = send(node, streams["windows.sysmon"], [{"message": line}])

    assert streams["windows.sysmon"] in item["_index"]
    assert "mine" != item["_id"]
