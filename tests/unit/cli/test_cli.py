"""The command line: exit codes, help, streams, errors in one screen."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from deployer import __version__
from deployer.cli import COMMANDS, cli, common, help_text, main
from tests.unit.repo import write


def run(arguments: list[str]) -> int:
    return common.run(cli, arguments, "deployer")


@pytest.mark.parametrize("command", list(COMMANDS))
def test_every_command_has_help_with_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Help says what a command does and shows how it is called."""
    assert run([command, "--help"]) == 0

    assert f"Example: deployer {command}" in capsys.readouterr().out


def test_help_without_click_is_the_help_of_click(capsys: pytest.CaptureFixture[str]) -> None:
    """The overview is printed without its import, for the start-up time; not one character may differ."""
    assert run(["--help"]) == 0
    made = capsys.readouterr().out

    with pytest.raises(SystemExit) as ended:
        main(["--help"])

    assert 0 == ended.value.code
    assert made == help_text() == capsys.readouterr().out


@pytest.mark.parametrize("columns", ["50", "x"])
def test_help_in_a_narrow_terminal_is_wrapped(
    columns: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the lines would not fit, or the width is no number, click lays them out."""
    monkeypatch.setenv("COLUMNS", columns)

    with pytest.raises(SystemExit):
        main(["-h"])

    printed = capsys.readouterr().out
    assert columns == "x" or max(map(len, printed.splitlines())) <= 50
    assert printed.split() == help_text().split()


def test_help_loads_nothing_that_takes_longer_than_to_print_it() -> None:
    """Only what Python itself has loaded: neither click nor anything of ours beyond two small modules."""
    code = "import sys; before = set(sys.modules); from deployer.cli import main\ntry: main(['--help'])\nexcept SystemExit: print(sorted(set(sys.modules) - before), file=sys.stderr)"  # fmt: skip

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert {"__future__", "deployer", "deployer.cli"} >= set(ast.literal_eval(done.stderr))


@pytest.mark.parametrize(
    ("arguments", "expected", "hint"),
    [
        (["validat"], 64, "did you mean 'validate'?"),
        (["validate", "--outptu", "json"], 64, "--output"),
        (["render"], 64, "--env"),
        (["schema", "analytics"], 64, "did you mean 'analytic'?"),
        (["schema", "analytic"], 0, ""),
        (["--version"], 0, ""),
    ],
)
def test_usage_errors_have_a_code_of_their_own(
    arguments: list[str], expected: int, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A typo is 64, never 2: CI must not take it for pending changes."""
    assert run(arguments) == expected

    assert hint in capsys.readouterr().err


def test_results_go_to_stdout_and_everything_else_to_stderr(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a program reads is on stdout alone."""
    assert run(["render", "--root", str(write(tmp_path)), "--env", "local"]) == 0

    output = capsys.readouterr()
    assert len(json.loads(output.out)) == 6


def test_an_error_is_one_screen_with_what_where_and_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No traceback: the finding with its place, and a summary with the next step; nothing on stdout."""
    write(tmp_path, analytic=("severity: medium\n", "severity: mediun\n"))

    assert run(["render", "--root", str(tmp_path), "--env", "local"]) == 1

    output = capsys.readouterr()
    assert output.out == ""
    assert "analytic.yml:7:11: error DAC003" in output.err
    assert "did you mean 'medium'?" in output.err
    assert "Traceback" not in output.err
    assert len(output.err.splitlines()) < 25


def test_validate_tells_its_findings_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each finding has code, file, line and column; the exit code says whether it is valid."""
    write(tmp_path, analytic=("severity: medium\n", "severity: mediun\n"))

    assert run(["validate", "--root", str(tmp_path), "--output", "json"]) == 1

    report = json.loads(capsys.readouterr().out)
    assert report["valid"] is False
    assert [("DAC003", "detections/DET9999/XX0001/analytic.yml", 7, 11)] == [
        (f["code"], f["file"], f["line"], f["column"]) for f in report["findings"]
    ]


def test_render_writes_a_file_an_object(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With --out the bodies are files below the folder, by their keys, and stdout stays empty."""
    root, out = write(tmp_path / "repo"), tmp_path / "out"

    assert run(["render", "--root", str(root), "--env", "local", "--out", str(out), "XX0001/discovery"]) == 0

    assert ["monitor/XX0001/discovery.json"] == [
        path.relative_to(out).as_posix() for path in sorted(out.rglob("*.json"))
    ]
    assert capsys.readouterr().out == ""


def test_a_bug_of_ours_is_70_and_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What nobody foresaw says that it is a bug, and how to report it."""

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("deliberate")

    monkeypatch.setattr("deployer.schemas.names", broken)

    assert run(["schema"]) == 70

    output = capsys.readouterr()
    assert "a bug of ours: ZeroDivisionError: deliberate" in output.err
    assert "Traceback" not in output.err


def test_the_version_is_the_package_s(capsys: pytest.CaptureFixture[str]) -> None:
    """`deployer --version` prints one version."""
    assert run(["--version"]) == 0

    assert f"deployer, version {__version__}\n" == capsys.readouterr().out


def test_only_what_a_change_touches_is_tested_and_nothing_is_success(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where no file touches an analytic, no cluster is asked (there is none here), each form says so, and the code is 0."""
    root = write(tmp_path / "repo")
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.com"]
    for arguments in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-qm", "x"]):
        subprocess.run([*git, *arguments], cwd=root, check=True)
    (root / "README.md").write_text("x")

    outputs = {}
    for form in ("text", "json", "junit", "markdown", "github"):
        assert run(["test", "--root", str(root), "--changed", "--output", form]) == 0
        outputs[form] = capsys.readouterr().out

    assert "Nothing to test: 1 file differs from main (" in outputs["text"]
    assert ["README.md"] == json.loads(outputs["json"])["changed"]["files"]
    assert 'tests="0"' in outputs["junit"]
    assert "Nothing to test" in outputs["markdown"]
    assert outputs["github"].startswith("::notice")


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["--base", "main"], "Add --changed."),
        (["--changed"], "no working tree of git"),
        (["--output-file", "/nowhere/x.xml"], "there is no folder"),
        (["--since", "24h"], "--since goes with --against"),
        (["--against", "local", "--env", "local"], "--env and --against name an environment each"),
        (["--against", "local", "--output", "junit"], "has no form for counts"),
        (["--against", "local", "--since", "a day"], "'a day' is no duration"),
        (["--against", "local", "--until", "noon"], "--until noon is no time"),
        (["--against", "locl"], "did you mean 'local'?"),
    ],
)
def test_a_test_says_at_once_what_it_cannot_do(
    arguments: list[str], hint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything is read or sent."""
    assert run(["test", "--root", str(write(tmp_path)), *arguments]) == 64

    assert hint in capsys.readouterr().err
