"""`report`, `coverage` and the searches behind the dashboards, on a real cluster with a deployment that alerted."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests import pages
from tests.bench import MONITORS, Bench
from tests.commands import by_way_of, deployment, run
from tests.faults import Proxy

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def alerted(cluster_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A deployment one of whose monitors found alice on h1, twice within its window."""
    with deployment(cluster_url, tmp_path_factory.mktemp("report") / "repository") as on:
        assert 0 == run(on, "deploy", "--yes")
        dataset = f"x.{on.deployment.replace('-', '')}"
        on.also.insert(0, f"/_data_stream/logs-{dataset}-default")
        at = datetime.now(UTC).isoformat()
        stream = {"type": "logs", "dataset": dataset, "namespace": "default"}
        event = {"@timestamp": at, "data_stream": stream, "process": {"command_line": "netstat"}, "host": {"name": "h1"}, "user": {"name": "alice"}}  # fmt: skip
        for _ in range(2):
            on.node.request("POST", f"/logs-{dataset}-default/_doc?refresh=true", event)
        on.node.request("POST", f"{MONITORS}/{on.monitor_id('Connections listed')}/_execute?dryrun=false", {})
        yield on


def test_the_page_and_the_coverage_tell_what_stands_there(
    alerted: Bench, through: Proxy, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Deployed monitors, an open alert, the deploy and the last event of the source; nothing is written for it."""
    results, page = tmp_path / "results.json", tmp_path / "page.html"
    results.write_text(json.dumps(pages.results()), "utf-8")
    capsys.readouterr()
    with by_way_of(alerted, through.url):
        before = len(through.seen)
        assert 0 == run(alerted, "report", "--html", str(page), "--results", str(results)), capsys.readouterr()
        assert 0 == run(alerted, "coverage", "--results", str(results), "--output", "json"), capsys.readouterr()
        assert [] == [request for request in through.seen[before:] if request.writes]

    text = page.read_text("utf-8")
    assert "1 open alert" in text
    assert 2 == text.count("deployed, ok") + text.count("deployed, not run yet")
    assert "<td>deploy</td>" in text
    assert f"logs-x.{alerted.deployment.replace('-', '')}-*" in text
    (found,) = json.loads(capsys.readouterr().out)["techniques"]
    assert (100, True) == (found["score"], found["analytics"][0]["deployed"])


def test_the_searches_of_the_dashboard_find_alerts_entities_and_events(alerted: Bench, tmp_path: Path) -> None:
    """Each panel's query and aggregations, sent as Dashboards sends them, find what alerted and who, and when the source last spoke."""
    file = tmp_path / "dashboards.ndjson"
    assert 0 == run(alerted, "dashboards", "--output-file", str(file))
    objects = {item["id"].removeprefix(f"{alerted.deployment}-"): item for item in map(json.loads, file.read_text().splitlines())}

    def asked(part: str) -> Mapping[str, Any]:
        item = objects[f"DET9999-{part}"]
        pattern = objects[item["references"][0]["id"].removeprefix(f"{alerted.deployment}-")]
        return searched(alerted, pattern["attributes"]["title"], item["attributes"])

    assert [1] == [bucket["doc_count"] for bucket in asked("alerts-over-time")["3"]["buckets"].values() if bucket["doc_count"]]
    assert 1 == asked("alerts-by-analytic")["3"]["buckets"]["XX0001"]["doc_count"]
    assert [("h1", 1)] == [(bucket["key"], bucket["doc_count"]) for bucket in asked("top-host")["2"]["buckets"]]
    assert [("alice", 1)] == [(bucket["key"], bucket["doc_count"]) for bucket in asked("top-user")["2"]["buckets"]]
    assert 2 == asked("events-by-source")["3"]["buckets"]["x.plain"]["doc_count"]
    health = asked("source-health")["3"]["buckets"]["x.plain"]
    assert (2, True) == (health["doc_count"], health["2"]["value"] > 0)


def searched(on: Bench, index: str, attributes: Mapping[str, Any]) -> Mapping[str, Any]:
    """The aggregations of a visualization, by their ids; metrics stand within the last bucket, and series are not cut by time."""
    source = json.loads(attributes["kibanaSavedObjectMeta"]["searchSourceJSON"])
    state = json.loads(attributes["visState"])
    metrics = {
        item["id"]: {"max": {"field": item["params"]["field"]}} for item in state["aggs"] if item["type"] == "max"
    }
    buckets = {
        item["id"]: {**_bucket(item), "aggs": metrics}
        for item in state["aggs"]
        if item["schema"] != "metric" and item["type"] != "date_histogram"
    }
    times = [item["params"]["field"] for item in state["aggs"] if item["type"] == "date_histogram"]
    asked = [_query(source["query"]["query"]), *({"exists": {"field": field}} for field in times)]
    body = {"size": 0, "query": {"bool": {"filter": asked}}, "aggs": buckets}
    found: Mapping[str, Any] = on.node.request("POST", f"/{index}/_search?ignore_unavailable=true", body)["aggregations"]
    return found


def _bucket(item: Mapping[str, Any]) -> dict[str, Any]:
    if item["type"] == "terms":
        return {"terms": {"field": item["params"]["field"], "size": item["params"]["size"]}}
    filters = {one["label"]: _query(one["input"]["query"]) for one in item["params"]["filters"]}
    return {"filters": {"filters": filters}}


def _query(text: str) -> dict[str, Any]:
    """A Lucene query as Dashboards sends it."""
    return {"query_string": {"query": text, "analyze_wildcard": True}} if text else {"match_all": {}}
