"""Alerts as a table and as JSON."""

from __future__ import annotations

import json

from deployer.cluster.alerts import Alert
from deployer.report import alerts_json, alerts_text

ALERT = Alert(
    id="a1",
    analytic="AN0903",
    monitor="discovery",
    monitor_id="m1",
    title="AN0903 Connections listed",
    severity="2",
    state="ACTIVE",
    entity=(("host", "WS01"), ("user", "al\x1b[31mice")),
    count=7,
    metrics={"distinct": 3},
    first_seen="2026-03-02T10:00:00Z",
    last_seen="2026-03-02T10:04:00Z",
    start="2026-03-02T10:05:00Z",
)


def test_the_table_names_who_and_where() -> None:
    """A line an alert with severity in words, entity, counts and times; no control character gets through."""
    text = alerts_text([ALERT], "active")

    for word in ("high", "ACTIVE", "AN0903", "discovery", "host=WS01", "7", "2026-03-02T10:04:00Z", "1 alert."):
        assert word in text
    assert "\x1b" not in text


def test_an_error_alert_shows_the_error() -> None:
    """An alert about a monitor that cannot run shows why instead of an entity."""
    alert = Alert("a2", "AN0903", "discovery", "m1", "t", "2", "ERROR", error="no such index")

    assert "no such index" in alerts_text([alert], "error")


def test_no_alerts_says_so() -> None:
    """Nothing to show is a sentence."""
    assert "No active alerts." == alerts_text([], "active")
    assert "No alerts." == alerts_text([], "all")


def test_json_has_stable_keys() -> None:
    """Programs get every field under its name, absent times as null."""
    found = json.loads(json.dumps(alerts_json([ALERT], "prod", "det-prod", "active")))

    assert {
        "format_version": 1,
        "environment": "prod",
        "deployment": "det-prod",
        "state": "active",
        "alerts": [
            {
                "id": "a1",
                "analytic": "AN0903",
                "monitor": "discovery",
                "monitor_id": "m1",
                "title": "AN0903 Connections listed",
                "severity": "high",
                "state": "ACTIVE",
                "entity": {"host": "WS01", "user": "al\x1b[31mice"},
                "events": 7,
                "metrics": {"distinct": 3},
                "first_seen": "2026-03-02T10:00:00Z",
                "last_seen": "2026-03-02T10:04:00Z",
                "start": "2026-03-02T10:05:00Z",
                "end": None,
                "acknowledged": None,
                "error": None,
            }
        ],
    } == found
