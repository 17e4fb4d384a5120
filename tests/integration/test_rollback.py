"""History, rollback, destruction and unlocking on a real cluster."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from deployer.model.errors import ClusterError
from deployer.plan.canonical import VOLATILE
from tests import deployments as made
from tests.bench import CHANNELS, MONITORS, RECORDS, Bench, bench, dumps
from tests.commands import append, by_way_of, deployment, environment, run
from tests.faults import proxied

pytestmark = pytest.mark.integration

CANARY = "canary-4711"
THIRD = """\
  third:
    title: H_NAME Listed again
    template: entity
    events: discovery
    entity: [host]
    window: 9m
"""


@pytest.fixture
def on(cluster_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """A deployment whose repository lies in `folder`, with a channel whose address is a secret."""
    monkeypatch.setenv("H_HOOK", f"http://127.0.0.1:9/{CANARY}")
    with deployment(cluster_url, tmp_path / "repository") as found:
        path = environment(found)
        path.write_text(path.read_text().replace('"http://127.0.0.1:9/x"', "env:H_HOOK"))
        yield found


def bodies(on: Bench) -> dict[str, Mapping[str, Any]]:
    """All objects of the deployment as they stand there, by name or id, without what changes by itself."""
    name = on.deployment
    found = {
        identity: {key: value for key, value in hit["_source"].items() if key not in VOLATILE}
        for identity, hit in on.monitors().items()
    }
    for path in (f"/_index_template/{name}-*", f"/_component_template/{name}-*", f"/_ingest/pipeline/{name}-*"):
        found[path] = on.node.found(path)
    config = on.node.found(f"{CHANNELS}/{name}-demo")
    found["channel"] = config and config["config_list"][0]["config"]
    return found


def second(on: Bench) -> None:
    """The repository as it is after the next commit: a tunable, a pipeline and a message changed, one monitor more."""
    append(on, "tunables: {XX0001: {Window: 1h}}\n")
    pipeline = on.folder / "mappings/pipelines/plain.yml"
    pipeline.write_text(pipeline.read_text().replace("value: event", "value: alert"))
    analytic = on.folder / "detections/DET9999/XX0001/analytic.yml"
    samples = analytic.with_name("samples.yml")
    samples.write_text(samples.read_text().replace("[{host: h1}]}", "[{host: h1}], third: [{host: h1}]}", 1))
    third = THIRD.replace("H_NAME", on.deployment)
    analytic.write_text(analytic.read_text().replace("false_positives:", f"{third}false_positives:"))


def listed(on: Bench, capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """The history, the newest first."""
    capsys.readouterr()
    assert 0 == run(on, "history", "--output", "json")
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["deployments"]
    return found


def test_promise_27_a_rollback_restores_the_content_exactly(on: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """What changed is as it was, what came after is gone, ids that can stay stay, and the history tells all of it."""
    assert 0 == run(on, "deploy")
    before = bodies(on)
    second(on)
    assert 0 == run(on, "deploy")
    assert 3 == len(on.monitors())
    capsys.readouterr()

    assert 0 == run(on, "rollback", "--dry-run")
    assert 3 == len(on.monitors())
    assert 0 == run(on, "rollback")
    output = capsys.readouterr().out

    assert before == bodies(on)
    assert "- monitor/XX0001/third" in output
    assert "(came after deploy 1)" in output
    assert "tunables.Window: 1h → 30m" in output
    assert "What no rollback brings back" in output
    history = listed(on, capsys)
    assert [(3, "rollback", 1), (2, "deploy", None), (1, "deploy", None)] == [
        (one["number"], one["action"], one["target"]) for one in history
    ]
    assert {"complete"} == {one["state"] for one in history}
    assert all(len(one["plan"]) == 64 and one["who"] and one["host"] for one in history)
    assert 0 == run(on, "show", "2", "--output", "json")
    shown = json.loads(capsys.readouterr().out)
    assert {"+ monitor/XX0001/third", "~ monitor/XX0001/correlated", "~ ingest-pipeline/plain"} == {
        f"{item['sign']} {item['key']}" for item in shown["changed"]
    }
    # Undone by the next one: that goes back to what stood there after deploy 2.
    assert 0 == run(on, "rollback", "--yes")
    assert 0 == run(on, "plan", "--detailed-exitcode")
    everything = on.node.request(
        "POST", f"{RECORDS}/_search?size=100", {"query": {"term": {"deployment": on.deployment}}}
    )
    stored = _whole(everything)
    assert CANARY not in stored
    assert "env:H_HOOK" in stored


def test_a_channel_comes_back_with_its_address(
    on: Bench, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its reference, with today's secret; an address that stood in place is today's, or the rollback says what it needs."""
    assert 0 == run(on, "deploy")
    text = environment(on).read_text()
    environment(on).write_text(text.replace("env:H_HOOK", f"http://127.0.0.1:9/{CANARY}-placed"))
    assert 0 == run(on, "deploy")
    environment(on).write_text(text.replace("env:H_HOOK", "http://127.0.0.1:9/today"))
    monkeypatch.setenv("H_HOOK", "http://127.0.0.1:9/rotated")

    assert 0 == run(on, "rollback", "1")
    first = bodies(on)["channel"]
    assert 0 == run(on, "rollback", "2")
    placed = bodies(on)["channel"]
    told = capsys.readouterr().err
    environment(on).write_text(text.replace("  demo:", "  other:").replace("[demo]", "[other]"))
    refused = run(on, "rollback", "2")

    assert "http://127.0.0.1:9/rotated" == first["webhook"]["url"]
    assert "http://127.0.0.1:9/today" == placed["webhook"]["url"]
    assert "never holds an address" in told
    assert 3 == refused
    assert "Put channels.demo back" in capsys.readouterr().err
    everything = on.node.request(
        "POST", f"{RECORDS}/_search?size=100", {"query": {"term": {"deployment": on.deployment}}}
    )
    assert CANARY not in _whole(everything)


