"""The message of an alert, made once more from the events that it counts: the server sends messages and keeps none.

The deployed monitor says what to look for and what to tell. Its search is asked again for the alert's entity and times,
with the samples that the server takes for a message, and its own template is filled. Only searches are sent: a dry run
of the monitor would compile a template of its own for each alert, of which the server allows few (monitors that find no
room go silent), and needs the right to run monitors.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pystache
import pystache.common
import pystache.parser

from deployer.cluster import errors
from deployer.cluster.alerts import Alert
from deployer.cluster.client import Cluster
from deployer.render.derived import entity_is

SAMPLES = 5
"""Documents that the server takes from each end."""

COMPOSITE = "composite_agg"
"""The one aggregation in whose buckets the server looks for samples."""

_SECTION = re.compile(r"\{\{#sample_documents}}(.*?)\{\{/sample_documents}}", re.S)
_TAG = re.compile(r"\{\{[#^/][^{}]*}}")
_TAGS_ONLY = re.compile(rf"^[ \t]*(?:{_TAG.pattern}[ \t]*){{2,}}$", re.M)
"""A line of section tags alone: the server leaves it out whole, pystache only if there is one tag."""

_FIELD = re.compile(r"\{\{_source\.([^{}]+)}}")


@dataclass(frozen=True, slots=True)
class Told:
    """The message of an alert. `note` says why there is none, or what it lacks; it is empty for a whole message."""

    text: str = ""
    note: str = ""


def message(cluster: Cluster, body: Mapping[str, Any] | None, alert: Alert, stand_in: str = "") -> Told:
    """What the server tells of an alert when it opens, this alert alone.

    `body` is the deployed monitor or workflow, None if there is none any more. `stand_in` is the template to take where the monitor
    notifies nobody. Raises what `Cluster.request` does, but for a search that is refused: that is a note.
    """
    kind, trigger = _trigger(body)
    template = _template(trigger) or stand_in
    if body is None:
        return Told(note="its monitor is no longer deployed")
    if not alert.keys and alert.error:
        return Told(note="the monitor failed, so there are no events to tell of")
    if not template:
        return Told(note="its monitor has no message of ours")
    try:
        events, context = _CONTEXTS[kind](cluster, body, alert, template)
    except errors.CredentialsError as error:
        return Told(note=f"its events cannot be read: {error.why or error.what}")
    except errors.AnswerError as error:
        return Told(note=f"its events cannot be read: {error.reason or error.what}")
    context |= {"monitor": {"name": body.get("name", "")}, "trigger": {"severity": alert.severity}}
    try:
        text = _filled(template, context)
    except (pystache.parser.ParsingError, pystache.common.TemplateNotFoundError) as error:
        return Told(note=f"its template cannot be read: {error}")
    if not text:
        return Told(note="the template of its monitor says nothing of it")
    return Told(text, "" if events else "its events are no longer to be found")


def example(body: Mapping[str, Any], template: str, keys: Sequence[str], at: str, source: Mapping[str, Any]) -> str:
    """What the message of a monitor or workflow looks like, with one event of this source. No cluster is asked.

    `keys` are the values of its entity, `at` is the time of the run; how many events there were stays open. Raises ValueError for a template that cannot be read.
    """
    hit = {"_index": "", "_id": "", "_source": source}
    told = {"bucket_keys": ",".join(keys), "start_time": at, "sample_documents": [hit]}
    context = {
        "newAlerts": _Alerts([told]),
        "dedupedAlerts": _Alerts(),
        "completedAlerts": _Alerts(),
        "alerts": [told],
        "results": _Alerts([{"hits": {"total": {"value": "‹number›"}, "hits": [hit]}}]),
        "periodStart": at,
        "periodEnd": at,
        "monitor": {"name": body.get("name", "")},
        "trigger": {"severity": _trigger(body)[1].get("severity", "")},
    }
    try:
        return _filled(template, context)
    except (pystache.parser.ParsingError, pystache.common.TemplateNotFoundError) as error:
        raise ValueError(str(error)) from None


def _filled(template: str, context: Mapping[str, Any]) -> str:
    """A template as the server fills it."""
    lines = _TAGS_ONLY.sub(lambda line: "\n".join(_TAG.findall(line[0])), template)
    return str(pystache.Renderer(escape=_escaped).render(lines, {"ctx": context})).strip("\n")


def _trigger(body: Mapping[str, Any] | None) -> tuple[str, Mapping[str, Any]]:
    """The kind of a monitor's first trigger, and the trigger."""
    for kind, trigger in ((body or {}).get("triggers") or [{}])[0].items():
        if kind in _CONTEXTS:
            return kind, trigger
    return "bucket_level_trigger", {}


def _template(trigger: Mapping[str, Any]) -> str:
    sources = [(action.get("message_template") or {}).get("source", "") for action in trigger.get("actions") or ()]
    return next((str(source) for source in sources if source), "")


def template_of(body: Mapping[str, Any]) -> str:
    """The template of a monitor's message; empty if it notifies nobody."""
    return _template(_trigger(body)[1])


@dataclass(slots=True)
class _Alerts(Sequence[Mapping[str, Any]]):
    """A list as the server's mustache sees it: with its size, and its members by number."""

    alerts: list[Mapping[str, Any]] = field(default_factory=list)

    def __getitem__(self, place: Any) -> Any:
        return self.alerts[place]

    def __len__(self) -> int:
        return len(self.alerts)

    def __getattr__(self, name: str) -> Any:
        if name == "size":
            return len(self.alerts)
        if name.isdigit() and int(name) < len(self.alerts):
            return self.alerts[int(name)]
        raise AttributeError(name)


def _escaped(text: str) -> str:
    """As the server's mustache escapes: for a JSON string."""
    return json.dumps(text, ensure_ascii=False)[1:-1]


