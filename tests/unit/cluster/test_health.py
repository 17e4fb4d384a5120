"""What is read of monitors' health, from answers as the server gives them."""

from __future__ import annotations

from typing import Any

from deployer.cluster import Cluster
from deployer.cluster.health import (
    LastEvent,
    Nodes,
    Problem,
    Run,
    read_last_events,
    read_nodes,
    read_open_alerts,
    read_runs,
)
from deployer.model.environment import Connection
from tests.faults import Reply, Request, serving


def _alert(identity: str, state: str, monitor: str = "m1", **more: Any) -> dict[str, Any]:
    return {"id": identity, "monitor_id": monitor, "workflow_id": "", "state": state, "alert_history": [], "error_message": None, "start_time": 5, **more}  # fmt: skip


def test_the_latest_run_on_any_node_counts() -> None:
    """A job that moved to another node is known to both; it is late only if it is late on both."""
    nodes = {
        "a": {
            "jobs_info": {"m1": {"last_execution_time": 10, "running_on_time": False}, "m2": {"running_on_time": True}}
        },
        "b": {"jobs_info": {"m1": {"last_execution_time": 20, "running_on_time": True}}},
    }
    with serving(lambda request: Reply(body={"nodes": nodes})) as (url, seen):
        found = read_runs(Cluster.connect(Connection((url,))))

    assert {"m1": Run(20, True), "m2": Run(None, True)} == found
    assert ["GET"] == [request.method for request in seen]


def test_what_may_not_be_seen_is_unknown_and_no_error() -> None:
    """Without the permission for statistics health is not known; that is told, and is no failure."""
    with serving(lambda request: Reply(403, {"error": {"type": "security_exception", "reason": "no permissions"}})) as (
        url,
        _,
    ):
        cluster = Cluster.connect(Connection((url,)))

        assert None is read_runs(cluster)
        assert None is read_nodes(cluster)
        assert {"s": LastEvent(None, known=False)} == read_last_events(cluster, {"s": ("logs-x-*", {})})


def test_refused_compilations_are_those_of_templates() -> None:
    """Other scripts' refusals do not count; the youngest node says since when."""

    def stats(name: str, refused: int, uptime: int) -> dict[str, Any]:
        contexts = [
            {"context": "template", "compilation_limit_triggered": refused},
            {"context": "ingest", "compilation_limit_triggered": 9},
        ]
        return {"name": name, "timestamp": 1000, "jvm": {"uptime_in_millis": uptime}, "script_cache": {"contexts": contexts}}  # fmt: skip

    nodes = {"x": stats("one", 0, 900), "y": stats("two", 7, 400)}
    with serving(lambda request: Reply(body={"nodes": nodes})) as (url, _):
        found = read_nodes(Cluster.connect(Connection((url,))))

    assert Nodes(1000, 600, {"two": 7}) == found


def test_an_error_that_goes_on_is_told_before_one_that_is_over() -> None:
    """Of several alerts the one still in error tells; errors of the past are kept with their time."""
    by_state = {
        "ACTIVE": [_alert("1", "ACTIVE", alert_history=[{"timestamp": 90, "message": "over"}, {"timestamp": 80, "message": "older"}]),
                   _alert("2", "ACTIVE", "m2", alert_history=[{"timestamp": 70, "message": "past"}])],
        "ACKNOWLEDGED": [_alert("3", "ACKNOWLEDGED")],
        "ERROR": [_alert("4", "ERROR", error_message="no such channel", last_notification_time=50)],
    }  # fmt: skip

    def answer(request: Request) -> Reply:
        state = next(name for name in by_state if f"alertState={name}" in request.path)
        return Reply(body={"alerts": by_state[state], "totalAlerts": len(by_state[state])})

    with serving(answer) as (url, _):
        found = read_open_alerts(Cluster.connect(Connection((url,))))

    assert {"ACTIVE": 1, "ACKNOWLEDGED": 1, "ERROR": 1} == found["m1"].counts
    assert Problem(50, "no such channel", True) == found["m1"].problem
    assert Problem(70, "past", False) == found["m2"].problem


def test_a_cluster_without_an_alert_index_has_no_alerts() -> None:
    """Before the first alert the plugin answers 404."""
    with serving(lambda request: Reply(404, {"error": {"type": "index_not_found_exception", "reason": "no such index"}})) as (url, _):  # fmt: skip
        assert {} == read_open_alerts(Cluster.connect(Connection((url,))))


def test_the_last_event_is_asked_of_the_sources_own_place() -> None:
    """The search goes to the source's indices with its fields, and what is dated in the future does not count."""
    with serving(lambda request: Reply(body={"hits": {"hits": [{"sort": [1234]}]}})) as (url, seen):
        found = read_last_events(
            Cluster.connect(Connection((url,))), {"w": ("winlogbeat-*", {"event.module": "sysmon"})}, now=2000
        )

    assert {"w": LastEvent(1234)} == found
    assert "/winlogbeat-*/_search?" in seen[0].path
    assert '"event.module": "sysmon"' in seen[0].body
    assert '"lte": 2000' in seen[0].body
