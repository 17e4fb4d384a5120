"""What the documentation shows is what works."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from deployer.cli import cli, common
from tests.example import example


def test_the_complete_example_is_valid(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The analytic that the documentation shows passes `validate` as written, without a warning."""
    code = common.run(cli, ["validate", "--root", str(example(root, tmp_path))], "deployer")

    output = capsys.readouterr()
    assert (0, "") == (code, output.err), output


def test_each_promise_of_the_page_has_a_test_that_is_called_after_it(root: Path) -> None:
    """Promises 1 to 27 stand in docs/reliability.md, in order, and each number is in the name of a test."""
    rows = re.findall(r"^\| (\d+) \| ", (root / "docs/reliability.md").read_text("utf-8"), re.MULTILINE)
    names = [
        name
        for file in (root / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_promise_\w+)", file.read_text("utf-8"), re.MULTILINE)
    ]
    tested = {number for name in names for number in re.findall(r"(?:promise|and)_(\d\d)", name)}

    assert [str(number) for number in range(1, 28)] == rows
    assert {f"{number:02}" for number in range(1, 28)} <= tested


def test_the_roles_that_ship_are_those_of_the_example(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """security/roles.yml is what `deployer roles --env prod` prints."""
    assert common.run(cli, ["roles", "--root", str(root), "--env", "prod"], "deployer") == 0
    assert (root / "security/roles.yml").read_text("utf-8") == capsys.readouterr().out
