"""Monitors of every level and workflows of them, from the repository to alerts on a real node."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deployer import replay
from deployer.catalogue import load_repository
from deployer.cli import cli, common
from deployer.cluster import read_monitors
from deployer.model.finding import Findings
from tests.bench import CHANNELS, MONITORS, WORKFLOWS, Bench, bench
from tests.commands import environment, run
from tests.faults import Reply, serving
from tests.kinds import every_kind, placed

pytestmark = pytest.mark.integration

FOUND_AT = re.compile(r"(found|run) at \S+")
"""The one thing in which the two differ: the end of the run's period, and the start of the alert."""


@pytest.fixture
def on(cluster_url: str, tmp_path: Path) -> Iterator[Bench]:
    """A deployment of the repository with every kind, whose events lie in an index of their own."""
    with bench(cluster_url, tmp_path / "repository") as found:
        root = every_kind(found.folder)
        index = f"{found.deployment}-events"
        placed(root, index)
        path = environment(found)
        path.write_text(path.read_text().replace("unit-local", found.deployment).replace('"http://127.0.0.1:9"', f'"{cluster_url}"'))  # fmt: skip
        analytic = root / "detections/DET9999/XX0001/analytic.yml"
        analytic.write_text(analytic.read_text().replace("title: L", f"title: {found.deployment} l"))
        properties = {"@timestamp": {"type": "date"}, "host.name": {"type": "keyword"}, "user.name": {"type": "keyword"}, "process.name": {"type": "keyword"}, "process.pid": {"type": "long"}, "source.ip": {"type": "ip"}}  # fmt: skip
        found.node.request("PUT", f"/{index}", {"mappings": {"properties": properties}})
        found.also += [f"/{index}", f"{CHANNELS}/{found.deployment}-demo"]
        yield found


def happen(on: Bench, **fields: Any) -> None:
    """An event, now."""
    document = {"@timestamp": int(time.time() * 1000), "host": {"name": "h1"}, "user": {"name": "alice"}, "process": {"name": "netstat", "pid": 700}, "source": {"ip": "10.1.1.1"}, **fields}  # fmt: skip
    on.node.request("POST", f"/{on.deployment}-events/_doc", document, {"refresh": "true"})


def test_the_samples_of_every_kind_have_their_outcomes(cluster_url: str, tmp_path: Path) -> None:
    """Cases and variants alert as they say: per entity, for all together, each event, and by which monitors alerted."""
    from tests.node import Node

    findings = Findings()
    repository = load_repository(every_kind(tmp_path), findings)
    findings.raise_errors()

    (result,) = replay.run(Node(cluster_url), repository, ["XX0001"], lambda line: None)

    assert [] == [(setting.case, setting.given, failure) for setting in result.settings for failure in setting.failures]
    assert {"discovery", "burst", "each", "both", "rare"} == {key for key, found in result.monitors.items() if found}


