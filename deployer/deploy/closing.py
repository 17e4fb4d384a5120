"""Close the open alerts of a monitor that the server would leave active for ever (FACTS.md, "Running")."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from deployer.cluster import Cluster
from deployer.cluster.alerts import acknowledge, open_alerts, run_now
from deployer.model.errors import ClusterError
from deployer.plan import Live

DOCUMENT_LEVEL = "doc_level_monitor"

AT_ONCE = 500
"""Alerts that one run of the server completes, and that are acknowledged in one request."""

PATIENCE = 20
"""How often nothing may have changed when alerts are looked at again; a pause lies between."""

NEVER = {"source": "false", "lang": "painless"}


class StillOpenError(ClusterError):
    """Alerts stay open whatever was tried."""

    code = "alerts-open"


def silent(body: Mapping[str, Any]) -> dict[str, Any]:
    """The body of the same monitor so that it opens no alert any more: disabled, its search finds nothing, its triggers never fire, it tells nobody.

    A document-level monitor is only disabled: what it searches has no part in closing its alerts.
    """
    if body.get("monitor_type") == DOCUMENT_LEVEL:
        return {**body, "enabled": False}
    return {
        **body,
        "enabled": False,
        "inputs": [_finding_nothing(item) for item in body.get("inputs", ())],
        "triggers": [
            {kind: {**trigger, "actions": [], "condition": {**trigger["condition"], "script": NEVER}}}
            for item in body.get("triggers", ())
            for kind, trigger in item.items()
        ],
    }


def close_alerts(cluster: Cluster, live: Live, stop: threading.Event, pause: float) -> None:
    """Close all open alerts of a monitor that was made silent. `pause` is in seconds.

    Raises StillOpenError if some stay open, and any error of a request.
    """
    document_level = live.body.get("monitor_type") == DOCUMENT_LEVEL
    patience, before = PATIENCE, -1
    while found := open_alerts(cluster, live.id):
        active = [identity for identity, state in found.items() if state == "ACTIVE"]
        if document_level and not active:
            return  # one in error cannot be acknowledged, and goes with the monitor
        patience = PATIENCE if len(found) != before else patience - 1
        if not patience or stop.is_set():
            raise StillOpenError(
                f"{len(found)} alerts of {live.name} are still open",
                why="interrupted" if stop.is_set() else "the server did not complete them when the monitor ran",
                todo="Run again; `deployer alerts` lists them.",
            )
        if len(found) == before:
            stop.wait(pause)
        before = len(found)
        if document_level:
            acknowledge(cluster, live.id, active[:AT_ONCE])
        else:
            run_now(cluster, live.id)


def _finding_nothing(item: Mapping[str, Any]) -> Mapping[str, Any]:
    search = item.get("search")
    if not isinstance(search, Mapping):
        return item
    return {"search": {**search, "query": {**search.get("query", {}), "query": {"match_none": {}}}}}
