"""Conditions on events, as a tree of values. What they mean in query DSL and in painless is the renderer's business."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from deployer.model.errors import Location


@dataclass(frozen=True, slots=True)
class TunableRef:
    """Stands for the value of a tunable; `where` is the place of the reference."""

    name: str
    where: Location | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class All:
    """Every one of the parts holds."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of the parts holds."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: Condition


@dataclass(frozen=True, slots=True)
class Use:
    """A condition that has a name under `events` of the same analytic."""

    name: str
    where: Location


@dataclass(frozen=True, slots=True)
class FromSource:
    """The event comes from one of the log sources, and the part (if any) holds."""

    sources: tuple[str, ...]
    part: Condition | None
    where: Location


@dataclass(frozen=True, slots=True)
class When:
    """Decided when rendering: `then` if the tunable has one of the values, else `otherwise` (nothing given: no restriction)."""

    tunable: str
    values: tuple[Any, ...]
    then: Condition | None
    otherwise: Condition | None
    where: Location


@dataclass(frozen=True, slots=True)
class Test:
    """One field compared with one value by one operator."""

    field: str
    operator: str
    value: Any
    where: Location


Condition = All | AnyOf | Not | Use | FromSource | When | Test

OPERATORS = ("equals", "in", "like", "matches", "runs", "exists", "gt", "gte", "lt", "lte", "cidr", "inside", "outside")


def walk(condition: Condition | None) -> Iterator[Condition]:
    """Every node of the tree, the outermost first. `Use` is not followed."""
    if condition is None:
        return
    yield condition
    match condition:
        case All(parts) | AnyOf(parts):
            for part in parts:
                yield from walk(part)
        case Not(part):
            yield from walk(part)
        case FromSource(part=part):
            yield from walk(part)
        case When(then=then, otherwise=otherwise):
            yield from walk(then)
            yield from walk(otherwise)
        case _:
            return


def describe(condition: Condition) -> str:
    """A condition in one line, tunables by their names: what a reviewer sees of a change to it."""
    match condition:
        case All(parts):
            return "(" + " and ".join(describe(part) for part in parts) + ")"
        case AnyOf(parts):
            return "(" + " or ".join(describe(part) for part in parts) + ")"
        case Not(part):
            return f"not {describe(part)}"
        case Use(name):
            return name
        case FromSource(sources, part):
            return f"from {'/'.join(sources)}" + (f" {describe(part)}" if part else "")
        case When(tunable, values, then, otherwise):
            branches = [describe(branch) if branch else "anything" for branch in (then, otherwise)]
            return f"(if {tunable} is {'/'.join(map(str, values))}: {branches[0]} else {branches[1]})"
        case Test(name, operator, value):
            shown = value.name if isinstance(value, TunableRef) else json.dumps(value, ensure_ascii=False)
            return f"{name} {operator} {shown}"
