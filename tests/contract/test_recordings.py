"""The cluster's Alerting and Notifications against recordings of the real plugins.

Without a container engine and without OPENSEARCH_URL this measures the local alerting service.
"""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.node import Node

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def contract(shared: Path) -> Path:
    """The folder of recordings."""
    return shared / "alerting-contract"


@pytest.fixture(scope="module")
def checker(contract: Path) -> ModuleType:
    """The program that replays the recordings, as a module."""
    spec = importlib.util.spec_from_file_location("contract_check", contract / "check.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def steps(contract: Path, checker: ModuleType, cluster_url: str) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Every recorded step with the answer it gets now: (scenario / step, recorded, now)."""
    monitors = Node(cluster_url).request(
        "POST",
        "/_plugins/_alerting/monitors/_search",
        {"size": 0, "track_total_hits": True, "query": {"match_all": {}}},
    )
    if monitors["hits"]["total"]["value"]:
        pytest.skip("the recordings need a node without monitors, and this one has some")
    result = []
    for path in sorted(contract.glob("*.json")):
        recorded = json.loads(path.read_text("utf-8"))["steps"]
        now = checker.run(
            cluster_url, [{key: value for key, value in step.items() if key != "expect"} for step in recorded]
        )
        result += [
            (f"{path.stem} / {before['name']}", before["expect"], after["expect"])
            for before, after in zip(recorded, now, strict=True)
        ]
    return result


def test_every_step_gets_the_recorded_status(steps: list[tuple[str, dict[str, Any], dict[str, Any]]]) -> None:
    """No request is answered with another status than the real plugins answered with."""
    assert [] == [
        f"{name}: {was['status']} and now {now['status']}" for name, was, now in steps if was["status"] != now["status"]
    ]


def test_every_step_that_succeeds_gets_the_recorded_body(
    steps: list[tuple[str, dict[str, Any], dict[str, Any]]], checker: ModuleType
) -> None:
    """What succeeds has the recorded body, but for ids, times and what else differs from run to run."""
    assert [] == [
        (name, list(checker.differences(was, now))[:3])
        for name, was, now in steps
        if was["status"] < 300 and list(checker.differences(was, now))
    ]


def test_nearly_all_steps_agree_in_full(
    steps: list[tuple[str, dict[str, Any], dict[str, Any]]], checker: ModuleType
) -> None:
    """At least 95 of 100 steps agree in every part, error messages included."""
    agreeing = sum(1 for _, was, now in steps if not list(checker.differences(was, now)))

    assert len(steps) > 400
    assert agreeing / len(steps) >= 0.95
