"""Findings that somebody lives with: set apart for a reason, by an owner, until a day."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from deployer.check import validate_repository
from deployer.cli import cli, common
from deployer.desired.read import fresh
from deployer.model.errors import Location
from deployer.model.exclusion import Exclusion
from deployer.model.finding import Finding, InvalidRepositoryError
from tests.unit.repo import shown, write

ANALYTIC = "detections/DET9999/XX0001/analytic.yml"
OWN = '[% extends "monitors/entity.json.j2" %]\n[% block filter %], [[ query ]], {"query_string": {"query": "process.command_line:*n?t*"}}[% endblock %]\n'


def planted(root: Path, exclusion: str = "", local: str = "", **keys: str) -> Path:
    """The small repository with one error (DAC021) in the monitor `discovery`, and exclusions."""
    changes = {"local": ("channels:", f"{local}channels:")} if local else {}
    write(root, analytic=("    template: entity\n", "    template: own\n"), **changes)
    (root / "templates/monitors/own.json.j2").write_text(OWN)
    if exclusion:
        path = root / ANALYTIC
        path.write_text(f"{path.read_text()}exclusions:\n  - {exclusion}\n")
    return root


def entry(code: str = "DAC021", expires: str = "2999-01-01", more: str = "") -> str:
    return f"{{code: {code}, {more}owner: alice@example.org, reason: measured here, expires: '{expires}'}}"


def test_an_excluded_finding_is_set_apart_in_every_form(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It fails nothing any more, and is still told, with who answers for it, why and until when."""
    planted(tmp_path, entry(more="on: discovery, "))

    codes = []
    forms = {}
    for form in ("text", "json", "sarif", "github"):
        codes.append(common.run(cli, ["validate", "--root", str(tmp_path), "--output", form], "deployer"))
        forms[form] = capsys.readouterr().out

    assert [0, 0, 0, 0] == codes
    assert "DAC021 until 2999-01-01 by alice@example.org: measured here" in forms["text"]
    (row,) = json.loads(forms["json"])["excluded"]
    assert ("DAC021", "alice@example.org", "measured here", "2999-01-01") == (row["code"], row["owner"], row["reason"], row["expires"])  # fmt: skip
    assert row["excluded_at"].startswith(f"{ANALYTIC}:")
    (result,) = json.loads(forms["sarif"])["runs"][0]["results"]
    assert "measured here" in result["suppressions"][0]["justification"]
    assert "" == forms["github"].strip()


def test_without_the_exclusion_it_is_an_error(tmp_path: Path) -> None:
    """What the other tests exclude is there."""
    assert ["DAC021"] == [finding.code for finding in validate_repository(planted(tmp_path)).findings.items]


@pytest.mark.parametrize(
    ("exclusion", "code", "at", "message"),
    [
        (entry(expires="2020-01-01"), "DAC016", "{", "the exclusion of DAC021 expired on 2020-01-01"),
        (entry("DAC999"), "DAC004", "DAC999", "no code 'DAC999'"),
        (entry("DAC005"), "DAC005", "DAC005", "DAC005 cannot be excluded"),
        (entry("DAC022"), "DAC011", "{", "the exclusion of DAC022 covers nothing"),
        (entry(more="on: correlated, "), "DAC011", "{", "the exclusion of DAC021 covers nothing"),
        (entry(more="on: discovry, "), "DAC004", "discovry", "nothing is called 'discovry' here"),
        (entry(expires="2999-02-30"), "DAC005", "'2999", "'2999-02-30' is no day"),
        ("{code: DAC021, owner: a, reason: b}", "DAC003", "{", "'expires' is missing in exclusions.0"),
    ],
)
def test_what_is_wrong_with_an_exclusion_is_found_at_its_place(
    tmp_path: Path, exclusion: str, code: str, at: str, message: str
) -> None:
    """Expired, of an unknown code, of one that cannot be lived with, of nothing, of no monitor, or without its last day."""
    planted(tmp_path, exclusion)
    written = (tmp_path / ANALYTIC).read_text().splitlines()

    lines = shown(validate_repository(tmp_path).findings)

    assert f"{code} {ANALYTIC}:{len(written)}:{written[-1].index(at) + 1} {message}" in lines


def test_one_that_soon_expires_is_a_warning(tmp_path: Path) -> None:
    """Thirty days before, its owner is to be asked."""
    planted(tmp_path, entry(expires="2026-03-20"))

    _, made = fresh(tmp_path, "local", today=date(2026, 3, 1))

    assert [("DAC016", "warning")] == [(item.code, item.level) for item in made.findings.items]
    with pytest.raises(InvalidRepositoryError):
        fresh(tmp_path, "local", today=date(2026, 3, 21))


def test_an_environment_excludes_what_stands_in_its_own_file_only(tmp_path: Path) -> None:
    """The value of its tunable, by monitor; not what is wrong with a template."""
    tunables = "tunables: {XX0001: {Patterns: [/.*/]}}\n"
    exclusions = f"exclusions: [{entry('DAC029', more='on: XX0001, ')}, {entry()}]\n"

    findings = validate_repository(planted(tmp_path, local=tunables + exclusions)).findings

    assert ["DAC021"] == [item.code for item in findings.items]
    assert {"DAC029"} == {finding.code for finding, _ in findings.excluded}


def test_what_is_excluded_does_not_stop_a_deploy(tmp_path: Path) -> None:
    """Plan and deploy read the files as validate does."""
    _, made = fresh(planted(tmp_path, entry()), "local", today=date(2026, 3, 1))

    assert [] == made.findings.items
    assert ["DAC021"] == [finding.code for finding, _ in made.findings.excluded]
    with pytest.raises(InvalidRepositoryError):
        fresh(planted(tmp_path), "local", today=date(2026, 3, 1))


@pytest.mark.parametrize(
    ("on", "about", "covers"),
    [("", "", True), ("x.plain", "x.plain", True), ("XX0001", "XX0001/m", True), ("XX0001/m", "XX0001/n", False), ("x.plain", "", False), ("XX0001", "XX00012/m", False)],
)  # fmt: skip
def test_an_environments_exclusion_may_be_of_one_source_analytic_or_monitor(on: str, about: str, covers: bool) -> None:
    """Of what is found on its cluster."""
    exclusion = Exclusion("DAC033", on, "o", "r", date(2999, 1, 1), Location("environments/local.yml", 1, 1))
    finding = Finding("DAC033", "stopped", Location("mappings/sources/x.yml", 2, 3), about=about)

    assert covers is exclusion.covers(finding, live=True)
    assert not exclusion.covers(finding)
