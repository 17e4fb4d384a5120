"""The notifications of a monitor: what an analyst reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deployer.model import durations
from deployer.model.analytic import Analytic, MonitorSpec
from deployer.render.target import Target


@dataclass(frozen=True, slots=True)
class Notice:
    """What a message says beside the analytic. `look_back` and `reminder` are in seconds; a reminder of 0 is none."""

    severity: str
    look_back: int
    reminder: int
    channels: tuple[str, ...]


def actions(analytic: Analytic, spec: MonitorSpec, notice: Notice, target: Target) -> list[dict[str, Any]]:
    """One action a channel. Each new alert is a message; one that goes on is told again only where a reminder is asked for.

    Raises TemplateError if a template cannot be rendered, also when nobody is to be notified: an error must not wait
    for the environment in which somebody is.
    """
    values = _values(analytic, spec, notice, target)
    message, subject = (
        target.templates.text("messages/alert.txt.j2", values),
        target.templates.text("messages/subject.txt.j2", values),
    )
    trigger = target.naming.trigger(analytic.id, spec.key)
    result = []
    for channel in notice.channels:
        action: dict[str, Any] = {
            "id": f"{trigger}.{channel}",
            "name": f"notify {channel}",
            "destination_id": target.naming.resource(channel),
            "subject_template": {"source": subject, "lang": "mustache"},
            "message_template": {"source": message, "lang": "mustache"},
            "throttle_enabled": notice.reminder > 0,
            "action_execution_policy": {
                "action_execution_scope": {
                    "per_alert": {"actionable_alerts": ["NEW", "DEDUPED"] if notice.reminder else ["NEW"]}
                }
            },
        }
        if notice.reminder:
            action["throttle"] = {"value": notice.reminder // 60, "unit": "MINUTES"}
        result.append(action)
    return result


def _values(analytic: Analytic, spec: MonitorSpec, notice: Notice, target: Target) -> dict[str, Any]:
    entities = [target.repository.entities[name] for name in spec.entity if name in target.repository.entities]
    pages = target.environment.pages_url if target.environment else ""
    return {
        "severity": notice.severity.upper(),
        "title": spec.title,
        "analytic": analytic.id,
        "monitor": spec.key,
        "analytic_title": analytic.title,
        "entity_names": ", ".join(entity.title.lower() for entity in entities),
        "entity_fields": [entity.fields[0] for entity in entities],
        "look_back": durations.words(notice.look_back),
        "technique": ", ".join(analytic.attack["techniques"]),
        "sequence": spec.then is not None,
        "show": list(spec.show),
        "severity_reason": spec.severity_reason
        or f"{notice.severity}, as every alert of {analytic.id} that gives no reason of its own",
        "response": list(analytic.response),
        "benign": "; ".join(analytic.false_positives),
        "page": f"{pages}/{analytic.id}" if pages else analytic.folder,
        "reminder": notice.reminder > 0,
    }
