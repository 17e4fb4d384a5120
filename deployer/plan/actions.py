"""What a plan consists of: actions that change something, and notes that say what stays and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from deployer.model.resource import Kind, Resource
from deployer.plan.compare import FieldChange
from deployer.plan.live import Live
from deployer.plan.record import Entry


class Verb(StrEnum):
    """What an action does. ADOPT writes over an object that was nobody's; ACCEPT writes nothing but the record.

    EXTEND and ROLLOVER are of data streams: the first brings what a template has now to the index that takes the events,
    the second starts a new one.
    """

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    ADOPT = "adopt"
    ACCEPT = "accept"
    EXTEND = "extend"
    ROLLOVER = "rollover"


class Purpose(StrEnum):
    """What a plan is for."""

    DEPLOY = "deploy"
    ROLLBACK = "rollback"
    DESTROY = "destroy"


class Conflict(StrEnum):
    """Why an action may not be carried out before the operator has said which side is right."""

    DRIFT = "drift"
    DELETED = "deleted-by-hand"
    UNVERIFIED = "unverified"
    ROLLOVER = "rollover"


@dataclass(frozen=True, slots=True)
class Closing:
    """Open alerts that an action ends: how many there were when it was planned, and why they end.

    With `first` the server would leave some of them active for ever, so they are closed before the action's own write.
    """

    count: int
    why: str
    first: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """What is done to a data stream: what is put on its write index, or (both empty) that a new one is started.

    `templates` are the keys of the deployment's templates that shape it.
    """

    write_index: str
    mappings: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    templates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Action:
    """One change of one object.

    `changes` are fields of what people wrote (or of the body, if the same text was rendered differently), old to new.
    `drift` is what somebody changed by hand: as deployed, then as it is. `causes` names the tunables, templates or version that changed.
    `closing` tells of open alerts that end with it. `shape` is of data streams only, which have no resource.
    """

    verb: Verb
    key: str
    kind: Kind
    name: str
    resource: Resource | None = None
    live: Live | None = None
    entry: Entry | None = None
    changes: tuple[FieldChange, ...] = ()
    drift: tuple[FieldChange, ...] = ()
    causes: tuple[str, ...] = ()
    conflict: Conflict | None = None
    reason: str = ""
    closing: Closing | None = None
    shape: Shape | None = None

    @property
    def id(self) -> str:
        """The server's id of the object, or empty if it has none yet."""
        if self.live is not None:
            return self.live.id
        return "" if self.verb is Verb.CREATE or self.entry is None else self.entry.id

    @property
    def depends_on(self) -> tuple[str, ...]:
        """The keys that this object needs."""
        if self.shape is not None:
            return self.shape.templates
        if self.resource is not None:
            return self.resource.depends_on
        return self.entry.depends_on if self.entry else ()

    @property
    def closes_first(self) -> bool:
        """Whether alerts are closed before the action's own write, which takes a write more."""
        return self.closing is not None and self.closing.first

    @property
    def protected(self) -> bool:
        """Whether the object belonged or belongs to a protected analytic."""
        return bool((self.resource and self.resource.protected) or (self.entry and self.entry.protected))


class Remark(StrEnum):
    """Kinds of notes."""

    ORPHAN = "orphan"
    COPY = "copy"
    KEPT = "kept"
    IN_USE = "in use"
    AMBIGUOUS = "ambiguous"
    FOREIGN = "foreign"
    OLD_MAPPING = "old mapping"
    UNSEEN = "not seen"


@dataclass(frozen=True, slots=True)
class Note:
    """Something on the cluster that the plan leaves as it is."""

    remark: Remark
    kind: Kind
    key: str
    name: str
    id: str
    text: str
    changes: tuple[FieldChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a plan is not carried out. `looking` is false for what only stops a deploy: a plan that shows it is no failure."""

    code: str
    what: str
    why: str
    todo: str
    looking: bool = True
