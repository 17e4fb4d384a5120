"""Everything on a cluster that may concern a deployment, in a fixed number of requests whatever its size."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from deployer.cluster import errors
from deployer.cluster.client import Cluster
from deployer.cluster.facts import read_facts, read_identity
from deployer.cluster.monitors import read_again, read_monitors
from deployer.model.resource import Kind, Resource
from deployer.plan.canonical import digest, redacted
from deployer.plan.live import Inventory, Live, Marker, description_marker, meta_marker
from deployer.plan.record import Record

CHANNEL_PAGE = 500


def read_inventory(cluster: Cluster, deployment: str, desired: Sequence[Resource], record: Record) -> Inventory:
    """The objects of a deployment: by name prefix, by owner, by recorded id; and monitors that bear a wanted name.

    Raises IncompleteError if anything was cut short, or any error of `Cluster.request`.
    """
    kinds = {resource.kind for resource in desired} | {entry.kind for entry in record.entries.values()}
    jobs: list[Callable[[], Sequence[Live]]] = [
        lambda kind=kind: read_named(cluster, kind, deployment)  # type: ignore[misc]
        for kind in (Kind.COMPONENT_TEMPLATE, Kind.INGEST_PIPELINE, Kind.INDEX_TEMPLATE)
    ]
    if Kind.CHANNEL in kinds or not desired:
        jobs.append(lambda: read_channels(cluster, deployment))
    ids = [entry.id for entry in record.entries.values() if entry.kind in (Kind.MONITOR, Kind.WORKFLOW)]
    names = [resource.name for resource in desired if resource.kind in (Kind.MONITOR, Kind.WORKFLOW)]
    identity = read_identity(cluster)
    with ThreadPoolExecutor(6) as pool:
        facts = pool.submit(read_facts, cluster, identity)
        monitors = pool.submit(read_monitors, cluster, deployment, ids, names)
        objects = [live for found in pool.map(lambda job: job(), jobs) for live in found]
        lives, counted = monitors.result()
        lives = read_again(cluster, lives, _unsettled(record))
        present, schedules = counted
        known = dataclasses.replace(facts.result(), present=present, schedules=schedules)
        return Inventory((*objects, *lives), known)


def _unsettled(record: Record) -> set[str]:
    """The ids of monitors that a killed run may have written a moment ago."""
    return {
        entry.id
        for key, entry in record.entries.items()
        if key in record.pending and entry.kind in (Kind.MONITOR, Kind.WORKFLOW)
    }


def read_named(cluster: Cluster, kind: Kind, deployment: str) -> list[Live]:
    """The templates or pipelines whose names begin with the deployment's name, whoever made them."""
    path, unpack = _NAMED[kind]
    try:
        answer = cluster.request("GET", f"{path}/{deployment}-*")
    except errors.AnswerError as error:
        if error.status == 404:
            return []
        raise
    return [Live(kind, name, name, body, digest(body), _marker(kind, body)) for name, body in unpack(answer)]


def read_channels(cluster: Cluster, deployment: str) -> list[Live]:
    """The channels whose ids begin with the deployment's name, whoever made them. Addresses are hidden.

    The plugin cannot search by part of an id and answers 404 to a list with one unknown, so all channels are paged through.
    """
    prefix = f"{deployment}-"
    return [_channel(item) for item in _all_channels(cluster) if str(item.get("config_id", "")).startswith(prefix)]


def _all_channels(cluster: Cluster) -> list[Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    total = 1
    for start in range(0, 10_000, CHANNEL_PAGE):
        answer = cluster.request(
            "GET",
            "/_plugins/_notifications/configs",
            params={
                "from_index": start,
                "max_items": CHANNEL_PAGE,
                "sort_field": "created_time_ms",
                "sort_order": "asc",
            },
        )
        page = answer["config_list"]
        found |= {item["config_id"]: item for item in page}
        total = answer["total_hits"]
        if len(page) < CHANNEL_PAGE:
            break
    if len(found) < total:
        raise errors.IncompleteError(
            f"only {len(found)} of {total} notification channels could be read",
            why="channels were changed while they were read, or a page was cut short",
            todo="Run again.",
        )
    return list(found.values())


def _channel(item: Mapping[str, Any]) -> Live:
    body = {"config_id": item["config_id"], "config": item["config"]}
    marker = description_marker(str(item["config"].get("description", "")))
    identity = str(item["config_id"])
    return Live(Kind.CHANNEL, identity, identity, redacted(Kind.CHANNEL, body), digest(body), marker)


def _marker(kind: Kind, body: Mapping[str, Any]) -> Marker | None:
    if kind is Kind.INGEST_PIPELINE:
        return description_marker(str(body.get("description", "")))
    return meta_marker(body.get("_meta") or {})


def _listed(plural: str, singular: str) -> Callable[[Any], Iterator[tuple[str, Any]]]:
    return lambda answer: ((item["name"], item[singular]) for item in answer[plural])


_NAMED: Mapping[Kind, tuple[str, Callable[[Any], Collection[Any] | Iterator[Any]]]] = {
    Kind.COMPONENT_TEMPLATE: ("/_component_template", _listed("component_templates", "component_template")),
    Kind.INDEX_TEMPLATE: ("/_index_template", _listed("index_templates", "index_template")),
    Kind.INGEST_PIPELINE: ("/_ingest/pipeline", lambda answer: answer.items()),
}
