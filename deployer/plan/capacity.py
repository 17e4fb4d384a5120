"""Whether a cluster can hold and run the monitors of a plan (FACTS.md, "How many monitors a node can run")."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from deployer.model.resource import Kind
from deployer.plan.actions import Action, Refusal, Verb
from deployer.plan.live import ClusterFacts, Schedule

MAX_MONITORS = "plugins.alerting.monitor.max_monitors"
RATE = "script.context.template.max_compilations_rate"
CACHE = "script.context.template.cache_max_size"

_UNITS = {"SECONDS": 1, "MINUTES": 60, "HOURS": 3600, "DAYS": 86400}
_CRON = 60.0
"""Seconds taken as the interval of a cron schedule: the shortest that five fields can say."""


def room(facts: ClusterFacts, actions: Iterable[Action]) -> Refusal | None:
    """A refusal if the creates would go over the number of monitors that the cluster allows.

    Disabled monitors count, and so do everybody else's. Deletes come after creates, so they make no room.
    """
    created = sum(1 for action in actions if action.verb is Verb.CREATE and action.kind is Kind.MONITOR)
    if facts.max_monitors is None or not created or facts.present + created <= facts.max_monitors:
        return None
    return Refusal(
        "capacity",
        f"the cluster has no room for {created} more monitors: it has {facts.present} and allows {facts.max_monitors}",
        "every monitor counts, disabled ones and those of others too",
        f"Raise the cluster setting {MAX_MONITORS} to {facts.present + created} or more, or remove monitors.",
    )


def overload(facts: ClusterFacts, actions: Sequence[Action]) -> Refusal | None:
    """A refusal if the plan adds to what the nodes must compile, and leaves them with more than they surely can.

    Sure is one text for each enabled monitor; the second one of a bucket-level monitor that finds something only warns.
    """
    before = _without_buckets(facts.schedules)
    after = [*before, *_without_buckets(_added(actions))]
    if not _short(facts, after) or _load(facts, after)[1] <= _load(facts, before)[1]:
        return None
    texts, needed = _load(facts, after)
    return Refusal(
        "overload",
        f"the cluster cannot run {sum(item.monitors for item in after)} enabled monitors",
        f"on a node they need {needed:.0f} template compilations in {facts.window:.0f} s, or {texts:.0f} texts to stay "
        f"compiled; it allows {facts.rate:.0f} and keeps {facts.cache}. Runs beyond that fail, and only the server's log tells",
        f'Set {RATE} to "{_enough(needed, facts.window)}/1m" and {CACHE} to {_round(texts * 2)} (both are dynamic: PUT '
        "_cluster/settings), or allow it for this run with --allow-overload.",
    )


def compilations(facts: ClusterFacts, actions: Sequence[Action]) -> str:
    """A warning if, after the plan, the nodes could not compile the templates of all enabled monitors; else empty.

    Every run compiles the whole query as a template unless it is still in the cache, and a bucket-level run that finds
    something compiles a second text. Runs beyond the limit fail, and nothing but the server's log tells.
    """
    return shortage(facts, [*facts.schedules, *_added(actions)])


def shortage(facts: ClusterFacts, schedules: Sequence[Schedule]) -> str:
    """What `compilations` says of enabled monitors with these schedules, whosever they are."""
    if facts.rate is None or not _short(facts, schedules):
        return ""
    texts, needed = _load(facts, schedules)
    monitors = sum(item.monitors for item in schedules)
    return (
        f"{monitors} enabled monitors may need {needed:.0f} template compilations in {facts.window:.0f} s on a node, and "
        f"{texts:.0f} texts to stay compiled; the node allows {facts.rate:.0f} and keeps {facts.cache}. Runs beyond that fail, "
        f"and only the server's log tells. Raise {RATE} (such as {_enough(needed, facts.window)}/1m) and {CACHE} (such as "
        f"{_round(texts * 2)})."
    )


def short_of_templates(facts: ClusterFacts) -> bool:
    """Whether the enabled monitors of a cluster may be refused compilations: always, or after a start of a node, when none is kept."""
    texts, needed = _load(facts, facts.schedules)
    return facts.rate is not None and (texts > facts.rate or (texts > facts.cache and needed > facts.rate))


def _short(facts: ClusterFacts, schedules: Sequence[Schedule]) -> bool:
    """Whether the texts neither stay compiled nor may be compiled as often as they run."""
    texts, needed = _load(facts, schedules)
    return facts.rate is not None and texts > facts.cache and needed > facts.rate


def _without_buckets(schedules: Iterable[Schedule]) -> list[Schedule]:
    return [dataclasses.replace(item, buckets=0) for item in schedules]


def _load(facts: ClusterFacts, schedules: Sequence[Schedule]) -> tuple[float, float]:
    """The texts that a node compiles, and how many compilations these are in a window if none is kept."""
    runners = max(1, facts.runners)
    texts = sum(item.monitors + item.buckets for item in schedules) / runners
    needed = sum((item.monitors + item.buckets) * facts.window / item.interval for item in schedules) / runners
    return texts, needed


def _added(actions: Iterable[Action]) -> list[Schedule]:
    """What the plan adds to the enabled monitors, and (as negative numbers) what it takes away."""
    result: list[Schedule] = []
    for action in actions:
        if action.kind not in (Kind.MONITOR, Kind.WORKFLOW):
            continue
        if action.live is not None and action.verb is not Verb.ACCEPT:
            result += schedules_of(action.live.body, -1)
        if action.resource is not None and action.verb is not Verb.ACCEPT:
            result += schedules_of(action.resource.body, 1)
    return result


def schedules_of(body: Mapping[str, Any], sign: int = 1) -> list[Schedule]:
    """How often a body lets a monitor run, or a workflow each of its monitors: one entry if it is enabled, else none.

    A `sign` of -1 takes it away. A monitor that runs by itself and in a workflow counts as two.
    """
    if not body.get("enabled"):
        return []
    period = body.get("schedule", {}).get("period", {})
    interval = float(period.get("interval", 0)) * _UNITS.get(period.get("unit", ""), 0) or _CRON
    composite = [item["composite_input"] for item in body.get("inputs", ()) if "composite_input" in item]
    if composite:
        return [Schedule(interval, sign * sum(len(item["sequence"]["delegates"]) for item in composite), 0)]
    return [Schedule(interval, sign, sign if body.get("monitor_type") == "bucket_level_monitor" else 0)]


def _enough(needed: float, window: float) -> int:
    return _round(needed * 60 / window * 2)


def _round(number: float) -> int:
    step = 100
    return max(step, int(-(-number // step)) * step)
