"""What the doctor says of answers that a node seldom gives: monitors that do not run, events that come late."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from deployer.check import validate_repository
from deployer.cluster import Cluster
from deployer.cluster.health import Nodes
from deployer.doctor.delays import check_delays
from deployer.doctor.patient import Patient
from deployer.doctor.runs import check_runs
from deployer.model.environment import Connection
from tests import deployments as made
from tests.faults import Reply, Request, Script, serving
from tests.unit.repo import shown, write

NOW = 10_000_000_000
MINUTE = 60_000


@contextmanager
def patient(root: Path, script: Script, **changes: tuple[str, str]) -> Iterator[Patient]:
    """The small repository's environment, before a cluster that answers by script."""
    report = validate_repository(write(root, **changes))
    with serving(script) as (url, _):
        cluster = Cluster.connect(Connection((url,)))
        yield Patient(cluster, report.repository, report.loaded[0], report.subjects)
        cluster.close()


def running(**job: Any) -> Script:
    """A cluster with one monitor of the deployment, enabled two hours ago, that ran as `job` says (not at all if nothing)."""
    monitor = {
        "type": "monitor",
        "name": "XX0001 Connections listed",
        "owner": "alerting unit-local",
        "monitor_type": "bucket_level_monitor",
        "enabled": True,
        "enabled_time": NOW - 120 * MINUTE,
        "schedule": {"period": {"interval": 1, "unit": "MINUTES"}},
        "inputs": [{"search": {"indices": ["x"], "query": {}}}],
        "triggers": [{"bucket_level_trigger": {"id": "unit-local.XX0001.discovery", "name": "x", "condition": {}, "actions": []}}],
    }  # fmt: skip

    counts = made.counted(1, enabled=1, buckets=1)

    def answer(request: Request) -> Reply:
        if request.path.startswith("/_plugins/_alerting/monitors/_search"):
            hit = {"_id": "m1", "_source": monitor, "_seq_no": 1, "_primary_term": 1, "sort": [1]}
            return Reply(
                body={"hits": {"total": {"value": 1, "relation": "eq"}, "hits": [hit]}, "aggregations": counts}
            )
        if request.path.startswith("/_plugins/_alerting/stats"):
            return Reply(body={"nodes": {"n": {"jobs_info": {"m1": job} if job else {}}}})
        if request.path.startswith("/_plugins/_alerting/monitors/alerts"):
            return Reply(body={"alerts": [], "totalAlerts": 0})
        return Reply(404, {"error": {"type": "index_not_found_exception", "reason": "no such index"}, "status": 404})

    return answer


@pytest.mark.parametrize(
    ("job", "said"),
    [
        ({"last_execution_time": NOW - MINUTE, "running_on_time": True}, ""),
        ({"last_execution_time": NOW - MINUTE, "running_on_time": False}, "is enabled, and runs late"),
        ({"last_execution_time": NOW - 30 * MINUTE, "running_on_time": True}, "is enabled, and runs late"),
        ({"last_execution_time": None, "running_on_time": True}, "is enabled, and no node runs it"),
        ({}, "is enabled, and no node runs it"),
    ],
)
def test_an_enabled_monitor_that_no_node_runs_is_named(tmp_path: Path, job: dict[str, Any], said: str) -> None:
    """Never, late as the node says, or not for more than two intervals and a while; with the line of the monitor."""
    with patient(tmp_path, running(**job)) as one:
        check_runs(one, Nodes(NOW, NOW - 300 * MINUTE, {}), NOW)

    assert ([f"DAC036 detections/DET9999/XX0001/analytic.yml:27:3 XX0001/discovery {said}"] if said else []) == shown(
        one.findings
    )


def test_a_node_that_has_just_started_is_given_time(tmp_path: Path) -> None:
    """What ran before its start it does not know."""
    with patient(tmp_path, running()) as one:
        check_runs(one, Nodes(NOW, NOW - 2 * MINUTE, {}), NOW)

    assert [] == shown(one.findings)


def measured(events: int, told: int, *seconds: float) -> Script:
    """A cluster whose events of the last day were so late, at the median, p95 and p99."""
    values = {
        name: second * 1000 for name, second in zip(("50.0", "95.0", "99.0"), seconds, strict=bool(seconds))
    } or dict.fromkeys(("50.0", "95.0", "99.0"))
    found = {"events": {"value": events}, "told": {"doc_count": told, "late": {"values": values}}}

    def answer(request: Request) -> Reply:
        asked = json.loads(request.body)
        assert asked["aggs"]["told"]["aggs"]["late"]["percentiles"]["percents"] == [50, 95, 99]
        return Reply(body={"hits": {"hits": []}, "_shards": {}, "aggregations": found})

    return answer


@pytest.mark.parametrize(
    ("answer", "level", "said"),
    [
        (measured(0, 0), "", ""),
        (measured(500, 500, 1, 119, 120), "", ""),
        (measured(500, 500, 1, 150, 7300), "error", "5 % of them 2m or more, 1 % 2h or more after they happened"),
        (measured(500, 400, 1, 90, 300), "warning", "of 400 looked at of the last day, 5 % of them 1m or more, 1 % 5m or more"),
        (measured(50, 50, 1, 90, 300), "", ""),
        (measured(5, 5, 1, 600, 600), "", ""),
        (measured(5, 5, 600, 600, 600), "error", "half of them 10m or more after they happened"),
    ],
)  # fmt: skip
def test_events_later_than_the_declared_delay_are_named(tmp_path: Path, answer: Script, level: str, said: str) -> None:
    """One in twenty is an error, one in a hundred a warning; of few events the half."""
    with patient(tmp_path, answer) as one:
        check_delays(one, NOW)

    assert ([level] if level else []) == [item.level for item in one.findings.items]
    for line in shown(one.findings):
        assert line.startswith(
            "DAC037 mappings/sources/x.yml:2:3 events of the log source x.plain arrive later than its ingest_delay of 2m says: "
        )
        assert said in line
    assert [] == one.unseen


def test_the_environments_own_delay_counts(tmp_path: Path) -> None:
    """Where it says more than the repository, that is held against the events, and its line is named where it is too little."""
    answer = measured(500, 500, 1, 200, 200)
    for delay, expected in (("5m", []), ("3m", ["environments/local.yml:4:35"])):
        with patient(
            tmp_path, answer, local=("channels:", f"sources: {{x.plain: {{ingest_delay: {delay}}}}}\nchannels:")
        ) as one:
            check_delays(one, NOW)

        assert expected == [str(item.where) for item in one.findings.items]


@pytest.mark.parametrize(
    ("answer", "unseen"),
    [
        (measured(5, 0), ["how late events of x.plain arrive (they have no event.ingested)"]),
        (
            lambda request: Reply(400, {"error": {"type": "script_exception", "reason": "runtime error"}, "status": 400}),
            ["how late events of x.plain arrive (script_exception: runtime error)"],
        ),
        (lambda request: Reply(403, {"error": {"type": "security_exception", "reason": "no permissions"}, "status": 403}), []),
    ],
)  # fmt: skip
def test_what_cannot_be_measured_is_said(tmp_path: Path, answer: Script, unseen: list[str]) -> None:
    """No finding is made up, and nothing is silently left out. (That a source may not be read is said once, by the check for silence.)"""
    with patient(tmp_path, answer) as one:
        check_delays(one, NOW)

    assert ([], unseen) == (shown(one.findings), one.unseen)
