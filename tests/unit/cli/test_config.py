"""`deployer config` and `deployer completion`."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from deployer.cli import cli, common
from tests.unit.repo import write

MORE = """\
production: false
limits: {min_objects: 5}
"""


def run(*arguments: str) -> int:
    return common.run(cli, list(arguments), "deployer")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The small repository, with secrets by reference and in place."""
    made = write(tmp_path, local=('hosts: ["http://127.0.0.1:9"]', 'hosts: ["https://h.example"], proxy: "http://p.example:3128", auth: {type: basic, username: "env:WHO", password: "file:pw"}'))  # fmt: skip
    path = made / "environments/local.yml"
    path.write_text(path.read_text().replace("http://127.0.0.1:9/x", "https://chat.example/T0/s3cret") + MORE)
    return made


def settings(root: Path, capsys: pytest.CaptureFixture[str], *more: str) -> dict[str, dict[str, Any]]:
    """The settings by name."""
    assert 0 == run("config", "--root", str(root), "--output", "json", *more)
    return {row["name"]: row for row in json.loads(capsys.readouterr().out)["settings"]}


def test_each_value_says_where_it_comes_from(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A flag, a variable, a line of the environment's file, or the default; the first of these that is given counts."""
    monkeypatch.setenv("DEPLOYER_ENV", "local")
    monkeypatch.setenv("DEPLOYER_LOG_FORMAT", "json")
    by_variable = settings(root, capsys)
    by_flag = settings(root, capsys, "--env", "local", "--log-format", "text")

    assert ("variable DEPLOYER_ENV", "flag") == (by_variable["env"]["source"], by_flag["env"]["source"])
    assert ("json", "variable DEPLOYER_LOG_FORMAT") == tuple(
        by_variable["log-format"][key] for key in ("value", "source")
    )
    assert ("text", "flag") == tuple(by_flag["log-format"][key] for key in ("value", "source"))
    assert "flag" == by_flag["root"]["source"]
    assert (5, "environments/local.yml:8:23") == tuple(
        by_flag["limits.min_objects"][key] for key in ("value", "source")
    )
    assert (30, "default") == tuple(by_flag["limits.max_changed_percent"][key] for key in ("value", "source"))
    assert ("30s", "default") == tuple(by_flag["cluster.timeout"][key] for key in ("value", "source"))


def test_no_secret_is_shown(root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """References stand as they are, with whether they lead anywhere; passwords and addresses in place are masked."""
    monkeypatch.setenv("WHO", "nobody-may-see-me")

    found = settings(root, capsys, "--env", "local")

    assert ("env:WHO", "set") == (found["cluster.auth.username"]["value"], found["cluster.auth.username"]["note"])
    assert ("file:pw", "no such file") == (
        found["cluster.auth.password"]["value"],
        found["cluster.auth.password"]["note"],
    )
    assert "https://chat.example/***" == found["channels.demo.url"]["value"]
    assert "http://p.example:3128/***" == found["cluster.proxy"]["value"]
    assert 0 == run("config", "--root", str(root), "--env", "local")
    text = capsys.readouterr().out
    assert not [word for word in ("s3cret", "nobody-may-see-me") if word in text + json.dumps(found)]


def test_an_unknown_environment_and_a_broken_one_are_told(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the nearest name, and with the line."""
    assert 64 == run("config", "--root", str(root), "--env", "locl")
    assert "did you mean 'local'?" in capsys.readouterr().err
    (root / "environments/local.yml").write_text("name: local\ndeployment: [\n")
    assert 1 == run("config", "--root", str(root), "--env", "local")
    assert "environments/local.yml:" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["test", "--env", "lo"], ["local"]),
        (["validate", "--env", ""], ["local"]),
        (["plan", "--select", "XX"], ["XX0001"]),
        (["test", "XX"], ["XX0001"]),
        (["render", "--env", "local", ""], ["XX0001"]),
        (["alerts", "--analytic", "X"], ["XX0001"]),
        (["explain", "dac00"], ["DAC001", "DAC002", "DAC003", "DAC004", "DAC005", "DAC006", "DAC007", "DAC008"]),
        (["schema", "an"], ["analytic"]),
        (["des"], ["destroy"]),
    ],
)
def test_names_are_completed_from_the_files_alone(words: list[str], offered: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    """Environments, analytics, codes, schemas, commands; also where a file is broken."""
    root = write(tmp_path)
    (root / "detections/DET9999/XX0001/analytic.yml").write_text("{")
    monkeypatch.chdir(root)
    monkeypatch.setenv("_DEPLOYER_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", " ".join(["deployer", *words]))
    monkeypatch.setenv("COMP_CWORD", str(len(words)))

    with pytest.raises(SystemExit):
        run()

    assert offered == [line.partition(",")[2] for line in capsys.readouterr().out.splitlines()][: len(offered)]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_each_shell_is_one_that_it_reads(shell: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    """By the shell's own look at it, where the shell is here."""
    assert 0 == run("completion", shell)

    script = tmp_path / "script"
    script.write_text(capsys.readouterr().out)
    assert "_DEPLOYER_COMPLETE" in script.read_text()
    if shutil.which(shell):
        assert 0 == subprocess.run([shell, "-n", str(script)], check=False).returncode


def test_bash_completes_an_environment(tmp_path: Path) -> None:
    """The whole way: the script in a shell, the program, the files."""
    root = write(tmp_path)
    (root / "deployer").write_text(
        f'#!/bin/sh\nexec {sys.executable} -c "from deployer.cli import main; main()" "$@"\n'
    )
    (root / "deployer").chmod(0o755)
    code = 'eval "$(./deployer completion bash)"; COMP_WORDS=(./deployer test --env l); COMP_CWORD=3; _deployer_completion ./deployer; echo "${COMPREPLY[@]}"'

    done = subprocess.run(["bash", "-c", code], cwd=root, capture_output=True, text=True, check=False)

    assert "local\n" == done.stdout, done.stderr
