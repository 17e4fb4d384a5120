"""How many requests plans and deploys without changes take: as many for a thousand monitors as for ten."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from deployer.cluster import Cluster, records
from deployer.cluster.secrets import Vault
from deployer.cluster.wire import Answer
from deployer.deploy import About, Terms, Wish, deploy, look
from deployer.model.resource import Kind, Resource
from deployer.plan import Choices
from tests import deployments as made

DEPLOYMENT = "h-many"
STREAM = ".ds-h-many-events-a-000001"


class Unchanged:
    """A wire to a cluster on which everything stands as it was deployed. `paths` are the requests that came."""

    addresses = ("http://127.0.0.1:9",)

    def __init__(self, resources: list[Resource]) -> None:
        self.paths: list[str] = []
        lives, record = made.deployed(resources)
        bodies = {resource.key: made.stored_body(resource) for resource in resources}
        found = list(zip(resources, lives, strict=True))
        monitors = [
            {"_id": live.id, "_seq_no": 7, "_primary_term": 1, "_version": 1, "_source": bodies[item.key], "sort": [7]}
            for item, live in found
            if item.kind is Kind.MONITOR
        ]

        def named(kind: Kind, singular: str) -> list[dict[str, Any]]:
            return [{"name": item.name, singular: bodies[item.key]} for item in resources if item.kind is kind]

        self.answers: dict[str, Any] = {
            "/": {"cluster_uuid": "u", "version": {"distribution": "opensearch", "number": "3.4.0"}},
            "/_cluster/health": {"status": "green", "number_of_data_nodes": 1},
            "/_cluster/settings": {},
            "/_cat/shards/*": [{"state": "STARTED"}],
            f"/.deployer-records/_doc/{DEPLOYMENT}": {"_seq_no": 1, "_primary_term": 1, "_source": records.source_of(record)},
            "/_component_template/*": {"component_templates": named(Kind.COMPONENT_TEMPLATE, "component_template")},
            "/_index_template/*": {"index_templates": named(Kind.INDEX_TEMPLATE, "index_template")},
            "/_ingest/pipeline/*": {item.name: bodies[item.key] for item in resources if item.kind is Kind.INGEST_PIPELINE},
            "/_plugins/_notifications/configs": {
                "config_list": [bodies[item.key] for item in resources if item.kind is Kind.CHANNEL], "total_hits": 1,
            },
            "/_plugins/_alerting/monitors/_search": {
                "_shards": {"failed": 0}, "aggregations": made.counted(len(monitors)),
                "hits": {"total": {"value": len(monitors)}, "hits": monitors},
            },
            "/_data_stream/*": {"data_streams": [{"name": "h-many-events-a", "template": "h-many-events", "indices": [{"index_name": STREAM}]}]},
            f"/{STREAM}": {STREAM: {"mappings": made.component(DEPLOYMENT).body["template"]["mappings"], "settings": {"index": {}}}},
        }  # fmt: skip

    def send(self, method: str, path: str, body: Any, params: Mapping[str, Any] | None) -> Answer:
        """The answer to a request that reads; any other, and one that nobody planned, fails the test."""
        assert method == "GET" or path.endswith("/_search"), (method, path)
        self.paths.append(path)
        (answer,) = [answer for known, answer in self.answers.items() if known == path or fnmatchcase(path, known)]
        return Answer(200, {}, answer)

    def close(self) -> None:
        """Nothing is open."""


def _resources(monitors: int) -> list[Resource]:
    shaped = made.index_template(DEPLOYMENT, stream=True)
    others = [item for item in made.everything(DEPLOYMENT)[:4] if item.kind is not Kind.INDEX_TEMPLATE]
    return [*others, shaped, *(made.monitor(DEPLOYMENT, f"XX{number:04}", "m") for number in range(monitors))]


@pytest.mark.parametrize("monitors", [10, 300, 1000])
def test_nothing_changed_takes_the_same_requests_for_any_number_of_monitors(monitors: int, tmp_path: Path) -> None:
    """A plan and a deploy send the same twelve requests, all of them reads; nothing is asked object by object."""
    resources = _resources(monitors)
    wire = Unchanged(resources)
    cluster = Cluster(wire, Vault())  # type: ignore[arg-type]
    wish = Wish(resources, made.environment(DEPLOYMENT), choices=Choices())
    terms = Terms(About("a", "b", "", "0", "2026-01-01T00:00:00Z"), tmp_path, threading.Event(), lambda line: None)

    planned = look(cluster, wish)
    paths = list(wire.paths)
    result = deploy(cluster, planned, wish, terms)

    assert planned.plan.empty
    assert len(resources) == planned.plan.unchanged == result.plan.unchanged
    assert () == planned.plan.notes
    assert 12 == len(paths)
    assert wire.paths == paths, "a deploy without changes asks nothing that its plan did not ask"
