"""Drafts: checked for their form, never rendered for an environment, and told what they lack when they are tested."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deployer.catalogue import load_repository
from deployer.check import validate_repository
from deployer.check.drafts import lacks, unfinished
from deployer.cli import cli, common, wishes
from deployer.model.finding import Findings
from deployer.report.moment import moment_text
from tests.unit.repo import shown, write

DRAFT = """\
id: XX0002
title: Something new
description: Not written yet.
strategy: DET9999
attack: {version: "18.1"}
platform: other
status: draft
severity: medium
schedule: {interval: 1m}
log_sources:
  - {source: x.plain, name: made up, channel: none, data_component: DC0032}
  - {name: "elsewhere:log", channel: lines of it}
tunables:
  Names: {type: strings, description: Names., default: []}
false_positives: [TODO who does this for a good reason]
response: [Look.]
"""

SAMPLES = """\
cases:
  - name: what must alert
    clock: "2026-03-02T10:05:00Z"
    events:
      - {source: TODO, raw: TODO}
    expect: {}
"""


def folder(root: Path, analytic: str = DRAFT, samples: str = "") -> Path:
    """The small repository, with a draft beside its analytic."""
    write(root)
    own = root / "detections/DET9999/XX0002"
    own.mkdir()
    (own / "analytic.yml").write_text(analytic, "utf-8")
    if samples:
        (own / "samples.yml").write_text(samples, "utf-8")
    return root


def run(*arguments: str) -> int:
    """Run the command line."""
    return common.run(cli, list(arguments), "deployer")


def test_a_draft_without_most_of_it_is_valid(tmp_path: Path) -> None:
    """Neither a log source nobody serves, nor a missing monitor, nor an unused tunable, nor an open place is a finding."""
    report = validate_repository(folder(tmp_path, samples=SAMPLES))

    assert [] == report.findings.items
    assert (2, 1) == (report.analytics, report.drafts)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("severity: medium", "severty: medium", "DAC003"),
        ("source: x.plain", "source: x.plane", "DAC004"),
        ("default: []", "default: 5", "DAC005"),
        ("response: [Look.]", "response: [Look.]\nmonitors: {m: {title: M, template: entity, events: {source: x.plain, where: {field: nothing, equals: a}}, entity: [host], window: 5m}}", "DAC007"),
    ],
)  # fmt: skip
def test_the_form_of_a_draft_is_checked(old: str, new: str, expected: str, tmp_path: Path) -> None:
    """What would be wrong of a finished analytic's form and names is wrong of a draft's."""
    report = validate_repository(folder(tmp_path, DRAFT.replace(old, new)))

    assert expected in {item.code for item in report.findings.errors}, shown(report.findings)


@pytest.mark.parametrize(
    ("log_sources", "told"),
    [
        ("log_sources:", ["'techniques' is missing in attack", "'monitors' is missing in the file", "'source' is missing in log_sources.1"]),
        ("log_sources: []\nx:", ["log_sources is empty"]),
    ],
)  # fmt: skip
def test_what_a_draft_may_leave_out_an_active_analytic_may_not(log_sources: str, told: list[str], tmp_path: Path) -> None:
    """The same file without `status: draft` has not the form, and the finding says what belongs there."""
    report = validate_repository(folder(tmp_path, DRAFT.replace("status: draft\n", "").replace("log_sources:", log_sources)))

    for message in told:
        found = [item for item in report.findings.items if item.message == message]
        assert found, shown(report.findings)
        assert found[0].hint


def test_what_a_draft_lacks_is_named_with_its_place(tmp_path: Path) -> None:
    """Every open place, the log source that nobody serves, and what an active analytic must have."""
    repository = load_repository(folder(tmp_path, samples=SAMPLES), Findings())

    found = Findings(list(lacks(repository.analytics["XX0002"], repository)))

    at = "detections/DET9999/XX0002"
    assert [
        f"DAC042 {at}/analytic.yml:1:5 XX0002 has no monitor",
        f"DAC042 {at}/analytic.yml:1:5 attack has no tactics",
        f"DAC042 {at}/analytic.yml:1:5 attack has no techniques",
        f"DAC042 {at}/analytic.yml:12:5 no log source of the repository serves elsewhere:log (lines of it)",
        f"DAC042 {at}/analytic.yml:15:19 false_positives.0 is to be filled in",
        f"DAC042 {at}/samples.yml:5:18 cases.0.events.0.source is to be filled in",
        f"DAC042 {at}/samples.yml:5:29 cases.0.events.0.raw is to be filled in",
    ] == sorted(shown(found), key=lambda text: (text.split()[1].split(":")[0], int(text.split(":")[1]), text))
    assert "who does this for a good reason" in {item.hint for item in found.items}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("", "", []),
        ("{tunable: Threshold}", "1", ["DAC011 the tunable Threshold changes nothing: no monitor uses it"]),
        ("field: process.command_line, matches: {tunable: Patterns}", "field: process.command_line, runs: []", ["DAC011 the tunable Patterns changes nothing: no monitor uses it"]),
        ("default: [netstat, \"net use $\"], min_items: 1", "default: []", ["DAC029 ", "DAC029 "]),
    ],
)  # fmt: skip
def test_a_draft_that_is_written_lacks_what_an_active_one_would(
    old: str, new: str, expected: list[str], tmp_path: Path
) -> None:
    """A finished draft lacks nothing; else the rules of active analytics speak, whether it can ever fire included."""
    write(tmp_path, analytic=("severity: medium\n", "severity: medium\nstatus: draft\n"))
    path = tmp_path / "detections/DET9999/XX0001/analytic.yml"
    path.write_text(path.read_text().replace(old, new, 1), "utf-8")
    findings = Findings()
    repository = load_repository(tmp_path, findings)

    told = [f"{item.code} {item.message}" for item in lacks(repository.analytics["XX0001"], repository)]

    assert [] == findings.items
    assert len(told) == len(expected), told
    assert all(any(text.startswith(wanted) for text in told) for wanted in expected), told


@pytest.mark.parametrize("output", ["text", "json", "junit", "markdown", "github"])
def test_a_test_of_an_unfinished_draft_fails_without_a_cluster(
    output: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 1, what it lacks in every form, and no connection: there is nothing at the environment's address."""
    code = run("test", "--root", str(folder(tmp_path)), "XX0002", "--output", output)

    told = capsys.readouterr()
    assert (1, "") == (code, told.err)
    assert "has no monitor" in told.out.replace("&#95;", "_")
    assert "DAC042" in told.out or output == "github"
    if output == "json":
        found = json.loads(told.out)
        assert (False, True) == (found["passed"], found["analytics"][0]["unfinished"])
    if output == "text":
        assert told.out.splitlines()[-1].startswith("0 of 1 analytic alerts as the samples say")
        assert "1 draft not finished" in told.out
        assert ["XX0002", "0", *["not", "run"] * 4, "not", "finished"] == told.out.splitlines()[1].split()


