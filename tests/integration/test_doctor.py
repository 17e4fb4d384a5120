"""`deployer doctor` on a real cluster: each thing that keeps a monitor from firing is planted and named; nothing is written."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import deployments as made
from tests.bench import MONITORS, Bench
from tests.commands import append, deployment, environment, run, stream
from tests.faults import Fault, Reply, proxied

pytestmark = pytest.mark.integration

ANALYTIC = "detections/DET9999/XX0001/analytic.yml"
RATE, CACHE = "script.context.template.max_compilations_rate", "script.context.template.cache_max_size"


@pytest.fixture
def on(cluster_url: str, tmp_path: Path) -> Iterator[Bench]:
    """The small repository, deployed under a name of its own."""
    with deployment(cluster_url, tmp_path / "repository") as found:
        yield found


def edit(on: Bench, name: str, old: str, new: str) -> None:
    path = on.folder / name
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def event(on: Bench, minutes: float, command: str = "dir", late: float = 0) -> None:
    """Send one event that happened so many minutes ago, and was ingested so many minutes later."""
    at = int(time.time() * 1000 - minutes * 60_000)
    body = {
        "@timestamp": at,
        "event": {"ingested": at + int(late * 60_000)},
        "host": {"name": "h1"},
        "user": {"name": "alice"},
        "process": {"command_line": command},
    }
    on.node.request("POST", f"/{stream(on)}/_doc?refresh=true", body)
    on.also.insert(0, f"/_data_stream/{stream(on)}")


def doctor(on: Bench, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    capsys.readouterr()
    code = run(on, "doctor", "--output", "json")
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert code == (1 if told["findings"] else 0)
    return told


def codes(told: dict[str, Any], found: str = "cluster") -> set[str]:
    return {item["code"] for item in told["findings"] if item["found"] == found}


def of(told: dict[str, Any], code: str) -> list[str]:
    return [f"{item['file']}:{item['line']}:{item['column']} {item['message']}" for item in told["findings"] if item["code"] == code]  # fmt: skip


def test_a_healthy_deployment_has_no_finding_and_is_only_read(
    on: Bench, cluster_url: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Deployed, with a fresh event: exit code 0 in every form, and each request reads, as the wire shows."""
    run(on, "deploy")
    event(on, 1)
    with proxied(cluster_url) as proxy:
        path = environment(on)
        path.write_text(path.read_text().replace(cluster_url, proxy.url))

        told = doctor(on, capsys)
        file = tmp_path / "doctor.md"
        forms = [run(on, "doctor", "--output", form, "--output-file", str(file)) for form in ("markdown", "github", "text")]  # fmt: skip
        asked = {(request.method, request.path.partition("?")[0].rsplit("/", 1)[-1]) for request in proxy.seen}

    assert [] == told["findings"]
    assert ({"format_version": 1, "healthy": True, "not_looked_at": []}.items()) <= told.items()
    assert [0, 0, 0] == forms
    assert "Healthy: no finding." in file.read_text()
    assert [] == proxy.writes
    posts = {name for method, name in asked if method == "POST"}
    assert {"GET", "POST"} == {method for method, _ in asked}
    assert posts <= {"_search", "_msearch", "_mget", "_execute", "template", "query"}
    assert [] == [request.path for request in proxy.seen if re.search(r"monitors/.*_execute", request.path)]


