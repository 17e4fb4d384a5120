"""YAML as plain values that know where they stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployer.catalogue import yamlfile
from deployer.model.finding import Findings


def parse(text: str) -> tuple[yamlfile.Document | None, list[str]]:
    findings = Findings()
    document = yamlfile.parse(text, "x.yml", findings)
    return document, [f"{item.code} {item.where}" for item in findings.items]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("22:00", "22:00"),
        ("no", "no"),
        ("2026-03-02", "2026-03-02"),
        ("12", 12),
        ("1.5", 1.5),
        ("true", True),
        ("~", None),
        ("'12'", "12"),
        ("!!str 5", "5"),
        ("007", 7),
    ],
)
def test_scalars_mean_what_they_look_like(text: str, expected: object) -> None:
    """A time of day, a `no` and a date stay texts; numbers, booleans and nulls are what they are in YAML 1.2."""
    document, findings = parse(f"a: {text}")

    assert [] == findings
    assert document is not None
    assert {"a": expected} == document.value


def test_every_value_has_its_place() -> None:
    """Keys and values know their line and column, and an unknown path falls back to what is around it."""
    document, _ = parse("a:\n  b:\n    - x\n    - c: 1\n")

    assert document is not None
    assert "x.yml:4:10" == str(document.where("a", "b", 1, "c"))
    assert "x.yml:4:7" == str(document.where("a", "b", 1, "c", key=True))
    assert "x.yml:4:7" == str(document.where("a", "b", 1, "missing"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\na: 2\n", ["DAC002 x.yml:2:1"]),
        ("a: [1\n", ["DAC001 x.yml:2:1"]),
        ("a: !!python/object:os.system x", ["DAC001 x.yml:1:4"]),
        ("a: &x {b: 1}\nc:\n  <<: *x\n", ["DAC001 x.yml:3:3"]),
        ("", ["DAC001 x.yml"]),
        ("? [a]\n: 1\n", ["DAC001 x.yml:1:3"]),
        ("a: &x [*x]", ["DAC001 x.yml:1:4"]),
        ("{" * 500 + "}" * 500, ["DAC001 x.yml:1:62"]),
    ],
)
def test_what_is_not_allowed_is_one_located_error(text: str, expected: list[str]) -> None:
    """Duplicate keys, broken YAML, tags, merge keys, emptiness, odd keys, loops and depth end in a located finding."""
    document, findings = parse(text)

    assert document is None
    assert [line.split(":")[0] for line in expected] == [line.split(":")[0] for line in findings]
    assert len(expected) == len(findings)


def test_an_alias_bomb_is_refused_in_bounded_time() -> None:
    """Nine levels of nine aliases would be 387 million values; the reader stops at its limit."""
    lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x]"] + [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]

    document, findings = parse("\n".join(lines))

    assert document is None
    assert ["DAC001"] == [line.split()[0] for line in findings]


def test_a_link_out_of_the_tree_is_not_followed(tmp_path: Path) -> None:
    """A file that is a link to somewhere outside of the repository is refused, and its text is not read."""
    outside = tmp_path / "secret.yml"
    outside.write_text("a: hidden")
    root = tmp_path / "repo"
    root.mkdir()
    (root / "x.yml").symlink_to(outside)
    findings = Findings()

    assert yamlfile.load(root / "x.yml", root, findings) is None
    assert ["the file lies outside of the repository"] == [item.message for item in findings.items]
