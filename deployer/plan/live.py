"""What stands on the cluster, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from deployer.model.resource import Kind

MANAGED_BY = "detection-deployer"
"""The `_meta.managed_by` of templates."""

OWNER_PREFIX = "alerting "
"""How the owner of a deployment's monitors begins; the token keeps them visible to everybody (FACTS.md, "Search")."""


@dataclass(frozen=True, slots=True)
class Marker:
    """The mark of ownership that an object carries: which deployment made it, and as which key."""

    deployment: str
    key: str


@dataclass(frozen=True, slots=True)
class Live:
    """One object on the cluster.

    `id` is the server's (a template's, pipeline's or channel's is its name). `body` is as read, without what changes by
    itself and without addresses of channels; `digest` is of the whole of it. Monitors and workflows have `seq_no`,
    `primary_term` and `version`, which an update needs; the others have none. `owner` is a monitor's owner field as it is.
    """

    kind: Kind
    id: str
    name: str
    body: Mapping[str, Any]
    digest: str
    marker: Marker | None = None
    owner: str = ""
    seq_no: int | None = None
    primary_term: int | None = None
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Schedule:
    """Enabled monitors of the whole cluster that run every `interval` seconds; `buckets` of them are bucket-level."""

    interval: float
    monitors: int
    buckets: int


@dataclass(frozen=True, slots=True)
class ClusterFacts:
    """What of a cluster decides whether a plan can be carried out.

    `present` counts all monitors, enabled or not and whoever owns them, because `max_monitors` does. `rate` is how many
    templates may be compiled in `window` seconds on a node (None: no limit), `cache` how many stay compiled, `runners`
    how many nodes run monitors. A None of `max_monitors` means that it could not be read.
    """

    uuid: str = ""
    version: str = ""
    status: str = "green"
    max_monitors: int | None = None
    present: int = 0
    schedules: tuple[Schedule, ...] = ()
    rate: float | None = None
    window: float = 60.0
    cache: int = 100
    runners: int = 1


@dataclass(frozen=True, slots=True)
class Usage:
    """What on a cluster uses templates and pipelines, whoever made it.

    `streams` are all data streams, each with the index template that shapes it, `indices` the indices that name a pipeline in their settings, by pipeline,
    `templates` all index templates by name. `known` is false if the user may not see all of it.
    """

    streams: Mapping[str, str] = field(default_factory=dict)
    indices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    templates: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    known: bool = True


@dataclass(frozen=True, slots=True)
class Stream:
    """A data stream as events are written to it: the index template that shapes it now (with its priority, if that is
    known), and the mappings and settings (as ``GET /<index>`` has them) of its write index."""

    name: str
    template: str
    write_index: str
    mappings: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    priority: int | None = None


@dataclass(frozen=True, slots=True)
class Inventory:
    """Everything on the cluster that may concern a deployment: complete, or reading it has raised.

    `usage` is only read where a plan needs it (`usage_needed`). `streams` are the data streams that the deployment's
    templates match; None if these credentials may not see them.
    """

    objects: tuple[Live, ...] = ()
    facts: ClusterFacts = field(default_factory=ClusterFacts)
    usage: Usage = field(default_factory=Usage)
    streams: tuple[Stream, ...] | None = ()


def owner_of(deployment: str) -> str:
    """The owner field of a deployment's monitors."""
    return f"{OWNER_PREFIX}{deployment}"


def trigger_key(kind: Kind, deployment: str, trigger_id: str) -> str | None:
    """The key that a stable trigger id names (``<deployment>.<analytic>.<monitor>``, more parts may follow), else None."""
    if not trigger_id.startswith(f"{deployment}."):
        return None
    parts = trigger_id.removeprefix(f"{deployment}.").split(".")
    if len(parts) < 2 or not all(parts[:2]):
        return None
    return f"{kind}/{parts[0]}/{parts[1]}"


def monitor_marker(kind: Kind, body: Mapping[str, Any]) -> Marker | None:
    """The marker of a monitor or workflow: its owner and the ids in it name the same deployment and key."""
    owner = str(body.get("owner", ""))
    if not owner.startswith(OWNER_PREFIX):
        return None
    deployment = owner.removeprefix(OWNER_PREFIX)
    key = marked_key(kind, deployment, body)
    return Marker(deployment, key) if key else None


def marked_key(kind: Kind, deployment: str, body: Mapping[str, Any]) -> str | None:
    """The key that the ids in a monitor or workflow name, or None.

    All of its triggers name it; of an adopted one, whose triggers keep the ids that they had, its actions do.
    """
    keys = {trigger_key(kind, deployment, identity) for identity in trigger_ids(body)}
    if keys == {None}:
        keys = {trigger_key(kind, deployment, identity) for identity in action_ids(body)}
    return keys.pop() if len(keys) == 1 else None


def action_ids(body: Mapping[str, Any]) -> list[str]:
    """The ids of the actions of a monitor's triggers."""
    return [
        str(action.get("id", ""))
        for trigger in body.get("triggers", ())
        for inner in trigger.values()
        if isinstance(inner, Mapping)
        for action in inner.get("actions", ())
    ]


def trigger_ids(body: Mapping[str, Any]) -> list[str]:
    """The ids of a monitor's triggers, of whatever kind they are."""
    return [
        str(inner.get("id", ""))
        for trigger in body.get("triggers", ())
        for inner in trigger.values()
        if isinstance(inner, Mapping)
    ]


def delegates_of(body: Mapping[str, Any]) -> list[str]:
    """The ids of the monitors that a workflow runs; none for a monitor."""
    found: list[str] = []
    inputs = body.get("inputs")
    for item in inputs if isinstance(inputs, list) else ():
        sequence = item.get("composite_input", {}).get("sequence", {})
        found += [str(delegate["monitor_id"]) for delegate in sequence.get("delegates", ())]
    return found


def description_marker(description: str) -> Marker | None:
    """The marker at the end of a pipeline's or channel's description: ``... [det0320-prod ingest-pipeline/windows]``."""
    text = description.rstrip()
    if not text.endswith("]") or "[" not in text:
        return None
    parts = text[text.rindex("[") + 1 : -1].split(" ")
    return Marker(parts[0], parts[1]) if len(parts) == 2 and all(parts) and "/" in parts[1] else None


def meta_marker(meta: Mapping[str, Any]) -> Marker | None:
    """The marker in a template's `_meta`."""
    if meta.get("managed_by") != MANAGED_BY or not meta.get("deployment") or not meta.get("key"):
        return None
    return Marker(str(meta["deployment"]), str(meta["key"]))
