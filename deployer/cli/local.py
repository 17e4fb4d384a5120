"""`deployer local`: a real OpenSearch on this computer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from deployer.cli.common import note, result

if TYPE_CHECKING:
    from deployer.local import LocalCluster, LocalStatus

_FORMAT_VERSION = 1
_STAND_IN = (
    "This is OpenSearch itself with a local stand-in for its Alerting and Notifications plugins in front: for one "
    "computer, for trying and testing. It is measured by recordings of the real plugins."
)

_directory = click.option(
    "--directory",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".deployer/local"),
    show_default=True,
    help="Where its data, logs and configuration are.",
)
_output = click.option(
    "--output", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Form of the result."
)


@click.group("local", epilog="Example: deployer local up --fresh")
def local_group() -> None:
    """Run a real OpenSearch on this computer, for trying and testing.

    With a container engine (Docker, Podman) it is the official image. Without one it is the same server, fetched by
    Maven and run on a JDK 21 or later, with a local alerting service in front. DEPLOYER_LOCAL=service or =container
    decides by hand, DEPLOYER_LOCAL_HEAP=1g gives the node more memory.

    \b
    Example:
      deployer local up
    """


@local_group.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=9200,
    show_default=True,
    help="Port on 127.0.0.1; 0 takes a free one. A cluster that runs already keeps its own.",
)
@click.option("--fresh", is_flag=True, help="Stop it and delete all its data first.")
@_directory
@_output
def up(port: int, fresh: bool, directory: Path, output: str) -> None:
    """Start the local cluster and wait until it is ready.

    Does nothing if it runs already. The result is its address.

    \b
    Example:
      deployer local up --port 0 --output json
    """
    from deployer import local

    cluster = local.up(directory, port=port, fresh=fresh, progress=note)
    if cluster.kind == "service":
        note(_STAND_IN)
    result(cluster.url if output == "text" else _json(_cluster_values(cluster)))


@local_group.command()
@_directory
@_output
def down(directory: Path, output: str) -> None:
    """Stop the local cluster; its data stay.

    \b
    Example:
      deployer local down
    """
    from deployer import local

    stopped = local.down(directory)
    if output == "json":
        values = [{"role": item.role, "identity": item.identity, "forced": item.forced} for item in stopped]
        result(_json({"stopped": values}))
        return
    for item in stopped:
        result(f"stopped {item.role} ({item.identity}){', by force' if item.forced else ''}")
    if not stopped:
        result("nothing was running")


@local_group.command()
@_directory
@_output
def status(directory: Path, output: str) -> None:
    """Show whether the local cluster runs, where, and how it is.

    \b
    Example:
      deployer local status --output json
    """
    from deployer import local

    known = local.status(directory)
    result(_status_text(known) if output == "text" else _json(_status_values(known)))


def _json(values: dict[str, object]) -> str:
    return json.dumps({"format_version": _FORMAT_VERSION, **values}, indent=2)


def _cluster_values(cluster: LocalCluster) -> dict[str, object]:
    return {
        "url": cluster.url,
        "node_url": cluster.node_url,
        "kind": cluster.kind,
        "version": cluster.version,
        "pids": list(cluster.pids),
        "directory": str(cluster.directory),
    }


def _status_values(known: LocalStatus) -> dict[str, object]:
    return {
        "running": known.running,
        "health": known.health,
        "kind": known.kind,
        "url": known.url,
        "node_url": known.node_url,
        "version": known.version,
        "pids": list(known.pids),
        "heap_used_bytes": known.heap_used,
        "heap_max_bytes": known.heap_max,
        "directory": str(known.directory),
        "data": str(known.data),
        "logs": [str(log) for log in known.logs],
    }


def _status_text(known: LocalStatus) -> str:
    rows = [("running", "yes" if known.running else "no"), ("health", known.health)]
    if known.kind:
        rows += [("kind", known.kind), ("version", known.version), ("address", known.url), ("node", known.node_url)]
        rows += [("pids", " ".join(map(str, known.pids)) or "none")]
    if known.heap_max:
        rows += [("heap", f"{known.heap_used // 2**20} of {known.heap_max // 2**20} MB used")]
    rows += [("data", str(known.data))]
    rows += [("log", str(log)) for log in known.logs]
    return "\n".join(f"{name:<8} {value}" for name, value in rows)


COMMAND = local_group
