"""What goes to stderr: how much of it, in which form, and in which colours."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from deployer.check import validate
from deployer.cli import COMMANDS, cli, common, voice
from deployer.cluster.client import LOGGER
from tests.unit.repo import write


def run(*arguments: str) -> int:
    return common.run(cli, list(arguments), "deployer")


@pytest.mark.parametrize("command", [*(name for name in COMMANDS if name not in ("attack", "local")), "attack coverage", "local up"])
def test_every_command_takes_the_options_of_how_loud_it_is(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """And shows them in its help, once."""
    assert 0 == run(*command.split(), "--help")

    told = capsys.readouterr().out
    assert [1, 1, 1, 1] == [told.count(f"{name} ") for name in ("--quiet", "--verbose", "--log-format", "--debug")]


def test_quiet_leaves_out_progress_and_nothing_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The result comes, and errors do; what was written where does not."""
    root, out = str(write(tmp_path / "repo")), str(tmp_path / "out")

    assert 0 == run("render", "--root", root, "--env", "local", "--out", out)
    assert "files written below" in capsys.readouterr().err
    assert 0 == run("render", "--root", root, "--env", "local", "--out", out, "-q")
    assert "" == capsys.readouterr().err
    assert 0 == run("render", "--root", root, "--env", "local", "-q")
    assert capsys.readouterr().out
    assert 64 == run("-q", "render", "--root", root, "--env", "locla")
    assert "did you mean 'local'?" in capsys.readouterr().err


def test_a_warning_is_told_also_when_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    """It is no progress."""
    voice.VOICE.quiet = True
    voice.note("note: look here")
    voice.note("working")

    assert "note: look here\n" == capsys.readouterr().err
    voice.reset()


def test_as_json_every_line_of_stderr_is_an_object(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Findings with their codes, errors with what, where and what to do, mistakes on the command line; results stay as they are."""
    root = write(tmp_path, analytic=("severity: medium\n", "severity: mediun\n"))
    runs = [
        (("render", "--root", str(root), "--env", "local", "--log-format", "json"), 1),
        (("render", "--root", str(root), "--env", "loca", "--log-format", "json"), 64),
        (("--log-format", "json", "render", "--nonsense"), 64),
    ]
    for arguments, code in runs:
        assert code == run(*arguments)
        output = capsys.readouterr()
        lines = [json.loads(line) for line in output.err.splitlines()]
        assert lines
        assert {"at", "level", "message"} <= set(lines[-1]), lines
        assert "" == output.out
    assert 1 == run(*runs[0][0])
    first = json.loads(capsys.readouterr().err.splitlines()[0])
    assert ("error", "DAC003", 7) == (first["level"], first["finding"]["code"], first["finding"]["line"])


def test_the_form_may_come_from_a_variable(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """DEPLOYER_LOG_FORMAT counts where no flag is given, and a flag counts before it."""
    monkeypatch.setenv("DEPLOYER_LOG_FORMAT", "json")
    arguments = ("render", "--root", str(write(tmp_path)), "--env", "nowhere")

    run(*arguments)
    assert json.loads(capsys.readouterr().err)["level"] == "error"
    run(*arguments, "--log-format", "text")
    assert capsys.readouterr().err.startswith("error: ")


def test_verbose_tells_each_request(capsys: pytest.CaptureFixture[str]) -> None:
    """What the client logs goes to stderr, and only if it was asked for."""
    assert 0 == run("explain", "DAC001", "-v")
    assert LOGGER.isEnabledFor(logging.DEBUG)
    capsys.readouterr()
    LOGGER.debug("GET / 200 in 3 ms")
    assert "GET / 200 in 3 ms\n" == capsys.readouterr().err

    assert 0 == run("explain", "DAC001")
    assert not LOGGER.isEnabledFor(logging.DEBUG)


@pytest.mark.parametrize(("given", "shown"), [((), False), (("--debug",), True)])
def test_a_traceback_is_shown_only_with_debug(
    given: tuple[str, ...], shown: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of an error that a person can act on, too."""
    assert 64 == run("render", "--root", str(write(tmp_path)), "--env", "nowhere", *given)

    assert shown == ("Traceback" in capsys.readouterr().err)


@pytest.mark.parametrize(
    ("variables", "expected"),
    [({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False), ({"FORCE_COLOR": "1"}, True), ({}, None), ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False)],
)  # fmt: skip
def test_colours_are_as_the_variables_say(
    variables: dict[str, str], expected: bool | None, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """No terminal here: without a variable there is none, and with one that forces them there are."""
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert expected is voice.colour()
    run("render", "--root", str(write(tmp_path)), "--env", "nowhere")
    assert (expected is True) == ("\x1b[" in capsys.readouterr().err)


@pytest.mark.parametrize(
    ("terminal", "options", "told"),
    [(True, (), True), (False, (), False), (False, ("-v",), True), (True, ("-q",), False)],
)
def test_what_takes_long_is_told_to_whoever_waits(
    terminal: bool, options: tuple[str, ...], told: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """At a terminal, or with -v; never in a job's log, and never with -q."""
    spoken = threading.Event()
    monkeypatch.setattr(voice, "LONG", 0.0)
    monkeypatch.setattr("sys.stderr.isatty", lambda: terminal, raising=False)
    before = validate.validate_repository

    def slow(root: Path, only: Sequence[str] = ()) -> validate.Report:
        if told:
            assert spoken.wait(30)
        return before(root, only)

    def say(level: str, text: str, **more: object) -> None:
        if text.endswith(" ..."):
            spoken.set()

    monkeypatch.setattr(voice, "say", say)
    monkeypatch.setattr("deployer.check.validate_repository", slow)
    assert 0 == run("validate", "--root", str(write(tmp_path)), *options)

    assert told == spoken.is_set()
