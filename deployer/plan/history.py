"""The deployments that a record remembers, as values: who, when, from which commit, what became of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from deployer.plan.canonical import digest
from deployer.plan.compare import FieldChange


class State(StrEnum):
    """How a deployment ended. OPEN: its end was never recorded, because it was killed or still runs."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    INTERRUPTED = "interrupted"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Deployment:
    """One deployment that wrote.

    `number` counts from 1 and orders them, whatever the clocks say; `at` is ISO 8601 in UTC, `seconds` how long it took.
    `verb` is ``deploy``, ``rollback`` (to number `target`) or ``destroy``. `commit` is git's, `dirty` if files were
    changed since; `plan` is the plan's digest, `job` the address of the CI job's page. `counts` has how many objects had which fate, and `unchanged`. `manifest`
    and `results` name the documents of what stood there after it, and of what became of each action. `before` is the
    digest of the deployment before it, so that a chain of digests leads from the record to the first.
    """

    deployment: str
    number: int
    at: str
    who: str
    host: str
    tool: str
    verb: str = "deploy"
    target: int = 0
    environment: str = ""
    commit: str = ""
    dirty: bool = False
    plan: str = ""
    state: State = State.COMPLETE
    seconds: float = 0.0
    counts: Mapping[str, int] = field(default_factory=dict)
    manifest: str = ""
    results: str = ""
    before: str = ""
    job: str = ""

    @property
    def title(self) -> str:
        """What was done: ``deploy``, ``rollback to 3``."""
        return f"{self.verb} to {self.target}" if self.target else self.verb

    def plain(self) -> dict[str, Any]:
        """All fields, JSON-ready; `job` only if there is one, as those that were stored before it was known have none."""
        plain = {**dataclasses.asdict(self), "state": str(self.state), "counts": dict(self.counts)}
        return plain if self.job else {name: value for name, value in plain.items() if name != "job"}

    @property
    def digest(self) -> str:
        """The digest of all of it."""
        return digest(self.plain())


@dataclass(frozen=True, slots=True)
class Kept:
    """One object after a deployment: the document of its content, and the server's id that it had."""

    document: str
    id: str


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one action of a deployment."""

    verb: str
    key: str
    fate: str
    id: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Changed:
    """What a deployment did to an object's content: ``+`` made, ``~`` changed (or the same written again), ``-`` removed."""

    sign: str
    key: str
    changes: tuple[FieldChange, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Past:
    """One deployment with what it changed, what it did not get done, and what stood there after it, by key.

    `ended` says how it ended, in a word.
    """

    deployment: Deployment
    ended: str
    changed: tuple[Changed, ...] = ()
    undone: tuple[Row, ...] = ()
    objects: Mapping[str, Kept] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Chronicle:
    """The deployments of one cluster, the newest first, each with how it ended in a word.

    `holder` is who holds the lock, or empty. `missing` is the number of a deployment that is gone from the index of
    records, with all before it; `lost` means that the record itself is gone.
    """

    deployments: tuple[tuple[Deployment, str], ...] = ()
    holder: str = ""
    missing: int = 0
    lost: bool = False


def manifest_of(objects: Mapping[str, Kept]) -> dict[str, Any]:
    """The document of what stood there after a deployment."""
    return {"objects": {key: [kept.document, kept.id] for key, kept in sorted(objects.items())}}


def objects_of(manifest: Mapping[str, Any]) -> dict[str, Kept]:
    """What such a document holds, by key."""
    return {key: Kept(*value) for key, value in manifest["objects"].items()}


def results_of(rows: Sequence[Row]) -> dict[str, Any]:
    """The document of what became of each action."""
    return {"rows": [[row.verb, row.key, row.fate, row.id, row.reason] for row in rows]}


def rows_of(results: Mapping[str, Any]) -> tuple[Row, ...]:
    """What such a document holds."""
    return tuple(Row(*value) for value in results["rows"])
