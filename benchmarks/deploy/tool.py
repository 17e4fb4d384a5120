"""The tool as people start it: a process of its own, with its wall time, its requests and its memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.node import ROOT

STARTS = 11
"""How often the start-up is timed, of the tool and of Python alone, in turn."""


@dataclass(frozen=True, slots=True)
class Ran:
    """One command: `seconds` of wall time, start-up included, and of its own processor time; requests, peak memory in bytes; and what it printed (JSON)."""

    seconds: float
    cpu: float
    requests: int
    peak: int
    printed: Mapping[str, Any]

    def plain(self) -> dict[str, Any]:
        """JSON-ready."""
        figures = {
            "seconds": self.seconds,
            "cpu_seconds": self.cpu,
            "requests": self.requests,
            "peak_mb": self.peak / 2**20,
        }
        return {name: round(value, 3) for name, value in figures.items()}


@dataclass(frozen=True, slots=True)
class Tool:
    """Runs commands on one repository, with a cache of its own."""

    repository: Path
    cache: Path

    def run(self, command: str, *options: str, code: int = 0) -> Ran:
        """Run a command with ``--output json``.

        Raises AssertionError if it ends with another code: a figure of a run that failed is none.
        """
        with tempfile.TemporaryDirectory() as temporary:
            file, errors = Path(temporary) / "counted.json", Path(temporary) / "stderr"
            line = [sys.executable, "-m", "benchmarks.deploy.counted", str(file), command, "--root", str(self.repository),
                    "--env", "bench", "--output", "json", *options]  # fmt: skip
            with errors.open("wb") as stderr:
                begin = time.perf_counter()
                done = subprocess.run(
                    line,
                    cwd=ROOT,
                    stdout=subprocess.PIPE,
                    stderr=stderr,
                    stdin=subprocess.DEVNULL,
                    env=self._environment(),
                )
                taken = time.perf_counter() - begin
            told = errors.read_text("utf-8", "replace")[-2000:]
            assert done.returncode == code, f"{command} ended with {done.returncode}: {told} {done.stdout[-2000:]!r}"
            counted = json.loads(file.read_text("utf-8"))
        return Ran(
            taken,
            counted["cpu_seconds"],
            sum(counted["requests"].values()),
            counted["peak_bytes"],
            json.loads(done.stdout),
        )

    def _environment(self) -> dict[str, str]:
        """A cache of its own, and compiled modules as an installed package has them, whatever this shell says."""
        own = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        return {**own, "XDG_CACHE_HOME": str(self.cache), "CI": "1"}


def start_up() -> tuple[list[float], list[float]]:
    """The seconds of `deployer --help` and of ``python -c pass``, in turn, after one of each that does not count."""
    tool = [str(Path(sys.executable).parent / "deployer"), "--help"]
    python = [sys.executable, "-c", "pass"]
    pairs = [(_timed(tool), _timed(python)) for _ in range(STARTS + 1)][1:]
    return [first for first, _ in pairs], [second for _, second in pairs]


def _timed(line: Sequence[str]) -> float:
    begin = time.perf_counter()
    subprocess.run(line, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begin
