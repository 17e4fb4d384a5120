"""What a local cluster's folder holds, and the record of what runs in it.

.deployer-local    the mark that the folder is ours: nothing is wiped without it
cluster.json       what runs now, see `State`; absent when nothing does
data/              the node's (node/) and the alerting service's (alerting/) data
config/ logs/ snapshots/ temporary/
"""

from __future__ import annotations

import dataclasses
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from deployer.local.files import write_whole
from deployer.local.processes import Process
from deployer.model.errors import LocalError, RefusedError

_FORMAT = 1
_MARK = ".deployer-local"
_WIPED = ("data", "config", "logs", "snapshots", "temporary")


@dataclass(frozen=True, slots=True)
class State:
    """What runs: `kind` "service" (processes) or "container" (by name, in the engine's hands).

    `url` is what users talk to, `node_url` the node behind it; both empty until known. `heap` is as the JVM takes it.
    """

    kind: str
    version: str
    heap: str
    url: str = ""
    node_url: str = ""
    processes: tuple[Process, ...] = ()
    engine: str = ""
    container: str = ""


@dataclass(frozen=True, slots=True)
class Folder:
    """The folder of one local cluster."""

    root: Path

    @property
    def lock(self) -> Path:
        """Gives the file that starters and stoppers lock."""
        return self.root / _MARK

    @property
    def record(self) -> Path:
        """Gives the file that says what runs."""
        return self.root / "cluster.json"

    def __truediv__(self, name: str) -> Path:
        return self.root / name


def claim(folder: Folder) -> None:
    """Makes the folder ours: creates it, or checks the mark. Raises RefusedError if it holds something else."""
    if folder.lock.is_file():
        return
    taken = folder.root.exists() and (not folder.root.is_dir() or any(folder.root.iterdir()))
    # The mark is the first thing in a folder of ours, so what was filled since the look above is ours if it has one.
    if taken and not folder.lock.is_file():
        raise RefusedError(
            f"{folder.root} is not a local cluster's folder",
            why=f"it is not empty and has no file {_MARK}",
            todo="name a folder that is empty or does not exist yet: --directory",
        )
    folder.root.mkdir(parents=True, exist_ok=True)
    # A local cluster holds events that may be confidential, and files the node would run: for its owner only.
    folder.root.chmod(0o700)
    folder.lock.touch()
    (folder.root / ".gitignore").write_text("*\n", encoding="utf-8")


def wipe(folder: Folder) -> None:
    """Deletes all data, logs and configuration of the cluster. Raises RefusedError if the folder lacks the mark."""
    if not folder.lock.is_file():
        raise RefusedError(
            f"{folder.root} is not a local cluster's folder", why=f"it has no file {_MARK}", todo="delete it by hand"
        )
    for name in _WIPED:
        path = folder / name
        if path.is_symlink():
            path.unlink()
        elif path.exists():
            shutil.rmtree(path)


def read_state(folder: Folder) -> State | None:
    """Reads the record of what runs; None if there is none. Raises LocalError if it cannot be understood."""
    try:
        text = folder.record.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        values = json.loads(text)
        if values.pop("format_version") != _FORMAT:
            raise ValueError("written by another version of this tool")
        processes = tuple(Process(**{**item, "log": Path(item["log"])}) for item in values.pop("processes"))
        return State(**values, processes=processes)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise LocalError(
            f"{folder.record} cannot be read",
            why=str(error),
            todo="stop what runs there by hand (its pids stand in the file), then delete the file",
        ) from error


def write_state(folder: Folder, state: State) -> None:
    """Writes the record of what runs."""
    values = {"format_version": _FORMAT, **dataclasses.asdict(state)}
    write_whole(folder.record, json.dumps(values, indent=2, default=str) + "\n")


def clear_state(folder: Folder) -> None:
    """Removes the record: nothing runs."""
    folder.record.unlink(missing_ok=True)
