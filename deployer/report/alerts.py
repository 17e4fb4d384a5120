"""Alerts as a table and as JSON: the document's counts and times, and who and where."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from deployer.model.analytic import SEVERITIES
from deployer.report.escape import visible

if TYPE_CHECKING:  # a validate loads this package, and no client of a cluster
    from deployer.cluster.alerts import Alert

FORMAT_VERSION = 1

_WORDS = {number: word for word, number in SEVERITIES.items()}


def alerts_json(alerts: Sequence[Alert], environment: str, deployment: str, state: str) -> dict[str, Any]:
    """The alerts as a JSON object."""
    return {
        "format_version": FORMAT_VERSION,
        "environment": environment,
        "deployment": deployment,
        "state": state,
        "alerts": [_alert(alert) for alert in alerts],
    }


def alerts_text(alerts: Sequence[Alert], state: str, width: int = 160) -> str:
    """A table, a line an alert, and how many there are."""
    if not alerts:
        return f"No {'' if state == 'all' else f'{state} '}alerts."
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
    return "\n".join([*lines, "", f"{len(alerts)} alert{'s' if len(alerts) != 1 else ''}."])


def severity(alert: Alert) -> str:
    """The severity in our words."""
    return _WORDS.get(alert.severity, alert.severity)


def _alert(alert: Alert) -> dict[str, Any]:
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
    }
