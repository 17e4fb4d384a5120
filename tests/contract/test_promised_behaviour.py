"""What the alerting service does beyond single answers: schedules, alerts that live and end, findings, webhooks.

These hold for the real plugins too, and are asked over the same API.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from deployer.model.errors import ClusterError
from deployer.replay.receiver import receive
from tests.integration.test_main_job import free_port
from tests.node import Node

pytestmark = pytest.mark.integration

MONITORS = "/_plugins/_alerting/monitors"


@pytest.fixture(scope="module")
def node(cluster_url: str) -> Node:
    """The cluster, spoken to plainly."""
    return Node(cluster_url)


@pytest.fixture
def index(node: Node) -> Iterator[str]:
    """An index of events with a host and a command."""
    name = f"behaviour-{secrets.token_hex(4)}"
    fields = {
        "@timestamp": {"type": "date"},
        "host": {"properties": {"name": {"type": "keyword"}}},
        "command": {"type": "keyword"},
    }
    node.request("PUT", f"/{name}", {"mappings": {"properties": fields}})
    yield name
    node.gone(f"/{name}")


@pytest.fixture
def made(node: Node) -> Iterator[Callable[[dict[str, Any]], str]]:
    """Makes monitors, and removes them afterwards."""
    ids: list[str] = []

    def make(body: dict[str, Any]) -> str:
        ids.append(node.request("POST", MONITORS, body)["_id"])
        return ids[-1]

    yield make
    for monitor in ids:
        node.gone(f"{MONITORS}/{monitor}")


def event(node: Node, index: str, host: str, at: str = "now") -> None:
    stamp = int(time.time() * 1000) if at == "now" else at
    node.request(
        "POST",
        f"/{index}/_doc",
        {"@timestamp": stamp, "host": {"name": host}, "command": "netstat"},
        {"refresh": "true"},
    )


def bucket(
    index: str, *, channel: str = "nowhere", enabled: bool = False, seconds: int = 2, derived: bool = False
) -> dict[str, Any]:
    query: dict[str, Any] = {
        "size": 0,
        "query": {
            "bool": {
                "filter": [
                    {
                        "range": {
                            "@timestamp": {
                                "gt": "{{period_end}}||-10m",
                                "lte": "{{period_end}}",
                                "format": "epoch_millis",
                            }
                        }
                    }
                ]
            }
        },
        "aggregations": {
            "composite_agg": {
                "composite": {
                    "size": 100,
                    "sources": [{"host": {"terms": {"field": "who" if derived else "host.name"}}}],
                }
            }
        },
    }
    if derived:
        query["derived"] = {"who": {"type": "keyword", "script": {"source": "emit('host ' + doc['host.name'].value)"}}}
    action = {
        "name": "note", "destination_id": channel, "subject_template": {"source": "s", "lang": "mustache"},
        "message_template": {"source": "{{#ctx.newAlerts}}found {{bucket_keys}}{{/ctx.newAlerts}}", "lang": "mustache"},
        "action_execution_policy": {"action_execution_scope": {"per_alert": {"actionable_alerts": ["NEW"]}}},
    }  # fmt: skip
    condition = {
        "parent_bucket_path": "composite_agg",
        "buckets_path": {"n": "_count"},
        "script": {"source": "params.n > 0", "lang": "painless"},
    }
    trigger = {
        "id": f"t-{secrets.token_hex(4)}",
        "name": "t",
        "severity": "3",
        "condition": condition,
        "actions": [action],
    }
    return {
        "type": "monitor", "name": f"behaviour {index}", "monitor_type": "bucket_level_monitor", "enabled": enabled, "schedule": {"period": {"interval": seconds, "unit": "SECONDS"}},
        "inputs": [{"search": {"indices": [index], "query": query}}], "triggers": [{"bucket_level_trigger": trigger}],
    }  # fmt: skip


def alerts(node: Node, monitor: str) -> list[dict[str, Any]]:
    """A monitor's alerts: none yet in the moment in which its first run makes the index of alerts (the node says 503)."""
    try:
        answer = node.request("GET", f"{MONITORS}/alerts", params={"monitorId": monitor, "size": 100})
    except ClusterError as error:
        if error.status != 503:
            raise
        return []
    found: list[dict[str, Any]] = answer["alerts"]
    return found


def states(node: Node, monitor: str) -> dict[str, str]:
    return {alert["agg_alert_content"]["bucket_keys"][0]: alert["state"] for alert in alerts(node, monitor)}


