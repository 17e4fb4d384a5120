"""Drafts as files of a repository. What is there already is left as it is, unless that is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from deployer.attack.scaffold import Scaffold
from deployer.model.errors import DeployerError


class Shelves:
    """The folders of analytics below the root, as they were when this was made and with what it has written since."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._known = {path.parent.name: path.parent for path in sorted(root.glob("detections/*/*/*.yml"))}

    def standing(self, name: str) -> str:
        """Where an analytic stands already, below the root; empty if nowhere."""
        found = self._known.get(name)
        return found.relative_to(self.root).as_posix() if found else ""

    def put(self, scaffold: Scaffold, *, force: bool = False) -> bool:
        """Write a draft; False if its analytic is there already, and `force` does not say to write over it.

        Raises DeployerError for a folder that leads out of the repository, or cannot be written.
        """
        there = self.standing(scaffold.id)
        if there and not force:
            return False
        folder = self.root / (there or scaffold.folder)
        if not folder.resolve().is_relative_to(self.root.resolve()):
            raise _unwritable(folder, "it is a link out of the repository")
        _write(folder, scaffold.files, force=bool(there))
        self._known[scaffold.id] = folder
        return True


def _write(folder: Path, files: Mapping[str, str], *, force: bool) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            path = folder / name
            if force:
                path.unlink(missing_ok=True)  # a link is replaced, not followed
            with path.open("x", encoding="utf-8", newline="\n") as file:
                file.write(text)
    except OSError as error:
        raise _unwritable(Path(error.filename or folder), error.strerror or "") from None


def _unwritable(path: Path, why: str) -> DeployerError:
    return DeployerError(
        f"{path} cannot be written", why=why, todo="Mend that, and run it again: what is written stays."
    )
