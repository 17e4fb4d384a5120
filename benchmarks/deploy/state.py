"""The state that each measurement starts from: no monitor, and a system index that was never written to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.deploy.bare import MONITORS, Call
from benchmarks.node import client, gone
from deployer.cluster import Vault
from deployer.cluster.errors import AnswerError
from deployer.desired.read import fresh
from deployer.model.errors import UsageError
from deployer.model.permissions import CONFIG, RECORDS
from deployer.model.resource import Kind, Resource

CHANNELS = "/_plugins/_notifications/configs"
_NAMED = {
    Kind.COMPONENT_TEMPLATE: "/_component_template",
    Kind.INGEST_PIPELINE: "/_ingest/pipeline",
    Kind.INDEX_TEMPLATE: "/_index_template",
}


def monitors(url: str) -> dict[str, Mapping[str, Any]]:
    """All monitors of the node by id, whoever owns them; the names of the hits are as the plugin gives them."""
    query = {"bool": {"should": [{"exists": {"field": "monitor.owner"}}, {"exists": {"field": "monitor"}}]}}
    try:
        answer = client(url).request("POST", f"{MONITORS}/_search", {"size": 10_000, "query": query})
    except AnswerError as error:
        if error.status == 404:
            return {}
        raise
    return {hit["_id"]: hit["_source"] for hit in answer["hits"]["hits"]}


def require_empty(url: str) -> None:
    """Raise UsageError if the node has monitors: the benchmark deletes the index in which they stand."""
    found = len(monitors(url))
    if found:
        raise UsageError(
            f"{url} has {found} monitors",
            why="this benchmark deletes the system index of monitors again and again, to start from the same state",
            todo="Name a node in OPENSEARCH_URL that has none, or unset it: then one is started for the benchmark alone.",
        )


def reset(url: str, made: Sequence[Resource]) -> None:
    """Remove what a repository makes, then the index of monitors with its deleted documents, and the record."""
    with_it = client(url)
    gone(with_it, f"/{CONFIG}")
    gone(with_it, f"/{RECORDS}")
    for kind in (Kind.INDEX_TEMPLATE, Kind.COMPONENT_TEMPLATE, Kind.INGEST_PIPELINE):
        for resource in reversed([one for one in made if one.kind is kind]):
            gone(with_it, f"{_NAMED[kind]}/{resource.name}")
    for resource in made:
        if resource.kind is Kind.CHANNEL:
            gone(with_it, f"{CHANNELS}/{resource.name}")


def resources(repository: Path) -> tuple[Resource, ...]:
    """What the repository becomes: the bodies that both the tool and the bare loop send."""
    _, made = fresh(repository, "bench", Vault(repository).read)
    return tuple(made.resources)


def creates(made: Sequence[Resource]) -> list[list[Call]]:
    """The calls that create them, in stages that may be sent at once."""
    stages: dict[tuple[int, str], list[Call]] = {}
    for resource in made:
        stages.setdefault((resource.kind.stage, str(resource.kind)), []).append(_create(resource))
    return [stages[place] for place in sorted(stages)]


def deletes(ids: Sequence[str]) -> list[list[Call]]:
    """The calls that delete monitors."""
    return [[Call("DELETE", f"{MONITORS}/{identity}", None) for identity in ids]]


def _create(resource: Resource) -> Call:
    if resource.kind is Kind.MONITOR:
        return Call("POST", f"{MONITORS}?refresh=false", resource.body)
    if resource.kind is Kind.CHANNEL:
        return Call("POST", CHANNELS, resource.body)
    return Call("PUT", f"{_NAMED[resource.kind]}/{resource.name}", resource.body)