def until(condition: Callable[[], bool], seconds: float = 40) -> None:
    """Wait for a condition, at most so long."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "the condition did not come about in time"
        time.sleep(0.2)


def run(node: Node, monitor: str, **params: str) -> dict[str, Any]:
    answer: dict[str, Any] = node.request("POST", f"{MONITORS}/{monitor}/_execute", {}, {"dryrun": "false", **params})
    return answer


def test_a_monitor_fires_on_its_schedule(node: Node, index: str, made: Callable[[dict[str, Any]], str]) -> None:
    """An enabled monitor of two seconds raises an alert without being asked."""
    event(node, index, "h1")
    monitor = made(bucket(index, enabled=True))

    until(lambda: states(node, monitor) == {"h1": "ACTIVE"})


def test_a_bucket_has_one_alert_that_ends_with_its_condition(
    node: Node, index: str, made: Callable[[dict[str, Any]], str]
) -> None:
    """Each run that finds a bucket keeps its one alert; the run that does not completes it; the next find is a new one."""
    event(node, index, "h1", "2026-03-02T10:00:00Z")
    event(node, index, "h2", "2026-03-02T10:00:00Z")
    monitor = made(bucket(index))
    inside, outside = "1772445900000ms", "1772470800000ms"

    for _ in range(3):
        run(node, monitor, period_end=inside)
    assert states(node, monitor) == {"h1": "ACTIVE", "h2": "ACTIVE"}
    first = {alert["id"] for alert in alerts(node, monitor)}

    run(node, monitor, period_end=outside)
    assert states(node, monitor) == {"h1": "COMPLETED", "h2": "COMPLETED"}

    run(node, monitor, period_end=inside)
    active = {alert["id"] for alert in alerts(node, monitor) if alert["state"] == "ACTIVE"}
    assert (2, set()) == (len(active), active & first)


def test_an_acknowledged_alert_stays_acknowledged_while_it_goes_on(
    node: Node, index: str, made: Callable[[dict[str, Any]], str]
) -> None:
    """Acknowledging changes the state; a run that still finds the bucket leaves it."""
    event(node, index, "h1")
    monitor = made(bucket(index))
    run(node, monitor)
    (alert,) = alerts(node, monitor)

    node.request("POST", f"{MONITORS}/{monitor}/_acknowledge/alerts", {"alerts": [alert["id"]]})
    run(node, monitor)

    assert states(node, monitor) == {"h1": "ACKNOWLEDGED"}


def test_a_webhook_hears_of_new_alerts_once(node: Node, index: str, made: Callable[[dict[str, Any]], str]) -> None:
    """The message arrives over a real socket, one a new alert, none for one that goes on."""
    url, channel = f"http://127.0.0.1:{free_port()}/hook", f"behaviour-{secrets.token_hex(4)}"
    config = {"name": channel, "config_type": "webhook", "is_enabled": True, "webhook": {"url": url}}
    node.request("POST", "/_plugins/_notifications/configs", {"config_id": channel, "config": config})
    event(node, index, "h1")
    event(node, index, "h2")
    monitor = made(bucket(index, channel=channel))

    with receive(url) as messages:
        run(node, monitor)
        run(node, monitor)
        until(lambda: len(messages) >= 2)

    assert sorted(messages) == ["found h1", "found h2"]
    node.gone(f"/_plugins/_notifications/configs/{channel}")


def test_derived_fields_are_passed_on(node: Node, index: str, made: Callable[[dict[str, Any]], str]) -> None:
    """A composite over a derived field names the alert by what its script emits."""
    event(node, index, "h1")
    monitor = made(bucket(index, derived=True))

    run(node, monitor)

    assert states(node, monitor) == {"host h1": "ACTIVE"}


def test_a_document_level_monitor_writes_findings(
    node: Node, index: str, made: Callable[[dict[str, Any]], str]
) -> None:
    """A document indexed after the monitor was made gives a finding with its id, and one alert."""
    query = {"id": f"q{secrets.token_hex(4)}", "name": "q", "query": 'command:"netstat"', "tags": ["t"], "fields": []}
    trigger = {
        "name": "t",
        "severity": "3",
        "condition": {"script": {"source": "query[name=q]", "lang": "painless"}},
        "actions": [],
    }
    monitor = made(
        {
            "type": "monitor",
            "name": f"behaviour {index}",
            "monitor_type": "doc_level_monitor",
            "enabled": False,
            "schedule": {"period": {"interval": 1, "unit": "MINUTES"}},
            "inputs": [{"doc_level_input": {"description": "", "indices": [index], "queries": [query]}}],
            "triggers": [{"document_level_trigger": trigger}],
        }
    )
    run(node, monitor)
    event(node, index, "h1")

    run(node, monitor)

    (alert,) = alerts(node, monitor)
    assert (1, 1) == (len(alert["finding_ids"]), len(alert["related_doc_ids"]))
    findings = node.request(
        "GET", "/_plugins/_alerting/findings/_search", params={"findingId": alert["finding_ids"][0]}
    )
    assert index in findings["findings"][0]["finding"]["index"]
