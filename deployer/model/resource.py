"""What a cluster holds for a deployment: one value an object, ready to be sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from deployer.model.errors import Location

Json = Any
"""A JSON value: what `json.loads` gives."""


class Kind(StrEnum):
    """The kinds of object, in the order in which they are applied (deletes go the other way).

    A data stream is nobody's: it is shaped, never made, deleted or recorded.
    """

    COMPONENT_TEMPLATE = "component-template"
    INGEST_PIPELINE = "ingest-pipeline"
    INDEX_TEMPLATE = "index-template"
    DATA_STREAM = "data-stream"
    CHANNEL = "channel"
    MONITOR = "monitor"
    WORKFLOW = "workflow"

    @property
    def stage(self) -> int:
        """The position in the order of application, from 0."""
        return list(Kind).index(self)


@dataclass(frozen=True, slots=True)
class Resource:
    """One object that a deployment wants on the cluster.

    `key` is its address within the deployment and never changes while the object means the same
    (``monitor/AN0903/discovery``). `name` is its id on the cluster where ids are chosen by us (templates, pipelines,
    channels) and the display name of monitors, whose ids the server makes. `body` is what is sent, JSON-ready.
    `written` is what people wrote that made it (severity, schedule, window, each tunable used, ...): plans show
    differences of it, not of the server's form. `depends_on` are keys. `unresolved` is the body with references where
    `body` has secrets (``env:NAME``), if it has any: it may be stored, and `body` made from it again. `causes` names, by the
    beginning of a path in `written` (empty: all else), the file or tunable that decides it; `made_of` has digests of what
    shaped the body (templates, mappings, the tool's version), by name.
    """

    kind: Kind
    key: str
    name: str
    body: Mapping[str, Json]
    written: Mapping[str, Json] = field(default_factory=dict)
    depends_on: tuple[str, ...] = ()
    origin: Location | None = None
    analytic: str | None = None
    protected: bool = False
    unresolved: Mapping[str, Json] | None = None
    causes: Mapping[str, str] = field(default_factory=dict)
    made_of: Mapping[str, str] = field(default_factory=dict)
