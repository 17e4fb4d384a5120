"""Trigger ids: an alert belongs to a trigger by its id, so what was adopted keeps the ids that it had. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from deployer.model.resource import Kind, Resource
from deployer.plan.live import Live, trigger_ids, trigger_key
from deployer.plan.match import ServerNamed


def kept_trigger(kind: Kind, deployment: str, body: Mapping[str, Any]) -> str:
    """The id of a body's trigger if it is not one that this deployment makes (the trigger was adopted with its alerts), else empty."""
    if kind not in ServerNamed:
        return ""
    return next((name for name in trigger_ids(body) if trigger_key(kind, deployment, name) is None), "")


def with_trigger(resource: Resource, trigger: str) -> Resource:
    """The resource with another id of its trigger; the same if `trigger` is empty."""
    if not trigger or trigger in trigger_ids(resource.body):
        return resource
    first, *rest = resource.body["triggers"]
    ((kind, inner),) = first.items()
    body = {**resource.body, "triggers": [{kind: {**inner, "id": trigger}}, *rest]}
    return dataclasses.replace(resource, body=body)


def adopting(resource: Resource, live: Live, deployment: str) -> Resource:
    """The resource as it is to be written over an object that others made: the trigger that means the same keeps its id.

    That is the one of the same name, or else the first; none if the monitor is of another type, whose alerts no run of ours
    would ever look at.
    """
    if resource.kind not in ServerNamed or not resource.body.get("triggers"):
        return resource
    if live.body.get("monitor_type") != resource.body.get("monitor_type"):
        return resource
    ((kind, ours),) = resource.body["triggers"][0].items()
    theirs = [trigger[kind] for trigger in live.body.get("triggers", ()) if kind in trigger]
    theirs.sort(key=lambda trigger: trigger.get("name") != ours.get("name"))
    found = str(theirs[0].get("id", "")) if theirs else ""
    return with_trigger(resource, found) if trigger_key(resource.kind, deployment, found) is None else resource
