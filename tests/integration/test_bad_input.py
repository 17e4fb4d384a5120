"""Broken events of every log source through its pipeline on a real node: none is lost, each is marked, and what can alert does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from deployer.catalogue import load_environment
from deployer.model.analytic import Repository
from deployer.model.environment import Environment
from deployer.model.finding import Findings
from deployer.render import monitors
from deployer.render.naming import Naming
from deployer.render.target import Target
from deployer.render.templating import Templates
from deployer.replay import execute
from deployer.replay.stage import stage
from tests.badinput.good import HOST, monitor_of
from tests.badinput.kinds import broken
from tests.evasions.forms import AT
from tests.node import Node
from tests.sources import piped

pytestmark = pytest.mark.integration

SOURCES = (
    "aws.cloudtrail", "azure.activity", "esxi.hostd", "esxi.shell", "gcp.audit", "linux.auditd", "linux.auth", "linux.shell",
    "macos.endpoint", "macos.osquery", "network.cli", "network.snmp", "windows.defender", "windows.powershell",
    "windows.security", "windows.sysmon",
)  # fmt: skip
BATCH_BYTES = 5_000_000


@pytest.fixture(scope="module")
def naming(node: Node, repository: Repository) -> Iterator[Naming]:
    """A stage with the streams of every source."""
    with stage(node, repository, piped(repository)) as found:
        yield found


@pytest.fixture(scope="module")
def measure(root: Path, repository: Repository) -> Environment:
    """The environment in which a single event alerts."""
    findings = Findings()
    found = load_environment(root, "measure", repository.analytics, repository.sources, findings)
    findings.raise_errors()
    assert found is not None
    return found


def test_every_source_is_tried(repository: Repository) -> None:
    """A log source that is added is tried too."""
    assert set(piped(repository)) == set(SOURCES)


@pytest.mark.parametrize("source", SOURCES)
def test_a_broken_event_is_kept_marked_and_alerts_where_it_can(
    node: Node, repository: Repository, naming: Naming, measure: Environment, source: str
) -> None:
    """Cut, binary, huge, deep, mistyped, from another century, from a host with a name of braces: nothing is lost."""
    events = list(broken(source))
    bodies = [event.json() if event.host else event.json().replace(HOST, _host(n)) for n, event in enumerate(events)]

    items = _sent(node, naming.stream(repository.sources[source].dataset, "bad"), bodies)
    kept = [_stored(node, item) if item["status"] < 300 else {} for item in items]
    alerting = _alerting(node, repository, naming, measure, source)

    assert [] == [
        (event.kind, item["error"]) for event, item in zip(events, items, strict=True) if item["status"] > 299
    ]
    assert [] == [event.kind for event, document in zip(events, kept, strict=True) if not document["@timestamp"]]
    assert [] == [
        (event.kind, set(event.tags), document.get("tags"))
        for event, document in zip(events, kept, strict=True)
        if not event.tags <= set(document.get("tags", ()))
    ]
    assert [] == [
        event.kind
        for n, (event, document) in enumerate(zip(events, kept, strict=True))
        if event.original and event.original.replace(HOST, _host(n)) != document["event"].get("original")
    ]
    assert [] == [
        event.kind for n, event in enumerate(events) if event.alerts and (event.host or _host(n)) not in alerting
    ]


def _host(number: int) -> str:
    return f"e{number:04d}"


def _sent(node: Node, stream: str, bodies: list[str]) -> list[Mapping[str, Any]]:
    """Index documents; the answer's items."""
    items: list[Mapping[str, Any]] = []
    batch: list[str] = []
    for body in [*bodies, ""]:
        if batch and (not body or sum(map(len, batch)) + len(body) > BATCH_BYTES):
            lines = "".join(f'{{"create":{{}}}}\n{line}\n' for line in batch)
            items += [item["create"] for item in node.request("POST", f"/{stream}/_bulk", lines)["items"]]
            batch = []
        batch.append(body)
    node.request("POST", f"/{stream}/_refresh")
    return items


def _stored(node: Node, item: Mapping[str, Any]) -> dict[str, Any]:
    source: dict[str, Any] = node.request("GET", f"/{item['_index']}/_doc/{item['_id']}")["_source"]
    return source


def _alerting(node: Node, repository: Repository, naming: Naming, measure: Environment, source: str) -> frozenset[str]:
    """The hosts, devices or accounts that the source's monitor alerts on."""
    analytic, key = monitor_of(source)
    known = repository.analytics[analytic]
    target = Target(repository, naming, Templates(repository.templates))
    findings = Findings()
    values = measure.tunables.get(analytic, {})
    resource = monitors.render(known, known.monitors[key], target, findings, values)
    findings.raise_errors()
    assert resource is not None
    outcome = execute.dry(node, resource.body, int(AT.timestamp()) + 60)
    assert outcome.error == ""
    return frozenset(str(value) for entity in outcome.entities for _, value in entity)
