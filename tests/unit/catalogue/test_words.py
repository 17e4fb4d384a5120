"""What a newcomer reads after a slip: the place, the value, what is allowed, and nothing that only follows from it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from deployer import schemas
from deployer.catalogue import forms, yamlfile
from deployer.check import validate_repository
from deployer.model.finding import Findings, near
from tests.unit.repo import write


@pytest.mark.parametrize(
    ("text", "place", "message", "hint"),
    [
        ("a:\n\tb: 1\n", (2, 1), "a tab in the indentation", "blanks only"),
        ("a:\n  b: 1\n c: 2\n", (3, 2), "indented otherwise", "line 1, column 1"),
        ("a:\n  b: 1\n   c: 2\n", (3, 4), "indented deeper than the one before", "same indentation"),
        ("a: {b: 1\nc: 2\n", (1, 4), "the brace { is not closed", "'}'"),
        ("a: [1, 2\nb: 3\n", (1, 4), "the bracket [ is not closed", "']'"),
        ("a: {b: 1]}\n", (1, 9), "a comma or a '}' is missing here", "needs quotes"),
        ('a: "x\nb: 2\n', (1, 4), "a quote that is not closed", "close it"),
        ("a: 'x\nb: 2\n", (1, 4), "a quote that is not closed", "close it"),
        ("a: b: c\n", (1, 5), "a second ': ' in one line", "in quotes"),
        ("key\nb: 1\n", (1, 1), "a key without a colon", "key: value"),
        ("a: @x\n", (1, 4), "a value cannot begin with '@'", "in quotes"),
        ('a: "\\d"\n', (1, 5), "a backslash", "in '...'"),
        ("a: *x\n", (1, 4), "not valid YAML: found undefined alias", ""),
    ],
)
def test_a_slip_in_yaml_is_named_where_it_was_made(text: str, place: tuple[int, int], message: str, hint: str) -> None:
    """Not where the parser gave up: the tab, the brace or the quote itself, with what to do about it."""
    findings = Findings()

    assert yamlfile.parse(text, "x.yml", findings) is None

    (found,) = findings.items
    assert ("DAC001", place) == (found.code, (found.where.line, found.where.column))
    assert message in found.message
    assert hint in found.hint


@pytest.mark.parametrize(
    ("file", "old", "new", "code", "message", "hint"),
    [
        ("analytic", "template: entity", "template: entitty", "DAC004", "no template 'entitty' for the monitor discovery", "did you mean 'entity'?"),
        ("analytic", "template: sequence", "template: sequnce", "DAC004", "no template 'sequnce' for the monitor correlated", "did you mean 'sequence'?"),
        ("analytic", "field: user.name, in", "field: usr.name, in", "DAC007", "the field 'usr.name' is not in the mapping of x.plain", "did you mean 'user.name'?"),
        ("analytic", "{source: x.plain, name", "{source: x.plane, name", "DAC004", "no log source 'x.plane'", "did you mean 'x.plain'?"),
        ("analytic", "    source: x.plain\n    where: {field", "    source: x.plane\n    where: {field", "DAC004", "no log source 'x.plane'", "did you mean 'x.plain'?"),
        ("analytic", "events: discovery\n", "events: discovry\n", "DAC004", "XX0001 has no events 'discovry'", "did you mean 'discovery'?"),
        ("analytic", "threshold: {tunable: Threshold}", "threshold: {tunable: Treshold}", "DAC004", "XX0001 has no tunable 'Treshold'", "did you mean 'Threshold'?"),
        ("analytic", "window: 5m", "window: 1hour", "DAC003", "monitors.discovery.window is the text '1hour', and must be a duration: a whole number and one of the units s (seconds), m (minutes), h (hours) and d (days), such as 30m or {tunable: NAME}", ""),
        ("analytic", "interval: 1m", "interval: 60", "DAC003", "schedule.interval is the number 60, and must be a duration", ""),
        ("analytic", "default: 2,", "default: '2',", "DAC005", "Threshold must be a whole number, such as 5, and is the text '2'", "Events."),
        ("analytic", 'default: [netstat, "net use $"]', "default: netstat", "DAC005", "Patterns must be a list of command patterns, such as [netstat, \"net use $\"], and is the text 'netstat'", ""),
        ("analytic", "default: all}", "default: true}", "DAC005", "Scope must be one of the texts all, some, and is true", ""),
        ("analytic", "techniques: [T1049]", "techniques: [1049]", "DAC003", "attack.techniques.0 is the number 1049, and must be an ATT&CK technique: T and four digits", ""),
        ("analytic", "techniques: [T1049]", "techniques: [T10490]", "DAC003", "attack.techniques.0 is the text 'T10490', and must be an ATT&CK technique", ""),
        ("analytic", "strategy: DET9999", "strategy: det9999", "DAC003", "strategy is the text 'det9999', and must be an id: two to eight capital letters", ""),
        ("analytic", "  follow:\n", "  Follow-up:\n", "DAC003", "'Follow-up' is no name for what stands in events", "lower-case letters, digits and underscores"),
        ("local", "channels:", "tunables: {XX0999: {Window: 5m}}\nchannels:", "DAC004", "no analytic 'XX0999'", "known here: XX0001"),
    ],
)  # fmt: skip
def test_one_slip_is_one_finding(
    tmp_path: Path, file: str, old: str, new: str, code: str, message: str, hint: str
) -> None:
    """The finding shows the value and what is allowed; nothing that only follows from the slip stands beside it."""
    write(tmp_path, **{file: (old, new)})

    errors = validate_repository(tmp_path).findings.errors

    assert {code} == {found.code for found in errors}, [str(found) for found in errors]
    assert all(found.message.startswith(message) for found in errors), [str(found) for found in errors]
    assert all(hint in found.hint for found in errors), [str(found) for found in errors]


def test_every_form_of_the_schemas_has_words() -> None:
    """Nobody reads a regular expression to mend a file: each pattern has its words, and no words are left over."""
    patterns: set[str] = set()

    def collect(value: object) -> None:
        if isinstance(value, dict):
            if isinstance(value.get("pattern"), str):
                patterns.add(value["pattern"])
            for inner in value.values():
                collect(inner)
        elif isinstance(value, list):
            for inner in value:
                collect(inner)

    for name in schemas.names():
        collect(schemas.read(name))

    assert patterns == set(forms.FORMS)


@pytest.mark.parametrize(
    ("name", "known", "expected"),
    [
        ("AN0999", ["AN0903", "AN0904"], "known here: AN0903, AN0904"),
        ("AN0913", ["AN0903", "AN0904"], "did you mean 'AN0903'?"),
        ("an0903", ["AN0903", "AN0904"], "did you mean 'AN0903'?"),
        ("AN090", ["AN0903", "AN0804"], "did you mean 'AN0903'?"),
        ("timewindow", ["TimeWindow", "Threshold"], "did you mean 'TimeWindow'?"),
        ("zzz", ["TimeWindow"], "known here: TimeWindow"),
        ("zzz", [], ""),
    ],
)
def test_a_near_name_is_guessed_only_where_it_is_likely(name: str, known: list[str], expected: str) -> None:
    """Ids all look alike: where more than one character differs the known ones are listed instead."""
    assert expected == near(name, known)


def test_no_message_shows_a_regular_expression(tmp_path: Path) -> None:
    """A value of the wrong form is answered in words."""
    write(tmp_path, local=("deployment: unit-local", "deployment: Unit Local"))

    (found,) = validate_repository(tmp_path).findings.errors

    assert not re.search(r"\^\[|\{\d", found.message + found.hint)
    assert "such as det0320-prod" in found.message
