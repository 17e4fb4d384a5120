"""Mapped documents in throw-away data streams, and monitors as they are rendered for those: what tests of alerts share."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from deployer.catalogue import load_repository
from deployer.model.analytic import Repository
from deployer.model.environment import Channel
from deployer.model.finding import Findings
from deployer.render import monitors
from deployer.render.naming import Naming
from deployer.render.target import Target
from deployer.render.templating import Templates
from deployer.replay import execute
from deployer.replay.receiver import receive
from deployer.replay.stage import stage
from tests.deployments import environment
from tests.node import Node, free_port

BATCH = 2000


@dataclass(frozen=True)
class Site:
    """Data streams of a stage. `tunables` are the values of all monitors of one analytic, beside its defaults."""

    node: Node
    repository: Repository
    naming: Naming
    analytic: str
    tunables: Mapping[str, Any] = field(default_factory=dict)

    def body(self, key: str, **environment_changes: Any) -> dict[str, Any]:
        """A monitor, not enabled, as an environment of its own would have it."""
        findings = Findings()
        analytic = self.repository.analytics[self.analytic]
        there = environment(self.naming.deployment, **environment_changes)
        target = Target(self.repository, self.naming, Templates(self.repository.templates), there)
        resource = monitors.render(analytic, analytic.monitors[key], target, findings, self.tunables)
        findings.raise_errors()
        assert resource is not None
        return {**resource.body, "enabled": False}

    def send(self, source: str, events: Iterable[Mapping[str, Any]]) -> None:
        """Index mapped documents, in their order and past the pipeline, and make them searchable."""
        stream = self.naming.stream(self.repository.sources[source].dataset, "default")
        waiting = list(events)
        for start in range(0, len(waiting), BATCH):
            lines = [
                line for event in waiting[start : start + BATCH] for line in ({"create": {"_index": stream}}, event)
            ]
            text = "".join(f"{json.dumps(line)}\n" for line in lines)
            answer = self.node.request("POST", "/_bulk", text, {"pipeline": "_none"})
            assert not answer["errors"], json.dumps(answer)[:500]
        self.node.request("POST", f"/{stream}/_refresh")

    def run(self, body: Mapping[str, Any], at: datetime) -> execute.Run:
        """A run at a time that writes and sends nothing."""
        params = {"dryrun": "true", "period_end": f"{millis(at)}ms"}
        run = execute.read(self.node.request("POST", "/_plugins/_alerting/monitors/_execute", body, params))
        assert run.error == ""
        return run

    def hosts(self, body: Mapping[str, Any], at: datetime) -> set[str]:
        """The hosts that alert in a run at a time."""
        return {dict(entity)["host"] for entity in self.run(body, at).entities}


@contextmanager
def site(url: str, root: Path, analytic: str, tunables: Mapping[str, Any] | None = None) -> Iterator[Site]:
    """The data streams of an analytic's log sources on a node, until the block ends."""
    findings = Findings()
    repository = load_repository(root, findings)
    findings.raise_errors()
    node = Node(url)
    with stage(node, repository, [use.source for use in repository.analytics[analytic].log_sources]) as naming:
        yield Site(node, repository, naming, analytic, tunables or {})


def millis(at: datetime) -> int:
    """A time in epoch milliseconds."""
    return round(at.timestamp() * 1000)


def stamp(at: datetime) -> str:
    """A time as documents have it, to the millisecond."""
    return at.isoformat(timespec="milliseconds")


@dataclass(frozen=True)
class Stored:
    """A monitor that is stored, and what its channel received."""

    site: Site
    id: str
    messages: list[str]

    def run(self, at: datetime) -> list[str]:
        """Run it for real at a time; the messages that this run sent."""
        before = len(self.messages)
        run = execute.read(
            self.site.node.request(
                "POST",
                f"/_plugins/_alerting/monitors/{self.id}/_execute",
                {},
                {"dryrun": "false", "period_end": f"{millis(at)}ms"},
            )
        )
        assert run.error == ""
        return self.messages[before:]

    def alerts(self) -> list[tuple[str, str, int]]:
        """Its alerts, oldest first: host, state and number of events."""
        self.site.node.request("POST", "/.opendistro-alerting-alert*/_refresh")
        answer = self.site.node.request(
            "GET",
            "/_plugins/_alerting/monitors/alerts",
            params={"monitorId": self.id, "sortString": "start_time", "sortOrder": "asc", "size": 1000},
        )
        buckets = [(alert["agg_alert_content"]["bucket"], alert["state"]) for alert in answer["alerts"]]
        return [(bucket["key"]["host"], state, bucket["doc_count"]) for bucket, state in buckets]

    def turn_back(self, hours: int) -> None:
        """Make the last notification of its alerts so much older, instead of waiting that long."""
        script = (
            "for (r in ctx._source.action_execution_results) { r.last_execution_time -= params.by; } "
            "ctx._source.last_notification_time -= params.by"
        )
        self.site.node.request(
            "POST",
            "/.opendistro-alerting-alerts/_update_by_query",
            {
                "query": {"term": {"monitor_id": self.id}},
                "script": {"source": script, "params": {"by": hours * 3_600_000}},
            },
            {"refresh": "true"},
        )


@contextmanager
def store(site: Site, key: str, **environment_changes: Any) -> Iterator[Stored]:
    """A monitor that is stored, not enabled, with a channel to a receiver of its own, until the block ends."""
    url = f"http://127.0.0.1:{free_port()}/alerts"
    channel = f"soc-{secrets.token_hex(3)}"
    name = site.naming.resource(channel)
    config = {
        "name": name,
        "description": "Tests of alerts.",
        "config_type": "webhook",
        "is_enabled": True,
        "webhook": {"url": url, "method": "POST", "header_params": {}},
    }
    notified = {"channels": {channel: Channel(channel, "webhook", url)}, "notify": {"default": (channel,)}}
    site.node.request("POST", "/_plugins/_notifications/configs", {"config_id": name, "config": config})
    made = site.node.request("POST", "/_plugins/_alerting/monitors", site.body(key, **notified, **environment_changes))
    with receive(url) as messages:
        yield Stored(site, made["_id"], messages)
    site.node.gone(f"/_plugins/_alerting/monitors/{made['_id']}")
    site.node.gone(f"/_plugins/_notifications/configs/{name}")
