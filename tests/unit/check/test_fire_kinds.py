"""Can it ever fire? The same faults in monitors of the other levels, and in workflows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deployer.check import validate_repository
from deployer.check.fire import logic, lucene
from tests.kinds import every_kind, placed
from tests.unit.repo import shown

DOCUMENT = "templates/monitors/document.json.j2"
OWN = "templates/monitors/own.json.j2"
ANALYTIC = "detections/DET9999/XX0001/analytic.yml"
LOCAL = "environments/local.yml"


def found(root: Path) -> list[str]:
    """Codes and places with messages, without what only follows from a changed file (samples that prove nothing any more)."""
    report = validate_repository(root)
    return [line for line in shown(report.findings) if line.split()[0] not in ("DAC011", "DAC017")]


def edited(root: Path, name: str, old: str, new: str) -> None:
    path = root / name
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def of_text(root: Path, query: str) -> Path:
    """The repository with every kind, with a template of document-level monitors that has the query in it."""
    every_kind(root)
    placed(root, "there")
    edited(root, DOCUMENT, '"query": [[ query ]]', f'"query": {json.dumps(query)}')
    return root


@pytest.mark.parametrize(
    ("query", "code", "message"),
    [
        ("process.nam:netstat", "DAC007", "the search asks the field 'process.nam'"),
        ("_exists_:process.nam", "DAC007", "the search asks the field 'process.nam'"),
        ("process.name:x AND NOT process.nam:y", "DAC007", "the search asks the field 'process.nam'"),
        ("process.pid:/4.*/", "DAC008", "on 'process.pid', which is of type long, compares texts (/4.*/)"),
        ("process.pid:4*", "DAC008", "on 'process.pid', which is of type long, compares texts (4*)"),
        ("process.pid:many", "DAC008", "compares a number with a text (many)"),
        ("message:/net[ ]use/", "DAC008", "which is of type match_only_text, compares the whole value"),
        ("process.command_line:netstat", "DAC021", "the query_string 'netstat' on 'process.command_line', a field of type wildcard, finds nothing"),
        (r"process.name:\*net\*", "DAC022", "every wildcard is escaped"),
        ("process.name:x AND (NOT process.pid:1)", "DAC029", "the search of XX0001/each matches nothing"),
        ("*:*", "DAC029", "XX0001/each matches every event"),
        ("process.name:/.*/", "DAC029", "XX0001/each matches every event"),
        ("(process.name:x OR *)", "DAC029", "XX0001/each matches every event"),
        ('process.name:x AND user.name:"{{period_start}}"', "DAC030", "have no clock and no tags"),
    ],
)  # fmt: skip
def test_a_query_of_a_document_level_monitor_that_is_dead_or_finds_everything(
    tmp_path: Path, query: str, code: str, message: str
) -> None:
    """In a template of one's own; the line of the template is named wherever the text stands in it."""
    lines = found(of_text(tmp_path, query))

    assert lines
    assert all(line.startswith(f"{code} ") and message in line for line in lines), lines


@pytest.mark.parametrize(
    "query",
    [
        "process.name:x",
        "process.name:net* OR process.name:*stat",
        "process.name:(a OR b) AND process.pid:>=100 AND NOT user.name:root",
        "_exists_:process.name AND process.pid:[1 TO 9]",
        'process.name:"net use" AND source.ip:"10.0.0.0/8"',
        "NOT user.name:root AND process.pid:*",
        'message:"net use" OR message:/net.*/',
    ],
)
def test_a_query_of_a_document_level_monitor_that_can_match_has_no_finding(tmp_path: Path, query: str) -> None:
    """What a sound query looks like. There is no window, no look-back and no list of values to go through."""
    assert [] == found(of_text(tmp_path, query))


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("query[name=evnts]", "names query[name=evnts]"),
        ("(query[name=events]", "has a ( that is not closed"),
        ("query[tag=bad] || query[name=events]", "names query[tag=bad]"),
    ],
)
def test_a_trigger_of_a_document_level_monitor_that_names_no_query(
    tmp_path: Path, condition: str, message: str
) -> None:
    """The server takes it, and it is never true."""
    root = of_text(tmp_path, "process.name:x")
    edited(root, DOCUMENT, "query[name=events]", condition)

    lines = found(root)

    assert lines
    assert all(line.startswith(f"DAC030 {DOCUMENT}:") and message in line for line in lines), lines


def test_an_exception_that_swallows_a_document_level_monitor(tmp_path: Path) -> None:
    """Everybody, or exactly the programs that it looks for."""
    every_kind(tmp_path)
    placed(tmp_path, "there")
    path = tmp_path / LOCAL
    before = path.read_text("utf-8")
    for where in ('{field: user.name, like: "*"}', "{field: process.name, in: [netstat, net use, arp]}"):
        path.write_text(
            f"{before}exceptions: [{{id: EX1, analytic: XX0001, monitors: [each], where: {where}, owner: o, reason: r, expires: '2999-01-01'}}]\n"
        )

        assert [f"DAC031 {LOCAL}:8:14 the exception EX1 leaves out every event that XX0001/each looks for"] == found(
            tmp_path
        ), where


def of_total(root: Path, old: str, new: str) -> Path:
    """The repository with every kind, its query-level monitor made by a changed copy of its template."""
    every_kind(root)
    edited(root, ANALYTIC, "template: total", "template: own")
    text = (root / "templates/monitors/total.json.j2").read_text("utf-8")
    assert old in text
    (root / OWN).write_text(text.replace(old, new), "utf-8")
    placed(root, "there")
    return root


_WANTS = '"source": "ctx.results[0].hits.total.value >= params.threshold",'


