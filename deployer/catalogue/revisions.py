"""Which files of a repository differ from an earlier revision: committed, staged, not staged, and not yet known to git."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deployer.model.errors import UsageError

TIMEOUT = 60.0
"""Seconds that git may take for one answer."""

MAIN = ("HEAD", "main", "master")
"""What a remote's main branch may be called; a clone knows it as HEAD."""


@dataclass(frozen=True, slots=True)
class Changes:
    """The files below the repository's folder that differ from the commit `base`, sorted. `ref` is what `base` was found by."""

    ref: str
    base: str
    files: tuple[str, ...]


def changed_files(root: Path, base: str | None = None) -> Changes:
    """The files below `root` that differ from where the work left `base` (default: the main branch).

    Compared is the working tree, with untracked files (ignored ones left out), with the last commit that HEAD and `base`
    have in common, so that what others did on `base` since does not count. A renamed file counts under both names.

    Raises UsageError outside of git, for an unknown `base`, and where a shallow clone lacks the common commit.
    """
    git = Git(root)
    git.check()
    ref = base or git.main_branch()
    commit = git.commit(ref)
    if commit is None:
        raise UsageError(
            f"git knows no commit '{ref}'",
            why="the clone is shallow, so not every branch is in it"
            if git.shallow()
            else "it is no branch, tag or commit here",
            todo=_DEEPEN if git.shallow() else "Fetch it, or name another with --base.",
        )
    fork = git.ask("merge-base", "HEAD", commit)
    if fork is None:
        raise UsageError(
            f"HEAD and '{ref}' have no commit in common",
            why="the clone is shallow: its history ends before they part"
            if git.shallow()
            else "their histories are unrelated",
            todo=_DEEPEN if git.shallow() else "Name another with --base.",
        )
    found = {
        *git.names(
            "diff", "--name-only", "--relative", "--no-renames", "--no-ext-diff", "--no-textconv", "-z", fork, "--"
        ),
        *git.names("ls-files", "--others", "--exclude-standard", "-z"),
    }
    return Changes(base or git.short(ref), fork, tuple(sorted(found)))


PASSED_ON = frozenset({"PATH", "HOME", "XDG_CONFIG_HOME", "TMPDIR", "SYSTEMROOT", "LD_LIBRARY_PATH", "SUDO_UID", "GIT_TEST_ASSUME_DIFFERENT_OWNER"})
"""The variables that git gets besides its configuration: neither secrets, nor those by which a hook is told of its repository."""

_DEEPEN = "Fetch the history: `git fetch --unshallow`, or in a GitHub job `fetch-depth: 0` of the checkout."


@dataclass(frozen=True, slots=True)
class Git:
    """Asks git about the repository that a folder lies in, and about no other that a hook's variables may name."""

    root: Path

    def check(self) -> None:
        """Raise UsageError where git cannot say what changed."""
        inside = self.run("rev-parse", "--is-inside-work-tree")
        if inside.returncode != 0 or inside.stdout.strip() != "true":
            raise UsageError(
                f"{self.root} is in no working tree of git, so nothing can tell what changed",
                why=inside.stderr.strip().splitlines()[0] if inside.stderr.strip() else "",
                todo="Run inside of a clone, or without --changed.",
            )
        if self.commit("HEAD") is None:
            raise UsageError(
                "there is no commit yet to compare with",
                why="HEAD names none",
                todo="Commit first, or run without --changed.",
            )

    def main_branch(self) -> str:
        """The ref of the main branch: of the remote `upstream` (which forks have), `origin` or another, else the local one."""
        remotes = (self.ask("remote") or "").split()
        remotes.sort(key=lambda name: {"upstream": 0, "origin": 1}.get(name, 2))
        refs = [f"refs/remotes/{remote}/{name}" for remote in remotes for name in MAIN]
        refs += [f"refs/heads/{name}" for name in MAIN[1:]]
        for ref in (*refs, "@{upstream}"):
            if self.commit(ref) is not None:
                return ref
        raise UsageError(
            "there is no main branch to compare with",
            why="no remote and no local branch is called main or master, and this branch follows none"
            + ("; the clone is shallow" if self.shallow() else ""),
            todo=_DEEPEN if self.shallow() else "Name a branch, tag or commit with --base.",
        )

    def commit(self, ref: str) -> str | None:
        """The id of the commit that a ref names, or None."""
        return self.ask("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")

    def short(self, ref: str) -> str:
        """A ref as people write it: ``origin/main``."""
        return self.ask("rev-parse", "--abbrev-ref", ref) or ref

    def shallow(self) -> bool:
        """Whether the clone's history was cut off."""
        return self.ask("rev-parse", "--is-shallow-repository") == "true"

    def names(self, *arguments: str) -> list[str]:
        """The file names that git prints, each ended by a NUL, so that no name is quoted."""
        asked = self.run(*arguments)
        if asked.returncode != 0:
            raise UsageError("git cannot tell what changed", why=asked.stderr.strip()[:300], todo="Mend the clone.")
        return [name for name in asked.stdout.split("\0") if name]

    def ask(self, *arguments: str) -> str | None:
        """What git prints, or None if it fails or prints nothing."""
        asked = self.run(*arguments)
        return asked.stdout.strip() or None if asked.returncode == 0 else None

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """One call of git, in English, which writes nothing (not even a refreshed index)."""
        try:
            return subprocess.run(
                ["git", *arguments],
                cwd=self.root,
                env={**_plain(os.environ), "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"},
                capture_output=True,
                encoding="utf-8",
                errors="surrogateescape",
                timeout=TIMEOUT,
                check=False,
                stdin=subprocess.DEVNULL,
            )
        except OSError as error:
            raise UsageError(
                "git cannot be started", why=str(error), todo="Install git, or run without --changed."
            ) from None
        except subprocess.TimeoutExpired:
            raise UsageError(
                f"git {arguments[0]} took more than {TIMEOUT:.0f} s",
                todo="Look at the clone, or run without --changed.",
            ) from None


def _plain(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables that git may see: what a program is started with, other users of the computer may be able to read."""
    return {name: value for name, value in environ.items() if name in PASSED_ON or name.startswith(("GIT_CONFIG", "GIT_CEILING"))}  # fmt: skip
