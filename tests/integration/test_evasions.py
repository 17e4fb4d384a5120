"""Every way to write a command in tests/evasions, in raw form through the pipelines of a real node, alerts or not as it says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployer.catalogue import load_repository
from deployer.model.analytic import Repository
from deployer.model.finding import Findings
from deployer.render import monitors
from deployer.render.target import Target
from deployer.render.templating import Templates
from deployer.replay import cut, execute
from deployer.replay.stage import stage
from tests.evasions import forms
from tests.evasions.catalogue import Entry, load
from tests.node import Node

pytestmark = pytest.mark.integration

MONITOR = {
    "AN0903": "discovery",
    "AN0904": "discovery",
    "AN0905": "discovery",
    "AN0906": "connections",
    "AN0907": "cli",
}
"""The monitor of each analytic that alerts on a single event."""

ENTRIES = load()


@pytest.fixture(scope="module")
def alerted(cluster_url: str, root: Path) -> Iterator[frozenset[str]]:
    """The hosts that alert when every entry is sent as the events of a host of its own: one bulk request, one run each."""
    node = Node(cluster_url)
    findings = Findings()
    repository = load_repository(root, findings)
    findings.raise_errors()
    analytics = sorted({entry.analytic for entry in ENTRIES})
    sources = {use.source for name in analytics for use in repository.analytics[name].log_sources}
    with stage(node, repository, sources) as naming:
        lines = []
        for number, entry in enumerate(ENTRIES):
            for event in entry.events:
                source = repository.sources[event["source"]]
                for document in cut.sample(forms.raw(event, host(number)), source.format):
                    lines += [
                        json.dumps({"create": {"_index": naming.stream(source.dataset, "evasions")}}),
                        json.dumps(document),
                    ]
        answer = node.request("POST", "/_bulk", "\n".join(lines) + "\n", {"refresh": "true"})
        assert not answer["errors"], [item for item in answer["items"] if item["create"]["status"] > 299][:3]
        target = Target(repository, naming, Templates(repository.templates))
        yield frozenset().union(*(_run(node, repository, target, analytic) for analytic in analytics))


def _run(node: Node, repository: Repository, target: Target, analytic: str) -> frozenset[str]:
    findings = Findings()
    known = repository.analytics[analytic]
    resource = monitors.render(known, known.monitors[MONITOR[analytic]], target, findings)
    findings.raise_errors()
    assert resource is not None
    outcome = execute.dry(node, resource.body, int(forms.AT.timestamp()) + 60)
    assert outcome.error == ""
    return frozenset(dict(entity).get("host") or dict(entity)["device"] for entity in outcome.entities)


def host(number: int) -> str:
    """The host of an entry."""
    return f"e{number:04d}"


@pytest.mark.parametrize("number", range(len(ENTRIES)), ids=[f"{entry.analytic} {entry.how}" for entry in ENTRIES])
def test_a_way_to_write_a_command_has_the_verdict_of_the_table(alerted: frozenset[str], number: int) -> None:
    """Caught means that it alerts and missed that it does not, so the table of docs/evasions.md cannot say otherwise."""
    entry: Entry = ENTRIES[number]

    assert entry.alerts == (host(number) in alerted), (entry.verdict, entry.section, entry.events)