@pytest.mark.parametrize("what", ["record", "deployment", "content"])
def test_promise_27_an_edited_record_is_refused_for_a_rollback(
    on: Bench, cluster_url: str, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The record, a deployment of the history, a content: whichever was edited, nothing is written."""
    assert 0 == run(on, "deploy")
    first = on.node.request("GET", f"{RECORDS}/_doc/{on.deployment}@1")["_source"]
    second(on)
    assert 0 == run(on, "deploy")
    manifest = f"{on.deployment}:{first['manifest']}"
    path = {"record": on.deployment, "deployment": f"{on.deployment}@1", "content": manifest}[what]
    source = on.node.request("GET", f"{RECORDS}/_doc/{path}")["_source"]
    other = on.node.request("GET", f"{RECORDS}/_doc/{on.deployment}:{first['results']}")["_source"]
    edited = {**source, "who": "mallory"} if what != "content" else {**source, "content": other["content"]}
    on.node.request("PUT", f"{RECORDS}/_doc/{path}", edited)

    with proxied(cluster_url) as proxy, by_way_of(on, proxy.url):
        assert 3 == run(on, "rollback", "1")
        assert [] == proxy.writes

    assert ("nobody recorded" if what == "content" else "was edited") in capsys.readouterr().err


def test_destroy_removes_what_is_owned_and_nothing_else(
    on: Bench, cluster_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Wants the name; leaves what others made, what a data stream uses, and the record, from which all comes back."""
    assert 0 == run(on, "deploy")
    dataset = f"x.{on.deployment.replace('-', '')}"
    on.also.insert(0, f"/_data_stream/logs-{dataset}-default")
    on.node.request(
        "POST", f"/logs-{dataset}-default/_doc", {"@timestamp": "2026-03-02T10:00:00Z"}, {"refresh": "true"}
    )
    body = on.node.request("GET", f"{MONITORS}/{on.monitor_id('Listed, then')}")["monitor"]
    copy = on.create({**body, "name": f"Copy of {body['name']}"})
    before = bodies(on)

    with bench(cluster_url, tmp_path) as other:
        other.deploy(made.everything(other.deployment))
        assert 3 == run(on, "destroy")
        assert 3 == run(on, "destroy", "--confirm", "prod")
        assert 0 == run(on, "destroy", "--dry-run")
        assert before == bodies(on)
        capsys.readouterr()

        assert 0 == run(on, "destroy", "--confirm", "local", "--output", "json")
        result = json.loads(capsys.readouterr().out)

        assert 2 == len(other.monitors())
    assert {copy} == set(on.monitors())
    assert ("destroy", 3) == (result["action"], result["summary"]["applied"])
    assert before[f"/_index_template/{on.deployment}-*"] == bodies(on)[f"/_index_template/{on.deployment}-*"]
    assert bodies(on)["channel"] is None
    on.node.request("DELETE", f"{MONITORS}/{copy}")
    assert 0 == run(on, "rollback")
    assert 0 == run(on, "plan", "--detailed-exitcode")
    assert [("rollback", 1), ("destroy", None), ("deploy", None)] == [
        (one["action"], one["target"]) for one in listed(on, capsys)
    ]


def test_a_killed_deploy_stands_in_the_history(on: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """Told apart by the lock and its holder's process; the next deploy ends it, and numbers go on."""
    assert 0 == run(on, "deploy")
    second(on)
    assert 0 == run(on, "deploy")
    _as_if_killed(on)
    running = listed(on, capsys)[0]["state"]
    on.node.request("DELETE", f"{RECORDS}/_doc/lock:{on.deployment}")
    killed = listed(on, capsys)[0]["state"]
    append(on, "monitors: {XX0001/third: {severity: low}}\n")

    assert 0 == run(on, "deploy")

    assert ("running", "killed") == (running, killed)
    assert [(3, "complete"), (2, "killed"), (1, "complete")] == [
        (one["number"], one["state"]) for one in listed(on, capsys)
    ]
    assert 0 == run(on, "rollback", "2", "--dry-run")
    assert "severity: low → medium" in capsys.readouterr().out


def test_a_lost_record_does_not_lose_the_history(on: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """Numbers go on where they were, and a rollback wants a decision, because nobody knows what was changed."""
    assert 0 == run(on, "deploy")
    on.node.request("DELETE", f"{RECORDS}/_doc/{on.deployment}", params={"refresh": "true"})

    assert 0 == run(on, "history")
    assert "nothing vouches" in capsys.readouterr().out
    assert 3 == run(on, "rollback", "1")
    assert 0 == run(on, "rollback", "1", "--accept", "desired")
    assert [2, 1] == [one["number"] for one in listed(on, capsys)]


def test_promise_23_unlock_says_whose_lock_it_is_and_takes_it_away(
    on: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who, host and since when; nothing is taken without consent; without a lock there is nothing to do."""
    assert 0 == run(on, "deploy")
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    _lock(on, socket.gethostname(), gone.pid)

    assert 3 == run(on, "unlock")
    told = capsys.readouterr().err
    assert 0 == run(on, "unlock", "--yes")
    assert "unlocked" in capsys.readouterr().out
    assert 0 == run(on, "unlock")
    assert "there was no lock" in capsys.readouterr().out

    assert (
        f"alice on {socket.gethostname()} (process {gone.pid}) since 2026-01-01T00:00:00Z; that process is gone" in told
    )
    assert 404 == _status(on, f"{RECORDS}/_doc/lock:{on.deployment}")


def _as_if_killed(on: Bench) -> None:
    """The record as a deploy leaves it that was killed before its end, and its lock."""
    import dataclasses

    from deployer.cluster.history import read_deployment
    from deployer.cluster.records import read_record, source_of

    record = read_record(on.client(), on.deployment)
    last = read_deployment(on.client(), on.deployment, record.generation)
    assert last is not None
    before = dataclasses.replace(record, ended=False, chain=last.before)
    on.node.request("PUT", f"{RECORDS}/_doc/{on.deployment}", source_of(before))
    on.node.request("DELETE", f"{RECORDS}/_doc/{on.deployment}@{record.generation}")
    _lock(on, "otherhost", 1)


def _lock(on: Bench, host: str, pid: int) -> None:
    source = {"type": "lock", "deployment": on.deployment, "who": "alice", "host": host, "pid": pid, "at": "2026-01-01T00:00:00Z", "token": "x"}  # fmt: skip
    on.node.request("PUT", f"{RECORDS}/_doc/lock:{on.deployment}", source, {"op_type": "create"})


def _whole(answer: Mapping[str, Any]) -> str:
    """Everything that is stored, with packed contents unpacked."""
    import base64
    import zlib

    sources = [hit["_source"] for hit in answer["hits"]["hits"]]
    assert len(sources) == answer["hits"]["total"]["value"]
    packed = [source["content"] for source in sources if "content" in source]
    return dumps(sources) + "".join(zlib.decompress(base64.b64decode(text)).decode() for text in packed)


def _status(on: Bench, path: str) -> int:
    try:
        on.node.request("GET", path)
    except ClusterError as error:
        return int(error.status or 0)
    return 200
