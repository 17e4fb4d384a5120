"""Folders of real logs: what is read of them whatever their state, and how an outcome is judged by the labels."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.real_logs import __main__ as command
from benchmarks.real_logs import files, report
from benchmarks.real_logs.files import Lines, LogFile
from benchmarks.real_logs.judge import Alerting, judged
from benchmarks.real_logs.kinds import source_of

EXECVE = (
    'type=SYSCALL msg=audit(1.5:7): syscall=59 exe="/usr/bin/ss"',
    'type=SYSCALL msg=audit(1.6:8): syscall=59 exe="/usr/bin/ls"',
    'type=EXECVE msg=audit(1.5:7): argc=1 a0="ss"',
)


def put(folder: Path, name: str, text: str | bytes, labels: Any = None) -> None:
    """Write a log file and its labels (a text is written as it stands)."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    if labels is not None:
        beside = path.with_name(path.name.removesuffix(".gz").rsplit(".", 1)[0] + ".labels.json")
        beside.write_text(labels if isinstance(labels, str) else json.dumps(labels), "utf-8")


def test_a_folder_with_holes_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    """Platforms may be missing, files empty, packed or not as packed as they say, labels absent or odd: each is told, none stops the rest."""
    put(tmp_path, "linux/empty.log", "", {})
    put(tmp_path, "linux/none.log", "Mar  2 10:00:00 h sshd[1]: x\n")
    put(tmp_path, "linux/broken.log", "Mar  2 10:00:00 h sshd[1]: x\n", "{")
    put(tmp_path, "linux/list.log", "Mar  2 10:00:00 h sshd[1]: x\n", [1, 2])
    put(
        tmp_path,
        "linux/odd.log",
        "Mar  2 10:00:00 h sshd[1]: x\n",
        {"0": True, "first": {}, "1": 7, "9": {"malicious": True}},
    )
    put(tmp_path, "bulk/cut.log.gz", gzip.compress(b"x" * 9000)[:40], {})
    put(tmp_path, "bulk/good.log.gz", gzip.compress(b"Mar  2 10:00:00 h sshd[1]: x\n"), {})
    put(tmp_path, "windows/notes.txt", "no log")

    read = {log.name: log for log in files.read(tmp_path)}

    assert {"empty.log", "none.log", "broken.log", "list.log", "odd.log", "cut.log.gz", "good.log.gz"} == set(read)
    assert ("it holds no line",) == read["empty.log"].notes
    assert "no file of labels" in read["none.log"].notes[0]
    assert "cannot be read" in read["broken.log"].notes[0]
    assert "not an object" in read["list.log"].notes[0]
    assert {0: {"malicious": True}, 9: {"malicious": True}} == read["odd.log"].labels
    assert [
        "odd.labels.json: left out what is no line number with a label: first, 1",
        "labels of lines that it does not have: 9",
    ] == list(read["odd.log"].notes)
    assert "cannot be unpacked" in read["cut.log.gz"].notes[0]
    assert {"linux.auth"} == set(read["good.log.gz"].events)


def test_audit_records_keep_the_numbers_of_their_lines(tmp_path: Path) -> None:
    """Records of one serial become one event, as text or each in a document of its own, and remember which lines they were."""
    put(tmp_path, "linux/raw.log", "\n".join(EXECVE), {})
    put(tmp_path, "linux/held.ndjson", "\n".join(json.dumps({"message": line, "host": "h"}) for line in EXECVE), {})

    raw, held = sorted(files.read(tmp_path), key=lambda log: log.name, reverse=True)

    for log in (raw, held):
        events = log.events["linux.auditd"]
        assert [(0, 2), (1,)] == [event.numbers for event in events]
        assert f"{EXECVE[0]}\n{EXECVE[2]}" == events[0].document["message"]


