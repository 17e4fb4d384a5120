"""The project's own detections on a real node: every sample does what its file says, and every tunable matters."""

from __future__ import annotations

import json

import pytest

from deployer import replay
from deployer.model.analytic import Repository
from deployer.render import active
from tests.node import Node

pytestmark = pytest.mark.integration

ANALYTICS = ("AN0903", "AN0904", "AN0905", "AN0906", "AN0907", "AN0908")


@pytest.mark.parametrize("analytic", ANALYTICS)
def test_an_analytic_alerts_as_its_samples_say(cluster_url: str, repository: Repository, analytic: str) -> None:
    """Positives alert with the entity named, negatives do not, and each tunable is shown under two values with two outcomes."""
    (result,) = replay.run(Node(cluster_url), repository, [analytic], lambda line: None)

    assert () == result.failures
    assert () == result.findings
    assert () == result.unproven
    assert result.positives > 0
    assert result.negatives > 0


def test_the_strategy_is_complete(repository: Repository) -> None:
    """DET0320 has six analytics, each active, on the platforms that its text names."""
    platforms = {
        name: analytic.platform for name, analytic in active(repository).items() if analytic.strategy == "DET0320"
    }

    assert {
        "AN0903": "windows",
        "AN0904": "linux",
        "AN0905": "macos",
        "AN0906": "esxi",
        "AN0907": "network",
        "AN0908": "cloud",
    } == platforms


def test_nothing_is_left_behind(cluster_url: str, repository: Repository) -> None:
    """A run removes its data streams, templates and pipelines, also when it fails half-way."""
    node = Node(cluster_url)
    calls: list[str] = []

    def fail(line: str) -> None:
        calls.append(line)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replay.run(node, repository, ["AN0906"], fail)

    assert calls
    for path in ("/_data_stream", "/_index_template", "/_component_template", "/_ingest/pipeline"):
        assert "dactest-" not in json.dumps(node.found(path)), path