_Context = tuple[int, dict[str, Any]]
"""Whether a message has what it tells of (a number of events), and what its template sees as `ctx`."""


def _of_bucket(cluster: Cluster, body: Mapping[str, Any], alert: Alert, template: str) -> _Context:
    samples = _samples(cluster, body, alert, template)
    told = {
        "id": alert.id,
        "bucket_keys": ",".join(alert.keys),
        "severity": alert.severity,
        "start_time": alert.start,
        "sample_documents": samples,
    }
    return len(samples), {
        "newAlerts": _Alerts([told]),
        "dedupedAlerts": _Alerts(),
        "completedAlerts": _Alerts(),
        "periodEnd": alert.start,
    }


def _of_total(cluster: Cluster, body: Mapping[str, Any], alert: Alert, template: str) -> _Context:
    """All events together: what the monitor's search found when the alert opened."""
    search = body["inputs"][0]["search"]
    answer = _search(cluster, search, _at(search, alert.opened or _now()))
    hits = (answer.get("hits") or {}).get("hits") or []
    return len(hits), {"results": _Alerts([answer]), "periodEnd": alert.start}


def _of_document(cluster: Cluster, body: Mapping[str, Any], alert: Alert, template: str) -> _Context:
    """One event, which the alert names with its index."""
    wanted = [
        {"_id": identity, "_index": index} for identity, _, index in (name.partition("|") for name in alert.documents)
    ]
    found = cluster.request("POST", "/_mget", {"docs": wanted})["docs"] if wanted else []
    documents = [item for item in found if item.get("found")]
    return len(documents), {"alerts": [{"id": alert.id, "sample_documents": documents}], "periodEnd": alert.start}


def _of_workflow(cluster: Cluster, body: Mapping[str, Any], alert: Alert, template: str) -> _Context:
    """Its message names the monitors, whose own alerts tell of events."""
    return 1, {"periodStart": alert.start}


_CONTEXTS = {
    "bucket_level_trigger": _of_bucket,
    "query_level_trigger": _of_total,
    "document_level_trigger": _of_document,
    "chained_alert_trigger": _of_workflow,
}


def _samples(cluster: Cluster, body: Mapping[str, Any], alert: Alert, template: str) -> list[Mapping[str, Any]]:
    """The latest and the earliest events of the alert's entity, in the server's order, none twice."""
    search = body["inputs"][0]["search"]
    query = _narrowed(search, alert, template)
    if query is None:
        return []
    answer = _search(cluster, search, query)
    once: dict[tuple[str, str], Mapping[str, Any]] = {}
    for bucket in (answer.get("aggregations") or {}).get(COMPOSITE, {}).get("buckets", ()):
        if {name: str(value) for name, value in bucket["key"].items()} == dict(alert.entity):
            for hit in (*bucket["top_hits"]["hits"]["hits"], *reversed(bucket["low_hits"]["hits"]["hits"])):
                once.setdefault((hit["_index"], hit["_id"]), hit)
    return list(once.values())


def _search(cluster: Cluster, search: Mapping[str, Any], query: Mapping[str, Any]) -> Mapping[str, Any]:
    path = f"/{','.join(search['indices'])}/_search"
    answer: Mapping[str, Any] = cluster.request("POST", path, query, params={"ignore_unavailable": "true"})
    return answer


def _at(search: Mapping[str, Any], millis: int) -> dict[str, Any]:
    """A monitor's query at a time."""
    query: dict[str, Any] = json.loads(json.dumps(search["query"]).replace("{{period_end}}", str(millis)))
    return query


def _narrowed(search: Mapping[str, Any], alert: Alert, template: str) -> dict[str, Any] | None:
    """The monitor's search for the alert's entity and times, with samples; None for a search of another shape."""
    if alert.latest is None:
        return None
    query = _at(search, alert.latest)
    buckets = (query.get("aggregations") or query.get("aggs") or {}).get(COMPOSITE) or {}
    if "composite" not in buckets:
        return None
    entity, derived = dict(alert.entity), query.get("derived") or {}
    clauses: list[dict[str, Any] | None] = []
    for source in buckets["composite"]["sources"]:
        for name, kind in source.items():
            by, value = kind.get("terms", {}).get("field", ""), entity.get(name, "")
            clauses.append(entity_is(derived[by], value) if by in derived else {"term": {by: {"value": value}}})
    if alert.earliest is not None:
        clauses.append({"range": {"@timestamp": {"gte": alert.earliest, "format": "epoch_millis"}}})
    narrow = [clause for clause in clauses if clause]
    query["query"] = {"bool": {"must": [query.get("query", {"match_all": {}})], "filter": narrow}}
    metrics = buckets.pop("aggregations", None) or buckets.pop("aggs", None) or {}
    buckets["aggregations"] = {**metrics, **_ends(metrics, template)}
    return query


def _ends(metrics: Mapping[str, Any], template: str) -> dict[str, Any]:
    """A few documents of each end, sorted by what the metrics look at, as the server does."""
    parameters = [found for metric in metrics.values() for found in metric.values() if isinstance(found, Mapping)]
    fields = [value for found in parameters for value in found.values() if isinstance(value, str)] or ["_score"]
    section = _SECTION.search(template)
    loaded = sorted(set(_FIELD.findall(section[1]))) if section else []
    return {
        name: {
            "top_hits": {
                "size": SAMPLES,
                "sort": [{by: {"order": order}} for by in fields],
                **({"_source": {"includes": loaded}} if loaded else {}),
            }
        }
        for name, order in (("low_hits", "asc"), ("top_hits", "desc"))
    }


def _now() -> int:
    return round(datetime.now(UTC).timestamp() * 1000)