def test_an_export_in_xml_has_lines_around_its_events(tmp_path: Path) -> None:
    """The declaration, the root and its end are no events."""
    event = "<Event><System><EventID>1</EventID></System></Event>"
    put(tmp_path, "windows/x.log", f'<?xml version="1.0"?>\n<Events>\n{event}\n{event}\n</Events>\n', {})

    (log,) = files.read(tmp_path)

    assert [(2,), (3,)] == [one.numbers for one in log.events["windows.sysmon"]]


def test_a_label_may_be_written_in_several_ways(tmp_path: Path) -> None:
    """A bare truth value, a word or a number; anything else is no positive."""
    line = "Mar  2 10:00:00 h sshd[1]: x\n"
    labels = {
        "0": {"malicious": "True"},
        "1": {"malicious": 1},
        "2": False,
        "3": {"why": "x"},
        "4": {"malicious": "no"},
    }
    put(tmp_path, "linux/x.log", line * 5, labels)

    (log,) = files.read(tmp_path)

    assert [0, 1] == [number for number, label in log.labels.items() if label["malicious"]]


def test_an_xml_event_over_several_lines_is_one_event(tmp_path: Path) -> None:
    """A script block has line ends of its own: the event goes to its closing tag and counts as its first line."""
    event = "<Event><System><EventID>4104</EventID></System><EventData><Data Name='ScriptBlockText'>a\nb</Data></EventData></Event>"
    declared = f'<?xml version="1.0"?>\n{event}'
    put(tmp_path, "windows/x.log", f"{event}\n{event}\n<Event>cut\n", {})
    put(tmp_path, "windows/y.log", f"{declared}\n{declared}\n", {})

    log, exported = files.read(tmp_path)

    assert [(0,), (3,)] == [event.numbers for event in exported.events["windows.powershell"]]
    assert [(0,), (2,)] == [event.numbers for event in log.events["windows.powershell"]]
    assert [(4,)] == [event.numbers for event in log.events["windows.sysmon"]]


@pytest.mark.parametrize(
    ("platform", "line", "source"),
    [
        ("windows", '{"winlog": {"channel": "Security", "event_id": "4688"}}', "windows.security"),
        ("windows", '{"message": "{\\"Event\\": {\\"System\\": {\\"EventID\\": 4104}}}"}', "windows.powershell"),
        ("windows", '{"result": {"_raw": "<Event><Channel>Microsoft-Windows-Sysmon/Operational</Channel></Event>"}}', "windows.sysmon"),
        ("windows", "<Event><System><EventID>4688</EventID><Channel>Security</Channel></System></Event>", "windows.security"),
        ("windows", '{"properties": {"ActionType": "ProcessCreated"}}', "windows.defender"),
        ("windows", '{"records": [{"properties": {"ActionType": "ProcessCreated"}}]}', "windows.defender"),
        ("windows", '{"Results": [{"ActionType": "ProcessCreated"}]}', "windows.defender"),
        ("windows", '{"Id": 4688, "LogName": "Security"}', "windows.security"),
        ("cloud", '{"digestEndTime": "2026-03-02T10:00:00Z"}', "aws.cloudtrail"),
        ("linux", "node=a type=SYSCALL msg=audit(1.5:7): x", "linux.auditd"),
        ("linux", '{"auditd": {"message_type": "syscall"}}', "linux.auditd"),
        ("linux", "Mar  2 10:00:00 h bash[12]: alice: ss -t", "linux.shell"),
        ("linux", "Mar  2 10:00:00 h sudo: alice : COMMAND=/bin/ss", "linux.auth"),
        ("macos", '{"name": "pack_x", "columns": {}}', "macos.osquery"),
        ("macos", '{"event": {"exec": {}}, "process": {}}', "macos.endpoint"),
        ("esxi", "2026-03-02T10:00:00Z shell[1]: [root]: ls", "esxi.shell"),
        ("esxi", "2026-03-02T10:00:00Z In(166) Hostd[1]: x", "esxi.hostd"),
        ("network", "%AAA-6-AAA_ACCOUNTING_MESSAGE: update:1.2.3.4@pts/0:a:show snmp host (SUCCESS)", "network.cli"),
        ("network", '{"event_type": "snmp", "snmp": {}}', "network.snmp"),
        ("cloud", '{"detail": {"eventSource": "ec2.amazonaws.com"}}', "aws.cloudtrail"),
        ("cloud", '{"protoPayload": {}}', "gcp.audit"),
        ("cloud", '{"operationName": "X", "category": "Administrative"}', "azure.activity"),
        ("bulk", '{"eventSource": "s3.amazonaws.com", "eventName": "X"}', "aws.cloudtrail"),
        ("bulk", '{"EventID": 1, "Channel": "Microsoft-Windows-Sysmon/Operational"}', "windows.sysmon"),
        ("bulk", "Mar  2 10:00:00 h sshd[1]: x", "linux.auth"),
        ("other", "x", ""),
    ],
)  # fmt: skip
def test_a_line_finds_its_log_source(platform: str, line: str, source: str) -> None:
    """By what stands in it, also behind the envelopes of exports and shippers."""
    assert source == source_of(platform, line)


