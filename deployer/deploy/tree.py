"""The working tree that a deploy comes from: its commit, its branch, and the files that differ from the commit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from deployer.catalogue.revisions import Git
from deployer.deploy.origin import SERVICES, WRITTEN
from deployer.model.errors import RefusedError, UsageError

READ = (".yml", ".j2")
"""How the names of files end that decide what is deployed."""


@dataclass(frozen=True, slots=True)
class Tree:
    """What git says of a repository. `branch` is empty where none is checked out; `changed` are files, as git names them."""

    root: Path
    commit: str
    branch: str
    changed: tuple[str, ...]

    @property
    def dirty(self) -> bool:
        """Whether anything differs from the commit."""
        return bool(self.changed)

    def holds(self, commit: str) -> bool:
        """Whether the history of what is checked out has a commit in it, as far as the clone goes back."""
        if commit == self.commit:
            return True
        git = Git(self.root)
        return git.commit(commit) == commit and git.run("merge-base", "--is-ancestor", commit, self.commit).returncode == 0


def read_tree(root: Path) -> Tree:
    """What git says of the repository that `root` lies in. RefusedError where it cannot say."""
    git = Git(root)
    try:
        asked = git.run("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
        if asked.returncode != 0 or not git.ask("ls-files", "--", *WRITTEN):
            told = asked.stderr.strip().splitlines()
            why = told[0] if told else "HEAD names none" if asked.returncode else "none of its files is in git"
            raise _untold(root, why)
        branch = git.ask("symbolic-ref", "--quiet", "--short", "HEAD") or ""
        return Tree(root, asked.stdout.strip(), branch, tuple(sorted(_changed(git))))
    except UsageError as error:
        raise _untold(root, " ".join(filter(None, (error.what, error.why)))) from None


def _untold(root: Path, why: str) -> RefusedError:
    return RefusedError(
        f"git does not tell from which commit {root.name}/ is",
        why=why,
        todo="Deploy from a clone, with everything committed; in a container git may have to trust the folder (safe.directory).",
    )


def _changed(git: Git) -> set[str]:
    """Tracked files that differ anywhere, and below the folders of detections those that git does not know, is told to
    ignore, or is told not to look at."""
    tracked = git.names("status", "--porcelain=v1", "-z", "--untracked-files=no", "--ignore-submodules=none", "--no-renames")
    found = {entry[3:] for entry in tracked}
    found.update(git.names("ls-files", "--others", "--exclude-standard", "-z", "--", *WRITTEN))
    ignored = git.names("ls-files", "--others", "--ignored", "--exclude-standard", "-z", "--", *WRITTEN)
    found.update(name for name in ignored if name.endswith(READ))
    for entry in git.names("ls-files", "-v", "-z", "--", *WRITTEN):
        mark, name = entry[0], entry[2:]
        if mark.islower() or (mark == "S" and (git.root / name).exists()):
            found.add(name)
    return found


def branches_of(tree: Tree, environ: Mapping[str, str]) -> set[str]:
    """The branches that what is checked out belongs to.

    Where one is checked out, that one. A CI service checks out a commit: then all that have it in their history, here and
    on the remote `origin` (or, without one, on any), and the branch that the service says it runs for, if it is for this commit.
    """
    if tree.branch:
        return {tree.branch}
    git = Git(tree.root)
    remotes = (git.ask("remote") or "").split()
    trusted = ["origin"] if "origin" in remotes else remotes
    places = ["refs/heads/", *(f"refs/remotes/{remote}/" for remote in trusted)]
    names = (git.ask("for-each-ref", "--contains", tree.commit, "--format=%(refname)", *places) or "").splitlines()
    found = {name.removeprefix(place) for name in names for place in places if name.startswith(place)} - {"HEAD"}
    for service in SERVICES:
        if environ.get(service.commit) == tree.commit:
            found.add(service.branch_of(environ))
    return found - {""}


def named(branches: Iterable[str], patterns: Iterable[str]) -> bool:
    """Whether one of the branches is one that is named; * stands for any text."""
    known = tuple(patterns)
    return any(fnmatchcase(branch, pattern) for branch in branches for pattern in known)
