"""The node that a benchmark measures: the one that OPENSEARCH_URL names, or one of its own that it removes again."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deployer import local
from deployer.cluster import connect
from deployer.cluster.errors import AnswerError
from deployer.model.environment import Connection
from deployer.replay.client import Client

ROOT = Path(__file__).parent.parent
BUILD = ROOT / "build"
TIMEOUT = 300.0

RAISED: Mapping[str, Any] = {
    "script.context.template.max_compilations_rate": "2000/1m",
    "script.context.template.cache_max_size": "3000",
}
"""The limits with which a node runs about a thousand monitors (docs/deploy.md)."""

DEFAULT: Mapping[str, Any] = {
    "script.context.template.max_compilations_rate": "75/5m",
    "script.context.template.cache_max_size": "100",
}
"""What a node has when nobody sets anything."""

OURS = "the local alerting service of this project, in front of a node without the plugin"


@contextmanager
def node(heap: str = "1g") -> Iterator[str]:
    """The address of a node. One of our own has `heap` of memory, lives in a temporary folder and is stopped at the end."""
    given = os.environ.get("OPENSEARCH_URL")
    if given:
        yield given.rstrip("/")
        return
    with tempfile.TemporaryDirectory(prefix="benchmark-") as temporary:
        before = os.environ.get("DEPLOYER_LOCAL_HEAP")
        os.environ["DEPLOYER_LOCAL_HEAP"] = before or heap
        try:
            cluster = local.up(Path(temporary), port=0, fresh=True, progress=say)
        finally:
            if before is None:
                del os.environ["DEPLOYER_LOCAL_HEAP"]
        try:
            yield cluster.url
        finally:
            local.down(Path(temporary))


def client(url: str) -> Client:
    """A client for preparing and looking, with the patience that large requests need."""
    return connect(Connection((url,), timeout=TIMEOUT))


@contextmanager
def settings(url: str, values: Mapping[str, Any]) -> Iterator[None]:
    """Persistent cluster settings for a while; what stood there before is put back."""
    with_them = client(url)
    before = with_them.request("GET", "/_cluster/settings", params={"flat_settings": "true"})["persistent"]
    with_them.request("PUT", "/_cluster/settings", {"persistent": dict(values)})
    try:
        yield
    finally:
        with_them.request("PUT", "/_cluster/settings", {"persistent": {name: before.get(name) for name in values}})


def alerting(url: str) -> str:
    """Which alerting answers there: the plugin, with its version, or the local service.

    Asked by the statistics, which come from the node itself: the lists of plugins name what the service stands in for, too.
    """
    answer = client(url).request("GET", "/_cluster/stats", params={"filter_path": "nodes.plugins"})
    plugins = answer.get("nodes", {}).get("plugins", ())
    versions = [item["version"] for item in plugins if item["name"] == "opensearch-alerting"]
    return f"the Alerting plugin {versions[0]}" if versions else OURS


def gone(with_it: Client, path: str, params: Mapping[str, Any] | None = None) -> None:
    """Delete what stands at a path, if anything does."""
    try:
        with_it.request("DELETE", path, params=params)
    except AnswerError as error:
        if error.status != 404:
            raise


def say(line: str) -> None:
    """Progress goes to stderr, the result to stdout."""
    print(line, file=sys.stderr, flush=True)
