"""More monitors than a node can compile: most fall silent, nothing says so, and the doctor does."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests import deployments as made
from tests.bench import MONITORS, Bench
from tests.commands import deployment, run

pytestmark = pytest.mark.integration

MANY = 150
DEFAULTS = {
    "script.context.template.max_compilations_rate": "75/5m",
    "script.context.template.cache_max_size": 100,
}


@pytest.fixture
def on(cluster_url: str, tmp_path: Path) -> Iterator[Bench]:
    """The small repository on the node that OPENSEARCH_URL names, with the default limits; needs its Alerting plugin."""
    if not os.environ.get("OPENSEARCH_URL"):
        pytest.skip("takes some minutes of a node with the Alerting plugin: name one in OPENSEARCH_URL")
    with deployment(cluster_url, tmp_path / "repository") as found:
        plugins = {item["component"] for item in found.node.request("GET", "/_cat/plugins?format=json")}
        if "opensearch-alerting" not in plugins:
            pytest.skip("the node that OPENSEARCH_URL names has no Alerting plugin (_cat/plugins)")
        found.node.request("PUT", "/_cluster/settings", {"transient": DEFAULTS})
        try:
            yield found
        finally:
            found.node.request("PUT", "/_cluster/settings", {"transient": dict.fromkeys(DEFAULTS)})


def refused(on: Bench) -> int:
    """Template compilations that the nodes refused since they started."""
    nodes = on.node.request("GET", "/_nodes/stats/script_cache")["nodes"].values()
    contexts = [context for node in nodes for context in node["script_cache"]["contexts"]]
    return sum(item["compilation_limit_triggered"] for item in contexts if item["context"] == "template")


def ran(on: Bench) -> set[str]:
    """The ids of the monitors that have been run."""
    nodes = on.node.request("GET", "/_plugins/_alerting/stats/jobs_info")["nodes"].values()
    jobs = [item for node in nodes for item in (node.get("jobs_info") or {}).items()]
    return {identity for identity, job in jobs if job.get("last_execution_time")}


def alerted(on: Bench) -> set[str]:
    """The ids of the monitors that have alerted."""
    params = {"size": 1000, "sortString": "start_time", "sortOrder": "desc"}
    return {alert["monitor_id"] for alert in on.node.request("GET", f"{MONITORS}/alerts", None, params)["alerts"]}


def test_150_monitors_at_a_minute_fall_silent_under_default_limits_and_the_doctor_names_it(
    on: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    """All are run, all have something to find, some never alert: no monitor tells an error, the nodes' counts do."""
    index = f"{on.deployment}-events-1"
    fields = {"@timestamp": "date", "event.code": "keyword", "host.name": "keyword"}
    mappings = {"properties": {name: {"type": kind} for name, kind in fields.items()}}
    on.node.request("PUT", f"/{index}", {"mappings": mappings})
    on.also.append(f"/{index}")
    found = {"@timestamp": int(time.time() * 1000), "event.code": "1", "host.name": "h1"}
    on.node.request("POST", f"/{index}/_doc?refresh=true", found)
    before = refused(on)
    monitors = [
        made.monitor(
            on.deployment, f"XX{number:04}", "many", window=f"{number + 60}m", enabled=True, interval=1, needs=()
        )
        for number in range(MANY)
    ]
    with ThreadPoolExecutor(8) as pool:
        ours = set(pool.map(lambda item: on.create(item.body), monitors))

    deadline = time.monotonic() + 600
    while not (ours <= ran(on) and refused(on) > before):
        assert time.monotonic() < deadline, "not all were run, or nothing was refused, within ten minutes"
        time.sleep(2)
    silent = ours - alerted(on)
    capsys.readouterr()
    code = run(on, "doctor", "--output", "json")
    told: dict[str, Any] = json.loads(capsys.readouterr().out)

    assert silent
    assert 1 == code
    messages = {item["code"]: item["message"] for item in told["findings"]}
    assert "script.context.template.max_compilations_rate" in messages["DAC034"]
    assert "template compilations since it started" in messages["DAC035"]
