"""Mapped documents in throw-away data streams, and monitors as they are rendered for those: what tests of alerts share."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from deployer.model.analytic import Repository
from deployer.model.finding import Findings
from deployer.render import monitors
from deployer.render.naming import Naming
from deployer.render.target import Target
from deployer.render.templating import Templates
from deployer.replay import execute
from tests.deployments import environment
from tests.node import Node

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


def millis(at: datetime) -> int:
    """A time in epoch milliseconds."""
    return round(at.timestamp() * 1000)


def stamp(at: datetime) -> str:
    """A time as documents have it, to the millisecond."""
    return at.isoformat(timespec="milliseconds")
