"""A deployment on a real cluster for one test: deploys, looks with a client of its own, and cleans up."""

from __future__ import annotations

import base64
import json
import secrets
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deployer.cluster import Cluster
from deployer.deploy import About, Look, Terms, Wish, deploy, look
from deployer.model.environment import Connection, Environment
from deployer.model.errors import ClusterError
from deployer.model.resource import Resource
from deployer.plan import EVERYTHING, Choices, Plan, Selection
from deployer.plan.outcome import Fate, Result
from tests import deployments as made
from tests.node import Node

MONITORS = "/_plugins/_alerting/monitors"
WORKFLOWS = "/_plugins/_alerting/workflows"
CHANNELS = "/_plugins/_notifications/configs"
RECORDS = "/.deployer-records"


class Bench:
    """One deployment. `url` is the node's; runs may go through another address (a proxy)."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder = url, folder
        self.node = Node(url)
        self.deployment = f"h-{secrets.token_hex(4)}"
        self.stop = threading.Event()
        self.progress: list[str] = []
        self.also: list[str] = []

    def environment(self, **changes: Any) -> Environment:
        """The environment of the deployment."""
        return made.environment(self.deployment, self.url, **changes)

    def client(self, url: str = "", timeout: float = 30.0) -> Cluster:
        """A new client, so that each run counts its own requests."""
        return Cluster.connect(Connection((url or self.url,), timeout=timeout))

    def wish(self, resources: list[Resource], selection: Selection = EVERYTHING, **choices: Any) -> Wish:
        """What a run wants."""
        return Wish(resources, self.environment(), selection, Choices(**choices))

    def look(self, resources: list[Resource], url: str = "", **choices: Any) -> Look:
        """Look and plan."""
        return look(self.client(url), self.wish(resources, **choices))

    def plan(self, resources: list[Resource], url: str = "", **choices: Any) -> Plan:
        """The plan alone."""
        return self.look(resources, url, **choices).plan

    def deploy(
        self,
        resources: list[Resource],
        url: str = "",
        *,
        cluster: Cluster | None = None,
        seen: Look | None = None,
        terms: Mapping[str, Any] | None = None,
        **choices: Any,
    ) -> Result:
        """Plan (unless a look is given) and deploy."""
        client = cluster or self.client(url)
        wish = self.wish(resources, **choices)
        return deploy(client, seen or look(client, wish), wish, self.terms(**(terms or {})))

    def terms(self, **changes: Any) -> Terms:
        """How a run is run."""
        about = About("tester", "testhost", "c0ffee", "0.0", "2026-01-01T00:00:00Z")
        values = {"lock_wait": 0.0, "pause": 0.05, "progress": self.progress.append, "stop": self.stop}
        return Terms(**{"about": about, "records_folder": self.folder, **values, **changes})

    def monitors(self) -> dict[str, dict[str, Any]]:
        """All monitors with this deployment in a trigger id or owner, as hits by id; read with a client of the test's own."""
        query = {"bool": {"should": [{"match_phrase": {"monitor.name": self.deployment}}, {"term": {"monitor.owner.keyword": f"alerting {self.deployment}"}}]}}  # fmt: skip
        body = {"size": 1000, "version": True, "seq_no_primary_term": True, "query": query}
        try:
            answer = self.node.request("POST", f"{MONITORS}/_search", body)
        except ClusterError as error:
            if getattr(error, "status", None) == 404:
                return {}
            raise
        return {hit["_id"]: hit for hit in answer["hits"]["hits"]}

    def workflows(self) -> dict[str, dict[str, Any]]:
        """All workflows of this deployment, as hits by id."""
        query = {"bool": {"should": [{"term": {"workflow.owner.keyword": f"alerting {self.deployment}"}}, {"term": {"monitor.owner.keyword": "nobody"}}]}}  # fmt: skip
        try:
            answer = self.node.request("POST", f"{MONITORS}/_search", {"size": 1000, "query": query})
        except ClusterError as error:
            if getattr(error, "status", None) == 404:
                return {}
            raise
        return {hit["_id"]: hit for hit in answer["hits"]["hits"]}

    def monitor_id(self, name: str) -> str:
        """The id of the one monitor whose name contains `name`."""
        (found,) = [identity for identity, hit in self.monitors().items() if name in hit["_source"]["name"]]
        return found

    def edit(self, identity: str, change: Callable[[dict[str, Any]], None]) -> None:
        """Change a monitor as somebody would in Dashboards: read it, write it back changed."""
        body = self.node.request("GET", f"{MONITORS}/{identity}")["monitor"]
        change(body)
        self.node.request("PUT", f"{MONITORS}/{identity}", body)

    def create(self, body: Mapping[str, Any]) -> str:
        """Create a monitor by hand."""
        identity: str = self.node.request("POST", MONITORS, dict(body))["_id"]
        self.also.append(f"{MONITORS}/{identity}")
        return identity

    def record(self) -> dict[str, Any]:
        """The stored record."""
        source: dict[str, Any] = self.node.request("GET", f"{RECORDS}/_doc/{self.deployment}")["_source"]
        return source

    def documents(self) -> list[str]:
        """All that the deployment's records hold, contents included, as texts."""
        query = {"size": 1000, "query": {"term": {"deployment": self.deployment}}}
        self.node.request("POST", f"{RECORDS}/_refresh")
        sources = [hit["_source"] for hit in self.node.request("POST", f"{RECORDS}/_search", query)["hits"]["hits"]]
        packed = [source["content"] for source in sources if "content" in source]
        return [*map(dumps, sources), *(zlib.decompress(base64.b64decode(content)).decode() for content in packed)]

    def clean(self) -> None:
        """Remove everything that the deployment, or the test by hand, left."""
        for identity in self.workflows():
            self.node.gone(f"{WORKFLOWS}/{identity}")
        for identity in self.monitors():
            self.node.gone(f"{MONITORS}/{identity}")
        for path in self.also:
            self.node.gone(path)
        self.node.gone(f"{CHANNELS}/{self.deployment}-soc")
        self.node.gone(f"/_index_template/{self.deployment}-events")
        self.node.gone(f"/_ingest/pipeline/{self.deployment}-mark")
        self.node.gone(f"/_component_template/{self.deployment}-base")
        query = {"query": {"term": {"deployment": self.deployment}}}
        try:
            self.node.request("POST", f"{RECORDS}/_delete_by_query", query, {"refresh": "true", "conflicts": "proceed"})
        except ClusterError as error:
            if getattr(error, "status", None) != 404:
                raise


@contextmanager
def bench(url: str, folder: Path) -> Iterator[Bench]:
    """A bench that cleans up whatever happens."""
    found = Bench(url, folder)
    try:
        yield found
    finally:
        found.clean()


def dumps(value: Any) -> str:
    """Everything of a value as text, for looking for what must not be in it."""
    return json.dumps(value, default=repr)


def fates(result: Result) -> dict[str, Fate]:
    """What became of each object."""
    return {outcome.action.key: outcome.fate for outcome in result.outcomes}
