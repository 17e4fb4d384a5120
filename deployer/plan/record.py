"""The record of a deployment as a value: what was sent, and what the server made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from deployer.model.resource import Kind


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of one object.

    `sent` is the digest of the body sent last, `stored` of the body that the server made of it. `sent_document` and
    `stored_document` name the documents that hold them (the first with what people wrote), for showing differences and for
    going back. `trigger` is the id of its trigger if that was adopted with the monitor, and so is none of ours.
    """

    key: str
    kind: Kind
    id: str
    name: str
    sent: str
    stored: str
    sent_document: str = ""
    stored_document: str = ""
    seq_no: int | None = None
    primary_term: int | None = None
    version: int | None = None
    analytic: str | None = None
    protected: bool = False
    depends_on: tuple[str, ...] = ()
    at: str = ""
    tool: str = ""
    trigger: str = ""


@dataclass(frozen=True, slots=True)
class Intent:
    """What a deploy was about to do to an object, noted before it did: a killed run leaves this behind.

    `sent` is the digest of the body, or empty for a delete. `before_version` and `before_digest` tell how the object was
    (0 and empty if it was not there; the version is None for kinds without). With `closing` the object is written twice: first
    so that it alerts no more, and again once its alerts are closed. The other fields are what the entry was to have.
    """

    key: str
    kind: Kind
    name: str
    sent: str
    sent_document: str = ""
    before_version: int | None = None
    before_digest: str = ""
    analytic: str | None = None
    protected: bool = False
    depends_on: tuple[str, ...] = ()
    trigger: str = ""
    closing: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """Everything recorded of a deployment, by key.

    `generation` counts the deploys that wrote. `seq_no` and `primary_term` are the record's own, as read; None if it was
    never written. `documents` holds those contents that were asked for, by document id (`content.recordable`).
    `verb` and `target` are of the last deploy, as are `who`, `commit` and so on; `ended` is false while it runs, and for
    ever if it was killed. `chain` is the digest of the last deployment that ended (`history.Deployment`).
    """

    deployment: str
    entries: Mapping[str, Entry] = field(default_factory=dict)
    pending: Mapping[str, Intent] = field(default_factory=dict)
    generation: int = 0
    at: str = ""
    who: str = ""
    host: str = ""
    commit: str = ""
    tool: str = ""
    dirty: bool = False
    plan: str = ""
    verb: str = "deploy"
    target: int = 0
    job: str = ""
    environment: str = ""
    ended: bool = True
    chain: str = ""
    seq_no: int | None = None
    primary_term: int | None = None
    documents: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
