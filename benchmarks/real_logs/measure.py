"""One file through the pipelines into a throw-away stage, and every monitor over it at the events' own times."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from benchmarks.real_logs.files import LogFile
from deployer.model.analytic import Analytic, Repository
from deployer.model.environment import Environment
from deployer.model.finding import Findings
from deployer.render import Naming, monitors
from deployer.render.target import Target
from deployer.render.templating import Templates
from deployer.replay import execute
from deployer.replay.client import Client
from deployer.replay.stage import stage

BATCH_BYTES = 4_000_000
MOST = 10_000
Entity = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Hit:
    """An event that a monitor's conditions match: its lines, its time (epoch seconds) and the entity it belongs to."""

    numbers: tuple[int, ...]
    at: float
    entity: Entity


@dataclass(slots=True)
class Measured:
    """The outcome of one file for one analytic in one run. Lists are line numbers."""

    platform: str
    file: str
    analytic: str
    run: str
    positives: int = 0
    negatives: int = 0
    missed: list[int] = field(default_factory=list)
    false_alerts: list[int] = field(default_factory=list)
    unparsed: int = 0
    lost: int = 0
    unmapped: int = 0
    events_per_second: float = 0.0
    reasons: dict[int, str] = field(default_factory=dict)


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
        sent, seconds = _ingest(client, repository, log, naming)
        stored, unparsed = _stored(client, naming)
        rate = sent / seconds if seconds else 0.0
        progress(
            f"{log.platform}/{log.name}: {sent} events, {rate:.0f} a second, {unparsed} with errors, {sent - stored} lost"
        )
        for analytic in analytics:
            for run, environment in environments.items():
                alerting = _alerting(client, repository, analytic, environment, naming)
                one = _judged(log, analytic.id, run, alerting)
                one.unparsed, one.lost, one.unmapped, one.events_per_second = (
                    unparsed,
                    sent - stored,
                    log.unmapped,
                    round(rate, 1),
                )
                result.append(one)
    return result


def _ingest(client: Client, repository: Repository, log: LogFile, naming: Naming) -> tuple[int, float]:
    sent, begin = 0, time.perf_counter()
    lines: list[str] = []
    size = 0

    def flush() -> None:
        nonlocal lines, size
        if lines:
            answer = client.request(
                "POST", "/_bulk", "\n".join(lines) + "\n", {"filter_path": "errors,items.*.error.reason"}
            )
            if answer.get("errors"):
                raise AssertionError(f"{log.name}: an event was refused: {json.dumps(answer)[:400]}")
        lines, size = [], 0

    for source, events in log.events.items():
        stream = naming.stream(repository.sources[source].dataset, "real")
        for number, event in enumerate(events):
            text = json.dumps(event.document)
            identity = f"{source}|{number}|{','.join(map(str, event.numbers))}"
            lines += [json.dumps({"create": {"_index": stream, "_id": identity[:500]}}), text]
            size += len(text)
            sent += 1
            if size > BATCH_BYTES or len(lines) >= 1000:
                flush()
    flush()
    seconds = time.perf_counter() - begin
    client.request("POST", f"/{naming.streams}-*/_refresh")
    return sent, seconds


def _stored(client: Client, naming: Naming) -> tuple[int, int]:
    body = {
        "size": 0,
        "track_total_hits": True,
        "query": {"match_all": {}},
        "aggs": {"errors": {"filter": {"term": {"tags": "pipeline_error"}}}},
    }
    answer = client.request("POST", f"/{naming.streams}-*/_search", body)
    return answer["hits"]["total"]["value"], answer["aggregations"]["errors"]["doc_count"]


def _alerting(
    client: Client, repository: Repository, analytic: Analytic, environment: Environment | None, naming: Naming
) -> set[int]:
    """The numbers of the lines that lie in a bucket that alerts, of whichever monitor."""
    found: set[int] = set()
    target = Target(repository, naming, Templates(repository.templates))
    values = environment.tunables.get(analytic.id, {}) if environment else {}
    for spec in analytic.monitors.values():
        findings = Findings()
        resource = monitors.render(analytic, spec, target, findings, values)
        findings.raise_errors()
        assert resource is not None
        found |= _monitor(client, resource.body)
    return found


def _monitor(client: Client, body: Mapping[str, Any]) -> set[int]:
    search = body["inputs"][0]["search"]
    hits = _hits(client, search)
    look_back = int(
        search["query"]["query"]["bool"]["filter"][0]["range"]["@timestamp"]["gt"].split("||-")[1].rstrip("s")
    )
    interval = 60
    clocks = sorted({int(hit.at // interval + 1) * interval for hit in hits})
    found: set[int] = set()
    for clock in clocks:
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


def _hits(client: Client, search: Mapping[str, Any]) -> list[Hit]:
    """The events that a monitor's conditions match, whatever their time."""
    query = json.loads(json.dumps(search["query"]["query"]))
    query["bool"]["filter"].pop(0)
    if "must" in query["bool"]:
        # Of a sequence only the first kind is the behaviour in question; the second is what makes it worse.
        query["bool"]["must"][0]["bool"]["should"].pop(1)
    sources = [
        next(iter(source)) for source in search["query"]["aggregations"]["composite_agg"]["composite"]["sources"]
    ]
    body = {
        "size": MOST, "query": query, "_source": False, "fields": [{"field": "@timestamp", "format": "strict_date_optional_time"}, *(f"entity_{name}" for name in sources)],
        "derived": {name: value for name, value in search["query"]["derived"].items() if name.startswith("entity_")},
    }  # fmt: skip
    answer = client.request("POST", f"/{','.join(search['indices'])}/_search", body)
    found = answer["hits"]["hits"]
    if answer["hits"]["total"]["value"] > len(found):
        raise AssertionError(f"more than {MOST} events match; this tool measures no more")
    return [_hit(hit, sources) for hit in found]


def _hit(hit: Mapping[str, Any], sources: list[str]) -> Hit:
    numbers = tuple(int(number) for number in hit["_id"].rsplit("|", 1)[1].split(","))
    at = datetime.fromisoformat(hit["fields"]["@timestamp"][0].replace("Z", "+00:00")).timestamp()
    return Hit(numbers, at, tuple(sorted((name, str(hit["fields"][f"entity_{name}"][0])) for name in sources)))


def _judged(log: LogFile, analytic: str, run: str, alerting: set[int]) -> Measured:
    one = Measured(log.platform, log.name, analytic, run)
    mapped = {number for events in log.events.values() for event in events for number in event.numbers}
    truth = {
        number
        for number, label in log.labels.items()
        if label.get("malicious") and label.get("analytic", analytic) == analytic and number in mapped
    }
    one.positives, one.negatives = len(truth), len(mapped - truth)
    one.missed = sorted(truth - alerting)
    one.false_alerts = sorted(alerting - truth)
    for number in [*one.missed, *one.false_alerts]:
        label = log.labels.get(number, {})
        note = " (ambiguous)" if label.get("ambiguous") else f" ({label['context']})" if label.get("context") else ""
        one.reasons[number] = f"{label.get('why', 'not labelled')}{note}"
    return one
