"""The six analytics against the text of MITRE's strategy: every log source and every mutable element, under its name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from deployer.catalogue import load_repository
from deployer.check.repository import tunables_used
from deployer.model.finding import Findings

SOURCE = re.compile(
    r"^(?P<component>.+) \((?P<id>DC\d{4})\) (?P<name>\S+:\S+(?: \S+)*?) (?P<channel>EventCode=\d+|execve|command logging|process_events|command logs?|management queries|Describe\* or List\* API calls|networkInsightsLogs)$"
)
ELEMENT = re.compile(r"^(?P<name>[A-Z][A-Za-z]+) [A-Z]")


def strategy(text: str) -> dict[str, tuple[set[tuple[str, str, str]], set[str]]]:
    """By analytic: its log sources as (data component, name, channel), and the names of its mutable elements."""
    found: dict[str, tuple[set[tuple[str, str, str]], set[str]]] = {}
    current, part = "", ""
    for line in text.splitlines():
        if re.fullmatch(r"AN\d{4}", line):
            current, part = line, ""
            found[current] = (set(), set())
        elif line in ("Log Sources", "Mutable Elements"):
            part = line
        elif part == "Log Sources" and (match := SOURCE.match(line)):
            found[current][0].add((match["id"], match["name"], match["channel"]))
        elif part == "Mutable Elements" and line != "Field Description" and (match := ELEMENT.match(line)):
            found[current][1].add(match["name"])
    return found


def test_every_log_source_and_mutable_element_of_the_text_works(shared: Path, root: Path) -> None:
    """Each log source is used by the analytic under ATT&CK's names, and each mutable element is a tunable that a monitor depends on."""
    findings = Findings()
    repository = load_repository(root, findings)
    wanted = strategy((shared / "DET0320.txt").read_text("utf-8"))

    assert [] == findings.errors
    assert {"AN0903": 3, "AN0904": 3, "AN0905": 2, "AN0906": 2, "AN0907": 2, "AN0908": 2} == {
        name: len(elements) for name, (_, elements) in wanted.items()
    }
    assert {"AN0903": 2, "AN0904": 2, "AN0905": 1, "AN0906": 1, "AN0907": 2, "AN0908": 2} == {
        name: len(sources) for name, (sources, _) in wanted.items()
    }
    for name, (sources, elements) in wanted.items():
        analytic = repository.analytics[name]
        assert sources <= {(use.data_component, use.name, use.channel) for use in analytic.log_sources}, name
        assert elements <= tunables_used(analytic), name


@pytest.mark.parametrize("name", ["AN0903", "AN0904", "AN0905", "AN0906", "AN0907", "AN0908"])
def test_an_analytic_says_what_an_analyst_and_a_reviewer_need(root: Path, name: str) -> None:
    """Technique, tactic, versions, severity, benign causes, next steps and references are all there."""
    analytic = load_repository(root, Findings()).analytics[name]

    assert analytic.attack["techniques"] == ["T1049"]
    assert "discovery" in analytic.attack["tactics"]
    assert analytic.attack["version"]
    assert len(analytic.false_positives) >= 2
    assert len(analytic.response) >= 3
    assert analytic.references
    for tunable in analytic.tunables.values():
        assert len(tunable.description.split()) > 5, tunable.name


def test_every_file_names_its_schema_for_editors(root: Path) -> None:
    """The first line of each file that people write leads an editor to the schema, by a path that exists."""
    files = [path for folder in ("detections", "mappings", "environments") for path in (root / folder).rglob("*.yml")]

    assert len(files) > 30
    for path in files:
        first = path.read_text("utf-8").splitlines()[0]
        match = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", first)
        assert match, path
        assert (path.parent / match[1]).is_file(), path
