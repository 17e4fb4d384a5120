"""A value that would speak at the server's mustache stage, in a query or in a message, is refused at its place (promise 28)."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployer.check import validate_repository
from tests.unit import repo

SPEAKS = ("{{x}}", "{{#toJson}}ctx{{/toJson}}", "a }} b")

PLACES = {
    "a literal": ("analytic", "in: [alice]", "in: ['%s']"),
    "a pattern": ("analytic", "matches: [psexec]", "matches: ['%s']"),
    "a tunable's default": ("analytic", "[netstat,", "['%s',"),
    "a sample's tunable": ("samples", "{Patterns: [arp]}", "{Patterns: ['%s']}"),
    "a placeholder": ("entities", "unknown-host", "'%s'"),
    "an environment's tunable": ("local", "notify:", "tunables: {XX0001: {Patterns: ['%s']}}\nnotify:"),
    "a source's filter": ("local", "notify:", "sources: {x.plain: {filter: {user.name: '%s'}}}\nnotify:"),
    "a source's index": ("local", "notify:", "sources: {x.plain: {index: 'a%s'}}\nnotify:"),
    "an exception": ("local", "notify:", "exceptions: [{id: e1, analytic: XX0001, where: {field: user.name, equals: '%s'}, owner: me, reason: r, expires: '2999-01-01'}]\nnotify:"),
    "a title": ("analytic", "title: Made up", "title: 'A %s b'"),
    "a monitor's title": ("analytic", "title: Connections listed", "title: 'A %s b'"),
    "advice": ("analytic", "[Ask the user.]", "['Ask %s.']"),
    "a benign cause": ("analytic", "[Administrators]", "['Some %s.']"),
    "a reason": ("analytic", "severity: high", "severity: high\n    severity_reason: 'Because %s.'"),
    "the address of pages": ("local", "notify:", "pages_url: 'https://wiki.example/%s/x'\nnotify:"),
}  # fmt: skip


@pytest.mark.parametrize("value", SPEAKS)
@pytest.mark.parametrize(("stem", "old", "new"), PLACES.values(), ids=PLACES)
def test_promise_28_what_would_speak_to_the_servers_mustache_is_refused(
    tmp_path: Path, stem: str, old: str, new: str, value: str
) -> None:
    """Wherever somebody writes it, validation fails, with a place."""
    report = validate_repository(repo.write(tmp_path, **{stem: (old, new % value)}))

    assert [] != report.findings.errors
    assert all(item.where.line for item in report.findings.errors if item.where.file.endswith(f"{stem}.yml"))