@pytest.mark.parametrize("command", [["render"], ["plan", "--select"], ["deploy", "--select"], ["replay"]])
def test_no_command_sends_a_draft(command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Asked for by its id, it is refused with the reason and exit code 3, before a cluster is asked."""
    code = run(command[0], "--root", str(folder(tmp_path)), "--env", "local", *command[1:], "XX0002")

    told = capsys.readouterr().err
    assert 3 == code
    assert "XX0002 is a draft" in told
    assert "status: active" in told


def test_nothing_of_a_draft_is_rendered(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Everything that an environment wants is the same with a draft beside it as without."""
    one, other = tmp_path / "one", tmp_path / "other"
    write(one)
    folder(other)

    assert 0 == run("render", "--root", str(one), "--env", "local")
    without = capsys.readouterr().out
    assert 0 == run("render", "--root", str(other), "--env", "local")
    assert without == capsys.readouterr().out


def test_validate_says_how_many_drafts_there_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They count as analytics, and nobody takes them for deployed ones."""
    root = str(folder(tmp_path))

    assert 0 == run("validate", "--root", root)
    assert "2 analytics, 1 draft among them, 2 monitors" in capsys.readouterr().out
    assert 0 == run("validate", "--root", root, "--output", "json")
    assert 1 == json.loads(capsys.readouterr().out)["drafts"]


def test_drafts_are_remembered_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A run that reads nothing anew knows them too, and what is wanted of a cluster says that they are left out."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = folder(tmp_path / "repository")

    found = [common.load(root, "local", remember=remember).drafts for remember in (False, True, True)]

    assert [("XX0002",)] * 3 == found
    for prepared in (
        wishes.prepare(root, "local", (), (), {}),
        wishes.prepare_to_look(root, "local", ("XX0001",), (), remember=True),
    ):
        assert ("XX0002",) == prepared.wish.selection.drafts


def test_a_save_of_a_draft_is_told_in_a_line_and_what_it_lacks(tmp_path: Path) -> None:
    """`deployer watch` says of a draft that nothing was run, and why."""
    repository = load_repository(folder(tmp_path), Findings())
    found = unfinished(repository.analytics["XX0002"], repository)

    head, *lacking = moment_text("XX0002", found, [], 0.1).splitlines()

    assert "XX0002  not finished: 6 findings, nothing was run  (0.10 s)" == head
    assert "DAC042: XX0002 has no monitor" in "\n".join(lacking)
    assert unfinished(repository.analytics["XX0001"], repository) is None


def test_a_test_of_selected_drafts_says_how_they_are_tested(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--select` is about what is active; a term that fits drafts only is told so."""
    assert 64 == run("test", "--root", str(folder(tmp_path)), "--select", "XX0002")

    assert "--select XX0002 fits drafts only" in capsys.readouterr().err
