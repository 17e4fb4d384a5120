"""Every field that a plan shows says what changed it: a tunable, a file of the repository, a template or this tool."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deployer.catalogue import load_environment, load_repository
from deployer.model.finding import Findings
from deployer.model.resource import Resource
from deployer.plan.canonical import canonical
from deployer.plan.causes import differences, named
from deployer.plan.compare import FieldChange
from deployer.plan.content import recordable
from deployer.render import provenance, render_environment
from deployer.report.changes import lines
from tests.unit.repo import write

ENVIRONMENT, ANALYTIC = "environments/local.yml", "detections/DET9999/XX0001/analytic.yml"


def _rendered(root: Path) -> dict[str, Resource]:
    findings = Findings()
    repository = load_repository(root, findings)
    environment = load_environment(root, "local", repository.analytics, repository.sources, findings)
    assert environment is not None
    found = {item.key: item for item in render_environment(repository, environment, findings)}
    findings.raise_errors()
    return found


def _replaced(root: Path, file: str, old: str, new: str) -> None:
    text = (root / file).read_text("utf-8")
    assert old in text
    (root / file).write_text(text.replace(old, new, 1), "utf-8")


def _changes(root: Path, key: str, *edits: tuple[str, str, str]) -> tuple[FieldChange, ...]:
    before = recordable(_rendered(root)[key])
    for edit in edits:
        _replaced(root, *edit)
    return differences(before, _rendered(root)[key])


def _appended(text: str) -> tuple[str, str, str]:
    return (ENVIRONMENT, "notify: {default: [demo]}\n", f"notify: {{default: [demo]}}\n{text}\n")


CASES: dict[str, tuple[str, tuple[str, str, str], dict[str, str]]] = {
    "a tunable's default": (
        "monitor/XX0001/correlated", (ANALYTIC, "default: 30m", "default: 1h"),
        {"window": "tunable Window", "tunables.Window": ANALYTIC},
    ),
    "a tunable in the environment": (
        "monitor/XX0001/discovery", _appended("tunables: {XX0001: {Threshold: 4}}"),
        {"threshold": "tunable Threshold", "tunables.Threshold": ENVIRONMENT},
    ),
    "severity in the environment": (
        "monitor/XX0001/discovery", _appended("monitors: {XX0001/discovery: {severity: low, schedule: {interval: 7m}}}"),
        {"severity": ENVIRONMENT, "schedule.interval": ENVIRONMENT},
    ),
    "enabled in the environment": (
        "monitor/XX0001/discovery", _appended("monitors: {XX0001: {enabled: false}}"), {"enabled": ENVIRONMENT},
    ),
    "severity in the analytic": (
        "monitor/XX0001/correlated", (ANALYTIC, "severity: high", "severity: low"), {"severity": ANALYTIC},
    ),
    "who is told": (
        "monitor/XX0001/discovery", (ENVIRONMENT, "notify: {default: [demo]}", "notify: {default: []}"), {"channels": ENVIRONMENT},
    ),
    "a component template": (
        "component-template/base", ("mappings/components/base.yml", "type: match_only_text", "type: text"),
        {"template.mappings.properties.message.type": "mappings/components/base.yml"},
    ),
    "a channel": ("channel/demo", (ENVIRONMENT, "type: webhook", "type: slack"), {"type": ENVIRONMENT}),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_each_field_that_people_wrote_names_what_changed_it(tmp_path: Path, case: str) -> None:
    """The tunable for what it decides, and for each value the file that decides it now."""
    key, edit, expected = CASES[case]

    found = _changes(write(tmp_path), key, edit)

    assert expected == {change.path: change.cause for change in found}


def test_an_override_that_is_taken_away_is_the_cause(tmp_path: Path) -> None:
    """What the environment said until now changed the field, although the analytic decides it from now on."""
    root = write(tmp_path)
    line = "monitors: {XX0001/discovery: {severity: low}}\n"
    _replaced(root, *_appended(line))

    (change,) = _changes(root, "monitor/XX0001/discovery", (ENVIRONMENT, line, ""))

    assert ("severity", f"{ENVIRONMENT}, no longer") == (change.path, change.cause)


@pytest.mark.parametrize(
    ("edit", "cause", "shown"),
    [
        (
            ("templates/messages/alert.txt.j2", "Why [[ severity ]]: ", "Reason for [[ severity ]]: "),
            "templates/messages/alert.txt.j2",
            ("triggers[0].actions[0].message_template.source:", "- Why MEDIUM: ", "+ Reason for MEDIUM: "),
        ),
        (
            ("templates/monitors/base.json.j2", '"track_total_hits": false,', '"track_total_hits": true,'),
            "templates/monitors/base.json.j2",
            ("inputs[0].query.track_total_hits: false → true",),
        ),
        (
            ("mappings/sources/x.yml", "ingest_delay: 2m", "ingest_delay: 4m"),
            "mappings/sources/x.yml",
            ("{{period_end}}||-480s → {{period_end}}||-600s",),
        ),
        (
            (ANALYTIC, "response: [Ask the user.]", "response: [Ask the team.]"),
            ANALYTIC,
            ("Ask the user.", "Ask the team."),
        ),
    ],
)
def test_what_is_rendered_otherwise_names_its_template_or_file_and_shows_few_lines(
    tmp_path: Path, edit: tuple[str, str, str], cause: str, shown: tuple[str, ...]
) -> None:
    """The file that changed, and of a message the lines that differ; not the whole text twice."""
    found = _changes(write(tmp_path), "monitor/XX0001/discovery", edit)

    text = "\n".join(lines(found))
    assert {cause} == {change.cause for change in found}
    assert [cause] == list(named(found))
    for part in shown:
        assert part in text
    assert len(text.splitlines()) <= 8
    assert max(map(len, text.splitlines())) <= 200


def test_a_template_that_changes_along_with_a_tunable_is_told_too(tmp_path: Path) -> None:
    """Neither hides the other, and what follows from the tunable is not laid to the template."""
    found = _changes(
        write(tmp_path),
        "monitor/XX0001/discovery",
        _appended("tunables: {XX0001: {Threshold: 4}}"),
        ("templates/monitors/base.json.j2", '"track_total_hits": false,', '"track_total_hits": true,'),
    )

    causes = {change.path.rsplit(".", 1)[-1]: change.cause for change in found}
    assert {
        "threshold": "tunable Threshold",
        "Threshold": ENVIRONMENT,
        "track_total_hits": "templates/monitors/base.json.j2",
    } == causes
    assert ["Threshold", "templates/monitors/base.json.j2"] == list(named(found))


def test_another_version_of_the_tool_is_a_cause(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same files, rendered otherwise by a newer version: the plan names both versions."""
    root = write(tmp_path)
    before = recordable(_rendered(root)["monitor/XX0001/discovery"])
    monkeypatch.setattr(provenance, "__version__", "9.9")
    after = _rendered(root)["monitor/XX0001/discovery"]
    body = {**after.body, "name": "other"}

    (change,) = differences(before, dataclasses.replace(after, body=body))

    assert change.cause.startswith("this tool, ")
    assert change.cause.endswith(" → 9.9")


def test_what_an_older_record_does_not_know_is_left_open(tmp_path: Path) -> None:
    """A document without the files that its body was made of names no cause, rather than a wrong one."""
    found = _rendered(write(tmp_path))["monitor/XX0001/discovery"]
    before = {**recordable(found), "made_of": {}, "causes": {}}

    (change,) = differences(before, dataclasses.replace(found, body={**found.body, "name": "other"}))

    assert ("body.name", "") == (change.path, change.cause)


def test_addresses_stay_hidden_in_differences(tmp_path: Path) -> None:
    """Another address is seen as a change of digests; neither address is in it."""
    change: Callable[[Any], bytes] = lambda found: canonical([[c.path, str(c.old), str(c.new), c.cause] for c in found])  # noqa: E731

    found = _changes(write(tmp_path), "channel/demo", (ENVIRONMENT, "http://127.0.0.1:9/x", "http://127.0.0.1:9/token"))

    assert ["url"] == [item.path for item in found]
    assert b"127.0.0.1" not in change(found)
    assert b"token" not in change(found)
