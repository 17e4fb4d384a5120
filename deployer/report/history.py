"""The deployments of the past, as text and JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from deployer.plan.history import Changed, Chronicle, Deployment, Past, State
from deployer.report import changes
from deployer.report.escape import visible
from deployer.report.plan_json import changes_json

FORMAT_VERSION = 1

_FATES = ("applied", "failed", "conflict", "unknown", "blocked", "stopped", "unchanged")
_COLUMNS = ("number", "when", "who", "what", "commit", "ended", "objects")


def history_text(chronicle: Chronicle) -> str:
    """A line a deployment, the newest first; then who holds the lock, and what is missing."""
    rows = [_COLUMNS, *(_columns(one, ended) for one, ended in chronicle.deployments)]
    widths = [max(len(row[number]) for row in rows) for number in range(len(_COLUMNS))]
    lines = ["  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    if not chronicle.deployments:
        lines = ["Nothing is recorded: nothing was deployed yet, or the record is lost."]
    elif chronicle.lost:
        lines.append("The record is lost, so nothing vouches for the newest of these.")
    if chronicle.holder:
        lines.append(f"The lock is held by {visible(chronicle.holder)}.")
    if chronicle.missing:
        lines.append(f"Deploy {chronicle.missing} and what came before it are gone from the index of records.")
    return "\n".join(lines)


def history_json(chronicle: Chronicle, environment: str, deployment: str) -> dict[str, Any]:
    """The same as a JSON object."""
    return {
        "format_version": FORMAT_VERSION,
        "environment": environment,
        "deployment": deployment,
        "lock": chronicle.holder or None,
        "missing": chronicle.missing or None,
        "record_lost": chronicle.lost,
        "deployments": [deployment_json(one, ended) for one, ended in chronicle.deployments],
    }


def deployment_json(one: Deployment, ended: str) -> dict[str, Any]:
    """One deployment as a JSON object."""
    return {
        "number": one.number,
        "at": one.at,
        "seconds": one.seconds,
        "who": one.who,
        "host": one.host,
        "action": one.verb,
        "target": one.target or None,
        "environment": one.environment,
        "job": one.job or None,
        "commit": one.commit,
        "dirty": one.dirty,
        "tool": one.tool,
        "plan": one.plan,
        "state": ended,
        "results": {fate: one.counts.get(fate, 0) for fate in _FATES},
        "digest": one.digest,
    }


def past_text(past: Past) -> str:
    """One deployment: who, when and what; what it changed, field by field; what it did not get done."""
    one = past.deployment
    lines = [
        f"Deploy {one.number} of {one.deployment}: {visible(one.title)}, {past.ended}",
        f"  when    {visible(one.at)}, {one.seconds:.1f} s",
        f"  who     {visible(one.who)} on {visible(one.host)}, detection-deployer {visible(one.tool)}",
        f"  commit  {_commit(one, whole=True) or 'none is known'}",
        f"  plan    {visible(one.plan)}",
        f"  result  {_counts(one) or 'not recorded'}; {len(past.objects)} objects stood there after it",
    ]
    if one.job:
        lines.insert(3, f"  job     {visible(one.job)}")
    if past.changed:
        lines += ["", *(line for item in past.changed for line in _changed(item))]
    if past.undone:
        rows = (f"  {row.fate}: {row.verb} {row.key}: {visible(row.reason)}" for row in past.undone)
        lines += ["", "Not done:", *rows]
    if one.state is State.OPEN:
        lines += ["", "Its end was not recorded; the next deploy notes what it had done."]
    return "\n".join(lines)


def past_json(past: Past) -> dict[str, Any]:
    """The same as a JSON object; `objects` has what stood there after it, with ids and digests of the content."""
    one = past.deployment
    return {
        "format_version": FORMAT_VERSION,
        "deployment": one.deployment,
        **deployment_json(one, past.ended),
        "changed": [
            {"sign": item.sign, "key": item.key, "changes": changes_json(item.changes), "reason": item.reason}
            for item in past.changed
        ],
        "not_done": [
            {"action": row.verb, "key": row.key, "fate": row.fate, "id": row.id, "reason": row.reason}
            for row in past.undone
        ],
        "objects": {key: {"id": kept.id, "content": kept.document} for key, kept in sorted(past.objects.items())},
    }


def _columns(one: Deployment, ended: str) -> tuple[str, ...]:
    who = f"{visible(one.who)}@{visible(one.host)}"
    return (str(one.number), visible(one.at), who, visible(one.title), _commit(one), ended, _counts(one))


def _commit(one: Deployment, *, whole: bool = False) -> str:
    text = visible(one.commit) if whole else visible(one.commit)[:10]
    return f"{text} + changes" if text and one.dirty else text


def _counts(one: Deployment) -> str:
    return ", ".join(f"{fate} {one.counts[fate]}" for fate in _FATES if one.counts.get(fate))


def _changed(item: Changed) -> Iterator[str]:
    yield f"  {item.sign} {visible(item.key)}" + (f"  ({visible(item.reason)})" if item.reason else "")
    for line in changes.lines(item.changes):
        yield f"      {line}"
