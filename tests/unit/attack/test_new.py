"""`deployer new`: drafts that are valid, say what they lack, and write over nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from deployer import starter
from deployer.catalogue import load_repository
from deployer.check import validate_repository
from deployer.check.drafts import lacks
from deployer.cli import cli, common
from deployer.model.finding import Findings
from tests import attack
from tests.unit.repo import shown, write


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """The small repository, whose log source one of ATT&CK's names is."""
    return write(tmp_path / "repository", x=attack.KNOWN)


def run(root: Path, *arguments: str, stix: Path | None = None) -> int:
    """Run `deployer new` on the small ATT&CK."""
    file = stix or attack.write(root.parent, attack.bundle())
    return common.run(cli, ["new", *arguments, "--root", str(root), "--stix", str(file)], "deployer")


def test_an_analytic_becomes_a_draft_with_all_that_is_known_of_it(repository: Path) -> None:
    """Ids, techniques, log sources with the condition of their events, tunables, a monitor, samples to fill in."""
    assert 0 == run(repository, "AN9001")

    folder = repository / "detections/DET9001/AN9001"
    text = (folder / "analytic.yml").read_text("utf-8")
    value = yaml.safe_load(text)
    assert text.startswith("# yaml-language-server: $schema=../../../schemas/analytic.json\n")
    assert ("AN9001", "DET9001", "draft", "windows") == tuple(
        value[key] for key in ("id", "strategy", "status", "platform")
    )
    assert {"techniques": ["T9049"], "tactics": ["discovery"], "version": "18.1", "analytic_version": "1.1"} == value[
        "attack"
    ]
    assert [
        {"source": "x.plain", "name": "x:plain", "channel": "EventCode=1, 22", "data_component": "DC9001"},
        {"name": "saas:nobody", "channel": "things: that {happen}, 'now'", "data_component": "DC9002"},
    ] == value["log_sources"]
    assert ["TimeWindow", "IPAddress", "IPAddress2", "CommandPatternList", "ExecutionFrequencyThreshold"] == list(
        value["tunables"]
    )
    assert ("duration", "15m") == tuple(value["tunables"]["TimeWindow"][key] for key in ("type", "default"))
    assert value["tunables"]["IPAddress2"]["description"].endswith("(ATT&CK calls it IP/Address.)")
    assert {"any": [{"source": "x.plain", "where": {"field": "process.name", "in": ["1", "22"]}}]} == value["events"][
        "candidates"
    ]
    monitor = value["monitors"]["candidates"]
    assert ({"tunable": "TimeWindow"}, {"tunable": "ExecutionFrequencyThreshold"}) == (
        monitor["window"],
        monitor["threshold"],
    )
    assert "# logs-x.plain-*\n" in text
    samples = yaml.safe_load((folder / "samples.yml").read_text("utf-8"))["cases"]
    assert [{"source": "x.plain", "raw": "TODO"}] == samples[0]["events"]
    assert [{"candidates": [{"host": "TODO", "user": "TODO"}]}, {}] == [case["expect"] for case in samples]


