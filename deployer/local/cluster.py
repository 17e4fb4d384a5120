"""`up`, `down` and `status` of the local cluster."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from deployer.local import container
from deployer.local.artifacts import OPENSEARCH_VERSION
from deployer.local.compiled import read_source_module
from deployer.local.files import exclusive
from deployer.local.front import front_ready, launch_front, require_extra, wait_for_front
from deployer.local.home import build_home, cache_folder
from deployer.local.java import find_java
from deployer.local.node import command, heap_bytes, prepare, raise_limits, require_room, wait_for_node
from deployer.local.ports import free_port, require_free
from deployer.local.probe import answers, request
from deployer.local.processes import Stopped, alive, launch, stop
from deployer.local.state import Folder, State, claim, clear_state, read_state, wipe, write_state
from deployer.model.errors import LocalError, UsageError

_START_S = 120
_DEFAULT_PORT = 9200
# How long an end may take before it is forced. At its first end the node also writes the class archive (4 s).
_PATIENCE_S = 30
_SOURCES = Path(__file__).parent / "java"

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class LocalCluster:
    """A cluster that runs and is ready.

    `url` is what users talk to; `node_url` the node behind the alerting service (the same for a container). `kind` is
    "service" (node and alerting service as processes, `pids`) or "container".
    """

    url: str
    node_url: str
    pids: tuple[int, ...]
    directory: Path
    kind: str
    version: str


@dataclass(frozen=True, slots=True)
class LocalStatus:
    """What is known of a local cluster.

    `running`: all its parts run, whether or not they answer. `health` is the node's (green, yellow, red), "unreachable"
    or "stopped"; `heap_used` and `heap_max` are bytes, 0 if the node does not answer. `logs` are the files that exist.
    """

    running: bool
    health: str
    directory: Path
    data: Path
    logs: tuple[Path, ...]
    kind: str = ""
    url: str = ""
    node_url: str = ""
    pids: tuple[int, ...] = ()
    version: str = ""
    heap_used: int = 0
    heap_max: int = 0


def up(directory: Path, *, port: int = _DEFAULT_PORT, fresh: bool = False, progress: Progress) -> LocalCluster:
    """Gives a running, ready cluster of `directory`: the one that runs, or a new one on 127.0.0.1:`port`.

    Port 0 takes a free one; a cluster that runs already keeps its port. `fresh` stops it and deletes its data first.
    `progress` gets a sentence for each step. The environment may set DEPLOYER_LOCAL (service, container; default: a
    container where an engine answers) and DEPLOYER_LOCAL_HEAP (512m). If it fails, or is interrupted, nothing is left
    running. Raises LocalError, RefusedError (the folder holds something else), UsageError.
    """
    if not 0 <= port <= 65535:
        raise UsageError(
            f"{port} is not a port", why="ports go from 1 to 65535; 0 takes a free one", todo="--port 9200"
        )
    folder = Folder(directory.resolve())
    claim(folder)
    with exclusive(folder.lock, lambda: progress("another process starts or stops this cluster; waiting for it")):
        state = read_state(folder)
        if state and not fresh and _healthy(state):
            progress(f"already running at {state.url}{_other_port(state.url, port)}")
            return _cluster(folder, state)
        if state:
            progress("stopping what runs" if fresh else "it does not answer: stopping what is left of it")
            _stop_all(folder, state)
        heap = os.environ.get("DEPLOYER_LOCAL_HEAP", "512m")
        heap_bytes(heap)
        engine = _engine(os.environ)
        if fresh:
            progress("deleting its data")
            wipe(folder)
            if engine:
                container.wipe_volume(engine, container.container_name(folder))
        if port:
            require_free(port)
        if engine:
            state = _start_container(folder, engine, port, heap, progress)
        else:
            state = _start_service(folder, port, heap, progress)
    progress(f"ready at {state.url}")
    return _cluster(folder, state)


def down(directory: Path) -> list[Stopped]:
    """Stops what `up` started for `directory`, and nothing else; the data stay. Gives what was stopped, in order."""
    folder = Folder(directory.resolve())
    if not folder.lock.is_file():
        return []
    with exclusive(folder.lock, lambda: None):
        state = read_state(folder)
        return _stop_all(folder, state) if state else []


def status(directory: Path) -> LocalStatus:
    """Gives what is known of the cluster of `directory`, without changing anything."""
    folder = Folder(directory.resolve())
    state = read_state(folder)
    logs = tuple(sorted(path for path in (folder / "logs").glob("*") if path.suffix in (".log", ".out")))
    stopped = LocalStatus(False, "stopped", folder.root, folder / "data", logs)
    if state is None:
        return stopped
    known = dataclasses.replace(
        stopped,
        kind=state.kind,
        url=state.url,
        node_url=state.node_url,
        version=state.version,
        pids=tuple(process.pid for process in state.processes if alive(process)),
        running=_running(state),
    )
    if not state.node_url:
        return known
    try:
        _, health = request(f"{state.node_url}/_cluster/health")
        _, stats = request(f"{state.node_url}/_nodes/_local/stats/jvm")
        (node,) = stats["nodes"].values()
        memory = node["jvm"]["mem"]
        return dataclasses.replace(
            known,
            health=health["status"],
            heap_used=memory["heap_used_in_bytes"],
            heap_max=memory["heap_max_in_bytes"],
        )
    except (OSError, KeyError, TypeError, ValueError):
        return dataclasses.replace(known, health="unreachable" if known.pids or known.running else "stopped")


def _other_port(url: str, port: int) -> str:
    """Gives what to say of a port that a running cluster does not have; 9200 is what nobody asked for, 0 any."""
    if port in (0, _DEFAULT_PORT) or url.endswith(f":{port}"):
        return ""
    return f", not on port {port}: to move it, stop it first (deployer local down)"


def _engine(environ: Mapping[str, str]) -> str | None:
    """Gives the container engine to use, None for the node without one."""
    choice = environ.get("DEPLOYER_LOCAL", "")
    if choice not in ("", "service", "container"):
        raise UsageError(
            f"DEPLOYER_LOCAL is {choice!r}", why="it may be service or container", todo="correct it, or unset it"
        )
    engine = None if choice == "service" else container.find_engine()
    if choice == "container" and engine is None:
        raise LocalError(
            "no container engine answers",
            why="neither `docker info` nor `podman info` ends well",
            todo="start Docker or Podman, or unset DEPLOYER_LOCAL",
        )
    return engine


def _start_service(folder: Folder, port: int, heap: str, progress: Progress) -> State:
    require_extra()
    source = read_source_module(_SOURCES)
    home = build_home(
        cache_folder(),
        modules=(source,) if source else (),
        java=lambda: find_java(compiler=True),
        progress=progress,
    )
    java = find_java()
    require_room(folder, heap)
    prepare(folder)
    progress(f"starting OpenSearch {OPENSEARCH_VERSION} on Java {java.version}")
    deadline = time.monotonic() + _START_S
    with ExitStack() as undo:
        undo.callback(clear_state, folder)
        node = launch("node", command(java, home, folder, heap), log=folder / "logs" / "node.out", cwd=folder.root)
        undo.callback(stop, node, patience_s=_PATIENCE_S)
        state = State("service", OPENSEARCH_VERSION, heap, processes=(node,))
        write_state(folder, state)
        node_url = wait_for_node(node, folder, deadline=deadline)
        raise_limits(node_url)
        progress("starting the alerting service")
        port = port or free_port()
        front = launch_front(folder, node_url, port)
        undo.callback(stop, front, patience_s=_PATIENCE_S)
        url = f"http://127.0.0.1:{port}"
        state = dataclasses.replace(state, url=url, node_url=node_url, processes=(node, front))
        write_state(folder, state)
        wait_for_front(front, url, deadline=deadline)
        undo.pop_all()
    return state


def _start_container(folder: Folder, engine: str, port: int, heap: str, progress: Progress) -> State:
    url = f"http://127.0.0.1:{port or free_port()}"
    name = container.container_name(folder)
    state = State("container", OPENSEARCH_VERSION, heap, url=url, node_url=url, engine=engine, container=name)
    progress(f"starting {container.IMAGE} (the first time fetches the image, about 1 GB)")
    with ExitStack() as undo:
        undo.callback(clear_state, folder)
        write_state(folder, state)
        undo.callback(container.stop, state, patience_s=_PATIENCE_S)
        container.start(state, int(url.rpartition(":")[2]))
        container.wait_for_container(state, deadline=time.monotonic() + _START_S)
        raise_limits(url)
        undo.pop_all()
    return state


def _stop_all(folder: Folder, state: State) -> list[Stopped]:
    """Stops the front first, so that nobody asks a node that is going."""
    if state.container:
        stopped = container.stop(state, patience_s=_PATIENCE_S)
    else:
        ended = [stop(process, patience_s=_PATIENCE_S) for process in reversed(state.processes)]
        stopped = [item for item in ended if item]
    clear_state(folder)
    return stopped


def _running(state: State) -> bool:
    if state.container:
        return container.running(state)
    return {process.role for process in state.processes if alive(process)} == {"node", "service"}


def _healthy(state: State) -> bool:
    if not _running(state):
        return False
    node = answers(f"{state.node_url}/_cluster/health?wait_for_status=yellow&timeout=5s", timeout_s=10)
    return node and (state.kind == "container" or front_ready(state.url))


def _cluster(folder: Folder, state: State) -> LocalCluster:
    pids = tuple(process.pid for process in state.processes)
    return LocalCluster(state.url, state.node_url, pids, folder.root, state.kind, state.version)
