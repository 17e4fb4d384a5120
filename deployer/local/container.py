"""The official image under a container engine: the real plugins, where there is an engine.

Tested against a stand-in for the engine only: that the right commands are given and their answers understood. It has
not been run against a real engine.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Sequence

from deployer.local.artifacts import OPENSEARCH_VERSION
from deployer.local.probe import answers, wait_until
from deployer.local.processes import Stopped
from deployer.local.state import Folder, State
from deployer.model.errors import LocalError

IMAGE = f"opensearchproject/opensearch:{OPENSEARCH_VERSION}"
_ENGINES = ("docker", "podman")
# Fetching the image, about 1 GB, is part of the first run.
_RUN_TIMEOUT_S = 1800


def find_engine() -> str | None:
    """Gives the path of the first engine that answers `info`, None if none does."""
    for name in _ENGINES:
        path = shutil.which(name)
        if path and _call([path, "info"], timeout_s=20).returncode == 0:
            return path
    return None


def container_name(folder: Folder) -> str:
    """Gives the name of the container, and of its data volume: one for each folder."""
    return f"deployer-local-{hashlib.sha256(str(folder.root).encode()).hexdigest()[:10]}"


def run_command(engine: str, name: str, port: int, heap: str) -> list[str]:
    """Gives the command that starts the container `name`, reachable at 127.0.0.1:`port` only, without security."""
    environment = {
        "discovery.type": "single-node",
        "cluster.name": "deployer-local",
        "DISABLE_SECURITY_PLUGIN": "true",
        "DISABLE_INSTALL_DEMO_CONFIG": "true",
        "DISABLE_PERFORMANCE_ANALYZER_AGENT_CLI": "true",
        "cluster.routing.allocation.disk.threshold_enabled": "false",
        "OPENSEARCH_JAVA_OPTS": f"-Xms{heap} -Xmx{heap}",
    }
    return [
        *(engine, "run", "--detach", "--name", name),
        *("--publish", f"127.0.0.1:{port}:9200"),
        *("--volume", f"{name}:/usr/share/opensearch/data"),
        *(part for key, value in environment.items() for part in ("--env", f"{key}={value}")),
        IMAGE,
    ]


def start(state: State, port: int) -> None:
    """Starts the container of `state`. Raises LocalError with the engine's own words if it cannot."""
    # What an earlier run left behind has the name; its data stand in the volume.
    _call([state.engine, "rm", "--force", state.container])
    result = _call(run_command(state.engine, state.container, port, state.heap), timeout_s=_RUN_TIMEOUT_S)
    if result.returncode:
        raise LocalError(
            f"the container engine could not start {IMAGE}",
            why=result.stderr.strip()[-1000:],
            todo="mend what it says, or use the node without an engine: DEPLOYER_LOCAL=service",
        )


def running(state: State) -> bool:
    """Says whether the container runs."""
    result = _call([state.engine, "inspect", "--format", "{{.State.Running}}", state.container])
    return result.returncode == 0 and result.stdout.strip() == "true"


def wait_for_container(state: State, *, deadline: float) -> None:
    """Waits until the node in the container is ready. Raises LocalError when it ends or the deadline passes."""

    def logs() -> str:
        result = _call([state.engine, "logs", "--tail", "15", state.container])
        return (result.stdout + result.stderr).strip()

    def give_up() -> None:
        if not running(state):
            raise LocalError("the container ended while starting", why=logs(), todo=f"see {state.engine} logs")

    url = f"{state.url}/_cluster/health?wait_for_status=yellow&timeout=1s"
    if not wait_until(lambda: answers(url), deadline=deadline, give_up=give_up):
        raise LocalError("the container was not ready in time", why=logs(), todo="try again, or DEPLOYER_LOCAL=service")


def stop(state: State, *, patience_s: int) -> list[Stopped]:
    """Stops and removes the container; its data stay in the volume. Gives what was stopped."""
    was_running = running(state)
    if was_running:
        _require(_call([state.engine, "stop", "--time", str(patience_s), state.container], timeout_s=patience_s + 60))
    _call([state.engine, "rm", "--force", state.container])
    return [Stopped("container", state.container, forced=False)] if was_running else []


def wipe_volume(engine: str, name: str) -> None:
    """Deletes the data of the container `name`, which must be stopped."""
    _require(_call([engine, "volume", "rm", "--force", name]))


def _require(result: subprocess.CompletedProcess[str]) -> None:
    if result.returncode:
        raise LocalError(
            f"{' '.join(result.args[:3])} failed",
            why=result.stderr.strip()[-1000:],
            todo="see whether the container engine runs",
        )


def _call(command: Sequence[str], *, timeout_s: float = 60) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command, capture_output=True, text=True, timeout=timeout_s, check=False, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 124, "", f"no answer within {timeout_s:.0f} s")
