"""How much of the past is kept in the index of records: so many deploys, and the contents that they or the present need."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from deployer.cluster.client import Cluster
from deployer.cluster.history import oldest_kept, read_deployments
from deployer.cluster.records import INDEX, body_id, with_documents
from deployer.plan.history import objects_of
from deployer.plan.record import Record

EVERY = 20
"""Deploys after which what is older is removed, so that few deploys pay for it."""

_MANIFESTS = 25
"""Lists of what stood there that are read at once: about 60 kB each for 900 monitors."""

MOST = 60_000
"""Names in one query; the server takes 65,536."""


def due(record: Record) -> bool:
    """Whether it is time to remove what is older than the deploys that are kept."""
    return oldest_kept(record.generation) > 1 and record.generation % EVERY == 0


def tidy(cluster: Cluster, record: Record) -> int:
    """Remove the deploys that are older, and contents that neither the others nor the record need; how many documents went.

    If it cannot be known what is needed (a list is gone), nothing is removed. It may be interrupted at any point.
    """
    record = dataclasses.replace(record, documents={})
    numbers = range(record.generation, oldest_kept(record.generation) - 1, -1)
    kept = [one for one in read_deployments(cluster, record.deployment, numbers) if one is not None]
    needed = {name for one in kept for name in (one.manifest, one.results)}
    needed |= {name for entry in record.entries.values() for name in (entry.sent_document, entry.stored_document)}
    needed |= {intent.sent_document for intent in record.pending.values()}
    manifests = [one.manifest for one in kept if one.manifest]
    for part in (manifests[start : start + _MANIFESTS] for start in range(0, len(manifests), _MANIFESTS)):
        found = with_documents(cluster, record, part).documents
        if any(name not in found for name in part):
            return 0
        needed |= {item.document for name in part for item in objects_of(found[name]).values()}
    needed.discard("")
    if len(needed) > MOST:
        return 0
    answer = cluster.request(
        "POST",
        f"/{INDEX}/_delete_by_query",
        {"query": {"bool": {"should": list(_old(record, sorted(needed)))}}},
        {"conflicts": "proceed"},
    )
    return int(answer["deleted"])


def _old(record: Record, needed: Sequence[str]) -> Iterator[dict[str, object]]:
    ours = {"term": {"deployment": record.deployment}}
    yield {
        "bool": {
            "filter": [
                ours,
                {"term": {"type": "deployment"}},
                {"range": {"generation": {"lt": oldest_kept(record.generation)}}},
            ],
        }
    }
    ids = [body_id(record.deployment, name) for name in needed]
    yield {"bool": {"filter": [ours, {"term": {"type": "body"}}], "must_not": [{"ids": {"values": ids}}]}}
