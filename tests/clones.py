"""Real clones of a made-up repository, for what asks git."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Git = Callable[..., str]


def cloned(folder: Path, patch: pytest.MonkeyPatch) -> tuple[Path, Git]:
    """A clone, below `folder`, of a repository with two commits on `main`, on a branch of its own, and git to run in it."""
    for name in ("AUTHOR", "COMMITTER"):
        patch.setenv(f"GIT_{name}_NAME", "tester")
        patch.setenv(f"GIT_{name}_EMAIL", "tester@example.com")
    patch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    patch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
    origin, clone = folder / "origin", folder / "clone"
    origin.mkdir()

    def git(*arguments: str, cwd: Path = clone) -> str:
        return subprocess.run(["git", *arguments], cwd=cwd, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "-q", "-b", "main", cwd=origin)
    for number in (1, 2):
        write(origin, "detections/a.yml", str(number))
        write(origin, "other.txt", str(number))
        git("add", "-A", cwd=origin)
        git("commit", "-qm", "x", cwd=origin)
    git("clone", "-q", str(origin), str(clone), cwd=folder)
    git("switch", "-qc", "work")
    return clone, git


def write(folder: Path, name: str, text: str) -> None:
    """Write a file below a folder."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
