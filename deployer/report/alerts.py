"""Alerts as a table and as JSON: the document's counts and times, who and where, and the message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from deployer.model.analytic import SEVERITIES
from deployer.report.escape import visible
from deployer.report.findings import counted

if TYPE_CHECKING:  # a validate loads this package, and no client of a cluster
    from deployer.cluster.alerts import Alert
    from deployer.cluster.messages import Told

FORMAT_VERSION = 1

_WORDS = {number: word for word, number in SEVERITIES.items()}


def alerts_json(
    alerts: Sequence[Alert], environment: str, deployment: str, state: str, told: Mapping[str, Told]
) -> dict[str, Any]:
    """The alerts as a JSON object; `told` has the messages that are known, by the id of the alert."""
    return {
        "format_version": FORMAT_VERSION,
        "environment": environment,
        "deployment": deployment,
        "state": state,
        "alerts": [_alert(alert, told.get(alert.id)) for alert in alerts],
    }


def alerts_text(alerts: Sequence[Alert], state: str, told: Mapping[str, Told], width: int = 160) -> str:
    """A table, a line an alert, how many there are, and then each alert of `told` (by id) with its message."""
    if not alerts:
        ended = " `--state all` shows those that have ended too." if state == "active" else ""
        return f"No {'' if state == 'all' else f'{state} '}alerts.{ended}"
    table = Table(box=None, pad_edge=False)
    for title in (
        "Severity",
        "State",
        "Analytic",
        "Monitor",
        "Who and where",
        "Events",
        "First seen",
        "Last seen",
        "Alert since",
    ):
        table.add_column(title, overflow="fold", no_wrap=False)
    for alert in alerts:
        who = " ".join(f"{name}={visible(value)}" for name, value in alert.entity) or visible(alert.error[:200])
        cells = (
            severity(alert),
            alert.state,
            alert.analytic,
            alert.monitor,
            who,
            "" if alert.count is None else str(alert.count),
            alert.first_seen,
            alert.last_seen,
            alert.start,
        )
        table.add_row(*(Text(cell) for cell in cells))
    console = Console(width=width, no_color=True)
    with console.capture() as capture:
        console.print(table)
    lines = [line.rstrip() for line in capture.get().rstrip("\n").split("\n")]
    lines += ["", f"{counted(len(alerts), 'alert')}."]
    shown = [alert for alert in alerts if alert.id in told]
    for alert in shown:
        lines += ["", *_with_message(alert, told[alert.id])]
    if shown and len(shown) < len(alerts):
        lines += ["", f"The messages of {len(alerts) - len(shown)} more: add `--messages {len(alerts)}`."]
    return "\n".join(lines)


def _with_message(alert: Alert, told: Told) -> list[str]:
    """What the alert's document has and no message can say, and the message."""
    facts = [f"{alert.analytic}/{alert.monitor}", *(f"{name}={visible(value)}" for name, value in alert.entity)]
    lines = [f"{severity(alert).upper()} {' '.join(facts)}"]
    if alert.count is not None:
        steps = {"first_at": "first step", "then_at": "second step", "distinct": "distinct"}
        metrics = alert.metrics or {}
        more = [f"{word} {metrics[name]}" for name, word in steps.items() if name in metrics]
        seen = f"{counted(alert.count, 'event')}, first seen {alert.first_seen}, last seen {alert.last_seen}"
        lines.append("  " + ", ".join([seen, *more]))
    ended = f", ended {alert.end}" if alert.end else ""
    lines.append(f"  {alert.state} since {alert.start}{ended}, alert {alert.id}")
    if alert.error:
        lines.append(f"  error: {visible(alert.error)}")
    if told.note:
        lines.append(f"  {'note' if told.text else 'no message'}: {visible(told.note)}")
    return [*lines, *(f"    {visible(line)}" for line in told.text.splitlines())]


def severity(alert: Alert) -> str:
    """The severity in our words."""
    return _WORDS.get(alert.severity, alert.severity)


def _alert(alert: Alert, told: Told | None) -> dict[str, Any]:
    return {
        "id": alert.id,
        "analytic": alert.analytic,
        "monitor": alert.monitor,
        "monitor_id": alert.monitor_id,
        "title": alert.title,
        "severity": severity(alert),
        "state": alert.state,
        "entity": dict(alert.entity),
        "events": alert.count,
        "metrics": dict(alert.metrics or {}),
        "first_seen": alert.first_seen or None,
        "last_seen": alert.last_seen or None,
        "start": alert.start or None,
        "end": alert.end or None,
        "acknowledged": alert.acknowledged or None,
        "error": alert.error or None,
        "message": (told.text if told else "") or None,
        "message_note": told.note or None if told else "not asked for; --messages says how many are",
    }