def log_of(labels: dict[int, dict[str, Any]], *numbers: tuple[int, ...], unmapped: tuple[int, ...] = ()) -> LogFile:
    """A file whose events have these lines."""
    return LogFile("linux", "x.log", labels, {"linux.auditd": tuple(Lines(one, {}) for one in numbers)}, unmapped)


def test_an_event_of_several_lines_is_judged_as_a_whole() -> None:
    """One labelled line makes all lines of its event a positive: the others are neither negatives nor false alerts."""
    labels = {2: {"malicious": True, "analytic": "AN0904"}, 5: {"malicious": False, "context": "automation"}}
    log = log_of(labels, (0, 2), (1,), (5, 6))

    one = judged(log, "AN0904", "measure", Alerting(dict.fromkeys((0, 2, 5, 6), "discovery"), {}), {})

    assert (1, [], [5], 3) == (one.positives, one.missed, one.false_alerts, one.negatives)
    assert 1 == one.accepted
    assert {"linux.auditd": (1, 1)} == one.by_source


def test_each_missed_positive_says_why() -> None:
    """Not read by any source, not parsed, below a threshold, left out by the defaults, or matched by nothing."""
    labels = {number: {"malicious": True, "why": "w"} for number in range(4)}
    log = log_of(labels, (0,), (1,), (2,), unmapped=(3,))

    one = judged(log, "AN0904", "defaults", Alerting({}, {1: "discovery"}), {0: "cut short"})

    assert ([0, 1, 2, 3], 4, 0) == (one.missed, one.positives, one.negatives)
    assert "cut short" in one.reasons[0]
    assert "below the threshold" in one.reasons[1]
    assert "default values of the tunables" in one.reasons[2]
    assert "no log source" in one.reasons[3]


def test_the_result_has_exactly_the_promised_keys(tmp_path: Path) -> None:
    """A program that reads build/real-logs.json finds a list `files` of objects with these keys, and no others."""
    report.write(
        tmp_path / "build" / "real-logs.json", [judged(log_of({}, (0,)), "AN0904", "measure", Alerting({}, {}), {})]
    )

    (one,) = json.loads((tmp_path / "build" / "real-logs.json").read_text("utf-8"))["files"]
    assert {
        "platform": "linux", "file": "x.log", "analytic": "AN0904", "run": "measure", "positives": 0, "negatives": 1, "missed": [],
        "false_alerts": [], "unparsed": 0, "lost": 0, "events_per_second": 0.0,
    } == one  # fmt: skip


def test_a_folder_that_is_not_there_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command names the folder and how to name another, before it starts any cluster."""
    assert 64 == command.main([str(tmp_path / "absent")])
    assert f"no folder of real logs at {tmp_path / 'absent'}" in capsys.readouterr().err


def test_a_folder_without_logs_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What should stand where, before it starts any cluster."""
    put(tmp_path, "windows/notes.txt", "no log")

    assert 64 == command.main([str(tmp_path)])
    assert "holds no log file; expected: <platform>/X.ndjson" in capsys.readouterr().err
