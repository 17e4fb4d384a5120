"""`deployer status` on a real cluster: what drifted, how monitors fare, and that nothing is written."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from deployer.cluster.status import Health, Place, Status
from deployer.deploy.status import read_status
from deployer.model.resource import Resource
from deployer.plan.drift import Drift
from tests import deployments as made
from tests.bench import MONITORS, RECORDS, Bench
from tests.commands import append, deployment, environment, run
from tests.faults import proxied

pytestmark = pytest.mark.integration


@pytest.fixture
def repository(cluster_url: str, tmp_path: Path) -> Iterator[Bench]:
    """A deployment whose repository lies in `folder`."""
    with deployment(cluster_url, tmp_path / "repository") as found:
        yield found


def status(on: Bench, resources: list[Resource], silent_after: float | None = None, **places: Place) -> Status:
    return read_status(on.client(), on.wish(resources), places, int(time.time() * 1000), silent_after)


def until(what: Callable[[], Any]) -> Any:
    """The first value that is true, within a minute."""
    deadline = time.monotonic() + 60
    while not (found := what()):
        assert time.monotonic() < deadline, "it did not come about within a minute"
        time.sleep(0.2)
    return found


def test_every_kind_of_drift_is_told_and_the_rest_is_not(on: Bench) -> None:
    """Each way in which an object can differ is one entry, by its key, with what changed; what is as deployed is none."""
    base = made.everything(on.deployment)[:4]
    monitors = [made.monitor(on.deployment, f"XX{number:04}", "m") for number in range(6)]
    on.deploy([*base, *monitors])
    kept, changed, reset, gone, copied, orphan = (on.monitor_id(f"XX{number:04}") for number in range(6))
    on.edit(changed, lambda body: body.update(enabled=True))
    on.edit(reset, lambda body: body.update(owner="alerting"))
    on.node.request("DELETE", f"{MONITORS}/{gone}")
    body = on.node.request("GET", f"{MONITORS}/{copied}")["monitor"]
    copy = on.create({**body, "name": "mine now"})
    alike = on.create({**monitors[0].body, "name": f"Copy of {monitors[0].name} (tuned)", "owner": "alerting", "triggers": []})  # fmt: skip
    by_hand = on.node.request("PUT", f"/_ingest/pipeline/{on.deployment}-mine", {"processors": []})
    on.also.append(f"/_ingest/pipeline/{on.deployment}-mine")

    found = status(on, [*base, *monitors[:5]])

    assert by_hand["acknowledged"]
    told = {(item.drift, item.key, item.id): item for item in found.drift}
    assert {
        (Drift.CHANGED, "monitor/XX0001/m", changed),
        (Drift.OWNER, "monitor/XX0002/m", reset),
        (Drift.MISSING, "monitor/XX0003/m", gone),
        (Drift.COPIED, "monitor/XX0004/m", copy),
        (Drift.ORPHANED, "monitor/XX0005/m", orphan),
        (Drift.LOOK_ALIKE, "monitor/XX0000/m", alike),
        (Drift.LOOK_ALIKE, "", f"{on.deployment}-mine"),
    } == set(told)
    assert ["enabled"] == [change.path for change in told[Drift.CHANGED, "monitor/XX0001/m", changed].changes]
    assert kept in {item.id for item in found.monitors}
    assert 7 == found.findings


def test_an_unfinished_deploy_and_a_lost_record_are_told(on: Bench) -> None:
    """What a killed run left open is named; without a record every object is unverified."""
    resources = made.everything(on.deployment)
    on.deploy(resources)
    record = on.record()
    on.node.request("DELETE", f"{RECORDS}/_doc/{on.deployment}")

    lost = status(on, resources)

    assert [Drift.UNVERIFIED] * 6 == [item.drift for item in lost.drift]
    assert 6 == lost.findings
    assert record["generation"] == 1


def test_what_data_streams_need_is_no_finding(on: Bench) -> None:
    """A template that the repository no longer has and a data stream needs can never be pruned: it is told, and counts for nothing."""
    resources = made.everything(on.deployment)
    only = [made.monitor(on.deployment, needs=())]
    on.deploy([*resources[:2], made.index_template(on.deployment, stream=True), *only])
    on.also.append(f"/_data_stream/{on.deployment}-events-1")
    on.node.request("PUT", f"/_data_stream/{on.deployment}-events-1")

    found = status(on, only)

    assert {Drift.IN_USE} == {item.drift for item in found.drift}
    assert (3, 0) == (len(found.drift), found.findings)


def test_health_tells_runs_errors_and_alerts(on: Bench) -> None:
    """A monitor that runs has its last run, one whose notification fails is failing with the message, a disabled one is disabled."""
    good = made.monitor(on.deployment, "XX0001", "good", enabled=True, interval=1, unit="SECONDS", needs=())
    bad = made.query_monitor(on.deployment, "XX0002", "bad", enabled=True)
    off = made.monitor(on.deployment, "XX0003", "off", needs=())
    index = f"{on.deployment}-events-1"
    on.also.append(f"/{index}")
    on.node.request("PUT", f"/{index}", {"mappings": {"properties": {"@timestamp": {"type": "date"}, "event.code": {"type": "keyword"}, "host.name": {"type": "keyword"}}}})  # fmt: skip
    now = int(time.time() * 1000)
    on.node.request("POST", f"/{index}/_doc?refresh=true", {"@timestamp": now, "event.code": "1", "host.name": "h1"})
    on.deploy([good, bad, off])
    on.node.request("POST", f"{MONITORS}/{on.monitor_id('bad')}/_execute", {}, {"dryrun": "false"})

    def ran() -> Status | None:
        found = status(on, [good, bad, off], 3600, here=Place(index, {}), none=Place("nothing-*", {}))
        states = {item.key: item for item in found.monitors}
        return found if states["monitor/XX0001/good"].alerts else None

    found = until(ran)

    states = {item.key: item for item in found.monitors}
    assert states["monitor/XX0001/good"].last_run >= now - 60_000
    assert (Health.OK, {"ACTIVE": 1}) == (states["monitor/XX0001/good"].health, states["monitor/XX0001/good"].alerts)
    assert (Health.FAILING, True) == (states["monitor/XX0002/bad"].health, states["monitor/XX0002/bad"].problem.current)
    assert "nowhere" in states["monitor/XX0002/bad"].problem.message
    assert Health.DISABLED is states["monitor/XX0003/off"].health
    sources = {item.source: item for item in found.sources}
    assert (now, False) == (sources["here"].last.at, sources["here"].silent)
    assert (None, True) == (sources["none"].last.at, sources["none"].silent)
    assert 2 == found.findings


def test_runs_that_a_node_refused_are_a_finding_while_its_limits_are_too_low(on: Bench) -> None:
    """With a compilation a minute allowed, monitors fail without an alert or an error; status sees it in the nodes' counts."""
    monitors = [
        made.monitor(on.deployment, f"XX{number:04}", "m", window=f"{number + 1}h", needs=(), enabled=True)
        for number in range(4)
    ]
    on.deploy(monitors)
    rate = "script.context.template.max_compilations_rate"
    on.node.request("PUT", "/_cluster/settings", {"transient": {rate: "1/10m"}})
    try:
        for number in range(4):
            identity = on.monitor_id(f"XX{number:04}")
            on.node.request("POST", f"{MONITORS}/{identity}/_execute", {}, {"dryrun": "false"})
        low = status(on, monitors)
    finally:
        on.node.request("PUT", "/_cluster/settings", {"transient": {rate: None}})
    wide = status(on, monitors)

    assert sum(low.refused.values()) > 0
    assert (True, False) == (low.limited, wide.limited)
    assert (1, 0) == (low.findings, wide.findings)


