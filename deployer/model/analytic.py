"""An analytic: what a detection looks for, what may be tuned, and the monitors it becomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from deployer.model.condition import Condition, TunableRef
from deployer.model.errors import Location
from deployer.model.exclusion import Exclusion

SEVERITIES = {"critical": "1", "high": "2", "medium": "3", "low": "4", "info": "5"}
"""Our words for the severities of the Alerting plugin, where 1 is the highest."""


EXPECTED = 500
"""Entities that one monitor may find at once where nobody says otherwise. Of more active alerts the plugin makes duplicates."""


SILENT_AFTER = 86_400
"""Seconds that a log source may be silent where nobody says otherwise."""


@dataclass(frozen=True, slots=True)
class Tunable:
    """A mutable element of an analytic. `bounds` holds what the schema allows for its type (minimum, max_items, choices, ...)."""

    name: str
    type: str
    description: str
    default: Any
    bounds: Mapping[str, Any]
    where: Location


@dataclass(frozen=True, slots=True)
class LogSourceUse:
    """A log source as ATT&CK's analytic names it, and the source of ours that serves it (in a draft it may be empty: none does yet)."""

    source: str
    name: str
    channel: str
    data_component: str
    where: Location


@dataclass(frozen=True, slots=True)
class Distinct:
    """At least `threshold` different values of `field`."""

    field: str
    threshold: int | TunableRef


@dataclass(frozen=True, slots=True)
class MonitorSpec:
    """One monitor of an analytic. Durations are strings such as ``5m`` or references to tunables.

    An `entity` monitor has `events`; a `sequence` monitor has `first` and `then`. A `total` has no entity; a `document`
    monitor has no window, and an entity only for its message. What is not `standalone` runs in workflows only.
    """

    key: str
    title: str
    template: str
    entity: tuple[str, ...]
    window: str | TunableRef | None
    threshold: int | TunableRef
    where: Location
    events: Condition | None = None
    first: Condition | None = None
    then: Condition | None = None
    distinct: Distinct | None = None
    reminder: str | TunableRef = "0s"
    severity: str | None = None
    severity_reason: str = ""
    show: tuple[str, ...] = ()
    standalone: bool = True
    places: Mapping[str, Location] = field(default_factory=dict, compare=False)

    @property
    def level(self) -> str:
        """What it alerts on, in the plugin's words: ``bucket`` (each entity), ``query`` (all events together) or ``document``."""
        if self.window is None:
            return "document"
        return "bucket" if self.entity else "query"

    def place(self, key: str) -> Location:
        """Where the value of a key of the monitor stands; the monitor itself if it has no such key."""
        return self.places.get(key, self.where)


@dataclass(frozen=True, slots=True)
class WorkflowSpec:
    """Monitors of the analytic that run one after the other, and an alert if `when` holds of which of them alerted.

    The leaves of `when` are `Use` with the keys of monitors.
    """

    key: str
    title: str
    monitors: tuple[str, ...]
    when: Condition
    where: Location
    severity: str | None = None
    severity_reason: str = ""
    places: Mapping[str, Location] = field(default_factory=dict, compare=False)

    def place(self, key: str) -> Location:
        """Where the value of a key of the workflow stands; the workflow itself if it has no such key."""
        return self.places.get(key, self.where)


@dataclass(frozen=True, slots=True)
class Analytic:
    """One folder of `detections/`."""

    id: str
    title: str
    description: str
    strategy: str
    attack: Mapping[str, Any]
    platform: str
    status: str
    severity: str
    schedule: Mapping[str, str]
    protected: bool
    tags: tuple[str, ...]
    log_sources: tuple[LogSourceUse, ...]
    tunables: Mapping[str, Tunable]
    events: Mapping[str, Condition]
    monitors: Mapping[str, MonitorSpec]
    false_positives: tuple[str, ...]
    response: tuple[str, ...]
    references: tuple[Mapping[str, str], ...]
    where: Location
    folder: str = ""
    exclusions: tuple[Exclusion, ...] = ()
    workflows: Mapping[str, WorkflowSpec] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Serves:
    """A log source as ATT&CK names it, among the events of one of ours. `channel` may have stars.

    Its events are those of `where` (a condition as written; none means all), and, if `field` is not empty, those of which
    that field is one of the values that a channel's text lists; `form` is a regular expression of one.
    """

    name: str
    channel: str
    data_component: str
    where: Mapping[str, Any] | None
    field: str
    form: str
    place: Location


@dataclass(frozen=True, slots=True)
class LogSource:
    """One entry of `mappings/sources/`: where its events lie and how they get there.

    Without a `pipeline` no more is known than where they lie and how they are found: others give them their fields.
    `ingest_delay` is in seconds, as is `silent_after`: how old its newest event may be.
    """

    id: str
    title: str
    platform: str
    dataset: str
    pipeline: str
    components: tuple[str, ...]
    attack: tuple[Serves, ...]
    shippers: tuple[str, ...]
    ingest_delay: int
    format: str
    where: Location
    silent_after: int = SILENT_AFTER


@dataclass(frozen=True, slots=True)
class Entity:
    """Who or what an alert is about: the first of `fields` that an event has, else `placeholder`.

    `expected` is how many of them one monitor may find at once.
    """

    name: str
    title: str
    fields: tuple[str, ...]
    placeholder: str
    expected: int = EXPECTED


@dataclass(frozen=True, slots=True)
class SampleEvent:
    """A raw event of a case: a text (a line, or lines for auditd) or a mapping; sent `repeat` times."""

    source: str
    raw: Any
    repeat: int
    where: Location


@dataclass(frozen=True, slots=True)
class Expectation:
    """Under `tunables`, exactly these entities alert: monitor key to a set of ``((entity, value), ...)``."""

    tunables: Mapping[str, Any]
    alerts: Mapping[str, frozenset[tuple[tuple[str, str], ...]]]
    where: Location


@dataclass(frozen=True, slots=True)
class Case:
    """Sample events, the time at which the monitors look back on them, and what must come of it."""

    name: str
    clock: int
    events: tuple[SampleEvent, ...]
    base: Expectation
    variants: tuple[Expectation, ...]
    where: Location


@dataclass(frozen=True, slots=True)
class Repository:
    """Everything that people wrote, read and checked for form. Keys are ids and names."""

    root: str
    analytics: Mapping[str, Analytic]
    sources: Mapping[str, LogSource]
    entities: Mapping[str, Entity]
    components: Mapping[str, Mapping[str, Any]]
    pipelines: Mapping[str, Mapping[str, Any]]
    cases: Mapping[str, tuple[Case, ...]]
    templates: Mapping[str, str]
    locations: Mapping[str, Location] = field(default_factory=dict)
