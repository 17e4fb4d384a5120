"""Monitors whose windows cannot be combined: run at each time of their schedule, by a search that holds their own condition."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deployer.model.errors import DeployerError
from deployer.model.tested import Entity
from deployer.replay.searching import Reader

MOST_RUNS = 1500
"""Searches of one monitor: a day of runs each minute, and a few."""

_SELECTOR = "condition of the trigger"


class FormError(DeployerError):
    """A monitor whose runs cannot be told by searching."""

    code = "form"


@dataclass(frozen=True, slots=True)
class Steps:
    """The times (ms) that were looked at, and the spans of their numbers at which each entity alerted."""

    times: Sequence[int]
    spans: tuple[tuple[Entity, list[tuple[int, int]]], ...]


def spans(reader: Reader, body: Mapping[str, Any], times: Sequence[int], most: int) -> Steps:
    """What each run would have found; of more than `most` runs only every second, third, ... is looked at, and said so.

    Raises FormError for a condition that is not on the buckets of one aggregation at the top.
    """
    every = -(-len(times) // most)
    chosen = times[::every]
    if every > 1:
        reader.gaps.append(f"one run in {every} was looked at, of {len(times):,}")
    found: dict[Entity, list[tuple[int, int]]] = {}
    for number, at in enumerate(chosen):
        before = chosen[number - 1] if number else at
        for entity in _run(reader, body, at, before):
            own = found.setdefault(entity, [])
            if own and own[-1][1] == number:
                own[-1] = (own[-1][0], number + 1)
            else:
                own.append((number, number + 1))
    return Steps(chosen, tuple(sorted(found.items())))


def _run(reader: Reader, body: Mapping[str, Any], at: int, before: int) -> set[Entity]:
    """The entities that a run at `at` finds, of all triggers."""
    text = json.dumps(body["inputs"][0]["search"]["query"])
    search = json.loads(text.replace("{{period_end}}", str(at)).replace("{{period_start}}", str(before)))
    found: set[Entity] = set()
    for trigger in body["triggers"]:
        condition = trigger["bucket_level_trigger"]["condition"]
        parent = condition["parent_bucket_path"]
        aggregation = search["aggregations"].get(parent)
        if aggregation is None or set(condition) - {"buckets_path", "parent_bucket_path", "script", "gap_policy"}:
            raise FormError(
                f"the condition of the trigger {trigger['bucket_level_trigger']['name']} cannot be searched for"
            )
        selector = {name: value for name, value in condition.items() if name != "parent_bucket_path"}
        inner = {**aggregation.get("aggregations", {}), _SELECTOR: {"bucket_selector": selector}}
        asked = {**search, "aggregations": {**search["aggregations"], parent: {**aggregation, "aggregations": inner}}}
        for bucket in reader.buckets(asked, parent):
            key = bucket["key"] if isinstance(bucket["key"], dict) else {parent: bucket["key"]}
            found.add(tuple(sorted((name, str(value)) for name, value in key.items())))
    return found
