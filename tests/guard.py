"""Watches what a process does: which files it opens, whom it calls, which variables it reads. Python's own audit events tell.

`install` is for this process; as ``python -c 'import tests.guard'`` with `GUARD` set it is for a child, from its first line.
"""

from __future__ import annotations

import json
import os
import sys
import sysconfig
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

READS, WRITES, CALLS, VARIABLES = "read", "write", "call", "variable"

_WRITING = {"os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.chmod", "os.chown", "os.utime", "shutil.rmtree", "shutil.move", "shutil.copyfile"}  # fmt: skip
_CALLING = {"socket.connect", "socket.bind", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname", "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.forkpty", "ctypes.dlopen", "urllib.Request"}  # fmt: skip
_LISTING = {"os.listdir", "os.scandir", "glob.glob"}


def python_itself() -> tuple[str, ...]:
    """The folders that Python and its libraries are read from, time zones included."""
    found = {sys.prefix, sys.base_prefix, sys.exec_prefix, *sysconfig.get_paths().values(), "/usr/share/zoneinfo", "/usr/lib", "/usr/local/lib", "/etc/localtime", "/dev/null", "/etc/mime.types"}  # fmt: skip
    return tuple(sorted(os.path.realpath(path) for path in found))


def install(report: Callable[[str, str], None], reading: Sequence[str], writing: Sequence[str]) -> None:
    """From now on `report` is told of each file that is opened or listed outside of `reading`, or written outside of
    `writing`, of each call to another machine or program, and of each variable that is read. It may raise, which forbids it."""
    may_read, may_write = _folders([*reading, *writing]), _folders(writing)

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = args
            if isinstance(path, int):
                return
            wanted = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC)
            _told(WRITES if wanted else READS, path, may_write if wanted else may_read)
        elif event in _LISTING:
            _told(READS, args[0] if args and args[0] is not None else ".", may_read)
        elif event in _WRITING:
            for path in args[:2] if event in ("os.rename", "os.link", "os.symlink") else args[:1]:
                _told(WRITES, path, may_write)
        elif event in _CALLING:
            report(CALLS, f"{event} {args[0] if event != 'socket.connect' else args[1]!r}")

    def _told(kind: str, path: Any, allowed: tuple[str, ...]) -> None:
        if isinstance(path, int):
            return
        real = os.path.realpath(os.fsdecode(path))
        if not any(real == folder or real.startswith(f"{folder}{os.sep}") for folder in allowed):
            report(kind, real)

    sys.addaudithook(hook)


def watch_variables(report: Callable[[str, str], None]) -> None:
    """From now on `report` is told of each variable that is read by name, and of reading them all (``*``)."""

    class Watched(dict):  # type: ignore[type-arg]
        def __getitem__(self, key: Any) -> Any:
            report(VARIABLES, os.fsdecode(key))
            return super().__getitem__(key)

        def __contains__(self, key: Any) -> bool:
            report(VARIABLES, os.fsdecode(key))
            return super().__contains__(key)

        def __iter__(self) -> Any:
            report(VARIABLES, "*")
            return super().__iter__()

    os.environ._data = Watched(os.environ._data)  # type: ignore[attr-defined]


def _folders(paths: Sequence[str]) -> tuple[str, ...]:
    return tuple(os.path.realpath(path) for path in paths)


def _child() -> None:
    """What `GUARD` asks for: a file to write each thing to, and the folders that may be read and written."""
    asked = json.loads(os.environ.pop("GUARD"))
    descriptor = os.open(asked["report"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def report(kind: str, what: str) -> None:
        os.write(descriptor, (json.dumps([kind, what]) + "\n").encode())

    install(report, [*python_itself(), *asked["reading"]], asked["writing"])
    watch_variables(report)


def environment(report: Path, reading: Sequence[Path], writing: Sequence[Path], **variables: str) -> dict[str, str]:
    """The variables of a child that is watched from its first line: its `sitecustomize` is in the folder of `report`."""
    home = report.parent / "sitecustomize"
    home.mkdir(exist_ok=True)
    text = Path(__file__).read_text("utf-8")
    (home / "sitecustomize.py").write_text(f"{text}\n\n_child()\n", "utf-8")
    asked = {"report": str(report), "reading": [str(home), *map(str, reading)], "writing": list(map(str, writing))}
    return {"PYTHONPATH": str(home), "PYTHONDONTWRITEBYTECODE": "1", "GUARD": json.dumps(asked), **variables}


def told(report: Path) -> list[tuple[str, str]]:
    """What a child was seen to do."""
    return [tuple(json.loads(line)) for line in report.read_text("utf-8").splitlines()] if report.exists() else []
