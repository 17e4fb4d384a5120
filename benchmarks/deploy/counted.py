"""`deployer`, which at its end also writes down how many requests it sent, and how much memory and processor time it took.

    python -m benchmarks.deploy.counted FILE COMMAND...

What the parent of a process is told of its memory includes the parent's own, so the process says it itself.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path
from typing import Any

from deployer.cli import main


def peak_bytes(status: Path = Path("/proc/self/status")) -> int:
    """The most memory that this process had resident, in bytes."""
    try:
        for line in status.read_text("ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def counted(file: Path, arguments: list[str]) -> None:
    """Run a command of the tool; exits as it does."""
    clients: list[Any] = []
    try:
        _watch(clients)
        main(arguments)
    finally:
        requests: dict[str, int] = {}
        for one in clients:
            for (method, kind), count in one.requests.items():
                requests[f"{method} {kind}"] = requests.get(f"{method} {kind}", 0) + count
        used = [resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        cpu = sum(one.ru_utime + one.ru_stime for one in used)
        told = {"requests": requests, "peak_bytes": peak_bytes(), "cpu_seconds": cpu}
        file.write_text(json.dumps(told), "utf-8")


def _watch(clients: list[Any]) -> None:
    """Remember every client that is made. All the commands measured make one, so the import is none that they would not do."""
    from deployer.cluster.client import Cluster

    make = Cluster.__init__

    def made(self: Any, *arguments: Any) -> None:
        make(self, *arguments)
        clients.append(self)

    Cluster.__init__ = made  # type: ignore[method-assign]


if __name__ == "__main__":
    counted(Path(sys.argv[1]), sys.argv[2:])
