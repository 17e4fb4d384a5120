"""Made-up deployments for tests: one object of each kind, small enough to read."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from deployer.model.environment import Connection, Environment, Limits
from deployer.model.errors import Location
from deployer.model.resource import Kind, Resource
from deployer.plan.canonical import digest, redacted
from deployer.plan.content import recordable
from deployer.plan.live import Live, Marker, description_marker, meta_marker, monitor_marker
from deployer.plan.record import Entry, Record


def environment(deployment: str, url: str = "http://127.0.0.1:9200", **changes: Any) -> Environment:
    """An environment whose limits let small tests change everything, unless they say otherwise."""
    values = {
        "name": "tests",
        "deployment": deployment,
        "connection": Connection((url,)),
        "location": Location("environments/tests.yml"),
        "limits": Limits(100, 10),
    }
    return Environment(**{**values, **changes})


def component(deployment: str, field: str = "keyword") -> Resource:
    """A component template."""
    key = "component-template/base"
    template = {"mappings": {"properties": {"host": {"properties": {"name": {"type": field}}}}}}
    meta = {"managed_by": "detection-deployer", "deployment": deployment, "key": key}
    return Resource(
        Kind.COMPONENT_TEMPLATE,
        key,
        f"{deployment}-base",
        {"template": template, "_meta": meta},
        {"template": template},
    )


def pipeline(deployment: str, value: str = "yes") -> Resource:
    """An ingest pipeline."""
    key = "ingest-pipeline/mark"
    processors = [{"set": {"field": "labels.marked", "value": value}}]
    body = {"description": f"Marks. [{deployment} {key}]", "processors": processors}
    return Resource(Kind.INGEST_PIPELINE, key, f"{deployment}-mark", body, {"processors": processors})


def index_template(deployment: str, *, stream: bool = False) -> Resource:
    """An index template that needs both of the above; of data streams with `stream`."""
    key = "index-template/events"
    body = {
        "index_patterns": [f"{deployment}-events-*"],
        "priority": 300,
        "composed_of": [f"{deployment}-base"],
        **({"data_stream": {}} if stream else {}),
        "template": {"settings": {"index": {"default_pipeline": f"{deployment}-mark"}}},
        "_meta": {"managed_by": "detection-deployer", "deployment": deployment, "key": key},
    }
    needs = ("component-template/base", "ingest-pipeline/mark")
    return Resource(Kind.INDEX_TEMPLATE, key, f"{deployment}-events", body, {"composed_of": ["base"]}, needs)


def channel(deployment: str, url: str = "http://127.0.0.1:9/hook", shown: str | None = None) -> Resource:
    """A webhook; `shown` is the reference that people wrote instead of the address."""
    key = "channel/soc"
    config = {
        "name": f"{deployment}-soc",
        "description": f"Tests. [{deployment} {key}]",
        "config_type": "webhook",
        "is_enabled": True,
        "webhook": {"url": url, "method": "POST", "header_params": {}},
    }
    body = {"config_id": f"{deployment}-soc", "config": config}
    written = {"type": "webhook", "url": shown or url}
    unresolved = {**body, "config": {**config, "webhook": {**config["webhook"], "url": shown or url}}}
    return Resource(Kind.CHANNEL, key, f"{deployment}-soc", body, written, unresolved=unresolved)


def monitor(
    deployment: str,
    analytic: str = "XX0001",
    key: str = "discovery",
    *,
    threshold: int = 1,
    window: str = "30m",
    enabled: bool = False,
    interval: int = 60,
    unit: str = "MINUTES",
    severity: str = "medium",
    protected: bool = False,
    needs: tuple[str, ...] = ("channel/soc", "index-template/events"),
) -> Resource:
    """A bucket-level monitor of one made-up analytic, with a tunable each for threshold and window."""
    trigger = f"{deployment}.{analytic}.{key}"
    search = {
        "indices": [f"{deployment}-events-*"],
        "query": {
            "size": 0,
            "query": {
                "bool": {
                    "filter": [
                        {"range": {"@timestamp": {"gte": f"{{{{period_end}}}}||-{window}", "format": "epoch_millis"}}},
                        {"term": {"event.code": "1"}},
                    ]
                }
            },
            "aggs": {
                "composite_agg": {"composite": {"size": 100, "sources": [{"host": {"terms": {"field": "host.name"}}}]}}
            },
        },
    }
    condition = {
        "buckets_path": {"count": "_count"},
        "parent_bucket_path": "composite_agg",
        "script": {
            "source": "params.count >= params.threshold",
            "lang": "painless",
            "params": {"threshold": threshold},
        },
    }
    action = {
        "id": f"{trigger}.soc",
        "name": "notify soc",
        "destination_id": f"{deployment}-soc",
        "subject_template": {"source": "hit", "lang": "mustache"},
        "message_template": {"source": "hit", "lang": "mustache"},
        "throttle_enabled": False,
        "action_execution_policy": {"action_execution_scope": {"per_alert": {"actionable_alerts": ["NEW"]}}},
    }
    body = {
        "type": "monitor",
        "monitor_type": "bucket_level_monitor",
        "name": f"{analytic} {key} of {deployment}",
        "owner": f"alerting {deployment}",
        "enabled": enabled,
        "schedule": {"period": {"interval": interval, "unit": unit}},
        "inputs": [{"search": search}],
        "triggers": [
            {
                "bucket_level_trigger": {
                    "id": trigger,
                    "name": "hit",
                    "severity": "3",
                    "condition": condition,
                    "actions": [action] if "channel/soc" in needs else [],
                }
            }
        ],
    }
    written = {
        "title": key,
        "enabled": enabled,
        "severity": severity,
        "schedule": {"interval": f"{interval}m"},
        "window": window,
        "threshold": threshold,
        "tunables": {"Threshold": threshold, "Window": window},
    }
    return Resource(
        Kind.MONITOR, f"monitor/{analytic}/{key}", str(body["name"]), body, written, needs, None, analytic, protected
    )


def query_monitor(deployment: str, analytic: str = "XX0007", key: str = "any", **changes: Any) -> Resource:
    """A query-level monitor that alerts once for all events of code 1, and tells a channel that is not there."""
    found = monitor(deployment, analytic, key, needs=(), **changes)
    body = dict(found.body)
    search = body["inputs"][0]["search"]
    trigger = body["triggers"][0]["bucket_level_trigger"]
    action = {
        "id": f"{trigger['id']}.nowhere",
        "name": "notify nobody",
        "destination_id": "nowhere",
        "message_template": {"source": "hit", "lang": "mustache"},
        "throttle_enabled": False,
    }
    body |= {
        "monitor_type": "query_level_monitor",
        "inputs": [{"search": {**search, "query": {"size": 0, "query": search["query"]["query"]}}}],
        "triggers": [
            {
                "query_level_trigger": {
                    **{name: trigger[name] for name in ("id", "name", "severity")},
                    "condition": {"script": {"source": "ctx.results[0].hits.total.value > 0", "lang": "painless"}},
                    "actions": [action],
                }
            }
        ],
    }
    return dataclasses.replace(found, body=body)


def document_monitor(deployment: str, analytic: str = "XX0008", key: str = "each", **changes: Any) -> Resource:
    """A document-level monitor that alerts on each event of code 1; its index must be there, and may be no pattern."""
    found = monitor(deployment, analytic, key, needs=(), **changes)
    trigger = found.body["triggers"][0]["bucket_level_trigger"]
    queries = [{"id": "one", "name": "one", "fields": [], "query": "event.code:1", "tags": []}]
    inputs = {"description": "", "indices": [f"{deployment}-events-1"], "queries": queries}
    hit = {**{name: trigger[name] for name in ("id", "name", "severity")}, "actions": [], "condition": {"script": {"source": "query[name=one]", "lang": "painless"}}}  # fmt: skip
    return with_body(
        found,
        monitor_type="doc_level_monitor",
        inputs=[{"doc_level_input": inputs}],
        triggers=[{"document_level_trigger": hit}],
    )


def workflow(deployment: str, needs: tuple[str, ...], *, interval: int = 60, enabled: bool = False) -> Resource:
    """A composite workflow of the monitors of these keys, which alerts when the first of them does."""
    trigger = {
        "id": f"{deployment}.XX0010.chain",
        "name": "hit",
        "severity": "1",
        "condition": {"script": {"source": f"monitor[id={needs[0]}]", "lang": "painless"}},
        "actions": [],
    }
    delegates = [{"order": number, "monitor_id": key} for number, key in enumerate(needs, 1)]
    body = {
        "type": "workflow",
        "workflow_type": "composite",
        "name": f"XX0010 chain of {deployment}",
        "owner": f"alerting {deployment}",
        "enabled": enabled,
        "schedule": {"period": {"interval": interval, "unit": "MINUTES"}},
        "inputs": [{"composite_input": {"sequence": {"delegates": delegates}}}],
        "triggers": [{"chained_alert_trigger": trigger}],
    }
    written = {"title": "chain", "schedule": {"interval": f"{interval}m"}}
    return Resource(Kind.WORKFLOW, "workflow/XX0010/chain", str(body["name"]), body, written, needs, None, "XX0010")


def with_body(resource: Resource, **changes: Any) -> Resource:
    """The same resource with other fields of the body."""
    return dataclasses.replace(resource, body={**resource.body, **changes})


def written(resource: Resource, **changes: Any) -> Resource:
    """The same resource with other fields of what people wrote."""
    return dataclasses.replace(resource, written={**resource.written, **changes})


def everything(deployment: str, **monitors: Mapping[str, Any]) -> list[Resource]:
    """One object of each kind, and two monitors: XX0001/discovery and XX0002/follow."""
    return [
        component(deployment),
        pipeline(deployment),
        index_template(deployment),
        channel(deployment),
        monitor(deployment, "XX0001", "discovery", **monitors.get("discovery", {})),
        monitor(deployment, "XX0002", "follow", **monitors.get("follow", {})),
    ]


def renamed(resource: Resource, name: str) -> Resource:
    """The same resource under another display name."""
    return dataclasses.replace(resource, name=name, body={**resource.body, "name": name})


def stored_body(resource: Resource) -> dict[str, Any]:
    """What a server might make of a sent body: more fields than were sent, as the real one adds."""
    body = dict(resource.body)
    if resource.kind is Kind.MONITOR:
        body["data_sources"] = {"alerts_index": ".opendistro-alerting-alerts"}
    elif resource.kind is not Kind.CHANNEL:
        body["stored"] = True
    return body


def live(resource: Resource, id: str = "", body: Mapping[str, Any] | None = None, **changes: Any) -> Live:
    """The resource as the inventory gives it; `body` replaces what is stored."""
    kind = resource.kind
    found = dict(body if body is not None else stored_body(resource))
    values: dict[str, Any] = {
        "kind": kind,
        "id": id or (f"id-{resource.key}" if kind in (Kind.MONITOR, Kind.WORKFLOW) else resource.name),
        "name": resource.name,
        "body": redacted(kind, found),
        "digest": digest(found),
        "marker": _marker(kind, found),
    }
    if kind in (Kind.MONITOR, Kind.WORKFLOW):
        values |= {"name": found["name"], "owner": found["owner"], "seq_no": 7, "primary_term": 1, "version": 1}
    return Live(**{**values, **changes})


def entry(resource: Resource, found: Live) -> Entry:
    """The record's entry of a resource that was sent, and of which `found` was made."""
    return Entry(
        resource.key,
        resource.kind,
        found.id,
        found.name,
        digest(resource.body),
        found.digest,
        f"sent {resource.key}",
        f"stored {resource.key}",
        found.seq_no,
        found.primary_term,
        found.version,
        resource.analytic,
        resource.protected,
        resource.depends_on,
    )