def test_all_drafts_of_a_small_attack_are_valid_and_lack_something(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without log sources, without mutable elements, with hostile texts; the deprecated one is left out, and said so."""
    assert 0 == run(repository, "--all")

    told = capsys.readouterr()
    report = validate_repository(repository)
    assert [] == shown(report.findings)
    assert (5, 4) == (report.analytics, report.drafts)
    assert "left out: AN9004: it is deprecated or revoked" in told.err
    assert "detections/DET9001/AN9002: 0 tunables, 0 log sources, 0 of them served here" in told.out
    for name in ("AN9001", "AN9002", "AN9003", "AN9005"):
        analytic = report.repository.analytics[name]
        found = [f"{item.code} {item.message}" for item in lacks(analytic, report.repository)]
        assert any(
            "TODO" in (repository / item.where.file).read_text("utf-8") for item in lacks(analytic, report.repository)
        ), found
    assert "DAC042 AN9002 names no log source" in [
        f"{item.code} {item.message}" for item in lacks(report.repository.analytics["AN9002"], report.repository)
    ]
    assert (
        attack.HOSTILE.split("\n")[1].replace("{{", "{ {").replace("}}", "} }")
        in report.repository.analytics["AN9003"].description
    )


def test_a_strategy_means_all_its_analytics(repository: Path) -> None:
    """Named in any case, together with others, each once; those that are deprecated are no part of it."""
    assert 0 == run(repository, "det9001", "AN9001", "an9005")

    assert ["AN9001", "AN9002", "AN9003", "AN9005"] == sorted(
        path.name for path in repository.glob("detections/DET9*/AN*")
    )


def test_what_is_there_is_never_written_over_unless_asked(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nor are its samples; the rest of a strategy is written, and --force says what it does."""
    assert 0 == run(repository, "AN9001")
    file = repository / "detections/DET9001/AN9001/samples.yml"
    file.write_text("mine", "utf-8")

    assert 1 == run(repository, "AN9001")
    assert "kept detections/DET9001/AN9001: it is there already (--force writes over it)" in capsys.readouterr().err
    assert 0 == run(repository, "DET9001")
    assert "mine" == file.read_text("utf-8")
    assert 0 == run(repository, "AN9001", "--force")
    assert file.read_text("utf-8").startswith("# yaml-language-server")


def test_an_analytic_in_another_folder_is_there_too(repository: Path) -> None:
    """Two folders of one id would be an error; also half of one, such as samples alone, is left as it is."""
    for name in ("analytic.yml", "samples.yml"):
        folder = repository / f"detections/OURS0001/AN900{1 if name == 'analytic.yml' else 2}"
        folder.mkdir(parents=True)
        (folder / name).write_text("mine", "utf-8")

    assert 1 == run(repository, "AN9001", "AN9002")
    assert not (repository / "detections/DET9001").exists()


def test_links_lead_nowhere(repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither a folder that is a link out of the repository is written to, nor a file behind a link."""
    (tmp_path / "outside").mkdir()
    (repository / "detections/DET9002").symlink_to(tmp_path / "outside")
    assert 0 == run(repository, "AN9001")
    file = repository / "detections/DET9001/AN9001/samples.yml"
    file.unlink()
    file.symlink_to(tmp_path / "victim")
    (tmp_path / "victim").write_text("mine", "utf-8")
    capsys.readouterr()

    assert 1 == run(repository, "AN9005")
    assert "link out of the repository" in capsys.readouterr().err
    assert 0 == run(repository, "AN9001", "--force")
    assert [] == list((tmp_path / "outside").iterdir())
    assert "mine" == (tmp_path / "victim").read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        ([], 64, "new wants ids, or --all"),
        (["AN9001", "--all"], 64, "new wants ids, or --all"),
        (["AN9999"], 64, "There is no analytic or strategy 'AN9999'"),
        (["../x"], 64, "There is no analytic or strategy '../x'"),
        (["AN9004"], 1, "AN9004 is deprecated or revoked"),
    ],
)
def test_what_cannot_be_meant_is_told(
    arguments: list[str], code: int, told: str, repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one screen, with what to do; nothing is written."""
    assert code == run(repository, *arguments)

    error = capsys.readouterr().err
    assert told in error
    assert "next:" in error or "did you mean" in error or "known here" in error
    assert not list(repository.glob("detections/DET9002/*")) + list(repository.glob("detections/DET9001/*"))


def test_a_strategy_without_its_analytics_is_told(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A bundle of the strategy alone holds nothing to begin with."""
    file = attack.write(repository.parent, attack.bundle(attack.strategy(9001, 9001)), "alone.json")

    assert 1 == run(repository, "DET9001", stix=file)
    assert "DET9001 has no analytic in" in capsys.readouterr().err


def test_an_analytic_alone_is_a_draft_without_techniques(repository: Path) -> None:
    """What the file does not say is left open: it is valid, and its test names it."""
    file = attack.write(repository.parent, attack.bundle(attack.analytic(9001)), "alone.json")

    assert 0 == run(repository, "AN9001", stix=file)

    findings = Findings()
    found = load_repository(repository, findings)
    assert [] == shown(findings)
    told = {item.message for item in lacks(found.analytics["AN9001"], found)}
    assert {"attack has no techniques", "attack has no tactics", "attack.version is to be filled in"} <= told


def test_an_analytic_without_a_strategy_has_no_folder(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Named alone, nothing is written, and the reason is told."""
    bare = attack.analytic(9001, external_references=[{"source_name": "mitre-attack", "external_id": "AN9001"}])

    assert 1 == run(repository, "AN9001", stix=attack.write(repository.parent, attack.bundle(bare), "alone.json"))
    assert "left out: AN9001: no strategy of the file has it" in capsys.readouterr().err


def test_the_result_for_programs(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What was written, kept and left out, under stable keys."""
    assert 0 == run(repository, "AN9001")
    capsys.readouterr()

    assert 0 == run(repository, "--all", "--output", "json")

    found = json.loads(capsys.readouterr().out)
    assert ["format_version", "written", "kept", "left_out"] == list(found)
    assert (1, ["AN9001"], ["AN9004: it is deprecated or revoked"]) == (
        found["format_version"],
        found["kept"],
        found["left_out"],
    )
    assert {
        "analytic": "AN9005",
        "folder": "detections/DET9002/AN9005",
        "files": ["detections/DET9002/AN9005/analytic.yml", "detections/DET9002/AN9005/samples.yml"],
        "log_sources": 1,
        "served": 0,
        "tunables": 0,
    } == found["written"][-1]
    assert 0 == run(repository, "--all", "--output", "json")


def test_a_repository_that_is_none_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Before anything is written."""
    assert 64 == run(tmp_path / "nowhere", "AN9001")
    assert "is no repository of detections" in capsys.readouterr().err


def test_every_analytic_of_attack_becomes_a_valid_draft(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """All 1,739 of v18.1, with their odd names and missing parts, in a repository that `deployer init` begins."""
    if not attack.WHOLE.is_file():
        pytest.skip("the real data of ATT&CK does not lie beside this checkout (shared/attack)")
    folder = tmp_path / "whole"
    for name, text in starter.contents("whole").items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text)

    assert 0 == run(folder, "--all", stix=attack.WHOLE)

    report = validate_repository(folder)
    assert [] == shown(report.findings)
    assert 1739 == report.drafts
    assert "1739 drafts written." in capsys.readouterr().out
    found = report.repository.analytics
    # DET0320, which this project has itself: every log source is served, with the condition of its events.
    for name in ("AN0903", "AN0904", "AN0905", "AN0906", "AN0907", "AN0908"):
        text = (folder / found[name].folder / "analytic.yml").read_text("utf-8")
        assert found[name].log_sources, name
        assert all(use.source for use in found[name].log_sources), name
        assert text.count("      - {source: ") == text.count(", where: ") > 0, text
    every = sorted(found)
    assert all(lacks(found[name], report.repository) for name in every[::40] if name.startswith("AN"))
