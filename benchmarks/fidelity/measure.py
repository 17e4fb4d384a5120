"""The raw events of pairs through our pipelines into a throw-away stage, and back as documents."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from benchmarks.fidelity.pairs import Pair
from deployer.model.analytic import Repository
from deployer.replay.client import Client
from deployer.replay.stage import stage

PAGE = 500


def documents(client: Client, repository: Repository, pairs: list[Pair]) -> list[dict[int, Mapping[str, Any]]]:
    """For each pair, our document of each of its events by number.

    Raises AssertionError if the node takes one event less than it was sent: the mapping refuses nothing.
    """
    kept: list[dict[int, Mapping[str, Any]]] = [{} for _ in pairs]
    sources = sorted({event.source for pair in pairs for event in pair.events})
    with stage(client, repository, sources) as naming:
        events = [(place, event) for place, pair in enumerate(pairs) for event in pair.events]
        for start in range(0, len(events), PAGE):
            lines = []
            for place, event in events[start : start + PAGE]:
                stream = naming.stream(repository.sources[event.source].dataset, "fidelity")
                lines.append(json.dumps({"create": {"_index": stream, "_id": f"{place}-{event.number}"}}))
                lines.append(json.dumps(event.document))
            answer = client.request("POST", "/_bulk", "\n".join(lines) + "\n", {"refresh": "true"})
            refused = [item["create"]["error"] for item in answer["items"] if "error" in item["create"]]
            assert not refused, f"refused: {refused[:3]}"
        for start in range(0, len(events), PAGE):
            wanted = [f"{place}-{event.number}" for place, event in events[start : start + PAGE]]
            body = {"size": PAGE, "query": {"ids": {"values": wanted}}}
            for hit in client.request("POST", f"/{naming.streams}-*/_search", body)["hits"]["hits"]:
                place, _, number = hit["_id"].partition("-")
                kept[int(place)][int(number)] = hit["_source"]
    assert len(events) == sum(map(len, kept)), "an event was lost"
    return kept
