"""What became of a deploy: applied, failed, not attempted, without embellishment."""

from __future__ import annotations

from typing import Any

from deployer.plan.outcome import Fate, Outcome, Result
from deployer.report.escape import markdown, visible
from deployer.report.plan_text import summary

FORMAT_VERSION = 1


def result_text(result: Result) -> str:
    """The end of a deploy: every object that was not applied with the reason, then the sums."""
    lines: list[str] = []
    for outcome in result.outcomes:
        if outcome.fate is not Fate.APPLIED:
            lines.append(f"{outcome.fate}: {outcome.action.verb} {outcome.action.key}: {visible(outcome.reason)}")
            if outcome.todo:
                lines.append(f"    {outcome.todo}")
    if result.record_error:
        lines += [
            f"The record could not be written: {visible(result.record_error)}",
            f"    It was saved in {result.record_file}; write it to the cluster with",
            f"    deployer deploy --env {result.plan.environment} --push-record {result.record_file}",
        ]
    if result.interrupted:
        lines.append("Interrupted. What was begun was ended; run again to do the rest.")
    if not result.outcomes:
        return "\n".join([*lines, summary(result.plan)])
    return "\n".join([*lines, _sums(result)])


def result_json(result: Result) -> dict[str, Any]:
    """The result as a JSON object."""
    return {
        "format_version": FORMAT_VERSION,
        "environment": result.plan.environment,
        "deployment": result.plan.deployment,
        "action": str(result.plan.purpose),
        "target": result.plan.target or None,
        "number": result.number or None,
        "exit_code": result.exit_code,
        "interrupted": result.interrupted,
        "elapsed": round(result.elapsed, 3),
        "summary": {**{str(fate): len(result.of(fate)) for fate in Fate}, "unchanged": result.plan.unchanged},
        "outcomes": [_outcome(outcome) for outcome in result.outcomes],
        "record": {"error": result.record_error, "file": result.record_file},
    }


def result_markdown(result: Result) -> str:
    """The result as Markdown."""
    rows = [
        f"| {outcome.fate} | {outcome.action.verb} | {markdown(outcome.action.key)} | {markdown(outcome.reason)} |"
        for outcome in result.outcomes
    ]
    table = ["", "| | | object | why |", "|---|---|---|---|", *rows] if rows else []
    head = _sums(result) if rows else summary(result.plan)
    return "\n".join([f"### {head}", *table]) + "\n"


def _sums(result: Result) -> str:
    not_attempted = result.of(Fate.BLOCKED, Fate.STOPPED)
    failed = result.of(Fate.FAILED, Fate.UNKNOWN, Fate.CONFLICT)
    recorded = f" Recorded as deploy {result.number}." if result.number and not result.record_error else ""
    return (
        f"Applied {len(result.of(Fate.APPLIED))}, unchanged {result.plan.unchanged}, failed {len(failed)}, "
        f"not attempted {len(not_attempted)}, in {result.elapsed:.1f} s.{recorded}"
    )


def _outcome(outcome: Outcome) -> dict[str, Any]:
    return {
        "action": str(outcome.action.verb),
        "kind": str(outcome.action.kind),
        "key": outcome.action.key,
        "name": outcome.action.name,
        "id": outcome.id,
        "fate": str(outcome.fate),
        "reason": outcome.reason,
        "todo": outcome.todo,
    }
