"""Sample events into data streams, through the pipelines of their log sources."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from deployer.model.analytic import Case, LogSource
from deployer.model.errors import ClusterError
from deployer.render.naming import Naming
from deployer.replay import cut
from deployer.replay.client import Client

BATCH = 500


@dataclass(frozen=True, slots=True)
class Event:
    """A document for a data stream. The id is made of what it is, so the same sample sent twice is one event."""

    stream: str
    id: str
    document: Mapping[str, Any]


def events_of(
    analytic: str, case: Case, sources: Mapping[str, LogSource], naming: Naming, namespace: str
) -> list[Event]:
    """The events of a case. A raw line gets the case's clock as `event.created`: the time at which a shipper read it,
    which is what year-less dates are completed from."""
    created = datetime.fromtimestamp(case.clock, UTC).isoformat().replace("+00:00", "Z")
    result = []
    for number, sample in enumerate(case.events):
        source = sources[sample.source]
        for part, document in enumerate(cut.sample(sample.raw, source.format)):
            if not isinstance(sample.raw, dict):
                document = {**document, "event": {"created": created}}
            for copy in range(sample.repeat):
                digest = hashlib.sha256(
                    f"{analytic}|{case.name}|{number}|{part}|{copy}|{json.dumps(document, sort_keys=True)}".encode()
                ).hexdigest()
                result.append(Event(naming.stream(source.dataset, namespace), digest[:32], document))
    return result


def send(client: Client, events: Iterable[Event]) -> int:
    """Index events and make them searchable; the number that were new.

    Raises ClusterError if the cluster refuses even one: an event that is lost would pass for one that does not alert.
    """
    waiting = list(events)
    new = 0
    for start in range(0, len(waiting), BATCH):
        batch = waiting[start : start + BATCH]
        lines = []
        for event in batch:
            lines.append(json.dumps({"create": {"_index": event.stream, "_id": event.id}}))
            lines.append(json.dumps(event.document))
        answer = client.request("POST", "/_bulk", "\n".join(lines) + "\n", {"refresh": "true"})
        for event, item in zip(batch, answer["items"], strict=True):
            status = item["create"]["status"]
            if status == 409:
                continue
            if status >= 300:
                reason = item["create"].get("error", {})
                raise ClusterError(
                    f"the cluster refused a sample event for {event.stream}",
                    why=json.dumps(reason)[:600],
                    todo="the pipeline or the mapping must take every event; see docs: pipelines",
                )
            new += 1
    return new


def remove(client: Client, events: Iterable[Event]) -> None:
    """Take events out again, at once; those that are not there are passed over."""
    by_stream: dict[str, list[str]] = {}
    for event in events:
        by_stream.setdefault(event.stream, []).append(event.id)
    for stream, ids in by_stream.items():
        for start in range(0, len(ids), BATCH):
            query = {"query": {"ids": {"values": ids[start : start + BATCH]}}}
            client.request("POST", f"/{stream}/_delete_by_query", query, {"refresh": "true", "conflicts": "proceed"})