def counted(monitors: int, enabled: int = 0, buckets: int = 0) -> dict[str, Any]:
    """The counts that the search for monitors asks for: of all, of enabled ones, and of these at bucket level (by cron)."""
    none = {"doc_count": 0, "inner": {"doc_count": 0}}
    found = {"doc_count": enabled, "inner": {"doc_count": buckets}}
    return {"all": {"monitors": {"doc_count": monitors}, "enabled": found, "workflows": none}}


def deployed(resources: list[Resource]) -> tuple[list[Live], Record]:
    """A cluster and a record as they are after a deploy of the resources."""
    lives = [live(resource) for resource in resources]
    deployment = str(resources[0].body["owner"]).removeprefix("alerting ") if "owner" in resources[0].body else ""
    entries = {resource.key: entry(resource, found) for resource, found in zip(resources, lives, strict=True)}
    documents: dict[str, Mapping[str, Any]] = {}
    for resource, found in zip(resources, lives, strict=True):
        documents[f"sent {resource.key}"] = recordable(resource)
        documents[f"stored {resource.key}"] = {"body": found.body}
    deployment = deployment or resources[0].name.rsplit("-", 1)[0]
    return lives, Record(deployment, entries, documents=documents, generation=1, seq_no=1, primary_term=1)


def _marker(kind: Kind, body: Mapping[str, Any]) -> Marker | None:
    if kind in (Kind.MONITOR, Kind.WORKFLOW):
        return monitor_marker(kind, body)
    if kind is Kind.INGEST_PIPELINE:
        return description_marker(body["description"])
    if kind is Kind.CHANNEL:
        return description_marker(body["config"]["description"])
    return meta_marker(body["_meta"])
