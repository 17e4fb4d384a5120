"""The files that an environment is made of, as bytes, with their digests.

What is remembered is found by these digests, so they cover everything that decides the outcome: the name and the bytes
of every file that is read, and the tool itself.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import deployer

MAX_BYTES = 2_000_000
"""A larger file is a finding (catalogue.yamlfile), and nothing is remembered of a repository that has one."""

_SHARED = ("mappings", "templates")
_DECIDING = ("catalogue", "check", "desired", "model", "plan", "render", "schemas")
_LIBRARIES = ("jinja2", "jsonschema", "pyyaml", "cronsim", "tzdata")


@dataclass(frozen=True, slots=True)
class Folder:
    """One analytic's folder: its path below the root, its two files, and the digest of all three."""

    path: str
    analytic: bytes
    samples: bytes | None
    digest: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A repository as read for one environment.

    `shared` is the digest of what all analytics depend on: the tool, mappings, templates and the environment. `stamps`
    tell whether one of those files was written since (inode and times, which another write changes).
    """

    environment: str
    shared: str
    stamps: tuple[tuple[str, int, int, int], ...]
    folders: tuple[Folder, ...]

    @property
    def digest(self) -> str:
        """The digest of everything."""
        return _digest(self.shared, *(folder.digest for folder in self.folders))


class _OddError(Exception):
    """Something that the reader of the files must judge: a link, a device, a file too large."""


def take(root: Path, environment: str) -> Snapshot | None:
    """The files of an environment; None if anything is unusual, so that the reader proper says what is wrong."""
    try:
        stamps: list[tuple[str, int, int, int]] = []
        parts = [tool(), environment]
        for name in _SHARED:
            for path in _files(root / name):
                parts += [path.relative_to(root).as_posix(), _content(_bytes(path, stamps))]
        path = root / "environments" / f"{environment}.yml"
        parts.append(_content(_bytes(path, stamps)))
        folders = tuple(
            _folder(root, folder)
            for strategy in _folders(root / "detections")
            for folder in _folders(strategy)
            if (folder / "analytic.yml").exists()
        )
    except (_OddError, OSError):
        return None
    return Snapshot(environment, _digest(*parts), tuple(stamps), folders)


@cache
def tool() -> str:
    """The digest of the code and the libraries that decide what a repository becomes."""
    package = Path(deployer.__file__).parent
    parts = [deployer.__version__, sys.version]
    parts += [f"{name} {importlib.metadata.version(name)}" for name in _LIBRARIES]
    for folder in _DECIDING:
        for path in sorted((package / folder).rglob("*")):
            if path.suffix in (".py", ".json"):
                parts += [path.relative_to(package).as_posix(), _content(path.read_bytes())]
    return _digest(*parts)


def _folder(root: Path, folder: Path) -> Folder:
    path = folder.relative_to(root).as_posix()
    analytic = _bytes(folder / "analytic.yml")
    beside = folder / "samples.yml"
    samples = _bytes(beside) if beside.exists() or beside.is_symlink() else None
    told = "none" if samples is None else _content(samples)
    return Folder(path, analytic, samples, _digest(path, _content(analytic), told))


def _folders(folder: Path) -> list[Path]:
    found = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_symlink():
                raise _OddError(entry.path)
            if entry.is_dir():
                found.append(Path(entry.path))
    return sorted(found)


def _files(folder: Path) -> list[Path]:
    found = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_symlink():
                raise _OddError(entry.path)
            found += _files(Path(entry.path)) if entry.is_dir() else [Path(entry.path)]
    return sorted(found)


def _bytes(path: Path, stamps: list[tuple[str, int, int, int]] | None = None) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if status.st_size > MAX_BYTES:
            raise _OddError(str(path))
        if stamps is not None:
            stamps.append((str(path), status.st_ino, status.st_mtime_ns, status.st_ctime_ns))
        return file.read()


def _content(value: bytes) -> str:
    return hashlib.sha256(value).hexdigest()


def _digest(*parts: str) -> str:
    """One digest of several texts, which no other division of the same characters has."""
    return hashlib.sha256("".join(f"{len(part)}:{part}" for part in parts).encode("utf-8", "surrogatepass")).hexdigest()
