"""Searches that only read, page by page, with what an answer leaves out."""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from deployer.replay.client import Client


@dataclass(slots=True)
class Reader:
    """Reads one monitor's indices. `gaps` collects why what was read is not everything."""

    client: Client
    indices: tuple[str, ...]
    timeout: float
    gaps: list[str] = field(default_factory=list)

    def search(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """The answer of one search, which the cluster gives up when nobody waits for it any more."""
        path = f"/{urllib.parse.quote(','.join(self.indices), safe=',*-._:')}/_search"
        limit = f"{max(1, round(self.timeout))}s"
        answer: Mapping[str, Any] = self.client.request("POST", path, body, {"cancel_after_time_interval": limit})
        shards = answer.get("_shards", {})
        if shards.get("failed") or answer.get("timed_out"):
            gap = f"{shards.get('failed') or 'some'} of {shards.get('total')} shards did not answer: at least this many"
            if gap not in self.gaps:
                self.gaps.append(gap)
        return answer

    def hits(self, body: Mapping[str, Any]) -> int:
        """How many events a search finds."""
        found: int = self.search({**body, "track_total_hits": True})["hits"]["total"]["value"]
        return found

    def buckets(self, body: Mapping[str, Any], name: str, size: int = 0) -> Iterator[Mapping[str, Any]]:
        """Every bucket of the aggregation `name`, page by page if it is a composite, in the order of its sources.

        A page of fewer than `size` buckets is taken for the last. Without a size only the server says which is: a condition
        leaves buckets out of pages, even all of one.
        """
        aggregation = body["aggregations"][name]
        while True:
            found = self.search(body).get("aggregations", {}).get(name, {})
            yield from found.get("buckets", ())
            after = found.get("after_key")
            if after is None or len(found.get("buckets", ())) < size:
                return
            paged = {**aggregation, "composite": {**aggregation["composite"], "after": after}}
            body = {**body, "aggregations": {**body["aggregations"], name: paged}}
