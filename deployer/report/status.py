"""The state of a deployment as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from deployer.cluster.status import Health, MonitorState, SourceState, Status
from deployer.model import durations
from deployer.plan.drift import Drifted
from deployer.plan.outcome import Attempt
from deployer.report import changes
from deployer.report.escape import visible
from deployer.report.findings import counted
from deployer.report.many import join_json, join_text
from deployer.report.plan_json import changes_json

FORMAT_VERSION = 1

WELL = 50
"""Monitors without a finding that the text still lists one by one."""


def statuses_text(attempts: Sequence[Attempt[Status]]) -> str:
    """Each cluster's state, then, for several, a line for each."""
    return join_text(attempts, lambda item, status: status_text(status, item.address), _sum)


def statuses_json(attempts: Sequence[Attempt[Status]], environment: str) -> dict[str, Any]:
    """The states as a JSON object: the state itself for one cluster, ``clusters`` with one each for several."""
    return join_json(attempts, environment, lambda item, status: status_json(status, item.address))


def status_text(status: Status, address: str = "") -> str:
    """Head, what drifted, the monitors, the sources, and the sum."""
    parts = [*_head(status, address)]
    for title, lines in (
        ("Not as deployed:", _drift(status.drift)),
        ("Monitors:", _monitors(status)),
        ("Log sources:", _sources(status.sources, status.now)),
        ("Limits:", _limits(status)),
    ):
        found = [f"  {line}" for line in lines]
        if found:
            parts += ["", title, *found]
    return "\n".join([*parts, "", _sum(status)])


def _sum(status: Status) -> str:
    return f"{counted(status.findings, 'finding')}." if status.findings else "All well."


def _head(status: Status, address: str) -> Iterator[str]:
    plan, record = status.plan, status.record
    version = f" (OpenSearch {plan.facts.version})" if plan.facts.version else ""
    mark = ", production" if plan.production else ""
    yield f"Environment {plan.environment}{mark}: deployment {plan.deployment} on {address}{version}"
    if record.generation:
        commit = f", commit {visible(record.commit[:12])}{' with changes' if record.dirty else ''}" if record.commit else ""  # fmt: skip
        yield f"Deploy {record.generation} of {record.at} by {visible(record.who)} on {visible(record.host)}{commit}"
    elif status.nothing:
        yield f"Nothing is deployed (deployer deploy --env {plan.environment})"
    else:
        yield "The record of the deployment is lost"
    if status.pending:
        yield f"Not deployed yet: {counted(status.pending, 'change')} of the repository (deployer plan --env {plan.environment})"
    if plan.facts.status == "red":
        yield "The cluster's health is red: some data cannot be read or written"
    for text in status.unseen:
        yield f"Unknown, for these credentials may not see it: {text}"


def _drift(drift: Sequence[Drifted]) -> Iterator[str]:
    for item in drift:
        identity = f" (id {item.id})" if item.id and item.id != item.name else ""
        name = "" if item.name in item.key or not item.key else f' "{visible(item.name)}"'
        yield f"{item.drift.words}: {item.key or visible(item.name)}{name}{identity}: {visible(item.text)}"
        for line in changes.lines(item.changes):
            yield f"    {line}"


def _monitors(status: Status) -> Iterator[str]:
    bad = [item for item in status.monitors if item.health.counts]
    well = [item for item in status.monitors if not item.health.counts]
    shown = [*bad, *well[:WELL]]
    rows = [_row(item) for item in shown]
    yield from _table([("Monitor", "State", "Last run", "Alerts", "Last error"), *rows] if rows else [])
    if len(well) > WELL:
        yield f"and {len(well) - WELL} more without a finding (--output json has all)"
    if rows:
        sums = [(sum(item.health is health for item in status.monitors), health) for health in Health]
        yield ", ".join(f"{number} {health.words}" for number, health in sums if number)


def _row(item: MonitorState) -> tuple[str, ...]:
    alerts = ", ".join(f"{number} {state.lower()}" for state, number in item.alerts.items() if number)
    error = ""
    if item.problem is not None:
        error = (
            f"{time(item.problem.at)} {'' if item.problem.current else '(over) '}{visible(item.problem.message)[:200]}"
        )
    return (item.key.partition("/")[2] or item.key, item.health.words, time(item.last_run) or "-", alerts or "-", error)


