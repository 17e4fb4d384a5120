"""The message of an alert made again from its events: what is searched for, and what is said when that fails."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from deployer.cluster import Cluster
from deployer.cluster.alerts import Alert
from deployer.cluster.messages import Told, message
from deployer.model.environment import Connection
from tests.faults import Reply, serving

TEMPLATE = (
    "{{#ctx}}{{#newAlerts}}\n{{/newAlerts}}{{/ctx}}\n"
    "{{#ctx.newAlerts}}{{bucket_keys}} [new: {{ctx.newAlerts.size}}]:"
    "{{#sample_documents}} {{_source.process.name}}{{/sample_documents}}{{/ctx.newAlerts}}"
    "{{^ctx.dedupedAlerts}}, {{#ctx.newAlerts.0}}{{severity}}{{/ctx.newAlerts.0}}{{/ctx.dedupedAlerts}}"
)
QUERY = {
    "query": {"range": {"@timestamp": {"gt": "{{period_end}}||-10m", "lte": "{{period_end}}"}}},
    "aggregations": {
        "composite_agg": {
            "composite": {"sources": [{"host": {"terms": {"field": "host.name"}}}]},
            "aggregations": {"last_seen": {"max": {"field": "@timestamp"}}},
        }
    },
}
ALERT = Alert("a1", "XX0001", "discovery", "m1", "t", "2", "ACTIVE", (("host", 'w"1'),), keys=('w"1',), earliest=1000, latest=5000)  # fmt: skip


def body(kind: str = "bucket_level_trigger", template: str = TEMPLATE, query: Any = QUERY) -> dict[str, Any]:
    """A monitor as the server has it."""
    actions = [{"message_template": {"source": template}}]
    return {
        "name": "n",
        "inputs": [{"search": {"indices": ["logs-x-*"], "query": query}}],
        "triggers": [{kind: {"actions": actions}}],
    }


def hit(name: str) -> dict[str, Any]:
    return {"_index": "i", "_id": name, "_source": {"process": {"name": name}}}


def bucket(host: str, top: list[str], low: list[str]) -> dict[str, Any]:
    ends = {end: {"hits": {"hits": [hit(name) for name in names]}} for end, names in (("top_hits", top), ("low_hits", low))}  # fmt: skip
    return {"key": {"host": host}, **ends}


def told(reply: Reply, monitor: dict[str, Any] | None, alert: Alert = ALERT, stand_in: str = "") -> Told:
    """What is said of an alert by a cluster with one answer."""
    with serving(lambda request: reply) as (url, _):
        return message(Cluster.connect(Connection((url,))), monitor, alert, stand_in)


def found(*buckets: dict[str, Any]) -> Reply:
    return Reply(body={"aggregations": {"composite_agg": {"buckets": list(buckets)}}})


def test_a_message_has_the_events_of_its_entity_none_twice_and_escapes_values() -> None:
    """The latest events come first, then the earliest; other entities' are left out."""
    answer = found(bucket("w2", ["other"], []), bucket('w"1', ["c", "b"], ["a", "b"]))

    assert Told('w\\"1 [new: 1]: c b a, 2') == told(answer, body())


def test_the_monitors_own_search_is_asked_for_one_entity_between_first_and_last_event() -> None:
    """One search, of the documents that the server takes: by entity, at the time of the last event, from the first one on."""
    with serving(lambda request: found()) as (url, seen):
        message(Cluster.connect(Connection((url,))), body(), ALERT)

    (request,) = seen
    asked = json.loads(request.body)
    assert ("POST", "/logs-x-*/_search") == (request.method, request.path.split("?")[0])
    assert [
        {"term": {"host.name": {"value": 'w"1'}}},
        {"range": {"@timestamp": {"gte": 1000, "format": "epoch_millis"}}},
    ] == asked["query"]["bool"]["filter"]
    assert [{"range": {"@timestamp": {"gt": "5000||-10m", "lte": "5000"}}}] == asked["query"]["bool"]["must"]
    ends = asked["aggregations"]["composite_agg"]["aggregations"]
    assert {"last_seen", "low_hits", "top_hits"} == set(ends)
    assert {"size": 5, "sort": [{"@timestamp": {"order": "asc"}}], "_source": {"includes": ["process.name"]}} == ends[
        "low_hits"
    ]["top_hits"]


def test_what_cannot_be_told_is_said() -> None:
    """No monitor, no template, no right to read the events, events that are gone, a run that failed: each is a note."""
    forbidden = Reply(403, {"error": {"type": "security_exception", "reason": "no permissions for [indices:data/read]"}})  # fmt: skip
    missing = Reply(404, {"error": {"type": "index_not_found_exception", "reason": "no such index [logs-x]"}})
    failed = replace(ALERT, keys=(), entity=(), error="compile error")

    assert "no longer deployed" in told(found(), None).note
    assert Told(note="its monitor has no message of ours") == told(found(), body(template=""))
    assert "no permissions for [indices:data/read]" in told(forbidden, body()).note
    assert "no such index" in told(missing, body()).note
    assert ('w\\"1 [new: 1]:, 2', "its events are no longer to be found") == (
        (gone := told(found(), body())).text,
        gone.note,
    )
    assert "the monitor failed" in told(found(), body(), failed).note
    assert "template cannot be read" in told(found(bucket('w"1', ["a"], [])), body(template="{{/ctx}}")).note
    assert "says nothing" in told(found(bucket('w"1', ["a"], [])), body(template="{{ctx.x}}")).note


def test_a_monitor_that_notifies_nobody_is_told_by_the_stand_in() -> None:
    """The template of the repository does where no channel is named."""
    assert 'w\\"1' == told(found(bucket('w"1', ["a"], [])), body(template=""), ALERT, "{{ctx.newAlerts.0.bucket_keys}}").text  # fmt: skip


def test_an_alert_on_all_events_together_tells_what_was_found_when_it_opened() -> None:
    """Its search is asked at the time of the alert, to the millisecond."""
    monitor = body("query_level_trigger", "{{ctx.results.0.hits.total.value}}:{{#ctx.results.0.hits.hits}} {{_source.process.name}}{{/ctx.results.0.hits.hits}}")  # fmt: skip
    alert = replace(ALERT, keys=(), entity=(), start="1970-01-01T00:00:05Z", opened=5432)
    with serving(lambda request: Reply(body={"hits": {"total": {"value": 9}, "hits": [hit("a"), hit("b")]}})) as (url, seen):  # fmt: skip
        assert Told("9: a b") == message(Cluster.connect(Connection((url,))), monitor, alert)

    assert "5432||-10m" in seen[0].body


def test_an_alert_on_one_event_tells_of_that_event() -> None:
    """The alert names its event with the index."""
    monitor = body("document_level_trigger", "{{#ctx.alerts}}{{#sample_documents}}{{_source.process.name}}{{/sample_documents}}{{/ctx.alerts}}")  # fmt: skip
    alert = replace(ALERT, keys=(), entity=(), documents=("d1|i",))
    with serving(lambda request: Reply(body={"docs": [{**hit("a"), "found": True}]})) as (url, seen):
        assert Told("a") == message(Cluster.connect(Connection((url,))), monitor, alert)

    assert {"docs": [{"_id": "d1", "_index": "i"}]} == json.loads(seen[0].body)
