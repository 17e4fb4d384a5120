"""YAML of a stranger's making ends in located errors, and soon (promise 28)."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployer.catalogue import yamlfile
from deployer.catalogue.repository import load_repository
from deployer.check import validate_repository
from deployer.model.finding import Findings, near
from tests.unit import repo

MANY = 60_000
DEEP = {
    "flow": "[" * MANY + "]" * MANY,
    "flow that is not closed": "[" * 900_000,
    "mappings": "{a: " * MANY + "1" + "}" * MANY,
    "block": "- " * MANY + "a",
    "keys": "? " * MANY + "a",
}
WIDE = {
    "items": "[" + "a," * 900_000 + "]",
    "lines": "- a\n" * 400_000,
    "names": "".join(f"k{number}: 1\n" for number in range(120_000)),
    "names of anchors": "[" + ",".join(f"&a{number} x" for number in range(101_000)) + "]",
    "aliases": "a: &a [" + "x," * 300 + "]\n" + "".join(f"b{number}: [{'*a,' * 300}]\n" for number in range(5)),
}


@pytest.mark.parametrize(("text", "expected"), [*((text, "nested deeper") for text in DEEP.values()), *((text, "more than") for text in WIDE.values())], ids=[*DEEP, *WIDE])  # fmt: skip
def test_promise_28_yaml_too_deep_or_too_large_is_one_located_error(text: str, expected: str) -> None:
    """Whatever is nested or repeated (60,000 levels ended the process before), the reader stops at its limits."""
    findings = Findings()

    assert yamlfile.parse(text, "x.yml", findings) is None
    assert [(item.where.line > 0, item.message.startswith(expected)) for item in findings.items] == [(True, True)]


def hostile(root: Path, **changes: tuple[str, str]) -> list[str]:
    """What `validate` says of the small repository with one text replaced, and in no other way than by findings."""
    return repo.shown(validate_repository(repo.write(root, **changes)).findings)


EVENTS = "events:\n  discovery:"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (EVENTS, "events:\n  a: {any: [{use: b}, {use: b}]}\n  b: {use: a}\n  discovery:", "use themselves"),
        (EVENTS, "events:\n  a: {not: {use: a}}\n  discovery:", "use themselves"),
        (EVENTS, "events:\n  e0: {field: user.name, exists: true}\n" + "".join(f"  e{n}: {{not: {{use: e{n - 1}}}}}\n" for n in range(1, 200)) + "  discovery:", "levels"),
        ("window: 5m", 'window: "5m\\n"', "window"),
        ("interval: 1m", 'interval: "1m\\n"', "interval"),
        ("threshold: {tunable: Threshold}", "threshold: 2.0", "threshold"),
        ("threshold: {tunable: Threshold}", "threshold: 1e999", "threshold"),
        ("[netstat,", '["/a{99999999999}/",', "repetition number"),
        ("version: \"18.1\"}", "version: \"18.1\", " + ", ".join(f"k{number}: 1" for number in range(9_000)) + "}", "unknown key"),
        ("id: XX0001", f"id: {'X' * 900_000}", "id is"),
    ],
)  # fmt: skip
def test_promise_28_what_an_analytic_may_not_do_is_said_at_its_place(
    tmp_path: Path, old: str, new: str, expected: str
) -> None:
    """Circles and doublings of `use`, line ends behind a value, odd numbers, and keys and ids without end."""
    found = hostile(tmp_path, analytic=(old, new))

    assert any(expected in line and "detections/DET9999/XX0001/analytic.yml:" in line for line in found)
    assert max(map(len, found)) < 3_000
    assert len(found) < 700


def test_promise_28_a_small_file_of_forty_doublings_is_refused(tmp_path: Path) -> None:
    """Each of forty names uses the one before twice: a million million conditions in 2 KB, of few levels."""
    doubled = "".join(f"  e{n}: {{any: [{{use: e{n - 1}}}, {{use: e{n - 1}}}]}}\n" for n in range(1, 40))
    new = "events:\n  e0: {field: user.name, exists: true}\n" + doubled + "  discovery:\n    any: [{use: e39}]\n  other:"

    assert any("conditions" in line for line in hostile(tmp_path, analytic=(EVENTS, new)))


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("detections/DET9999/XX0001/analytic.yml", "../secret.yml"),
        ("detections/DET9999/XX0001/analytic.yml", ".git/config"),
        ("detections/DET9999/XX0001/samples.yml", "/etc/passwd"),
        ("environments/local.yml", "/proc/self/environ"),
        ("templates/messages/alert.txt.j2", "../secret.yml"),
        ("mappings/entities.yml", "../secret.yml"),
        ("mappings/pipelines/plain.yml", "/dev/zero"),
        ("detections/DET9999", ".."),
        ("templates", "/"),
        ("mappings/components", ".git"),
    ],
)
def test_promise_28_no_link_leads_out_of_the_tree(tmp_path: Path, link: str, target: str) -> None:
    """A link to a file or folder elsewhere, or to git's own, is a finding at its place; nothing of it is read."""
    root = repo.write(tmp_path / "repo")
    (tmp_path / "secret.yml").write_text("canary: s3cret")
    (root / ".git").mkdir()
    (root / ".git" / "config").write_text("[http]\n  extraheader = s3cret")
    path = root / link
    if path.is_dir():
        path.rename(tmp_path / "elsewhere")
    else:
        path.unlink()
    path.symlink_to(target if target.startswith("/") else root / target)
    findings = Findings()

    load_repository(root, findings)
    if link.startswith("environments"):
        findings = validate_repository(root).findings

    told = [item for item in findings.items if item.where.file.startswith(link)]
    assert ["DAC001"] == sorted({item.code for item in told})
    assert "outside of the repository" in told[0].message
    assert "s3cret" not in repr(findings.items)


def test_a_link_within_the_tree_is_followed(tmp_path: Path) -> None:
    """Files that a repository shares between its own folders are no harm."""
    root = repo.write(tmp_path)
    path = root / "mappings/pipelines/plain.yml"
    path.rename(root / "shared.yml")
    path.symlink_to(root / "shared.yml")
    findings = Findings()

    load_repository(root, findings)

    assert [] == findings.items


def test_a_name_without_end_is_not_compared() -> None:
    """A near name is looked for only where somebody may have mistyped one."""
    assert "known here: alpha" == near("x" * 1_000_000, ["alpha"])
    assert "did you mean 'alpha'?" == near("alhpa", ["alpha"])