def test_sources_that_stopped_or_are_late_or_never_sent_are_told_apart(
    on: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    """Never an event, then a fresh one, then some that come later than they may, then only ones that are older than the environment allows."""
    run(on, "deploy")
    never = doctor(on, capsys)
    event(on, 30)
    sent = doctor(on, capsys)
    event(on, 31, late=20)
    event(on, 32, late=30)
    late = doctor(on, capsys)
    append(on, "sources: {x.plain: {silent_after: 10m, ingest_delay: 20m}}\n")
    stopped = doctor(on, capsys)
    append(on, "exclusions: [{code: DAC033, on: x.plain, owner: o, reason: moving house, expires: '2999-01-01'}]\n")
    excluded = doctor(on, capsys)

    assert {"DAC033"} == codes(never) == codes(stopped)
    assert "has never sent an event" in of(never, "DAC033")[0]
    assert of(never, "DAC033")[0].startswith("mappings/sources/x.yml:2:3 ")
    assert set() == codes(sent)
    assert {"DAC037"} == codes(late)
    assert ", half of them 20m or more after they happened" in of(late, "DAC037")[0]
    (line,) = of(stopped, "DAC033")
    assert "the log source x.plain stopped: its last event is of " in line
    assert "30m ago, and 10m are allowed" in line
    assert line.startswith("environments/local.yml:")
    assert ([], ["moving house"]) == (excluded["findings"], [item["reason"] for item in excluded["excluded"]])


def test_fields_and_types_as_the_cluster_maps_them(on: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """An index that somebody made by hand lacks a field, has a text for a keyword, and a wildcard for a query_string."""
    here = f"{on.deployment}-raw"
    fields = {"@timestamp": "date", "user.name": "text", "process.command_line": "keyword", "process.name": "wildcard"}
    mappings = {"properties": {name: {"type": kind} for name, kind in fields.items()}}
    on.node.request("PUT", f"/{here}-1", {"mappings": mappings})
    on.also.append(f"/{here}-1")
    own = '[% extends "monitors/entity.json.j2" %]\n[% block filter %], [[ query ]], {"query_string": {"query": "process.name:*et.*"}}[% endblock %]\n'
    (on.folder / "templates/monitors/own.json.j2").write_text(own)
    edit(on, ANALYTIC, "template: entity", "template: own")
    append(on, f"sources: {{x.plain: {{index: '{here}-*'}}}}\ntunables: {{XX0001: {{Scope: some}}}}\n")

    told = doctor(on, capsys)

    entities = [line for line in of(told, "DAC020") if "the entity 'host' has the fields host.name" in line]
    absent = [line for line in of(told, "DAC020") if line not in entities]
    assert ["XX0001/correlated:", "XX0001/discovery:"] == sorted(line.split()[1] for line in entities)
    assert absent
    assert all("'process.command_line.words', which no index of the cluster maps" in line for line in absent)
    assert all(line.startswith(f"{ANALYTIC}:") for line in absent)
    assert all("on 'user.name', which is of type text," in line for line in of(told, "DAC008"))
    assert {"XX0001/discovery:", "XX0001/correlated:"} == {line.split()[1] for line in of(told, "DAC008")}
    (asked,) = of(told, "DAC021")
    assert asked.startswith("templates/monitors/own.json.j2:2:")


def test_an_index_pattern_that_matches_nothing(on: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """The place that the environment names does not exist; its line is named."""
    append(on, f"sources: {{x.plain: {{index: '{on.deployment}-nothing-*'}}}}\n")

    told = doctor(on, capsys)

    (line,) = of(told, "DAC026")
    assert f"called '{on.deployment}-nothing-*', which XX0001/discovery, XX0001/correlated read" in line
    assert line.startswith("environments/local.yml:")


def test_what_the_cluster_cannot_compile_or_answer(on: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """Painless in a condition, a query and a derived field, mustache in a message, a query that is none: each by the server's own words."""
    run(on, "deploy")
    event(on, 1)
    extends = '[% extends "monitors/entity.json.j2" %]\n'
    own = on.folder / "templates/monitors/own.json.j2"
    edit(on, ANALYTIC, "template: entity", "template: own")
    found = {}
    for name, block in {
        "condition": '[% block condition %]"buckets_path": {"count": "_count"}, "script": {"source": "params.count >= >= 2", "lang": "painless"}[% endblock %]',
        "query": '[% block filter %], [[ query ]], {"script": {"script": "doc[\'user.name\'].sizes(1, nope)"}}[% endblock %]',
        "unknown": '[% block filter %], [[ query ]], {"nonsense": {"user.name": "x"}}[% endblock %]',
    }.items():  # fmt: skip
        own.write_text(f"{extends}{block}\n")
        found[name] = doctor(on, capsys)
    own.write_text(extends)
    base = on.folder / "templates/monitors/base.json.j2"
    before = base.read_text()
    more = '[[ dict(derived, odd={"type": "keyword", "script": {"source": "emit(nope)"}}) ]]'
    base.write_text(before.replace("[[ derived ]]", more))
    found["derived"] = doctor(on, capsys)
    base.write_text(before)
    message = on.folder / "templates/messages/alert.txt.j2"
    message.write_text("{{=x}}\n{{ctx.monitor.name}}\n")
    found["message"] = doctor(on, capsys)

    for name in ("condition", "query", "derived", "message"):
        lines = of(found[name], "DAC030")
        assert lines, (name, found[name]["findings"])
        assert all("the cluster cannot compile it" in line for line in lines), lines
    assert of(found["condition"], "DAC030")[0].startswith("templates/monitors/own.json.j2:2:")
    (line,) = of(found["unknown"], "DAC032")
    assert "unknown query [nonsense]" in line


def test_a_monitor_whose_last_run_failed(on: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """Its notification goes nowhere: the alert is in error, and the finding has the server's reason."""
    run(on, "deploy")
    event(on, 1)
    bad = made.query_monitor(on.deployment, "XX0002", "bad", enabled=True)
    index = f"{on.deployment}-events-1"
    on.also.append(f"/{index}")
    fields = {"@timestamp": {"type": "date"}, "event.code": {"type": "keyword"}}
    on.node.request("PUT", f"/{index}", {"mappings": {"properties": fields}})
    seen = {"@timestamp": int(time.time() * 1000), "event.code": "1"}
    on.node.request("POST", f"/{index}/_doc?refresh=true", seen)
    on.deploy([bad])
    on.node.request("POST", f"{MONITORS}/{on.monitor_id('bad')}/_execute", {}, {"dryrun": "false"})

    told = doctor(on, capsys)

    (line,) = of(told, "DAC032")
    assert line.startswith("environments/local.yml:0:0 XX0002/bad failed in its last run: ")
    assert "nowhere" in line


def test_a_page_that_is_full_now(on: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """Three hosts where a page of one is declared enough."""
    run(on, "deploy")
    at = int(time.time() * 1000 - 60_000)
    for number in range(3):
        body = {"@timestamp": at, "host": {"name": f"h{number}"}, "process": {"command_line": "netstat"}}
        on.node.request("POST", f"/{stream(on)}/_doc?refresh=true", body)
    on.also.insert(0, f"/_data_stream/{stream(on)}")
    edit(on, "templates/monitors/base.json.j2", '"size": [[ composite_size ]]', '"size": 2')
    append(on, "entities: {host: {expected: 1}, user: {expected: 1}}\n")

    told = doctor(on, capsys)

    assert ["XX0001/discovery finds 2 or more entities now, and a page has room for 2"] == [
        line.partition(" ")[2] for line in of(told, "DAC028") if "discovery finds" in line
    ]


def test_more_monitors_than_the_nodes_can_compile(on: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """Before a deploy the limits are too low, and the settings are named; after it, runs were refused."""
    event(on, 1)
    on.node.request("PUT", "/_cluster/settings", {"transient": {RATE: "1/10m", CACHE: 1}})
    try:
        before = doctor(on, capsys)
        run(on, "deploy", "--allow-overload")
        for identity in on.monitors():
            on.node.request("POST", f"{MONITORS}/{identity}/_execute", {}, {"dryrun": "true"})
        after = doctor(on, capsys)
    finally:
        on.node.request("PUT", "/_cluster/settings", {"transient": {RATE: None, CACHE: None}})
    wide = doctor(on, capsys)

    (line,) = of(before, "DAC034")
    assert line.startswith("environments/local.yml:0:0 ")
    assert f"Raise {RATE} (such as " in line
    assert "DAC034" in codes(after)
    (refused,) = of(after, "DAC035")
    assert "template compilations since it started" in refused
    assert not {"DAC034", "DAC035"} & codes(wide)


def test_a_cluster_that_does_not_answer_or_let_in(
    on: Bench, cluster_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """No connection is a clear error (1), wrong credentials are exit code 4, and what may not be seen is said."""
    run(on, "deploy")
    event(on, 1)
    with proxied(cluster_url) as proxy:
        path = environment(on)
        text = path.read_text()
        path.write_text(text.replace(cluster_url, proxy.url))
        forbidden = {
            "error": {"type": "security_exception", "reason": "no permissions for [cluster:monitor/nodes/stats]"},
            "status": 403,
        }
        proxy.faults += [Fault("GET", "_nodes/stats", 99, before=Reply(403, forbidden))]
        told = doctor(on, capsys)
        proxy.faults[:] = [Fault("GET", "^/$", 99, before=Reply(401, {"error": "Unauthorized"}))]
        unauthorized = run(on, "doctor")
    refused = run(on, "doctor")

    assert [] == told["findings"]
    assert ["what nodes refuse to compile (permission cluster:monitor/nodes/stats)"] == told["not_looked_at"]
    assert (4, 1) == (unauthorized, refused)
    assert "no connection to" in capsys.readouterr().err