def test_the_command_reads_only_and_its_exit_code_says_whether_all_is_well(
    repository: Bench, cluster_url: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Nothing deployed is a finding, a fresh deployment is well, a change by hand is a finding; and no request writes."""
    on = repository
    nothing = run(on, "status")
    run(on, "deploy")
    with proxied(cluster_url) as proxy:
        path = environment(on)
        path.write_text(path.read_text().replace(cluster_url, proxy.url))
        capsys.readouterr()
        well = run(on, "status", "--output", "json")
        told = json.loads(capsys.readouterr().out)
        on.edit(next(iter(on.monitors())), lambda body: body.update(enabled=False))
        file = tmp_path / "status.txt"
        codes = [run(on, "status"), run(on, "status", "--detailed-exitcode", "--output-file", str(file))]
        reads = [request for request in proxy.seen if request.method in ("GET", "HEAD")]
        posts = {request.path.partition("?")[0].rsplit("/", 1)[-1] for request in proxy.seen if request not in reads}

    assert (1, 0, [1, 2]) == (nothing, well, codes)
    assert (1, True, 0, []) == (told["format_version"], told["well"], told["findings"], told["drift"])
    assert {"monitor/XX0001/discovery", "monitor/XX0001/correlated"} == {item["key"] for item in told["monitors"]}
    assert [("x.plain", None)] == [(item["source"], item["last_event"]) for item in told["sources"]]
    assert [] == proxy.writes
    assert {"_search", "_mget"} >= posts
    assert "changed by hand: monitor/XX0001/" in file.read_text()
    assert "enabled: true → false" in file.read_text()
    assert file.read_text().endswith("1 finding.\n")


def test_silence_is_a_finding_by_the_sources_own_limit_or_the_one_asked_for(
    repository: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    """One that stopped is, beyond its `silent_after`; `--silent-after` holds instead, also for one that never sent; a word that is no duration is a usage error."""
    on = repository
    append(on, "production: false\n")
    run(on, "deploy")

    assert 1 == run(on, "status", "--silent-after", "24h")
    assert "SILENT: no event" in capsys.readouterr().out
    index = f"{on.deployment}-there"
    on.also.append(f"/{index}")
    event = {"@timestamp": datetime.now(UTC).replace(microsecond=0).isoformat()}
    on.node.request("PUT", f"/{index}", {"mappings": {"properties": {"@timestamp": {"type": "date"}}}})
    on.node.request("POST", f"/{index}/_doc", event, {"refresh": "true"})
    append(on, f"sources: {{x.plain: {{index: {index}*, silent_after: 1s}}}}\n")
    until(lambda: (run(on, "status"), "SILENT: " in capsys.readouterr().out) == (1, True))
    run(on, "status", "--silent-after", "24h")
    assert "SILENT" not in capsys.readouterr().out
    assert 64 == run(on, "status", "--silent-after", "soon")
