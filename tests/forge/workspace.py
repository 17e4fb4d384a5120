"""Where jobs run: clones of one repository, files that one job hands to another, and the commands with what they print."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

INSTALL = "--require-hashes --requirement requirements.txt"
"""The step that brings the tool: not run, because it is here already."""


@dataclass
class Workspace:
    """`origin` is the repository; jobs get `variables` and what the machine has on its path, and nothing else of the caller."""

    origin: Path
    folder: Path
    variables: dict[str, str] = field(default_factory=dict)
    jobs: int = 0

    def __post_init__(self) -> None:
        for name in ("bin", "artifacts", "home"):
            (self.folder / name).mkdir(parents=True)

    def job(self, revision: str | None, *options: str) -> Path:
        """A folder for a job: a clone at a revision, with options of git's checkout, or an empty one."""
        self.jobs += 1
        place = self.folder / f"job{self.jobs}"
        if revision is None:
            place.mkdir()
        else:
            self.git("clone", "-q", str(self.origin), str(place), cwd=self.folder)
            self.git("checkout", "-q", *options, revision, cwd=place)
        return place

    def git(self, *words: str, cwd: Path | None = None) -> str:
        """Git in the repository, or elsewhere."""
        return subprocess.run(
            ["git", *words], cwd=cwd or self.origin, env=self.environment(), check=True, capture_output=True, text=True
        ).stdout.strip()

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """The variables of a job."""
        here = Path(sys.executable).parent
        return {
            "PATH": os.pathsep.join([str(self.folder / "bin"), str(here), os.environ["PATH"]]),
            "HOME": str(self.folder / "home"),
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_CONFIG_SYSTEM": "/dev/null",
            **{f"GIT_{who}_{what}": f"{what}@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
            **self.variables,
            **(more or {}),
        }  # fmt: skip

    def run(self, script: str, place: Path, variables: Mapping[str, str], *shell: str) -> tuple[int, str]:
        """Run a script; its exit code, and all it printed."""
        file = self.folder / "script.sh"
        file.write_text(script, "utf-8")
        words = ["bash", *shell, str(file)]
        ran = subprocess.run(
            words,
            cwd=place,
            env=self.environment(variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return ran.returncode, ran.stdout

    def keep(self, name: str, place: Path, paths: list[str]) -> None:
        """Keep files of a job, as an artifact."""
        for path in paths:
            target = self.folder / "artifacts" / name / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(place / path, target)

    def fetch(self, name: str, place: Path) -> None:
        """Bring an artifact into a job's folder."""
        shutil.copytree(self.folder / "artifacts" / name, place, dirs_exist_ok=True)
