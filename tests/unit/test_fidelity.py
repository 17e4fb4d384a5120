"""Pairs of raw input and expected output: what is read of a folder of references, and how values are compared."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.fidelity import __main__ as command
from benchmarks.fidelity import pairs, report
from benchmarks.fidelity.compare import compare, fields_used
from benchmarks.fidelity.pairs import Event, Pair, flat
from deployer.catalogue import load_repository
from deployer.model.finding import Findings

SUDO = "Mar  2 10:00:00 h sudo: alice : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/ls"


def put(folder: Path, name: str, content: Any) -> None:
    """Write a text as it stands, anything else as JSON."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")


def test_each_kind_of_pair_is_read_with_its_raw_text(tmp_path: Path) -> None:
    """Lines, documents, event.original, a line by its offset in a raw file, and input beside expected in one file."""
    linux = "linux/reference"
    put(tmp_path, f"{linux}/a/x.log", f"{SUDO}\n{SUDO}\n")
    put(tmp_path, f"{linux}/a/x.log-expected.json", {"expected": [{"@timestamp": "2024-03-02T10:00:00Z"}, None]})
    put(tmp_path, f"{linux}/a/y.json", {"events": [{"auditd": {"sequence": 1}}]})
    put(tmp_path, f"{linux}/a/y.json-expected.json", {"expected": [{"user": {"id": "0"}}]})
    put(tmp_path, f"{linux}/b/z.log-expected.json", [{"event.original": SUDO, "user.name": "alice"}])
    put(tmp_path, "linux/raw.log", f"first\n{SUDO}\n")
    put(tmp_path, f"{linux}/b/o.log-expected.json", [{"log.offset": 0}, {"log.offset": 6}])
    put(tmp_path, f"{linux}/b/gone.log-expected.json", [{"log.offset": 1}, {"log.offset": 6}])
    put(tmp_path, f"{linux}/c/one.json", {"input": {"message": SUDO}, "expected": {"user": {"name": "alice"}}})

    read = {pair.name: pair for pair in pairs.read(tmp_path)}

    (line,) = read["a/x.log"].events
    assert {"message": SUDO, "event": {"created": "2024-12-31T23:59:59Z"}} == line.document
    assert {"auditd": {"sequence": 1}} == read["a/y.json"].events[0].document
    assert {"user.id": "0"} == read["a/y.json"].events[0].expected
    assert SUDO == read["b/z.log"].events[0].document["message"]
    assert ["first", SUDO] == [event.document["message"] for event in read["b/o.log"].events]
    assert ((), "its raw text is not in the folder") == (read["b/gone.log"].events, read["b/gone.log"].note)
    assert SUDO == read["c/one.json"].events[0].document["message"]
    assert {"linux.auth"} == {
        event.source for name in ("a/x.log", "b/z.log", "c/one.json") for event in read[name].events
    }


def test_lines_that_go_on_belong_to_the_one_before(tmp_path: Path) -> None:
    """Only where the number of expected events says so."""
    put(tmp_path, "linux/reference/x.log", f"{SUDO}\n goes on\n{SUDO}\n")
    put(tmp_path, "linux/reference/x.log-expected.json", {"expected": [{}, {}]})

    (pair,) = pairs.read(tmp_path)

    assert [f"{SUDO}\n goes on", SUDO] == [event.document["message"] for event in pair.events]


def test_values_are_compared_as_the_index_keeps_them() -> None:
    """1 is "1", a list of one is its value, an instant is one whatever its zone; silence and "-" are no values."""
    expected = {
        "event.code": 1,
        "user.name": ["a"],
        "@timestamp": "2024-03-02T11:00:00.123456+01:00",
        "host.name": "-",
        "user.id": "7",
    }
    pair = Pair("linux", "x", (Event("s", {}, expected, 0),))
    ours = {"event": {"code": "1"}, "user": {"name": "a"}, "@timestamp": "2024-03-02T10:00:00.123Z"}

    one = compare(pair, {0: ours}, {"s": frozenset({*expected, "process.pid"})})

    assert (4, {"event.code", "user.name", "@timestamp", "user.id"}) == (one.values, one.fields)
    assert [("user.id", "7", None)] == [(d.field, d.expected, d.ours) for d in one.unexplained]


def test_a_document_is_flattened_whatever_its_form() -> None:
    """Dotted keys and objects are one; the objects of a list give their values together."""
    assert {"a.b": [1, 2], "a.c": 3} == flat({"a": [{"b": 1}, {"b": 2, "c": 3}]})
    assert {"a.b": [1, 2]} == flat({"a.b": 1, "a": {"b": 2}})


def test_the_fields_that_detections_use_are_read_from_the_repository(root: Path) -> None:
    """Fields of conditions, where tunables stand, of entities and of what alerts show; for each log source that is used."""
    findings = Findings()
    repository = load_repository(root, findings)
    findings.raise_errors()

    used = fields_used(repository)

    assert {use.source for analytic in repository.analytics.values() for use in analytic.log_sources} == set(used)
    assert {
        "process.command_line",
        "process.pe.original_file_name",
        "host.name",
        "winlog.event_data.GrantedAccess",
    } <= used["windows.sysmon"]
    assert {"unix.uid", "user.effective.name"} <= used["linux.auth"]


def test_the_result_tells_each_difference_with_its_reason(tmp_path: Path) -> None:
    """build/fidelity.json has for each pair its fields, the numbers, and every difference."""
    pair = Pair("linux", "x", (Event("s", {}, {"user.id": "7"}, 0),))

    report.write(tmp_path / "build" / "fidelity.json", [compare(pair, {0: {}}, {"s": frozenset({"user.id"})})])

    (one,) = json.loads((tmp_path / "build" / "fidelity.json").read_text("utf-8"))["pairs"]
    assert ("linux", "x", ["user.id"], 1, 0) == (
        one["platform"],
        one["pair"],
        one["fields"],
        one["values"],
        one["equal"],
    )
    assert [{"event": 0, "field": "user.id", "expected": "7", "ours": None, "why": None}] == one["different"]


def test_a_folder_without_references_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command names the folder and how to name another, before it starts any cluster."""
    assert 64 == command.main([str(tmp_path)])
    assert f"{tmp_path} holds no references" in capsys.readouterr().err