def test_every_kind_is_deployed_and_a_second_run_changes_nothing(on: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """The workflows come after their monitors and name them by id; what runs in workflows only is disabled, and counts where they run."""
    _, (_, before) = read_monitors(on.client(), on.deployment)
    assert 0 == common.run(cli, ["validate", "--root", str(on.folder)], "deployer"), capsys.readouterr()
    assert 0 == run(on, "deploy"), capsys.readouterr()
    told = capsys.readouterr().err
    assert 0 == run(on, "plan", "--detailed-exitcode"), capsys.readouterr()

    hits = {**on.monitors(), **on.workflows()}
    live = {hit["_source"]["name"].split(" ", 2)[2]: (i, hit["_source"]) for i, hit in hits.items()}
    assert told.index("create monitor/XX0001/each") < told.index("create workflow/XX0001/both")
    types = {name: body.get("monitor_type", body.get("workflow_type")) for name, (_, body) in live.items()}
    assert {
        "listed on a host": "bucket_level_monitor",
        "listed often anywhere": "query_level_monitor",
        "listed once": "doc_level_monitor",
        "listed and listed often": "composite",
        "listed, but not often": "composite",
    } == {name[:1].lower() + name[1:]: kind for name, kind in types.items()}
    enabled = {name[:1].lower() + name[1:]: body["enabled"] for name, (_, body) in live.items()}
    assert {"listed once"} == {name for name, running in enabled.items() if not running}
    _, (_, after) = read_monitors(on.client(), on.deployment)
    run_by_workflows = sum(len(hit["_source"]["inputs"][0]["composite_input"]["sequence"]["delegates"]) for hit in on.workflows().values())  # fmt: skip
    assert run_by_workflows > 2
    assert 2 + run_by_workflows == sum(one.monitors for one in after) - sum(one.monitors for one in before)


def test_the_doctor_looks_at_every_kind(on: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """Sound monitors have no finding; then a condition that does not compile, a query that is none, and fields and an index that are not there."""
    happen(on)
    sound = told(on, capsys)
    templates = on.folder / "templates/monitors"
    for name, old, new in (
        ("total", 'total.value >= params.threshold"', 'total.value >= >= params.threshold"'),
        ("document", '"query": [[ query ]]', '"query": "process.name:[1 TO"'),
    ):
        text = (templates / f"{name}.json.j2").read_text()
        assert old in text
        (templates / f"{name}.json.j2").write_text(text.replace(old, new))
    broken = told(on, capsys)
    path = environment(on)
    path.write_text(path.read_text().replace(f"index: {on.deployment}-events", f"index: {on.deployment}-nothing"))
    nowhere = told(on, capsys)

    assert set() == sound
    assert {("DAC030", "XX0001/burst"), ("DAC032", "XX0001/each")} == broken
    assert ("DAC026", "XX0001/discovery") in nowhere


def told(on: Bench, capsys: pytest.CaptureFixture[str]) -> set[tuple[str, str]]:
    """The codes that the doctor finds on the cluster, and of which monitor or source each tells first."""
    capsys.readouterr()
    run(on, "doctor", "--output", "json")
    found = json.loads(capsys.readouterr().out)["findings"]
    names = re.compile(r"XX0001/\w+|x[.]plain")
    return {(item["code"], names.findall(item["message"])[0]) for item in found if item["found"] == "cluster"}


def test_every_kind_alerts_for_real_with_its_message(on: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """On the same three events the total alerts once with a readable message, the document monitor on each, the workflow once.

    `deployer alerts` shows each message as it was sent.
    """
    with serving(lambda request: Reply(body={})) as (url, received):
        path = environment(on)
        path.write_text(path.read_text().replace("http://127.0.0.1:9/x", f"{url}/x"))
        run(on, "deploy")
        total, each = (on.monitor_id(name) for name in ("isted often anywhere", "isted once"))
        (flow,) = [i for i, hit in on.workflows().items() if "isted and listed often" in hit["_source"]["name"]]
        on.node.request("POST", f"{MONITORS}/{each}/_execute", {}, {"dryrun": "false"})
        for number in range(3):
            happen(on, host={"name": f"h{number}"})
        for place in (f"{MONITORS}/{total}", f"{MONITORS}/{each}", f"{WORKFLOWS}/{flow}", f"{MONITORS}/{total}"):
            on.node.request("POST", f"{place}/_execute", {}, {"dryrun": "false"})
        messages = [request.body for request in received]
    capsys.readouterr()
    assert 0 == run(on, "alerts", "--state", "all", "--output", "json")
    shown = [alert["message"] for alert in json.loads(capsys.readouterr().out)["alerts"]]

    by_monitor = {key: [text for text in messages if f"/ {key})" in text] for key in ("burst", "each", "both")}
    assert (1, 3, 1) == tuple(len(found) for found in by_monitor.values()), messages
    assert "How many: 3 events" in by_monitor["burst"][0]
    assert 3 == by_monitor["burst"][0].count("process.name=netstat")
    assert {f"h{number}" for number in range(3)} == set(re.findall(r"host[.]name=(\S+)", "".join(by_monitor["each"])))
    assert "It runs: discovery, burst; it alerts if (discovery and burst)" in by_monitor["both"][0]
    assert "{{" not in "".join(messages)
    assert None not in shown
    assert {FOUND_AT.sub("", text.strip()) for text in messages} <= {FOUND_AT.sub("", text) for text in shown}


def test_a_workflow_follows_monitors_that_get_other_ids(on: Bench) -> None:
    """Its monitors were made again, so they have other ids: the plan updates the workflow, and only then is nothing to do."""
    run(on, "deploy")
    flows = list(on.workflows())
    bodies = {i: on.node.request("GET", f"{WORKFLOWS}/{i}")["workflow"] for i in flows}
    discovery = on.monitor_id("isted on a host")
    others = [on.monitor_id(name) for name in ("isted often anywhere", "isted once")]
    for identity in flows:
        # Without the monitor in it, the server lets the monitor be deleted; then the workflow is put back as it was.
        left = [{"order": 1, "monitor_id": others[0]}]
        body = {**bodies[identity], "inputs": [{"composite_input": {"sequence": {"delegates": left}}}], "triggers": []}
        on.node.request("PUT", f"{WORKFLOWS}/{identity}", body)
    on.node.request("DELETE", f"{MONITORS}/{discovery}")

    assert 3 == run(on, "deploy")
    assert 0 == run(on, "deploy", "--on-drift", "revert")
    again = on.monitor_id("isted on a host")
    delegates = [
        delegate["monitor_id"]
        for identity in flows
        for delegate in on.node.request("GET", f"{WORKFLOWS}/{identity}")["workflow"]["inputs"][0]["composite_input"]["sequence"]["delegates"]
    ]  # fmt: skip

    assert again != discovery
    assert 2 == delegates.count(again)
    assert 0 == run(on, "plan", "--detailed-exitcode")


def test_a_document_monitor_without_an_index_of_its_own_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The server takes no pattern for it, so the environment must name an index; the finding says so, at the monitor."""
    root = every_kind(tmp_path)

    code = common.run(cli, ["validate", "--root", str(root)], "deployer")

    output = capsys.readouterr()
    assert 1 == code
    assert "DAC019" in output.out
    assert "analytic.yml:35:15: error DAC019" in output.out
