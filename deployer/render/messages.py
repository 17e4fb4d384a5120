"""The notifications of a monitor: what an analyst reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deployer.model import durations
from deployer.model.analytic import Analytic, Entity, MonitorSpec, WorkflowSpec
from deployer.model.condition import describe
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
    values = {**_values(analytic, spec, notice, target), **_events(spec, notice, target)}
    values |= {"reminder": notice.reminder > 0 and spec.level == "bucket"}
    return _actions(
        _MESSAGES[spec.level],
        _POLICIES[spec.level],
        target.naming.trigger(analytic.id, spec.key),
        values,
        notice,
        target,
    )


def workflow_actions(analytic: Analytic, spec: WorkflowSpec, notice: Notice, target: Target) -> list[dict[str, Any]]:
    """The same for a workflow: told once a day for as long as it goes on.

    Raises TemplateError as `actions` does.
    """
    values = _values(analytic, spec, notice, target)
    values |= {"monitors": ", ".join(spec.monitors), "when": describe(spec.when)}
    trigger = target.naming.trigger(analytic.id, spec.key)
    return _actions("workflow", _ONCE_A_DAY, trigger, values, notice, target)


def templates(spec: MonitorSpec | WorkflowSpec) -> tuple[str, ...]:
    """The templates of its message and subject."""
    message = _MESSAGES[spec.level] if isinstance(spec, MonitorSpec) else "workflow"
    return (f"messages/{message}.txt.j2", "messages/subject.txt.j2")


_MESSAGES = {"bucket": "alert", "query": "total", "document": "document"}
"""The message of each level of monitor, a file of templates/messages."""

_NEW, _EACH = ["NEW"], ["NEW", "DEDUPED"]
_ONCE_A_DAY = "once a day"
_POLICIES = {"bucket": "new", "query": _ONCE_A_DAY, "document": "new"}
"""What keeps a monitor from telling the same thing at every run: that only new alerts are told, or a throttle."""

DAY = 1440
"""Minutes: the longest throttle that the server takes."""


def _actions(
    message: str, policy: str, trigger: str, values: Mapping[str, Any], notice: Notice, target: Target
) -> list[dict[str, Any]]:
    text = target.templates.text(f"messages/{message}.txt.j2", values)
    subject = target.templates.text("messages/subject.txt.j2", values)
    minutes = notice.reminder // 60 or (DAY if policy == _ONCE_A_DAY else 0)
    result = []
    for channel in notice.channels:
        action: dict[str, Any] = {
            "id": f"{trigger}.{channel}",
            "name": f"notify {channel}",
            "destination_id": target.naming.resource(channel),
            "subject_template": {"source": subject, "lang": "mustache"},
            "message_template": {"source": text, "lang": "mustache"},
            "throttle_enabled": minutes > 0,
        }
        if policy != _ONCE_A_DAY:
            told = _EACH if notice.reminder else _NEW
            action["action_execution_policy"] = {"action_execution_scope": {"per_alert": {"actionable_alerts": told}}}
        if minutes:
            action["throttle"] = {"value": minutes, "unit": "MINUTES"}
        result.append(action)
    return result


def _values(analytic: Analytic, spec: MonitorSpec | WorkflowSpec, notice: Notice, target: Target) -> dict[str, Any]:
    """What every message says."""
    pages = target.environment.pages_url if target.environment else ""
    where = f" --env {target.environment.name}" if target.environment else ""
    return {
        "severity": notice.severity.upper(),
        "title": spec.title,
        "analytic": analytic.id,
        "monitor": spec.key,
        "analytic_title": analytic.title,
        "technique": ", ".join(analytic.attack["techniques"]),
        "severity_reason": spec.severity_reason.strip()
        or f"{notice.severity}, as every alert of {analytic.id} that gives no reason of its own",
        "response": list(analytic.response),
        "benign": [cause.strip() for cause in analytic.false_positives],
        "see": f"deployer alerts{where} --analytic {analytic.id}",
        "page": f"{pages}/{analytic.id}" if pages else analytic.folder,
    }


def _events(spec: MonitorSpec, notice: Notice, target: Target) -> dict[str, Any]:
    """What the message of a monitor says of the events."""
    entities = [target.repository.entities[name] for name in spec.entity if name in target.repository.entities]
    named = [field for entity in entities for field in entity.fields]
    return {
        "entity_names": ", ".join(entity.title.lower() for entity in sorted(entities, key=_place)),
        "entity_fields": [list(entity.fields) for entity in entities],
        "look_back": durations.words(notice.look_back),
        "sequence": spec.then is not None,
        "show": [field for field in spec.show if field not in named],
        "loaded": list(dict.fromkeys([*named, *spec.show])),
    }


def _place(entity: Entity) -> int:
    """Where the server puts an entity among the values of ``bucket_keys``: it keeps them in a hash map of Java's."""
    value = 0
    for char in entity.name:
        value = (31 * value + ord(char)) & 0xFFFFFFFF
    return (value ^ (value >> 16)) & 15
