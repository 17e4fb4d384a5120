"""How long after they happened the events of a log source were ingested. All of it is read."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from deployer.cluster import errors
from deployer.cluster.client import Cluster

DAY = 86_400_000
MOST = 100_000
"""Events of one shard that are looked at."""

SEARCHES = 4
"""Log sources asked at once."""

PERCENTS = (50.0, 95.0, 99.0)

_DELAY = "doc['event.ingested'].value.toInstant().toEpochMilli() - doc['@timestamp'].value.toInstant().toEpochMilli()"
_LENIENT = {"ignore_unavailable": "true", "allow_no_indices": "true"}


@dataclass(frozen=True, slots=True)
class Delays:
    """`measured` events of the last day's `events` tell when they were ingested. `seconds` are percentiles, by `PERCENTS`.

    `problem` says why it could not be measured; `known` is false if these credentials may not read the indices.
    """

    events: int = 0
    measured: int = 0
    seconds: Mapping[float, float] | None = None
    problem: str = ""
    known: bool = True


def read_delays(cluster: Cluster, sources: Mapping[str, tuple[str, Mapping[str, str]]], now: int) -> dict[str, Delays]:
    """By log source, whose index pattern and telling fields `sources` gives; of the day before `now` (epoch milliseconds)."""
    with ThreadPoolExecutor(SEARCHES) as pool:
        found = pool.map(lambda place: _delays(cluster, place[0], place[1], now), sources.values())
        return dict(zip(sources, found, strict=True))


def _delays(cluster: Cluster, index: str, fields: Mapping[str, str], now: int) -> Delays:
    try:
        answer = cluster.request("POST", f"/{index}/_search", _search(fields, now), _LENIENT)
    except errors.CredentialsError as error:
        if error.status == 403:
            return Delays(known=False)
        raise
    except errors.AnswerError as error:
        return Delays(problem=f"{error.type}: {error.reason:.200}")
    failed = (answer.get("_shards") or {}).get("failures") or ()
    if failed:
        return Delays(problem=str((failed[0].get("reason") or {}).get("reason", ""))[:200])
    found = answer.get("aggregations") or {}
    if not found:
        return Delays()
    values = {
        float(name): value for name, value in found["told"]["late"]["values"].items() if isinstance(value, int | float)
    }
    seconds = {percent: values[percent] / 1000 for percent in PERCENTS if percent in values}
    return Delays(found["events"]["value"], found["told"]["doc_count"], seconds or None)


def _search(fields: Mapping[str, str], now: int) -> dict[str, Any]:
    def within(name: str) -> dict[str, Any]:
        return {"range": {name: {"gt": now - DAY, "lte": now, "format": "epoch_millis"}}}

    late = {"percentiles": {"script": {"lang": "painless", "source": _DELAY}, "percents": list(PERCENTS)}}
    return {
        "size": 0,
        "track_total_hits": False,
        "timeout": "10s",
        "terminate_after": MOST,
        "query": {
            "bool": {
                "filter": [{"term": {name: value}} for name, value in fields.items()],
                "should": [within("event.ingested"), within("@timestamp")],
                "minimum_should_match": 1,
            }
        },
        "aggs": {
            "events": {"value_count": {"field": "@timestamp"}},
            "told": {
                "filter": {"bool": {"filter": [within("event.ingested"), {"exists": {"field": "@timestamp"}}]}},
                "aggs": {"late": late},
            },
        },
    }
