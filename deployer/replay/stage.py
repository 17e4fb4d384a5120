"""A throw-away set of templates, pipelines and data streams, which no deployed monitor sees, and which is always cleaned up."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from deployer.model.analytic import Repository
from deployer.model.errors import ClusterError
from deployer.model.resource import Kind
from deployer.render import mappings
from deployer.render.naming import Naming
from deployer.replay.client import Client

PREFIX = "dactest"
STALE = 3600
"""Seconds after which a stage that somebody's killed run left behind is cleaned up by the next run."""

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
    finally:
        _remove(client, run)


def _remove(client: Client, run: str) -> None:
    for path in ("/_data_stream", *reversed(PATHS.values())):
        try:
            client.request("DELETE", f"{path}/{run}-*")
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
