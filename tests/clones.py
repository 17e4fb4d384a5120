"""Real clones of a made-up repository, for what asks git; and what change control asks for."""

from __future__ import annotations

import dataclasses
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deployer import __version__
from deployer.deploy.tree import read_tree
from deployer.desired.read import fresh
from deployer.plan.evidence import Evidence, Verdict, contents, dump

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


def committed(folder: Path) -> str:
    """Make a folder a git repository with all its files in one commit, or commit what changed since; the commit's id."""

    def git(*arguments: str) -> str:
        name = ["-c", "user.name=tester", "-c", "user.email=tester@example.com", "-c", "commit.gpgsign=false"]
        return subprocess.run(["git", *name, *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()

    if not (folder / ".git").exists():
        git("init", "-q", "-b", "main")
    git("add", "-A")
    git("commit", "-qm", "x", "--allow-empty")
    return git("rev-parse", "HEAD")


def passed(folder: Path, file: Path, **changes: Any) -> Path:
    """Write a report that all tests passed at the commit of a repository, as `deployer test --report` would."""
    tree = read_tree(folder)
    made = contents(fresh(folder, "local")[1].resources)
    verdicts = tuple(Verdict(name, True, 1, 1, 1, 0, 0, 0, 0, {"local": made[name]}) for name in sorted(made))
    known = Evidence(__version__, tree.commit, tree.dirty, "2026-03-02T10:00:00Z", "tester", "", verdicts)
    key = changes.pop("key", None)
    file.write_bytes(dump(dataclasses.replace(known, **changes), key))
    return file
