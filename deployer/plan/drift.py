"""How a cluster differs from what was deployed there. Pure: no I/O, no clock."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from deployer.model.resource import Kind, Resource
from deployer.plan.actions import Action, Conflict, Note, Remark, Verb
from deployer.plan.compare import FieldChange
from deployer.plan.live import Live, owner_of
from deployer.plan.match import Matched, ServerNamed
from deployer.plan.plan import Plan
from deployer.plan.record import Record


class Drift(StrEnum):
    """In what way an object is not as it was deployed."""

    CHANGED = "changed-by-hand"
    OWNER = "owner-reset"
    MISSING = "missing"
    COPIED = "copied"
    ORPHANED = "orphaned"
    UNVERIFIED = "unverified"
    AMBIGUOUS = "ambiguous"
    LOOK_ALIKE = "look-alike"
    INTERRUPTED = "interrupted"
    IN_USE = "in-use"

    @property
    def words(self) -> str:
        """As a person reads it."""
        return self.value if self is Drift.LOOK_ALIKE else self.value.replace("-", " ")

    @property
    def counts(self) -> bool:
        """Whether somebody should act: what is kept because data streams need it is as it should be."""
        return self is not Drift.IN_USE


@dataclass(frozen=True, slots=True)
class Drifted:
    """One object that is not as it was deployed. `text` says what to know and what to do; `changes` are as deployed, then as it is."""

    drift: Drift
    kind: Kind
    key: str
    name: str
    id: str
    text: str
    changes: tuple[FieldChange, ...] = ()


def drifted(
    plan: Plan, matched: Matched, record: Record, desired: Sequence[Resource], others: Iterable[Live]
) -> tuple[Drifted, ...]:
    """Everything that differs, worst first within the order of `Drift`.

    `plan` was made with prune, so that orphans that are in use are told from those that are not. `others` are all monitors
    of the cluster, for those that only look like ours.
    """
    found = [item for action in plan.actions for item in _of_action(action, plan.deployment)]
    found += [item for note in plan.notes if (item := _of_note(note)) is not None]
    found += _interrupted(record, plan)
    found += _look_alikes(plan.deployment, matched, desired, others)
    order = list(Drift)
    return tuple(sorted(found, key=lambda item: (order.index(item.drift), item.kind.stage, item.key, item.name)))


def _of_action(action: Action, deployment: str) -> Iterator[Drifted]:
    live = action.live
    if action.conflict is Conflict.DELETED:
        text = "recorded as deployed and not on the cluster; `deploy --on-drift revert` makes it again"
        yield Drifted(
            Drift.MISSING, action.kind, action.key, action.name, action.entry.id if action.entry else "", text
        )
    if live is None:
        return
    place = (action.kind, action.key, live.name, live.id)
    if action.verb is Verb.DELETE:
        running = action.kind in ServerNamed and live.body.get("enabled", True)
        text = "no longer in the repository" + ("; it still runs and alerts" if running else "") + "; `deploy --prune` deletes it"  # fmt: skip
        yield Drifted(Drift.ORPHANED, *place, text)
    elif action.conflict is Conflict.UNVERIFIED:
        text = "not in the record, so nobody knows whether it was changed; `deploy --accept live` or `desired` decides"
        yield Drifted(Drift.UNVERIFIED, *place, text)
    if not action.drift:
        return
    reset = action.kind in ServerNamed and live.owner != owner_of(deployment)
    rest = tuple(change for change in action.drift if not (reset and change.path == "owner"))
    if reset:
        text = f"its owner is '{live.owner}' now, as a form of Dashboards writes it; `deploy --on-drift revert` restores it"
        yield Drifted(Drift.OWNER, *place, text, tuple(change for change in action.drift if change.path == "owner"))
    if rest:
        text = "`deploy --on-drift revert` undoes it, `keep` leaves it, `deployer pull` makes it a patch"
        yield Drifted(Drift.CHANGED, *place, text, rest)


_REMARKS = {
    Remark.COPY: Drift.COPIED,
    Remark.AMBIGUOUS: Drift.AMBIGUOUS,
    Remark.FOREIGN: Drift.LOOK_ALIKE,
    Remark.IN_USE: Drift.IN_USE,
    Remark.ORPHAN: Drift.ORPHANED,
}


def _of_note(note: Note) -> Drifted | None:
    drift = _REMARKS.get(note.remark)
    if drift is None:
        return None
    return Drifted(drift, note.kind, note.key, note.name, note.id, note.text, note.changes)


def _interrupted(record: Record, plan: Plan) -> Iterator[Drifted]:
    repaired = {entry.key for entry in plan.repairs}
    for key, intent in record.pending.items():
        done = "it did write this" if key in repaired else "whether it wrote this is found out by the next deploy"
        text = f"the deploy of {record.at} by {record.who} did not end; {done}"
        yield Drifted(Drift.INTERRUPTED, intent.kind, key, intent.name, "", text)


def _look_alikes(
    deployment: str, matched: Matched, desired: Sequence[Resource], others: Iterable[Live]
) -> Iterator[Drifted]:
    """What carries no mark of any deployment and is called nearly as something of ours."""
    ours: dict[tuple[Kind, str], str] = {}
    for key, live in matched.owned.items():
        ours[live.kind, _bare(live.name)] = key
    for resource in desired:
        ours[resource.kind, _bare(resource.name)] = resource.key
    new = {resource.key for resource in desired} - set(matched.owned)
    known = {(live.kind, live.id) for live in matched.owned.values()}
    known |= {(live.kind, live.id) for _, live in matched.copies}
    known |= {(live.kind, live.id) for lives in matched.claims.values() for live in lives}
    for live in others:
        if (live.kind, live.id) in known or live.marker is not None:
            continue
        key = _resembled(live, ours)
        if key and not (key in new and live.name in {resource.name for resource in desired}):
            text = f"carries no mark of {deployment} and is called like {key}: left alone"
            yield Drifted(Drift.LOOK_ALIKE, live.kind, key, live.name, live.id, text)
    for (kind, name), lives in matched.foreign.items():
        if kind in ServerNamed or (kind, _bare(name)) in ours:
            continue
        for live in lives:
            if live.marker is None:
                text = f"bears the prefix of {deployment} and carries no mark of it: left alone"
                yield Drifted(Drift.LOOK_ALIKE, kind, "", name, live.id, text)


SHORT = 8
"""Names with fewer letters and digits are only look-alikes of the very same name."""

_WORDS = re.compile(r"\b(copy|clone|duplicate)( of)?\b", re.IGNORECASE)
_REST = re.compile(r"[\W_]+")


def _bare(name: str) -> str:
    """A name without what a copy adds, and without signs and case."""
    return _REST.sub("", _WORDS.sub("", name)).casefold()


def _resembled(live: Live, ours: Mapping[tuple[Kind, str], str]) -> str:
    """The key of ours that a name is nearly that of, or empty: the same but for signs, or with something added."""
    bare = _bare(live.name)
    for length in range(len(bare), SHORT - 1, -1):
        key = ours.get((live.kind, bare[:length])) or ours.get((live.kind, bare[len(bare) - length :]))
        if key:
            return key
    return ours.get((live.kind, bare), "")