@pytest.mark.parametrize(
    ("old", "new", "code", "message"),
    [
        (_WANTS, '"source": "ctx.results[0].hits.hits.size() > 5",', "DAC027", "wants at least 6 of 'hits.hits' in its answer, and 5 is the most"),
        (_WANTS, '"source": "return ctx.results[0].hits.hits.length >= 9;",', "DAC027", "wants at least 9 of 'hits.hits'"),
        ('"track_total_hits": true', '"track_total_hits": false', "DAC027", "the search counts no hits (track_total_hits)"),
        ('"track_total_hits": true', '"track_total_hits": 2', "DAC027", "wants at least 3 of 'hits.total.value' in its answer, and 2 is the most"),
        (_WANTS, '"source": "ctx.results[0].hits.total.value >= params.treshold",', "DAC030", "uses params.treshold"),
        (_WANTS, '"source": "ctx.results[0].aggregations.hosts.value >= params.threshold",', "DAC030", "reads 'aggregations.hosts'"),
        (_WANTS, '"source": "(ctx.results[0].hits.total.value >= params.threshold",', "DAC030", "has a ( that is not closed"),
        ("[[ look_back_from ]]", '"{{period_end}}||-5m"', "DAC025", "the search looks back 5m, and needs 13m"),
        ('{"range": {"@timestamp": {"gt": [[ look_back_from ]], "lte": [[ look_back_to ]], "format": "epoch_millis"}}},', "", "DAC024", "has no time range"),
        ("[[ query ]]", '[[ query ]], {"term": {"process.nam": "x"}}', "DAC007", "the search asks the field 'process.nam'"),
        ("[[ query ]]", '[[ query ]], {"term": {"message": "x"}}', "DAC008", "term on 'message', which is of type match_only_text"),
        ("[[ query ]]", '[[ query ]], {"match_none": {}}', "DAC029", "the search of XX0001/burst matches nothing"),
        ("[[ query ]]", '[[ query ]], {"query_string": {"query": "process.command_line:*x*"}}', "DAC021", "the query_string '*x*'"),
        ("[[ indices ]]", '["logz-*"]', "DAC026", "no log source writes to 'logz-*'"),
    ],
)  # fmt: skip
def test_a_query_level_monitor_that_can_never_fire(tmp_path: Path, old: str, new: str, code: str, message: str) -> None:
    """In a template of one's own, whose condition sees the whole answer: each by its code, in the template or the analytic."""
    lines = found(of_total(tmp_path, old, new))

    assert lines
    assert all(line.startswith(f"{code} ") and message in line for line in lines), lines


def test_more_hits_than_a_search_counts(tmp_path: Path) -> None:
    """Without `track_total_hits` a search counts up to ten thousand."""
    root = of_total(tmp_path, '"track_total_hits": true,', "")
    assert [] == found(root)

    edited(root, OWN, _WANTS, '"source": "ctx.results[0].hits.total.value > 10000",')
    lines = found(root)

    assert lines
    assert all("DAC027" in line and "and 10000 is the most" in line for line in lines), lines


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        ("*", True),
        ("*:*", True),
        ("a:b", None),
        ("a:b OR *:*", True),
        ("a:b AND *:*", None),
        ("NOT *:*", False),
        ("(NOT *:*)", False),
        ("a:b AND (NOT c:d)", False),
        ("NOT a:b", None),
        ("a:b -*:*", False),
        ("a:b AND NOT a:b", False),
        ("a:(b OR c) AND NOT a:(b OR c OR d)", False),
        ('a:"b c"~2 AND NOT a:"b c"', False),
        ("a:/.*/", True),
        ("a:/.*x/", None),
        ("a:b AND (", None),
        ("", None),
    ],
)
def test_what_is_known_of_a_text_in_lucenes_syntax(text: str, truth: bool | None) -> None:
    """Everything, nothing, or neither; of a text that cannot be read nothing is said."""
    assert logic.truth({"query_string": {"query": text}}) is truth
    assert logic.truth(lucene.tree({"query": text})) is truth


@pytest.mark.parametrize(
    ("when", "line"),
    [
        ("{all: [discovery, {not: discovery}]}", "DAC029 {place} the workflow XX0001/rare alerts never"),
        ("{not: burst}", "DAC029 {place} the workflow XX0001/rare alerts at each run in which none of its monitors alerted"),
        ("{any: [discovery, {not: burst}]}", "DAC029 {place} the workflow XX0001/rare alerts at each run"),
        ("{all: [{any: [discovery, each]}, {not: burst}]}", ""),
    ],
)  # fmt: skip
def test_a_workflow_that_alerts_never_or_always(tmp_path: Path, when: str, line: str) -> None:
    """By trying every way in which its monitors may have alerted."""
    every_kind(tmp_path)
    placed(tmp_path, "there")
    edited(tmp_path, ANALYTIC, "{all: [discovery, each, {not: burst}]}", when)

    lines = found(tmp_path)

    assert bool(line) == bool(lines)
    assert all(told.startswith(line.format(place=f"{ANALYTIC}:47:11")) for told in lines), lines


def test_a_workflow_that_runs_less_often_than_its_monitors_look_back(tmp_path: Path) -> None:
    """A monitor's look-back is made for its own schedule; the line of the workflow's is named."""
    every_kind(tmp_path)
    placed(tmp_path, "there")
    path = tmp_path / LOCAL
    path.write_text(f"{path.read_text()}monitors: {{XX0001/rare: {{schedule: {{interval: 1h}}}}}}\n")

    assert [
        f"DAC025 {LOCAL}:8:36 the workflow XX0001/rare runs XX0001/burst every 1h, so that needs to look back 72m, and looks back 13m",
        f"DAC025 {LOCAL}:8:36 the workflow XX0001/rare runs XX0001/discovery every 1h, so that needs to look back 67m, and looks back 8m",
    ] == sorted(found(tmp_path))
