"""Stand-ins for the programs the local cluster calls: small scripts in a folder that is put first on the PATH."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from deployer.local.artifacts import LEFT_OUT, MODULES
from deployer.local.processes import Process, launch, stop

Script = Callable[[str, str], Path]


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Script:
    """Puts a shell script of a name and a body on the PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    def write(name: str, body: str) -> Path:
        file = folder / name
        file.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        file.chmod(0o755)
        return file

    return write


@pytest.fixture
def make_jdk(tmp_path: Path) -> Callable[..., Path]:
    """Makes a JDK folder of a name and a version; without a `release` file only its launcher tells the version."""

    def make(name: str, version: str, *, release: bool = True, compiler: bool = True, java: str = "") -> Path:
        home = tmp_path / "jvm" / name
        (home / "bin").mkdir(parents=True)
        body = java or f"echo 'openjdk version \"{version}\" 2026-01-01' >&2"
        programs = {"java": body, **({"javac": "exit 0"} if compiler else {})}
        for program, text in programs.items():
            (home / "bin" / program).write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
            (home / "bin" / program).chmod(0o755)
        if release:
            (home / "release").write_text(f'IMPLEMENTOR="Test"\nJAVA_VERSION="{version}"\n', encoding="utf-8")
        return home

    return make


@pytest.fixture
def jar_names() -> list[str]:
    """Gives jar names as Maven brings them: every module's, the server's own, and those that belong nowhere."""
    prefixes = {prefix for module in MODULES for prefix in module.jars} | {"opensearch", "lucene-core", *LEFT_OUT}
    return sorted(f"{prefix}-1.2.3.jar" for prefix in prefixes)


@pytest.fixture
def jars(tmp_path: Path, jar_names: list[str]) -> Path:
    """Makes a folder of empty jars, all that a node needs by name."""
    folder = tmp_path / "jars"
    folder.mkdir()
    for name in jar_names:
        (folder / name).touch()
    return folder


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Callable[[str], Process]]:
    """Launches a shell command detached; whatever still runs at the end is stopped."""
    launched: list[Process] = []

    def start(command: str) -> Process:
        process = launch("test", ["/bin/sh", "-c", command], log=tmp_path / "test.log", cwd=tmp_path)
        launched.append(process)
        return process

    yield start
    for process in launched:
        stop(process, patience_s=0)


@dataclass(frozen=True, slots=True)
class Engine:
    """The fake container engine (fake_engine.py): `state` holds its files."""

    state: Path

    def calls(self, verb: str) -> list[list[str]]:
        """Gives the arguments of each call of `verb`, in order."""
        lines = (self.state / "calls").read_text(encoding="utf-8").splitlines()
        return [call for call in map(json.loads, lines) if call[0] == verb]

    def answer(self, code: int) -> None:
        """Sets what `info` exits with: 0 for an engine that runs."""
        (self.state / "info").write_text(str(code), encoding="utf-8")


@pytest.fixture
def engine(tmp_path: Path, script: Script, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """A docker that answers, and a podman that does not; containers still running at the end are ended."""
    state = tmp_path / "engine"
    state.mkdir()
    (state / "calls").touch()
    monkeypatch.setenv("FAKE_ENGINE", str(state))
    monkeypatch.delenv("DEPLOYER_LOCAL", raising=False)
    script("docker", f'exec {sys.executable} {Path(__file__).with_name("fake_engine.py")} "$@"')
    script("podman", "exit 1")
    engine = Engine(state)
    engine.answer(0)
    yield engine
    for container in state.glob("deployer-local-*"):
        os.kill(int(container.read_text()), signal.SIGKILL)
