"""Findings as text, JSON, GitHub annotations and SARIF 2.1.0. What files say comes from a reader that the caller gives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from deployer.model.code import Code
from deployer.model.codes import CODES, EXCLUDABLE
from deployer.model.exclusion import Exclusion
from deployer.model.finding import Finding
from deployer.report.escape import visible
from deployer.report.github import annotation

FORMAT_VERSION = 1
SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
WIDTH = 160
"""Characters of a source line that are shown."""

Excluded = tuple[Finding, Exclusion]
"""A finding that was set apart, and by what."""

Lines = Callable[[str], Sequence[str]]
"""The lines of a file that findings name; none if it cannot be read."""


def no_lines(_: str) -> Sequence[str]:
    """For callers that have no files at hand."""
    return ()


def finding_text(finding: Finding, lines: Lines = no_lines) -> str:
    """A finding as a person reads it: where, what, the line with a caret, what to do."""
    where = finding.where
    text = [f"{visible(str(where))}: {finding.level} {finding.code}: {visible(finding.message)}"]
    known = lines(where.file) if where.line else ()
    if 0 < where.line <= len(known):
        text += _excerpt(known[where.line - 1], where.line, max(1, where.column))
    text += [f"    {visible(line)}" for line in finding.hint.splitlines()]
    return "\n".join(text)


def _excerpt(line: str, number: int, column: int) -> list[str]:
    """The line and a caret below `column`; of a long line the part around it. Tabs are one arrow wide."""
    start = max(0, column - WIDTH // 2) if len(line) > WIDTH else 0
    shown = "".join("\u2192" if char == "\t" else visible(char)[:1] for char in line[start : start + WIDTH].rstrip())
    margin = f"    {number} | "
    return [f"{margin}{shown}", f"{' ' * (len(margin) + column - 1 - start)}^"]


def counted(number: int, noun: str, plural: str = "") -> str:
    """A number with its noun: ``1 error``, ``2 errors``."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def sums(findings: Sequence[Finding]) -> str:
    """``1 error, 2 warnings``."""
    errors = sum(finding.level == "error" for finding in findings)
    return f"{counted(errors, 'error')}, {counted(len(findings) - errors, 'warning')}"


def finding_rows(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """Findings as JSON objects with stable keys."""
    return [
        {
            "code": finding.code,
            "level": finding.level,
            "title": _code(finding.code).title,
            "message": finding.message,
            "hint": finding.hint,
            "file": finding.where.file,
            "line": finding.where.line,
            "column": finding.where.column,
        }
        for finding in findings
    ]


def excluded_rows(excluded: Sequence[Excluded]) -> list[dict[str, Any]]:
    """Excluded findings as JSON objects, each with who answers for it, why and until when."""
    return [
        {**row, "owner": by.owner, "reason": by.reason, "expires": by.expires.isoformat(), "excluded_at": str(by.where)}
        for row, (_, by) in zip(finding_rows([finding for finding, _ in excluded]), excluded, strict=True)
    ]


def excluded_text(excluded: Sequence[Excluded]) -> list[str]:
    """A line for each excluded finding."""
    return [
        f"excluded: {finding.where}: {finding.code} until {by.expires} by {visible(by.owner)}: {visible(by.reason)}"
        for finding, by in excluded
    ]


def findings_github(findings: Sequence[Finding]) -> str:
    """GitHub annotations, one a line."""
    return "\n".join(_annotation(finding) for finding in findings)


def _annotation(finding: Finding) -> str:
    text = f"{finding.message}\n{finding.hint}" if finding.hint else finding.message
    return annotation(finding.level, text, f"{finding.code} {_code(finding.code).title}".strip(), finding.where)


def findings_sarif(findings: Sequence[Finding], version: str, excluded: Sequence[Excluded] = ()) -> dict[str, Any]:
    """A SARIF 2.1.0 log with one run: a rule for each code that was found, a result for each finding.

    Excluded ones are results with a suppression, so that a reader shows them as accepted.
    """
    apart = [finding for finding, _ in excluded]
    ids = sorted({finding.code for finding in (*findings, *apart)})
    suppressed = [
        {**_result(finding, ids.index(finding.code)), "suppressions": [_suppression(by)]} for finding, by in excluded
    ]
    return {
        "$schema": SARIF_SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "deployer",
                        "version": version,
                        "rules": [_rule(_code(code)) for code in ids],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [*(_result(finding, ids.index(finding.code)) for finding in findings), *suppressed],
            }
        ],
    }


def _suppression(by: Exclusion) -> dict[str, str]:
    return {"kind": "external", "justification": f"{by.reason} (owner {by.owner}, until {by.expires})"}


def _rule(code: Code) -> dict[str, Any]:
    return {
        "id": code.id,
        "shortDescription": {"text": code.title or code.id},
        "fullDescription": {"text": f"{code.what} {code.why}".strip() or code.id},
        "help": {"text": code.mend or code.id},
    }


def _result(finding: Finding, index: int) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": index,
        "level": finding.level,
        "message": {"text": f"{finding.message}. {finding.hint}" if finding.hint else finding.message},
    }
    if finding.where.file:
        place: dict[str, Any] = {"artifactLocation": {"uri": finding.where.file}}
        if finding.where.line:
            place["region"] = {"startLine": finding.where.line, "startColumn": max(1, finding.where.column)}
        result["locations"] = [{"physicalLocation": place}]
    return result


def _code(name: str) -> Code:
    return CODES.get(name) or Code(name, "", "", "", "")


_LIVE_WITH = (
    "Or live with it: an entry under `exclusions` of the analytic or the environment, with reason, owner and last day."
)


def code_text(code: Code) -> str:
    """What `deployer explain` says of one code."""
    return (
        f"{code.id}: {code.title}\n\nWhat: {code.what}\n\nWhy:  {code.why}\n\nMend: {code.mend}"
        + ("\n\nFound on a cluster only: deployer doctor --env NAME" if code.live else "")
        + ("\n\nFound by replaying samples: deployer test" if code.tested else "")
        + (f"\n\n{_LIVE_WITH}" if code.id in EXCLUDABLE else "")
    )


def _found_by(code: Code) -> str:
    return "test" if code.tested else "doctor" if code.live else "validate, doctor"


def codes_markdown() -> str:
    """docs/findings.md: every code with its three texts."""
    lines = [
        "# Findings",
        "",
        "Made by `deployer explain --all`; a test compares. Each finding of `deployer validate`, `deployer doctor` and",
        "`deployer test` has a code, which stays the same from version to version. `deployer explain DAC012` prints one.",
        "",
        "| code | | found by |",
        "| --- | --- | --- |",
        *(f"| [{code.id}](#{code.id.lower()}) | {code.title} | {_found_by(code)} |" for code in CODES.values()),
    ]
    for code in CODES.values():
        lines += [
            "",
            f"## {code.id}",
            "",
            f"**{code.title}.** {code.what}",
            "",
            f"*Why:* {code.why}",
            "",
            f"*Mend:* {code.mend}",
            *(("", _LIVE_WITH) if code.id in EXCLUDABLE else ()),
        ]
    return "\n".join(lines)
