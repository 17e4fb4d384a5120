"""Raw lines cut into the documents that a shipper would send."""

from __future__ import annotations

import json

import pytest

from deployer.replay.cut import audit_events, file_lines, sample


def test_audit_records_are_joined_by_node_and_serial() -> None:
    """Records of one event may stand apart; they come together in their order, and other lines stay alone."""
    lines = [
        "type=SYSCALL msg=audit(1.5:7): syscall=59",
        "type=SYSCALL msg=audit(1.6:8): syscall=59",
        "no record at all",
        "type=EXECVE msg=audit(1.5:7): argc=1",
        "node=b type=SYSCALL msg=audit(1.5:7): syscall=59",
    ]

    expected = [f"{lines[0]}\n{lines[3]}", lines[1], lines[2], lines[4]]
    assert expected == [event["message"] for event in audit_events(lines)]


def test_json_lines_are_documents_and_broken_ones_are_kept_as_text() -> None:
    """A JSON object is sent as it is; what is none is sent in `message`, and never dropped."""
    assert [{"a": 1}, {"message": '{"a": '}, {"message": "[1]"}] == file_lines(['{"a": 1}', '{"a": ', "[1]"], "json")


def test_a_sample_text_is_sent_as_raw_lines() -> None:
    """In a sample a text is what a file would hold, even if it is JSON."""
    assert [{"message": '{"a": 1}'}] == sample('{"a": 1}\n', "json")


@pytest.mark.parametrize(
    "name", ["Records", "records", "Results", "results", "Events", "entries", "value", "receivedMessages", "logEvents"]
)
def test_a_batch_is_as_many_events_as_it_holds(name: str) -> None:
    """Files, hubs and answers of interfaces hold many; a list of anything else is a value like any other."""
    batch, other = {name: [{"a": 1}, {"a": 2}], "next": "x"}, {name: ["a", "b"]}

    assert [{"a": 1}, {"a": 2}, other] == file_lines([json.dumps(batch), json.dumps(other)], "json")


def test_events_saved_as_xml_in_one_line_are_taken_apart() -> None:
    """As the event viewer saves them; a line with a single event stays as it is."""
    one = "<Event xmlns='x'><System/></Event>"

    assert [{"message": one}] * 3 == file_lines([f"<?xml version='1.0'?><Events>{one}{one}</Events>", one], "json")


def test_the_kernels_own_records_are_joined_too() -> None:
    """Without auditd they stand in syslog, with numbers for types and without `msg=`."""
    lines = [f"Mar  2 10:00:00 h kernel: audit: type={kind} audit(1.5:7): x=1" for kind in (1300, 1309)]

    assert ["\n".join(lines)] == [event["message"] for event in audit_events(lines)]
