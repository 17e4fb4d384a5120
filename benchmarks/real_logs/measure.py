"""One file through the pipelines into a throw-away stage, and every monitor over it at the events' own times."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from benchmarks.real_logs.files import LogFile
from benchmarks.real_logs.judge import Alerting, Measured, judged
from deployer.model.analytic import Analytic, Repository
from deployer.model.environment import Environment
from deployer.model.finding import Findings
from deployer.render import Naming, monitors, schedules
from deployer.render.target import Target
from deployer.render.templating import Templates
from deployer.replay import execute
from deployer.replay.client import Client
from deployer.replay.stage import stage

BATCH_BYTES = 4_000_000
PAGE = 5_000
Entity = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Hit:
    """An event that a monitor's conditions match: its lines, its time (epoch seconds) and the entity it belongs to."""

    numbers: tuple[int, ...]
    at: float
    entity: Entity


@dataclass(slots=True)
class Ingested:
    """What became of a file's events. `failed` and `refused` tell of a line why it could not be read or was not taken."""

    sent: int = 0
    stored: int = 0
    seconds: float = 0.0
    failed: dict[int, str] = field(default_factory=dict)
    refused: dict[int, str] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Events per second."""
        return self.sent / self.seconds if self.seconds else 0.0


def measure(
    client: Client,
    repository: Repository,
    log: LogFile,
    environments: Mapping[str, Environment | None],
    progress: Callable[[str], None],
) -> list[Measured]:
    """Ingest a file and run the analytics of its log sources, once for each environment (None: the defaults)."""
    analytics = [a for a in repository.analytics.values() if {use.source for use in a.log_sources} & set(log.events)]
    result: list[Measured] = []
    with stage(client, repository, list(log.events)) as naming:
        ingested = _ingest(client, repository, log, naming)
        progress(
            f"{log.platform}/{log.name}: {ingested.sent} events, {ingested.rate:.0f} a second, "
            f"{len(ingested.failed)} with errors, {ingested.sent - ingested.stored} lost"
        )
        for number, why in list(ingested.refused.items())[:5]:
            progress(f"{log.platform}/{log.name}:{number}: refused: {why}")
        for analytic in analytics:
            for run, environment in environments.items():
                alerting = _alerting(client, repository, analytic, environment, naming)
                one = judged(log, analytic.id, run, alerting, {**ingested.failed, **ingested.refused})
                one.unparsed, one.lost = len(ingested.failed), ingested.sent - ingested.stored
                one.events_per_second = round(ingested.rate, 1)
                result.append(one)
    return result


def _ingest(client: Client, repository: Repository, log: LogFile, naming: Naming) -> Ingested:
    result = Ingested()
    begin = time.perf_counter()
    for lines, numbers in _batches(repository, log, naming):
        answer = client.request("POST", "/_bulk", lines, {"filter_path": "items.*.status,items.*.error"})
        for number, item in zip(numbers, answer["items"], strict=True):
            if item["create"]["status"] >= 300:
                result.refused[number] = json.dumps(item["create"]["error"])[:300]
        result.sent += len(numbers)
    result.seconds = time.perf_counter() - begin
    client.request("POST", f"/{naming.streams}-*/_refresh")
    body = {"size": 0, "track_total_hits": True, "query": {"match_all": {}}}
    result.stored = client.request("POST", f"/{naming.streams}-*/_search", body)["hits"]["total"]["value"]
    errors = {"query": {"term": {"tags": "pipeline_error"}}, "_source": ["error.message"]}
    for hit in _all(client, f"{naming.streams}-*", errors):
        for number in _numbers(hit)[:1]:
            result.failed[number] = str(hit["_source"].get("error", {}).get("message", "no reason given"))[:300]
    return result


def _batches(repository: Repository, log: LogFile, naming: Naming) -> Iterator[tuple[str, list[int]]]:
    lines: list[str] = []
    numbers: list[int] = []
    size = 0
    for source, events in log.events.items():
        stream = naming.stream(repository.sources[source].dataset, "real")
        for number, event in enumerate(events):
            text = json.dumps(event.document)
            # An event of very many lines (audit records) is known by the first of them: an id has 512 bytes at most.
            joined = ",".join(map(str, event.numbers))
            identity = f"{source}|{number}|{joined if len(joined) < 400 else event.numbers[0]}"
            lines += [json.dumps({"create": {"_index": stream, "_id": identity}}), text]
            numbers.append(event.numbers[0])
            size += len(text)
            if size > BATCH_BYTES or len(numbers) >= 500:
                yield "\n".join(lines) + "\n", numbers
                lines, numbers, size = [], [], 0
    if numbers:
        yield "\n".join(lines) + "\n", numbers


def _alerting(
    client: Client, repository: Repository, analytic: Analytic, environment: Environment | None, naming: Naming
) -> Alerting:
    found: dict[int, str] = {}
    matched: dict[int, str] = {}
    target = Target(repository, naming, Templates(repository.templates))
    values = environment.tunables.get(analytic.id, {}) if environment else {}
    interval = schedules.longest_gap(analytic.schedule)
    for spec in analytic.monitors.values():
        findings = Findings()
        resource = monitors.render(analytic, spec, target, findings, values)
        findings.raise_errors()
        assert resource is not None
        hits = _hits(client, resource.body)
        for hit in hits:
            matched |= {number: spec.key for number in hit.numbers if number not in matched}
        for number in _alerted(client, resource.body, hits, interval):
            found.setdefault(number, spec.key)
    return Alerting(found, matched)


def _alerted(client: Client, body: Mapping[str, Any], hits: list[Hit], interval: int) -> set[int]:
    """The lines whose events lie in a bucket that alerts in some run of the schedule, by the events' own clock."""
    limits = body["inputs"][0]["search"]["query"]["query"]["bool"]["filter"][0]["range"]["@timestamp"]
    look_back = int(limits["gt"].split("||-")[1].rstrip("s"))
    found: set[int] = set()
    for clock in sorted({int(hit.at // interval + 1) * interval for hit in hits}):
        near = [hit for hit in hits if clock - look_back < hit.at <= clock]
        if all(number in found for hit in near for number in hit.numbers):
            continue
        outcome = execute.dry(client, body, clock)
        if outcome.error:
            raise AssertionError(f"{body['name']} at {clock}: {outcome.error}")
        for hit in near:
            if hit.entity in outcome.entities:
                found |= set(hit.numbers)
    return found


def _hits(client: Client, body: Mapping[str, Any]) -> list[Hit]:
    """The events that a monitor's conditions match, whatever their time."""
    search = body["inputs"][0]["search"]
    query = json.loads(json.dumps(search["query"]["query"]))
    query["bool"]["filter"].pop(0)
    if "must" in query["bool"]:
        # Of a sequence only the first kind is the behaviour in question; the second is what makes it worse.
        query["bool"]["must"][0]["bool"]["should"].pop(1)
    sources = [
        next(iter(source)) for source in search["query"]["aggregations"]["composite_agg"]["composite"]["sources"]
    ]
    wanted = {
        "query": query, "_source": False,
        "fields": [{"field": "@timestamp", "format": "strict_date_optional_time"}, *(f"entity_{name}" for name in sources)],
        "derived": {name: value for name, value in search["query"]["derived"].items() if name.startswith("entity_")},
    }  # fmt: skip
    return [_hit(hit, sources) for hit in _all(client, ",".join(search["indices"]), wanted)]


def _all(client: Client, indices: str, body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Every hit of a search, by pages."""
    answer = client.request("POST", f"/{indices}/_search", {"size": PAGE, **body}, {"scroll": "2m"})
    identity = answer.get("_scroll_id")
    while answer["hits"]["hits"]:
        yield from answer["hits"]["hits"]
        answer = client.request("POST", "/_search/scroll", {"scroll": "2m", "scroll_id": identity})
        identity = answer.get("_scroll_id", identity)
    if identity:
        client.request("DELETE", "/_search/scroll", {"scroll_id": [identity]})


def _hit(hit: Mapping[str, Any], sources: list[str]) -> Hit:
    at = datetime.fromisoformat(hit["fields"]["@timestamp"][0].replace("Z", "+00:00")).timestamp()
    entity = tuple(sorted((name, str(hit["fields"][f"entity_{name}"][0])) for name in sources))
    return Hit(_numbers(hit), at, entity)


def _numbers(hit: Mapping[str, Any]) -> tuple[int, ...]:
    return tuple(int(number) for number in hit["_id"].rsplit("|", 1)[1].split(","))