def _sources(sources: Sequence[SourceState], now: int) -> Iterator[str]:
    rows = [
        (item.source, visible(item.index), time(item.last.at) or "-", _age(item))
        for item in sorted(sources, key=lambda item: (not item.silent, item.source))
    ]
    yield from _table([("Source", "Where", "Last event", ""), *rows] if rows else [])


def _age(item: SourceState) -> str:
    mark = "SILENT: " if item.silent else ""
    if not item.last.known:
        return "these credentials may not read it"
    return f"{mark}no event" if item.age is None else f"{mark}{_ago(item.age)} ago"


def _ago(seconds: float) -> str:
    unit = next((unit for unit in (86400, 3600, 60) if seconds >= 2 * unit), 1)
    return durations.words(int(seconds // unit * unit))


def _limits(status: Status) -> Iterator[str]:
    for node, count in sorted(status.refused.items()):
        runs = f"node {visible(node)} refused {counted(count, 'template compilation')} since it started: as many runs of monitors failed"
        if status.limited:
            yield f"{runs}, and will again; {status.plan.warnings[0] if status.plan.warnings else _RAISE}"
        else:
            yield f"{runs}. The limits are wide enough now; a restart of the node sets the count back"


_RAISE = "raise script.context.template.max_compilations_rate and cache_max_size"


def _table(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    if not rows:
        return
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()


def time(millis: int | None) -> str:
    """Epoch milliseconds as ISO 8601 in UTC, or nothing."""
    if millis is None:
        return ""
    return datetime.fromtimestamp(millis / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def status_json(status: Status, address: str = "") -> dict[str, Any]:
    """The state as a JSON object with stable keys."""
    plan, record = status.plan, status.record
    return {
        "format_version": FORMAT_VERSION,
        "environment": plan.environment,
        "deployment": plan.deployment,
        "production": plan.production,
        "cluster": {
            "address": address,
            "uuid": plan.facts.uuid,
            "version": plan.facts.version,
            "status": plan.facts.status,
        },
        "at": time(status.now),
        "well": not status.findings,
        "findings": status.findings,
        "deployed": {
            "generation": record.generation,
            "at": record.at or None,
            "who": record.who or None,
            "host": record.host or None,
            "commit": record.commit or None,
            "dirty": record.dirty,
        }
        if record.generation
        else None,
        "pending": status.pending,
        "drift": [_drift_json(item) for item in status.drift],
        "monitors": [_monitor_json(item) for item in status.monitors],
        "sources": [_source_json(item) for item in status.sources],
        "refused_compilations": {"by_node": dict(status.refused), "finding": bool(status.limited and status.refused)},
        "unknown": list(status.unseen),
    }


def _drift_json(item: Drifted) -> dict[str, Any]:
    return {
        "drift": str(item.drift),
        "finding": item.drift.counts,
        "kind": str(item.kind),
        "key": item.key or None,
        "name": item.name,
        "id": item.id or None,
        "text": item.text,
        "changes": changes_json(item.changes),
    }


def _monitor_json(item: MonitorState) -> dict[str, Any]:
    problem = item.problem
    return {
        "key": item.key,
        "kind": str(item.kind),
        "id": item.id,
        "name": item.name,
        "state": str(item.health),
        "finding": item.health.counts,
        "last_run": time(item.last_run) or None,
        "last_error": {"at": time(problem.at), "message": problem.message, "current": problem.current}
        if problem
        else None,
        "alerts": {state: item.alerts.get(state.upper(), 0) for state in ("active", "acknowledged", "error")},
    }


def _source_json(item: SourceState) -> dict[str, Any]:
    return {
        "source": item.source,
        "index": item.index,
        "last_event": time(item.last.at) or None,
        "age_seconds": None if item.age is None else round(item.age),
        "readable": item.last.known,
        "silent_after_seconds": None if item.limit is None else round(item.limit),
        "finding": item.silent,
    }
