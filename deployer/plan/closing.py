"""Which open alerts an action ends, and which of them the server would leave active for ever (FACTS.md, "Running"). Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from deployer.plan.actions import Action, Closing, Verb
from deployer.plan.live import trigger_ids
from deployer.plan.match import ServerNamed
from deployer.plan.plan import Plan

QUERY_LEVEL = "query_level_monitor"

Open = Mapping[str, Mapping[str, int]]
"""Open alerts by the id of their monitor or workflow, then by their trigger's id."""


def alerts_needed(plan: Plan) -> bool:
    """Whether the plan can only be told in full with the open alerts at hand."""
    return any(_why(action) for action in plan.actions)


def with_alerts(plan: Plan, alerts: Open) -> Plan:
    """The plan with what each action does to open alerts."""
    return dataclasses.replace(plan, actions=tuple(_closing(action, alerts) for action in plan.actions))


def dropped(action: Action) -> frozenset[str]:
    """The ids of the triggers that are live and will not be any more."""
    live, resource = action.live, action.resource
    if live is None or action.kind not in ServerNamed:
        return frozenset()
    before = frozenset(trigger_ids(live.body))
    if action.verb is Verb.DELETE:
        return before
    if action.verb not in (Verb.UPDATE, Verb.ADOPT) or resource is None:
        return frozenset()
    return before - frozenset(trigger_ids(resource.body))


def _closing(action: Action, alerts: Open) -> Action:
    why = _why(action)
    if not why or action.live is None:
        return action
    open_ones = alerts.get(action.live.id, {})
    gone = dropped(action)
    count = sum(open_ones.values())
    if action.verb is not Verb.DELETE and not _another_type(action) and gone:
        count = sum(number for trigger, number in open_ones.items() if trigger in gone)
    return dataclasses.replace(action, closing=Closing(count, why, first=_first(action))) if count else action


def _why(action: Action) -> str:
    """Why open alerts end, or empty if none does."""
    if action.kind not in ServerNamed or action.live is None:
        return ""
    if action.verb is Verb.DELETE:
        return "it is deleted"
    if _another_type(action):
        return "it becomes a monitor of another type"
    if gone := dropped(action):
        return f"it loses the trigger{'s' if len(gone) > 1 else ''} {', '.join(sorted(gone))}"
    if any(change.path.split("[")[0] == "entity" for change in action.changes):
        return "its alerts are told apart otherwise; the next run opens new ones"
    return ""


def _another_type(action: Action) -> bool:
    """Whether an update changes the type of a monitor: no run of the new type ever looks at alerts of the old one."""
    live, resource = action.live, action.resource
    if live is None or resource is None or action.verb not in (Verb.UPDATE, Verb.ADOPT):
        return False
    return bool(live.body.get("monitor_type") != resource.body.get("monitor_type"))


def _first(action: Action) -> bool:
    """Whether the alerts must be closed before the write.

    The server moves ten alerts of a monitor or trigger that is gone to the history, and leaves the rest active. A trigger
    of a query-level monitor or a workflow has one alert, and there are at most ten triggers.
    """
    if _another_type(action):
        return True
    if action.live is None or not dropped(action):
        return False
    return bool(action.live.body.get("monitor_type", QUERY_LEVEL) != QUERY_LEVEL)
