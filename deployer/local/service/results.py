"""What a run gives back: of a monitor, its triggers and their actions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from deployer.local.service.errors import Failure, Json


@dataclass(frozen=True, slots=True)
class ActionRun:
    """An action's run: what it wrote (subject, message, messageId), when, whether it was held back, why it failed."""

    id: str
    name: str
    output: dict[str, str]
    throttled: bool = False
    time: int | None = None
    error: Failure | None = None

    def json(self) -> Json:
        """Gives it as answers show it."""
        return {
            "id": self.id,
            "name": self.name,
            "output": self.output,
            "throttled": self.throttled,
            "executionTime": self.time,
            "error": None if self.error is None else self.error.message,
        }


@dataclass(slots=True)
class TriggerRun:
    """A trigger's run. `shown` are the fields by which the kinds of triggers differ, as answers show them."""

    name: str
    error: Failure | None = None
    triggered: bool = False
    actions: dict[str, ActionRun] = field(default_factory=dict)
    clusters: list[str] | None = None

    def json(self) -> Json:
        """Gives it as answers show it."""
        body: Json = {"name": self.name, "triggered": self.triggered, "action_results": _runs(self.actions)}
        if self.clusters is not None:
            body["cluster_results"] = [{name: {"triggered": True}} for name in self.clusters]
        return body | {"error": shown_error(self.error)}

    def failure_text(self) -> str | None:
        """Gives what an alert says of a trigger or action that failed."""
        if self.error is not None:
            return f"Failed evaluating trigger:\n{user_text(self.error)}"
        for run in self.actions.values():
            if run.error is not None:
                return f"Failed running action:\n{user_text(run.error)}"
        return None


@dataclass(slots=True)
class BucketTriggerRun:
    """A bucket-level trigger's run: the buckets it found by their keys, and each one's actions."""

    name: str
    error: Failure | None = None
    buckets: dict[str, Json] = field(default_factory=dict)
    actions: dict[str, dict[str, ActionRun]] = field(default_factory=dict)

    def json(self) -> Json:
        """Gives it as answers show it."""
        return {
            "name": self.name,
            "agg_result_buckets": {key: {"agg_alert_content": bucket} for key, bucket in self.buckets.items()},
            "action_results": {key: _runs(runs) for key, runs in self.actions.items()},
            "error": None if self.error is None else self.error.message,
        }

    def failure_text(self) -> str | None:
        """Gives what an alert says of a trigger that failed."""
        return None if self.error is None else f"Failed evaluating trigger:\n{user_text(self.error)}"


@dataclass(slots=True)
class DocTriggerRun:
    """A document-level trigger's run: the documents (`id|index`), and each alert's actions."""

    name: str
    documents: list[str]
    error: Failure | None = None
    actions: dict[str, dict[str, ActionRun]] = field(default_factory=dict)

    def json(self) -> Json:
        """Gives it as answers show it."""
        return {
            "name": self.name,
            "triggeredDocs": self.documents,
            "action_results": {key: _runs(runs) for key, runs in self.actions.items()},
            # It went from node to node as one of the plugin's own errors, which have a message in any case.
            "error": None if self.error is None else self.error.message or "Unknown error",
        }

    def failure_text(self) -> str | None:
        """Gives what an alert says of a trigger that failed."""
        return None if self.error is None else f"Failed evaluating trigger:\n{user_text(self.error)}"


AnyTriggerRun = TriggerRun | BucketTriggerRun | DocTriggerRun


@dataclass(frozen=True, slots=True)
class AfterKey:
    """Where a paged aggregation goes on, and whether its last page was read."""

    key: Json | None
    last: bool


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the inputs gave, or why not, and where each trigger's aggregation goes on."""

    results: list[Any] = field(default_factory=list)
    error: Failure | None = None
    after: dict[str, AfterKey] | None = None

    def more(self) -> bool:
        """Says whether there are pages that were not read."""
        return any(after.key is not None and not after.last for after in (self.after or {}).values())


@dataclass(slots=True)
class MonitorRun:
    """A monitor's run over a period."""

    name: str
    start: int
    end: int
    error: Failure | None = None
    inputs: Inputs = field(default_factory=Inputs)
    triggers: dict[str, Any] = field(default_factory=dict)

    def json(self) -> Json:
        """Gives it as answers show it."""
        return {
            "monitor_name": self.name,
            "period_start": self.start,
            "period_end": self.end,
            "error": None if self.error is None else self.error.message,
            "input_results": {
                "results": self.inputs.results,
                "error": None if self.inputs.error is None else self.inputs.error.message,
            },
            "trigger_results": {key: run.json() for key, run in self.triggers.items()},
        }

    def failure_text(self) -> str | None:
        """Gives what an alert says of a monitor that failed."""
        if self.error is not None:
            return f"Failed running monitor:\n{user_text(self.error)}"
        if self.inputs.error is not None:
            return f"Failed fetching inputs:\n{user_text(self.inputs.error)}"
        return None

    def script_error(self) -> Failure | None:
        """Gives the error that triggers and templates see."""
        return self.error or self.inputs.error


def user_text(what: Failure) -> str:
    """Gives an error in words for a reader."""
    return what.user_message or "Unknown Internal error. See the OpenSearch log for details."


def shown_error(what: Failure | None) -> str | None:
    """Gives an error as a trigger's result shows it: a script's with its place."""
    if what is None:
        return None
    return what.json if what.json is not None else what.message


def _runs(runs: dict[str, ActionRun]) -> Json:
    return {key: run.json() for key, run in runs.items()}
