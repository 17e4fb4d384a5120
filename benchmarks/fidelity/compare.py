"""Our documents against the references, field by field, for the fields that the house's detections, alerts and tunables use."""

from __future__ import annotations

import fnmatch
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from benchmarks.fidelity.pairs import Pair, flat
from benchmarks.fidelity.reasons import REASONS, Reason
from deployer.model.analytic import Analytic, Repository
from deployer.model.condition import Condition, Test, walk

ALWAYS = frozenset({"@timestamp", "event.action", "process.command_line"})
"""What every alert's message shows of an event (templates/messages)."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One field of one event that has another value here; `reason` says why, or is None where nobody has said so."""

    event: int
    field: str
    expected: Any
    ours: Any
    reason: Reason | None


@dataclass(slots=True)
class Compared:
    """The outcome of a pair: how many values the reference gives for the fields that we use, and those that differ."""

    pair: Pair
    fields: set[str] = field(default_factory=set)
    values: int = 0
    different: list[Difference] = field(default_factory=list)

    @property
    def unexplained(self) -> list[Difference]:
        """Differences without a stated reason."""
        return [one for one in self.different if one.reason is None]


def fields_used(repository: Repository) -> dict[str, frozenset[str]]:
    """By log source: the fields in conditions (tunables stand there), in entities, and in what alerts show."""
    used: dict[str, frozenset[str]] = {}
    for analytic in repository.analytics.values():
        for use in analytic.log_sources:
            used[use.source] = used.get(use.source, ALWAYS) | frozenset(_fields(repository, analytic))
    return used


def compare(pair: Pair, documents: Mapping[int, Mapping[str, Any]], used: Mapping[str, frozenset[str]]) -> Compared:
    """Compare the documents (by number of the event) of a pair. A field that the reference does not give is not compared."""
    result = Compared(pair)
    for event in pair.events:
        ours = flat(dict(documents[event.number]))
        for name in sorted(used[event.source] & set(event.expected)):
            expected = event.expected[name]
            if _plain(name, expected) == []:
                continue
            result.fields.add(name)
            result.values += 1
            if _plain(name, expected) != _plain(name, ours.get(name)):
                reason = next((r for r in REASONS if _explains(r, pair, name, expected, ours)), None)
                result.different.append(Difference(event.number, name, expected, ours.get(name), reason))
    return result


def _explains(reason: Reason, pair: Pair, name: str, expected: Any, ours: Mapping[str, Any]) -> bool:
    return (
        fnmatch.fnmatch(f"{pair.platform}/{pair.name}", reason.pairs)
        and name in reason.fields
        and reason.holds(expected, ours.get(name), ours)
    )


def _plain(name: str, value: Any) -> list[str]:
    """Values in one form: a list of texts without empty ones, instants in UTC. JSON's 1 and "1" are one keyword."""
    texts = [str(one) for one in (value if isinstance(value, list) else [value]) if one not in (None, "", "-")]
    return [_instant(text) for text in texts] if name == "@timestamp" else texts


def _instant(text: str) -> str:
    """Milliseconds since 1970: what a field of type date keeps."""
    try:
        return str(math.floor(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000 + 1e-3))
    except ValueError:
        return text


def _fields(repository: Repository, analytic: Analytic) -> Iterator[str]:
    conditions: list[Condition | None] = list(analytic.events.values())
    for monitor in analytic.monitors.values():
        conditions += [monitor.events, monitor.first, monitor.then]
        yield from monitor.show
        if monitor.distinct:
            yield monitor.distinct.field
        for entity in monitor.entity:
            yield from repository.entities[entity].fields
    yield from _tested(conditions)


def _tested(conditions: Iterable[Condition | None]) -> Iterator[str]:
    for condition in conditions:
        for node in walk(condition):
            if isinstance(node, Test):
                yield node.field
