"""Running an action: its templates are rendered by the node, its message is sent to a channel."""

from __future__ import annotations

from typing import Protocol

from deployer.local.service.errors import Failure, Json, ServerError, illegal_state
from deployer.local.service.node import Node
from deployer.local.service.results import ActionRun
from deployer.local.service.times import now_ms

_DEFAULT_TITLE = "Alerting-Notification Action"
_MINUTE_MS = 60_000


class Sender(Protocol):
    """Sends to notification channels."""

    async def send(self, channel_id: str, title: str, message: str) -> str:
        """Sends a message and gives what the channel answered. Raises ServerError if that failed."""


class Actions:
    """Runs actions."""

    def __init__(self, node: Node, sender: Sender) -> None:
        self._node = node
        self._sender = sender

    async def run(self, action: Json, ctx: Json, *, dry: bool, alert: Json | None = None) -> ActionRun:
        """Runs an action unless it is held back: rendered only if `dry`, else also sent. What fails is in the result.

        `alert` is the one by which the action may be held back, if it may.
        """
        if alert is not None and not actionable(action, alert):
            return held_back(action)
        try:
            output = {"subject": await self._render(action.get("subject_template"), ctx)}
            output["message"] = await self._render(action["message_template"], ctx)
            if not output["message"]:
                what = f"Message content missing in the Destination with id: {action['destination_id']}"
                raise illegal_state(what)
            if not dry:
                title = output["subject"] or _DEFAULT_TITLE
                output["messageId"] = await self._sender.send(action["destination_id"], title, output["message"])
        except ServerError as error:
            return _failed(action, error.failure)
        return ActionRun(action["id"], action["name"], output, time=now_ms())

    async def _render(self, script: Json | None, ctx: Json) -> str:
        if script is None:
            return ""
        return str((await self._node.module("render", {"script": script, "ctx": ctx}))["output"])


def actionable(action: Json, alert: Json | None) -> bool:
    """Says whether an action may run for an alert: it is not there for the record only, and not within the throttle."""
    if alert is not None and alert["state"] == "AUDIT":
        return False
    if alert is None or "throttle" not in action or not action["throttle_enabled"]:
        return True
    results = alert["action_execution_results"]
    last = next((result["last_execution_time"] for result in results if result["action_id"] == action["id"]), None)
    bound = now_ms() - action["throttle"]["value"] * _MINUTE_MS
    return last is None or last < bound


def held_back(action: Json) -> ActionRun:
    """Gives the result of an action that was held back."""
    return ActionRun(action["id"], action["name"], {}, throttled=True)


def _failed(action: Json, what: Failure) -> ActionRun:
    return ActionRun(action["id"], action["name"], {}, time=now_ms(), error=what)
