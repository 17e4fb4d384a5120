"""Annotations that GitHub shows beside the lines of a pull request (``::notice file=...``), escaped as its runner wants."""

from __future__ import annotations

from collections.abc import Iterator

from deployer.model.errors import DeployerError, Location
from deployer.plan import Action, Plan
from deployer.report import changes
from deployer.report.escape import visible
from deployer.report.plan_text import closing, summary

MOST = 40
"""Annotations of actions: GitHub shows ten of a kind in a step and fifty in a run, and drops the rest without a word."""


def annotation(level: str, text: str, title: str = "", where: Location | None = None) -> str:
    """One annotation. `level` is ``notice``, ``warning`` or ``error``."""
    properties = {}
    if where is not None and where.file:
        properties["file"] = where.file
        if where.line:
            properties |= {"line": str(where.line), "col": str(max(1, where.column))}
    if title:
        properties["title"] = title
    listed = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{level} {listed}::{_data(text)}" if listed else f"::{level}::{_data(text)}"


def plan_github(plan: Plan | None, cluster: str = "", error: DeployerError | None = None) -> str:
    """A plan as annotations: refusals are errors, warnings and changes by hand warnings, the rest notices at the file that asks for it."""
    return "\n".join(_lines(plan, f"{cluster}: " if cluster else "", error))


def _lines(plan: Plan | None, prefix: str, error: DeployerError | None) -> Iterator[str]:
    if error is not None:
        yield annotation("error", f"{error}. {error.why}", f"{prefix}the plan failed", error.where)
    if plan is None:
        return
    for refusal in plan.refusals():
        level = "error" if refusal.looking else "warning"
        yield annotation(level, f"{refusal.what}: {refusal.why}. {refusal.todo}", f"{prefix}refused")
    for warning in plan.warnings:
        yield annotation("warning", warning, f"{prefix}deploy")
    for action in plan.actions[:MOST]:
        yield _action(action, prefix)
    if len(plan.actions) > MOST:
        yield annotation("notice", f"{len(plan.actions) - MOST} more actions", f"{prefix}deploy")
    yield annotation("notice", summary(plan), f"{prefix}plan of {plan.environment}")


def _action(action: Action, prefix: str) -> str:
    lines = [*changes.lines(action.changes), *(f"changed by hand: {line}" for line in changes.lines(action.drift))]
    if action.causes:
        lines.append(f"because of {', '.join(visible(cause) for cause in action.causes)}")
    if action.reason:
        lines.append(action.reason)
    if action.closing is not None:
        lines.append(closing(action.closing))
    where = action.resource.origin if action.resource else None
    level = "warning" if action.conflict or action.drift else "notice"
    return annotation(level, "\n".join(lines) or action.key, f"{prefix}{action.verb} {action.key}", where)


def _data(text: str) -> str:
    """What GitHub's runner undoes in a message; other control characters become visible."""
    kept = "\n".join(visible(line) for line in text.replace("\r", "\n").split("\n"))
    return kept.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
