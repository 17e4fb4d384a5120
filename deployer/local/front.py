"""The alerting service as a process in front of the node: what users and the deployer talk to."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

from deployer.local.probe import answers, wait_until
from deployer.local.processes import Process, alive, died, last_lines, launch
from deployer.local.state import Folder
from deployer.model.errors import LocalError

# The packages of the extra `local`.
_NEEDED = ("starlette", "uvicorn", "httpx")


def require_extra() -> None:
    """Raises LocalError if the packages that the service needs are not installed."""
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise LocalError(
            f"the local alerting service lacks {', '.join(missing)}",
            why="it is an optional part of the tool",
            todo="pip install 'detection-deployer[local]'",
        )


def launch_front(folder: Folder, node_url: str, port: int) -> Process:
    """Starts the service for the node at `node_url` on 127.0.0.1:`port`."""
    data = folder / "data" / "alerting"
    data.mkdir(exist_ok=True)
    # -P: the folder it runs in is no place to import from. The package is found also where it is not installed.
    package_root = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(filter(None, [package_root, os.environ.get("PYTHONPATH", "")]))
    return launch(
        "service",
        [
            *(sys.executable, "-P", "-m", "deployer.local.service"),
            *("--node", node_url, "--port", str(port), "--data", data),
        ],
        log=folder / "logs" / "service.out",
        cwd=folder.root,
        environ={**os.environ, "PYTHONPATH": path},
    )


def front_ready(url: str) -> bool:
    """Says whether the service at `url` serves."""
    return answers(f"{url}/_local/health")


def wait_for_front(front: Process, url: str, *, deadline: float) -> None:
    """Waits until the service serves. Raises LocalError when it ends or the deadline (time.monotonic) passes."""

    def give_up() -> None:
        if not alive(front):
            raise died("alerting service", front.log)

    if not wait_until(lambda: front_ready(url), deadline=deadline, give_up=give_up):
        raise LocalError(
            "the alerting service was not ready in time", why=last_lines(front.log), todo=f"see {front.log}"
        )
