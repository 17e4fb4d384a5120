"""A stage filled with very many mapped events, and what the pipelines cost on the way there."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any

from benchmarks.query_cost.events import Base, copies, templates
from benchmarks.query_cost.others import COMMANDS, COPY
from deployer.model.analytic import Repository
from deployer.model.resource import Kind
from deployer.render.naming import Naming
from deployer.replay.client import Client
from deployer.replay.stage import PATHS

BATCH = 1_000
NAMESPACE = "cost"
LONGEST = 60.0
"""Seconds for which the rate of one log source is measured."""

Documents = Mapping[str, tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]]
"""Of each log source its mapped documents: common ones, rare ones."""


@dataclass(frozen=True, slots=True)
class Rate:
    """How fast one node took the events of a log source: raw through its pipeline, and the same already mapped without one.

    In events per second, batches of both in turn.
    """

    source: str
    pipeline: str
    events: int
    with_it: float
    without: float

    @property
    def part(self) -> float:
        """What is left of the rate with the pipeline."""
        return self.with_it / self.without

    def plain(self) -> dict[str, Any]:
        """JSON-ready."""
        return {"source": self.source, "pipeline": self.pipeline, "events": self.events, "raw_per_second": round(self.with_it, 1),
                "mapped_per_second": round(self.without, 1), "part_left": round(self.part, 3)}  # fmt: skip


def keep_keywords(client: Client, repository: Repository, naming: Naming) -> None:
    """Let the stage keep commands as keywords too, as indices have them whose mapping nobody chose: for the search of others."""
    for name in repository.components:
        path = f"{PATHS[Kind.COMPONENT_TEMPLATE]}/{naming.resource(name)}"
        body = json.loads(json.dumps({"template": repository.components[name]["template"]}))
        changed = False
        for place in COMMANDS:
            field = _field(body["template"].get("mappings", {}), place.split("."))
            if field is not None:
                field.setdefault("fields", {})[COPY] = {"type": "keyword", "ignore_above": 8191}
                changed = True
        if changed:
            client.request("PUT", path, body)


def _field(mappings: Mapping[str, Any], place: Sequence[str]) -> Any:
    found: Any = mappings
    for name in place:
        found = (found or {}).get("properties", {}).get(name)
    return found


def mapped(
    client: Client, repository: Repository, naming: Naming, bases: Sequence[Base]
) -> dict[str, tuple[list[Any], list[Any]]]:
    """The documents that the pipelines make of the raw events."""
    result: dict[str, tuple[list[Any], list[Any]]] = {}
    for base in bases:
        stream = naming.stream(repository.sources[base.source].dataset, "once")
        found = []
        for raw in (base.common, base.rare):
            if raw:
                _bulk(client, stream, [json.dumps(document) for document in raw], refresh=True)
            found.append([hit["_source"] for hit in _all(client, stream)])
            if raw:
                client.request("DELETE", f"/_data_stream/{stream}")
        result[base.source] = (found[0], found[1])
    return result


def rates(
    client: Client,
    repository: Repository,
    naming: Naming,
    bases: Sequence[Base],
    documents: Documents,
    events: int,
    progress: Callable[[str], None],
) -> list[Rate]:
    """The rate of each log source's pipeline. The first batch of each side warms up and does not count.

    A log source of large events (script blocks) ends with the batch in which it has taken `LONGEST` seconds.
    """
    result = []
    for base in bases:
        source = repository.sources[base.source]
        raw = cycle([json.dumps(document) for document in base.common])
        ready = cycle([json.dumps(document) for document in documents[base.source][0]])
        sides = (naming.stream(source.dataset, "raw"), naming.stream(source.dataset, "mapped"))
        seconds = [0.0, 0.0]
        count = max(1, events // BATCH)
        sent = 0
        for number in range(count + 1):
            if sum(seconds) > LONGEST:
                break
            sent = number * BATCH
            for side, (stream, lines) in enumerate(zip(sides, (raw, ready), strict=True)):
                taken = _bulk(client, stream, list(islice(lines, BATCH)), pipeline=side == 0)
                seconds[side] += taken if number else 0.0
        for stream in sides:
            client.request("DELETE", f"/_data_stream/{stream}")
        rate = Rate(base.source, source.pipeline, sent, sent / seconds[0], sent / seconds[1])
        result.append(rate)
        progress(f"  {base.source}: {rate.with_it:,.0f} events a second, {rate.without:,.0f} without the pipeline")
    return result


def fill(
    client: Client,
    repository: Repository,
    naming: Naming,
    documents: Documents,
    events: int,
    span: tuple[int, int],
    people: tuple[int, int],
    progress: Callable[[str], None],
) -> int:
    """Index so many events, the same number of each log source, over the time `span` (epoch ms); the number that are there then."""
    sources = sorted(documents)
    begin = time.perf_counter()
    sent = 0
    for number, source in enumerate(sources):
        share = events // len(sources) + (1 if number < events % len(sources) else 0)
        common, rare = (templates(list(side)) for side in documents[source])
        stream = naming.stream(repository.sources[source].dataset, NAMESPACE)
        for batch in _batches(copies(common, rare, share, *span, *people)):
            _bulk(client, stream, batch, pipeline=False)
            sent += len(batch)
            if sent % (50 * BATCH) < BATCH:
                progress(f"  {sent:,} of {events:,} events, {sent / (time.perf_counter() - begin):,.0f} a second")
    place = f"/{naming.streams}-*-{NAMESPACE}"
    client.request("POST", f"{place}/_refresh")
    counted: int = client.request("GET", f"{place}/_count")["count"]
    assert counted == events, f"{counted} of {events} events are there"
    return counted


def _batches(lines: Iterable[str]) -> Iterator[list[str]]:
    waiting = iter(lines)
    while batch := list(islice(waiting, BATCH)):
        yield batch


def _bulk(
    client: Client, stream: str, documents: Sequence[str], *, pipeline: bool = True, refresh: bool = False
) -> float:
    """Send documents, through the stream's own pipeline or none; the seconds it took. Raises AssertionError if one is refused."""
    text = "".join(f'{{"create":{{}}}}\n{document}\n' for document in documents)
    params = {
        "filter_path": "errors,items.*.error",
        **({} if pipeline else {"pipeline": "_none"}),
        **({"refresh": "true"} if refresh else {}),
    }
    begin = time.perf_counter()
    answer = client.request("POST", f"/{stream}/_bulk", text, params)
    taken = time.perf_counter() - begin
    assert not answer["errors"], f"{stream}: {str(answer['items'][:2])[:600]}"
    return taken


def _all(client: Client, stream: str) -> list[Any]:
    body = {"size": 10_000, "query": {"match_all": {}}}
    hits: list[Any] = client.request("POST", f"/{stream}/_search", body, {"ignore_unavailable": "true"})["hits"]["hits"]
    return hits
