"""Who still needs a template or a pipeline: what is in use is kept, because the tool never deletes data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deployer.model.resource import Kind, Resource
from deployer.plan.canonical import digest
from deployer.plan.live import Inventory, Usage
from deployer.plan.match import match
from deployer.plan.record import Record

SHAPING = (Kind.COMPONENT_TEMPLATE, Kind.INGEST_PIPELINE, Kind.INDEX_TEMPLATE)
"""The kinds that data streams need."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A template or pipeline by its name on the cluster, with its body."""

    kind: Kind
    name: str
    body: Mapping[str, Any]


def held(leaving: Mapping[str, Shape], staying: Iterable[Shape], usage: Usage) -> dict[str, str]:
    """Which of the objects that would be deleted are needed by something that stays, by key, with a reason for people.

    `staying` are the deployment's other templates and pipelines as they will be. An index template is needed by each data
    stream that it shapes (the server refuses to delete it), a component by index templates (likewise), a pipeline by index
    templates, pipelines, and indices whose settings name it (measured: the server deletes it, and refuses every event after).
    """
    if not usage.known:
        return dict.fromkeys(leaving, "these credentials may not see whether a data stream still needs it")
    kept = list(staying)
    ours = {shape.name for shape in (*leaving.values(), *kept) if shape.kind is Kind.INDEX_TEMPLATE}
    foreign = [Shape(Kind.INDEX_TEMPLATE, name, body) for name, body in usage.templates.items() if name not in ours]
    users = [*kept, *foreign]
    found: dict[str, str] = {}
    while True:
        needed = {need: shape for shape in users for need in needs(shape)}
        new = {
            key: reason
            for key, shape in leaving.items()
            if key not in found and (reason := _reason(shape, needed.get((shape.kind, shape.name)), usage))
        }
        if not new:
            return found
        found |= new
        users += [leaving[key] for key in new]


def usage_needed(desired: Sequence[Resource], inventory: Inventory, record: Record) -> bool:
    """Whether `make_plan` wants to know the usage: a template or pipeline is no longer wanted, or would be changed."""
    matched = match(record.deployment, inventory.objects, record)
    wanted = {resource.key: resource for resource in desired}
    for key, live in matched.owned.items():
        if live.kind not in SHAPING:
            continue
        entry, resource = record.entries.get(key), wanted.get(key)
        if resource is None or entry is None or live.digest != entry.stored or digest(resource.body) != entry.sent:
            return True
    return False


def streams_of(template: str, usage: Usage) -> tuple[str, ...]:
    """The data streams that an index template shapes: those for which it has the highest priority."""
    return tuple(name for name, shaped_by in usage.streams.items() if shaped_by == template)


def needs(shape: Shape) -> Iterator[tuple[Kind, str]]:
    """The templates and pipelines that an index template or a pipeline names."""
    if shape.kind is Kind.INDEX_TEMPLATE:
        for name in shape.body.get("composed_of", ()):
            yield Kind.COMPONENT_TEMPLATE, name
    if shape.kind in (Kind.INDEX_TEMPLATE, Kind.COMPONENT_TEMPLATE):
        settings = shape.body.get("template", {}).get("settings", {})
        for name in ("default_pipeline", "final_pipeline"):
            pipeline = settings.get("index", {}).get(name) or settings.get(f"index.{name}")
            if pipeline:
                yield Kind.INGEST_PIPELINE, pipeline
    if shape.kind is Kind.INGEST_PIPELINE:
        yield from ((Kind.INGEST_PIPELINE, name) for name in _called(shape.body))


def _called(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        called = value.get("pipeline")
        if isinstance(called, Mapping) and isinstance(called.get("name"), str):
            yield called["name"]
        for inner in value.values():
            yield from _called(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _called(inner)


def _reason(shape: Shape, user: Shape | None, usage: Usage) -> str:
    streams = streams_of(shape.name, usage) if shape.kind is Kind.INDEX_TEMPLATE else ()
    if streams:
        return f"the data stream {_some(streams)} still exists and needs it"
    indices = usage.indices.get(shape.name, ()) if shape.kind is Kind.INGEST_PIPELINE else ()
    if indices:
        return f"the index {_some(indices)} names it in its settings, and would refuse every event without it"
    return f"the {user.kind} {user.name} needs it" if user else ""


def _some(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} (and {len(names) - 1} more)"
