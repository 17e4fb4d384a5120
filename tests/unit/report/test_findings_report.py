"""Findings in all their forms, and the registry of their codes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from deployer.model.codes import CODES
from deployer.model.errors import Location
from deployer.model.finding import Finding
from deployer.report import codes_markdown, finding_rows, finding_text, findings_github, findings_gitlab, findings_sarif

GOLDEN = Path(__file__).parent / "golden"

FINDINGS = [
    Finding("DAC003", "unknown key 'titel' in the file", Location("a,b:c/analytic.yml", 2, 1), "did you mean 'title'?"),
    Finding("DAC004", "100% of\r\nnames, unknown: \x1b[31m", Location("environments/x.yml", 4, 20), "", "warning"),
    Finding("DAC010", "no analytic was found", Location("detections"), "a detection is a folder\nof two files"),
]


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("findings.json", json.dumps(finding_rows(FINDINGS), indent=2)),
        ("findings.sarif", json.dumps(findings_sarif(FINDINGS, "1.0"), indent=2)),
        ("findings.github", findings_github(FINDINGS)),
        ("findings.gitlab", json.dumps(findings_gitlab(FINDINGS), indent=2)),
        ("findings.txt", "\n".join(finding_text(finding, lambda _: ["id: x", "titel: y", "", "a\tb"]) for finding in FINDINGS)),
    ],
)  # fmt: skip
def test_each_form_is_as_it_was(name: str, made: str) -> None:
    """Programs and people rely on these forms: a change of one is a change of its golden file."""
    assert (GOLDEN / name).read_text("utf-8") == f"{made}\n"


EVIL = "a\x1b[31m\r\n::error file=x::gone\u202e\u2028<img src=x>%0A"


def test_promise_30_findings_do_nothing_in_any_form() -> None:
    """Message, hint, file name and source line of a stranger: one line each in text, one annotation each, strings in JSON."""
    found = [Finding("DAC003", EVIL, Location(f"detections/{EVIL}/analytic.yml", 1, 1), EVIL)]

    text = finding_text(found[0], lambda _: [EVIL])
    annotations = findings_github(found)
    programs = [json.dumps(value) for value in (finding_rows(found), findings_sarif(found, "1.0"), findings_gitlab(found))]

    for shown in (text, annotations):
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]", shown)
        assert not any(line.startswith("::error file=x") for line in shown.splitlines())
    assert 1 == len(annotations.splitlines())
    assert all(EVIL[:6] in json.dumps(json.loads(value), ensure_ascii=False).replace("\\u001b", "\x1b") for value in programs)


def test_github_escapes_what_would_end_an_annotation_or_a_property() -> None:
    """Per cent, line ends, and in properties colon and comma, cannot start a command of their own."""
    lines = findings_github(FINDINGS).splitlines()

    assert len(FINDINGS) == len(lines)
    assert "file=a%2Cb%3Ac/analytic.yml,line=2,col=1," in lines[0]
    assert "100%25 of%0A%0Anames, unknown: \\u001b[31m" in lines[1]


def test_gitlab_tells_findings_apart_and_knows_one_again() -> None:
    """The same finding on another line has the fingerprint it had; the same thing said twice of a file has two."""
    first, moved = (Finding("DAC003", "unknown key", Location("a.yml", line, 1)) for line in (2, 9))

    (before,), (after,) = findings_gitlab([first]), findings_gitlab([moved])
    assert before["fingerprint"] == after["fingerprint"]
    assert 2 == len({entry["fingerprint"] for entry in findings_gitlab([first, moved])})


def test_sarif_has_the_shape_that_readers_ask_for() -> None:
    """Each result names a rule by id and index, and a region counts from one; a place without a line has no region."""
    run = findings_sarif(FINDINGS, "1.0")["runs"][0]

    rules = run["tool"]["driver"]["rules"]
    assert ["DAC003", "DAC004", "DAC010"] == [rule["id"] for rule in rules]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("error", "warning")
    places = [result["locations"][0]["physicalLocation"] for result in run["results"]]
    assert {"startLine": 2, "startColumn": 1} == places[0]["region"]
    assert "region" not in places[2]


def test_the_caret_stands_below_the_column_of_a_long_line() -> None:
    """Of a line longer than a screen the part around the column is shown."""
    line = "x" * 500 + "HERE" + "y" * 500

    shown = finding_text(Finding("DAC005", "m", Location("f", 1, 501)), lambda _: [line]).splitlines()

    assert "HERE" == shown[1][shown[2].index("^") :][:4]
    assert len(shown[1]) < 200


def test_every_code_that_is_raised_is_explained(root: Path) -> None:
    """Each code in the tool's source has its texts in the registry, and each code of the registry is raised somewhere."""
    pattern = re.compile(r"\"(DAC\d{3})\"")
    sources = [path for path in (root / "deployer").rglob("*.py") if path.name not in ("codes.py", "codes_reach.py")]
    raised = {code for path in sources for code in pattern.findall(path.read_text("utf-8"))}

    assert raised == set(CODES)
    for code in CODES.values():
        assert all(len(text) > 20 for text in (code.what, code.why, code.mend)), code.id
        assert code.title


def test_the_page_of_findings_is_made_from_the_registry(root: Path) -> None:
    """docs/findings.md says what `deployer explain` says (make it anew with `deployer explain --all > docs/findings.md`)."""
    assert (root / "docs" / "findings.md").read_text("utf-8") == f"{codes_markdown()}\n"
