"""Named events that use each other: not in a circle, and not without end.

Where `use` stands, what is named is put in its place. Forty names of which each uses the one before twice are a small
file and a million million conditions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter

from deployer.catalogue.yamlfile import Document
from deployer.model.analytic import MonitorSpec
from deployer.model.condition import All, AnyOf, Condition, FromSource, Not, Use, When, walk
from deployer.model.finding import Findings

MOST = 10_000
"""Conditions of an analytic's monitors together, each `use` replaced; a search of 65,535 bytes holds some 1,000."""

DEEPEST = 60
"""Levels of a condition, each `use` replaced."""


def bounded(
    document: Document, events: Mapping[str, Condition], monitors: Iterable[MonitorSpec], findings: Findings
) -> bool:
    """Whether every `use` comes to an end, and soon; else with a finding."""
    uses = {name: {node.name for node in walk(found) if isinstance(node, Use)} for name, found in events.items()}
    try:
        order = list(TopologicalSorter(uses).static_order())
    except CycleError as error:
        circle = error.args[1]
        findings.add(
            "DAC005",
            f"the events {', '.join(sorted(set(circle)))} use themselves"[:200],
            document.where("events", circle[0], key=True),
            "write out what is meant in one of them",
        )
        return False
    sizes: dict[str, int] = {}
    levels: dict[str, int] = {}
    for name in order:
        if name in events:
            sizes[name], levels[name] = _size(events[name], sizes), _levels(events[name], levels)
    asked = [part for spec in monitors for part in (spec.events, spec.first, spec.then) if part is not None]
    whole = sum(_size(part, sizes) for part in asked)
    deepest = max((*levels.values(), *(_levels(part, levels) for part in asked)), default=0)
    if whole > MOST or deepest > DEEPEST:
        what = f"{whole:,} conditions" if whole > MOST else f"conditions of {deepest} levels"
        findings.add(
            "DAC005",
            f"with each `use` replaced, the monitors have {what[:40]}",
            document.where("events", key=True),
            f"{MOST:,} conditions and {DEEPEST} levels are the most",
        )
        return False
    return True


def _size(condition: Condition, sizes: Mapping[str, int]) -> int:
    return sum(sizes.get(node.name, 1) if isinstance(node, Use) else 1 for node in walk(condition))


def _levels(condition: Condition | None, levels: Mapping[str, int]) -> int:
    match condition:
        case All(parts) | AnyOf(parts):
            return 1 + max(_levels(part, levels) for part in parts)
        case Not(part) | FromSource(part=part):
            return 1 + _levels(part, levels)
        case When(then=then, otherwise=otherwise):
            return 1 + max(_levels(then, levels), _levels(otherwise, levels))
        case Use(name):
            return levels.get(name, 1)
        case _:
            return 1
