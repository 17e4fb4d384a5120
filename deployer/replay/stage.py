"""A throw-away set of templates, pipelines and data streams, which no deployed monitor sees, and which is always cleaned up."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from deployer.model.analytic import Repository
from deployer.model.errors import ClusterError, DeployerError
from deployer.model.resource import Kind
from deployer.render import mappings
from deployer.render.naming import Naming
from deployer.replay.client import Client

PREFIX = "dactest"
STALE = 3600
"""Seconds after which a stage that somebody's killed run left behind is cleaned up by the next run."""

PATIENCE = 30.0
"""Seconds that the server may take to end what an interrupted run had begun."""

PATHS = {
    Kind.COMPONENT_TEMPLATE: "/_component_template",
    Kind.INGEST_PIPELINE: "/_ingest/pipeline",
    Kind.INDEX_TEMPLATE: "/_index_template",
}


@contextmanager
def stage(client: Client, repository: Repository, sources: Iterable[str]) -> Iterator[Naming]:
    """Set up what the data streams of `sources` need under a name of its own; remove all of it, whatever happens."""
    _sweep(client)
    run = f"{PREFIX}-{int(time.time())}-{secrets.token_hex(3)}"
    naming = Naming(run, run)
    try:
        for resource in mappings.render(repository, naming, sources):
            client.request("PUT", f"{PATHS[resource.kind]}/{resource.name}", resource.body)
        yield naming
    except BaseException:
        _await_writes(client, run)
        raise
    finally:
        _remove(client, run)


def _await_writes(client: Client, run: str) -> None:
    """Wait until the server has ended the writes of an interrupted run: one still under way would make a stream anew."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            tasks = client.request("GET", "/_tasks", params={"actions": "indices:data/write/bulk*", "detailed": "true"})
        except DeployerError:
            return  # who may not see the tasks deletes at once
        own = [task for node in tasks.get("nodes", {}).values() for task in node["tasks"].values()]
        if not any(run in task.get("description", "") for task in own):
            return
        time.sleep(0.1)


def _remove(client: Client, run: str) -> None:
    """Remove everything of a run. A stream that a late write made keeps its template from going, so both are tried again."""
    deadline = time.monotonic() + PATIENCE
    for path in ("/_data_stream", *reversed(PATHS.values())):
        while True:
            try:
                _gone(client, f"{path}/{run}-*")
                break
            except ClusterError as error:
                if error.status != 400 or time.monotonic() > deadline:
                    raise
                _gone(client, f"/_data_stream/{run}-*")
                time.sleep(0.1)


def _gone(client: Client, path: str) -> None:
    try:
        client.request("DELETE", path)
    except ClusterError as error:
        if error.status != 404:
            raise


def _sweep(client: Client) -> None:
    """Remove the stages that killed runs left behind."""
    try:
        answer = client.request("GET", f"/_index_template/{PREFIX}-*", params={"filter_path": "index_templates.name"})
    except ClusterError as error:
        if error.status == 404:
            return
        raise
    for name in sorted({"-".join(item["name"].split("-")[:3]) for item in answer.get("index_templates", ())}):
        made = name.split("-")[1]
        if made.isdigit() and time.time() - int(made) > STALE:
            _remove(client, name)
