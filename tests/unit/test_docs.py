"""What the documentation shows is what works."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from deployer.cli import COMMANDS, cli, common
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


def test_each_line_of_how_the_command_line_behaves_names_tests_that_are_there(root: Path) -> None:
    """docs/cli.md has the 17 lines in order, and every test that a line names exists."""
    rows = re.findall(r"^[|] (\d+) [|] .+? [|] (.+) [|]$", (root / "docs/cli.md").read_text("utf-8"), re.MULTILINE)
    names = {
        name
        for file in (root / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", file.read_text("utf-8"), re.MULTILINE)
    }

    assert [str(number) for number in range(1, 18)] == [number for number, _ in rows]
    for number, tests in rows:
        named = re.findall(r"`(test_\w+)`", tests)
        assert named, number
        assert not set(named) - names, number


def test_every_command_stands_in_the_readme(root: Path) -> None:
    """In its table of commands."""
    text = (root / "README.md").read_text("utf-8")

    assert not [name for name in COMMANDS if not re.search(rf"^[|].*`deployer {name}\b", text, re.MULTILINE)]


def test_help_in_the_readme_is_what_the_command_prints(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each block that begins with `$ deployer ... --help` shows what that prints, 80 columns wide."""
    monkeypatch.setenv("COLUMNS", "80")
    blocks = re.findall(r"^```console\n[$] deployer (.*--help)\n(.*?)^```", (root / "README.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)  # fmt: skip
    assert blocks

    for arguments, shown in blocks:
        assert 0 == common.run(cli, arguments.split(), "deployer")
        assert shown == capsys.readouterr().out
