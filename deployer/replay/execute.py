"""Run a monitor at a chosen time and see which entities alert."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deployer.model.tested import Entity
from deployer.replay.client import Client


@dataclass(frozen=True, slots=True)
class Run:
    """What a run of a monitor gave: the entities that alert, the rendered messages, and an error of the server's."""

    entities: frozenset[Entity]
    error: str = ""
    messages: tuple[str, ...] = ()


def dry(client: Client, body: Mapping[str, Any], clock: int) -> Run:
    """Run a monitor's body without storing it, at `clock` (epoch seconds); nothing is written or sent."""
    return read(
        client.request(
            "POST", "/_plugins/_alerting/monitors/_execute", body, {"dryrun": "true", "period_end": f"{clock * 1000}ms"}
        )
    )


def real(client: Client, monitor_id: str, clock: int) -> Run:
    """Run a stored monitor for real, at `clock` (epoch seconds): alerts are written and notifications sent."""
    return read(
        client.request(
            "POST",
            f"/_plugins/_alerting/monitors/{monitor_id}/_execute",
            {},
            {"dryrun": "false", "period_end": f"{clock * 1000}ms"},
        )
    )


def read(answer: Mapping[str, Any]) -> Run:
    """The run that an answer of ``_execute`` tells of."""
    errors = [answer.get("error"), (answer.get("input_results") or {}).get("error")]
    entities: set[Entity] = set()
    messages: list[str] = []
    for result in (answer.get("trigger_results") or {}).values():
        errors.append(result.get("error"))
        for bucket in (result.get("agg_result_buckets") or {}).values():
            key = bucket["agg_alert_content"]["bucket"]["key"]
            entities.add(tuple(sorted((name, str(value)) for name, value in key.items())))
        for action in _actions(result.get("action_results") or {}):
            errors.append(action.get("error"))
            messages.append(str((action.get("output") or {}).get("message", "")))
    return Run(frozenset(entities), "; ".join(str(error) for error in errors if error), tuple(messages))


def _actions(value: Any) -> list[Mapping[str, Any]]:
    """Every action result, which the server groups by alert for bucket-level monitors."""
    if not isinstance(value, Mapping):
        return []
    if "output" in value:
        return [value]
    return [action for inner in value.values() for action in _actions(inner)]
