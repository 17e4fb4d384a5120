"""A composite workflow of an analytic, rendered into the body that is sent; monitors stand in it by their keys."""

from __future__ import annotations

from typing import Any

from deployer.model.analytic import SEVERITIES, Analytic, WorkflowSpec
from deployer.model.condition import All, AnyOf, Condition, Not, Use, describe
from deployer.model.errors import DeployerError
from deployer.model.finding import Findings
from deployer.model.resource import Kind, Resource
from deployer.render import messages, provenance, schedules
from deployer.render.overrides import channels_of, override_of
from deployer.render.target import Target


def render(analytic: Analytic, spec: WorkflowSpec, target: Target, findings: Findings) -> Resource | None:
    """One workflow as a resource, or None with findings."""
    override = override_of(target.environment, analytic.id, spec.key)
    severity = override.severity or spec.severity or analytic.severity
    schedule = override.schedule or analytic.schedule
    channels = channels_of(target.environment, severity)
    keys = {name: f"monitor/{analytic.id}/{name}" for name in spec.monitors}
    values: dict[str, Any] = {
        "name": f"{analytic.id} {spec.title}",
        "owner": target.naming.owner,
        "enabled": override.enabled,
        "schedule": schedules.body(schedule),
        "delegates": [{"order": number, "monitor_id": key} for number, key in enumerate(keys.values(), 1)],
        "trigger_id": target.naming.trigger(analytic.id, spec.key),
        "title": spec.title,
        "severity_level": SEVERITIES[severity],
        "condition": chained(spec.when, keys),
    }
    try:
        notice = messages.Notice(severity, 0, 0, channels)
        values["actions"] = messages.workflow_actions(analytic, spec, notice, target)
        body = target.templates.body("workflows/composite.json.j2", values)
    except DeployerError as error:
        findings.add("DAC015", error.what, error.where or spec.where, error.why or error.todo)
        return None
    written = {
        "title": spec.title,
        "enabled": override.enabled,
        "severity": severity,
        "schedule": dict(schedule),
        "monitors": list(spec.monitors),
        "when": describe(spec.when),
        "channels": list(channels),
    }
    depends = (*(f"channel/{channel}" for channel in channels), *keys.values())
    return Resource(
        Kind.WORKFLOW,
        f"workflow/{analytic.id}/{spec.key}",
        body["name"],
        body,
        written,
        depends,
        spec.where,
        analytic.id,
        analytic.protected,
        causes=provenance.causes(analytic, spec, target),
        made_of=provenance.made_of(target, ("workflows/composite.json.j2", *messages.templates(spec))),
    )


def chained(when: Condition, keys: dict[str, str]) -> str:
    """The condition in the plugin's words: ``(monitor[id=a] && !monitor[id=b])``. Everything in brackets: its precedence is its own."""
    match when:
        case Use(name):
            return f"monitor[id={keys.get(name, name)}]"
        case Not(part):
            return f"(!{chained(part, keys)})"
        case All(parts):
            return "(" + " && ".join(chained(part, keys) for part in parts) + ")"
        case AnyOf(parts):
            return "(" + " || ".join(chained(part, keys) for part in parts) + ")"
        case _:
            raise TypeError(f"{when} is nothing that a workflow knows")
