"""Alerts as a table and as JSON."""

from __future__ import annotations

import json
from dataclasses import replace

from deployer.cluster.alerts import Alert
from deployer.cluster.messages import Told
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
    text = alerts_text([ALERT], "active", {})

    for word in ("high", "ACTIVE", "AN0903", "discovery", "host=WS01", "7", "2026-03-02T10:04:00Z", "1 alert."):
        assert word in text
    assert "\x1b" not in text


def test_an_error_alert_shows_the_error() -> None:
    """An alert about a monitor that cannot run shows why instead of an entity."""
    alert = Alert("a2", "AN0903", "discovery", "m1", "t", "2", "ERROR", error="no such index")

    assert "no such index" in alerts_text([alert], "error", {})


def test_no_alerts_says_so() -> None:
    """Nothing to show is a sentence."""
    assert "No active alerts. `--state all` shows those that have ended too." == alerts_text([], "active", {})
    assert "No alerts." == alerts_text([], "all", {})


def test_each_alert_is_told_with_what_only_its_document_has() -> None:
    """Count and times stand over the message; its lines are kept, and so is the terminal. What is not shown is counted."""
    other = replace(ALERT, id="a2", count=1)

    text = alerts_text([ALERT, other], "active", {"a1": Told("LOW: x\n\x1b[31mNext:", "old events")})

    assert text.endswith(
        """
2 alerts.

HIGH AN0903/discovery host=WS01 user=al\\u001b[31mice
  7 events, first seen 2026-03-02T10:00:00Z, last seen 2026-03-02T10:04:00Z, distinct 3
  ACTIVE since 2026-03-02T10:05:00Z, alert a1
  note: old events
    LOW: x
    \\u001b[31mNext:

The messages of 1 more: add `--messages 2`."""
    )


def test_an_alert_without_a_message_says_why() -> None:
    """The reason stands in its place."""
    assert "  no message: gone" in alerts_text([ALERT], "active", {"a1": Told(note="gone")}).splitlines()


def test_json_has_stable_keys() -> None:
    """Programs get every field under its name, absent times as null."""
    found = json.loads(json.dumps(alerts_json([ALERT], "prod", "det-prod", "active", {"a1": Told("x", "y")})))

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
                "message": "x",
                "message_note": "y",
            }
        ],
    } == found
