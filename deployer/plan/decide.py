"""Desired and live give a Plan. Pure: no I/O, no clock.

Live is compared with what the server stored last time, desired with what was sent last time; never a sent body with a
read one, because the server rewrites what it stores.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from deployer.model.environment import Environment
from deployer.model.resource import Kind, Resource
from deployer.plan import causes, usage
from deployer.plan.actions import Action, Conflict, Note, Purpose, Remark, Verb
from deployer.plan.canonical import digest
from deployer.plan.compare import ABSENT, FieldChange, changes
from deployer.plan.live import Inventory, Live, Usage, delegates_of
from deployer.plan.match import Matched, match
from deployer.plan.plan import Plan
from deployer.plan.record import Entry, Record
from deployer.plan.selection import EVERYTHING, Selection
from deployer.plan.settle import Settled, settle
from deployer.plan.streams import shape_streams
from deployer.plan.triggers import adopting, with_trigger


@dataclass(frozen=True, slots=True)
class Choices:
    """What the operator asked for in this run. A rollback goes to the deployment of number `target`."""

    prune: bool = False
    adopt: bool = False
    on_drift: Literal["revert", "keep"] | None = None
    accept: Literal["live", "desired"] | None = None
    allow_mass_change: bool = False
    allow_overload: bool = False
    allow_rollover: bool = False
    purpose: Purpose = Purpose.DEPLOY
    target: int = 0

    @property
    def unwanted(self) -> str:
        """Why an object that is there and not wanted is to go."""
        match self.purpose:
            case Purpose.ROLLBACK:
                return f"came after deploy {self.target}"
            case Purpose.DESTROY:
                return "is to be destroyed"
            case _:
                return "no longer in the repository"


NO_CHOICES = Choices()


def make_plan(
    desired: Sequence[Resource],
    inventory: Inventory,
    record: Record,
    environment: Environment,
    selection: Selection = EVERYTHING,
    choices: Choices = NO_CHOICES,
) -> Plan:
    """The plan of an environment.

    `record.documents` should hold what `documents_needed` names, or differences are shown as unknown.
    """
    matched = match(environment.deployment, inventory.objects, record)
    settled = settle(record, matched.owned)
    decider = _Decider(desired, matched, settled, record, selection, choices, inventory.usage)
    decider.decide()
    shaped, left = shape_streams(
        matched.owned,
        decider.actions,
        {*record.pending, *(entry.key for entry in settled.repaired)},
        inventory,
        selection,
        choices.purpose,
        allow_rollover=choices.allow_rollover,
    )
    actions = sorted([*decider.actions, *shaped], key=lambda action: action.kind.stage)
    monitors = [live for live in matched.owned.values() if live.kind is Kind.MONITOR]
    told = {action.key for action in actions} | {entry.key for entry in settled.repaired}
    return Plan(
        environment=environment.name,
        deployment=environment.deployment,
        production=environment.production,
        limits=environment.limits,
        actions=tuple(actions),
        notes=(*decider.notes, *left),
        repairs=settled.repaired,
        gone=(*settled.gone, *decider.gone),
        abandoned=tuple(key for key in record.pending if key not in told),
        unchanged=decider.unchanged,
        managed=len(matched.owned),
        monitors=len(monitors),
        # Channels come from the environment alone: without anything else the detections are missing.
        wanted=len(desired) if any(resource.kind is not Kind.CHANNEL for resource in desired) else 0,
        wanted_monitors=sum(1 for resource in desired if resource.kind is Kind.MONITOR),
        allow_mass_change=choices.allow_mass_change,
        allow_overload=choices.allow_overload,
        purpose=choices.purpose,
        target=choices.target,
        selection=selection,
        facts=inventory.facts,
    )


def documents_needed(desired: Sequence[Resource], inventory: Inventory, record: Record) -> frozenset[str]:
    """The documents of the record that `make_plan` wants for showing differences: those of objects that differ."""
    matched = match(record.deployment, inventory.objects, record)
    settled = settle(record, matched.owned)
    wanted: set[str] = set()
    bodies = {resource.key: resource for resource in desired}
    for key, entry in settled.entries.items():
        live, resource = matched.owned.get(key), bodies.get(key)
        if live is not None and live.digest != entry.stored:
            wanted.add(entry.stored_document)
        if resource is not None and digest(with_trigger(resource, entry.trigger).body) != entry.sent:
            wanted.add(entry.sent_document)
    return frozenset(wanted - {""})


@dataclass(slots=True)
class _Decider:
    desired: Sequence[Resource]
    matched: Matched
    settled: Settled
    record: Record
    selection: Selection
    choices: Choices
    usage: Usage
    actions: list[Action] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    unchanged: int = 0

    def decide(self) -> None:
        wanted = {resource.key for resource in self.desired}
        for resource in self.desired:
            if self.selection.covers(resource.key):
                self._wanted(resource)
        owned, entries = self.matched.owned, self.settled.entries
        held = self._held(wanted) if self.choices.prune else {}
        for key in sorted({*owned, *entries} - wanted):
            if self.selection.covers(key):
                self._unwanted(key, owned.get(key), entries.get(key), held.get(key, ""))
        forgotten = {action.live.id for action in self.actions if action.live is not None}
        for key, live in self.matched.copies:
            if live.id in forgotten:
                continue
            text = f"a copy of {key}" if key else "carries this deployment's owner, but no trigger of its"
            self.notes.append(Note(Remark.COPY, live.kind, key, live.name, live.id, f"{text}: not ours, left alone"))

    def _wanted(self, resource: Resource) -> None:
        key = resource.key
        live, entry = self.matched.owned.get(key), self.settled.entries.get(key)
        if entry is not None:
            resource = with_trigger(resource, entry.trigger)
        if key in self.matched.claims:
            self._ambiguous(resource)
        elif live is not None and entry is not None:
            self._known(resource, live, entry)
        elif live is not None:
            self._unverified(resource, live)
        elif entry is not None:
            self._deleted_by_hand(resource, entry)
        else:
            self._new(resource)

    def _known(self, resource: Resource, live: Live, entry: Entry) -> None:
        wanted = self._differences(resource, entry, live) if digest(resource.body) != entry.sent else ()
        drift = self._drift(live, entry)
        if not wanted and not drift and not self._linked(resource, live):
            self._act(Verb.UPDATE, resource, live, entry, reason="its monitors have other ids now")
        elif not wanted and not drift:
            self.unchanged += 1
        elif drift and self.choices.on_drift == "keep":
            self.notes.append(
                Note(Remark.KEPT, live.kind, resource.key, live.name, live.id, "changed by hand, kept as it is", drift)
            )
        else:
            conflict = Conflict.DRIFT if drift and self.choices.on_drift is None else None
            self._act(Verb.UPDATE, resource, live, entry, changes=wanted, drift=drift, conflict=conflict)

    def _linked(self, resource: Resource, live: Live) -> bool:
        """Whether a workflow runs the monitors that its keys mean now; one that was made again has another id."""
        if resource.kind is not Kind.WORKFLOW:
            return True
        keys = [key for key in resource.depends_on if key.startswith(f"{Kind.MONITOR}/")]
        ids = {self.matched.owned[key].id if key in self.matched.owned else "" for key in keys}
        return ids == set(delegates_of(live.body))

    def _unverified(self, resource: Resource, live: Live) -> None:
        resource = adopting(resource, live, self.record.deployment)
        if self.choices.accept == "live":
            self._act(Verb.ACCEPT, resource, live, reason="taken as it is")
        else:
            conflict = Conflict.UNVERIFIED if self.choices.accept is None else None
            self._act(Verb.UPDATE, resource, live, conflict=conflict, reason="not in the record")

    def _deleted_by_hand(self, resource: Resource, entry: Entry) -> None:
        if self.choices.on_drift == "keep":
            text = "deleted by hand, not made again"
            self.notes.append(Note(Remark.KEPT, resource.kind, resource.key, resource.name, entry.id, text))
            return
        conflict = Conflict.DELETED if self.choices.on_drift is None else None
        self._act(Verb.CREATE, resource, None, entry, conflict=conflict, reason="deleted by hand since the last deploy")

    def _new(self, resource: Resource) -> None:
        found = self._in_the_way(resource)
        if (forgotten := self._forgotten(resource)) is not None:
            self._unverified(resource, forgotten)
        elif not found:
            back = self.choices.purpose is Purpose.ROLLBACK
            self._act(Verb.CREATE, resource, reason=f"deleted since deploy {self.choices.target}" if back else "")
        elif len(found) == 1 and self.choices.adopt and found[0].marker is None:
            adopted = adopting(resource, found[0], self.record.deployment)
            self._act(Verb.ADOPT, adopted, found[0], reason="made by hand")
        else:
            self._foreign(resource, found)

    def _forgotten(self, resource: Resource) -> Live | None:
        """The one monitor of our owner and this name that is in no record and whose ids tell no key: adopted before the record was lost."""
        found = [
            live
            for key, live in self.matched.copies
            if not key and (live.kind, live.name) == (resource.kind, resource.name)
        ]
        return found[0] if len(found) == 1 else None

    def _in_the_way(self, resource: Resource) -> list[Live]:
        """Objects of the same name that are not ours. Monitors of another deployment may share a name, names of ids may not."""
        same = self.matched.foreign.get((resource.kind, resource.name), ())
        if resource.kind in (Kind.MONITOR, Kind.WORKFLOW):
            return [live for live in same if live.marker is None]
        return list(same)

    def _foreign(self, resource: Resource, found: Sequence[Live]) -> None:
        ids = ", ".join(live.id for live in found)
        text = f"the {resource.kind} '{resource.name}' (id {ids}) exists and is not this deployment's"
        if found[0].marker is not None:
            text += f": it belongs to {found[0].marker.deployment}"
        self.notes.append(Note(Remark.FOREIGN, resource.kind, resource.key, resource.name, ids, text))

    def _ambiguous(self, resource: Resource) -> None:
        lives = self.matched.claims[resource.key]
        ids = ", ".join(live.id for live in lives)
        text = f"{len(lives)} objects claim to be {resource.key} (ids {ids}), and none is recorded"
        self.notes.append(Note(Remark.AMBIGUOUS, resource.kind, resource.key, resource.name, ids, text))

    def _held(self, wanted: set[str]) -> dict[str, str]:
        """The unwanted templates and pipelines that are still needed, by key, with the reason."""
        owned = {key: live for key, live in self.matched.owned.items() if live.kind in usage.SHAPING}
        leaving = {key: _shape(live) for key, live in owned.items() if key not in wanted and self.selection.covers(key)}
        staying = [_shape(live) for key, live in owned.items() if key not in wanted and key not in leaving]
        staying += [usage.Shape(resource.kind, resource.name, resource.body) for resource in self.desired]
        return usage.held(leaving, staying, self.usage)

    def _unwanted(self, key: str, live: Live | None, entry: Entry | None, held: str = "") -> None:
        if live is None:
            self.gone.append(key)
            return
        drift = self._drift(live, entry) if entry is not None else ()
        if not self.choices.prune or (drift and self.choices.on_drift == "keep"):
            self.notes.append(Note(Remark.ORPHAN, live.kind, key, live.name, live.id, self._orphaned(live), drift))
            return
        if held:
            text = f"{self.choices.unwanted}, but {held}: it is kept, for this tool never deletes data. {_IN_USE_TODO}"
            self.notes.append(Note(Remark.IN_USE, live.kind, key, live.name, live.id, text, drift))
            return
        conflict = None
        if drift and self.choices.on_drift is None:
            conflict = Conflict.DRIFT
        if entry is None and self.choices.accept != "desired":
            conflict = Conflict.UNVERIFIED
        self.actions.append(
            Action(
                Verb.DELETE,
                key,
                live.kind,
                live.name,
                live=live,
                entry=entry,
                drift=drift,
                conflict=conflict,
                reason="" if self.choices.purpose is Purpose.DESTROY else self.choices.unwanted,
            )
        )

    def _orphaned(self, live: Live) -> str:
        """What is to be known of an object that is not wanted, and that stays."""
        if self.choices.prune:
            return f"{self.choices.unwanted}; it was changed by hand and is kept"
        if live.kind not in (Kind.MONITOR, Kind.WORKFLOW):
            return "no longer in the repository; it stays as it is (--prune deletes what nothing uses)"
        state = "it still runs and alerts" if live.body.get("enabled", True) else "it stays, disabled"
        return f"no longer in the repository; {state} (--prune deletes it and closes its alerts)"

    def _drift(self, live: Live, entry: Entry) -> tuple[FieldChange, ...]:
        if live.digest == entry.stored:
            return ()
        before = self.record.documents.get(entry.stored_document, {}).get("body")
        if before is None:
            return (FieldChange("(what it was is not recorded)", ABSENT, ABSENT),)
        return changes(before, live.body) or (FieldChange("(hidden fields)", ABSENT, ABSENT),)

    def _differences(self, resource: Resource, entry: Entry, live: Live) -> tuple[FieldChange, ...]:
        """What people wrote, old and new; where that is the same, what of the body differs."""
        document = self.record.documents.get(entry.sent_document, {})
        if "written" not in document:
            return (FieldChange("(what was sent is not recorded)", ABSENT, ABSENT),)
        return causes.differences(document, resource, live.body) or (FieldChange("(hidden fields)", ABSENT, ABSENT),)

    def _act(
        self,
        verb: Verb,
        resource: Resource,
        live: Live | None = None,
        entry: Entry | None = None,
        *,
        changes: tuple[FieldChange, ...] = (),
        drift: tuple[FieldChange, ...] = (),
        conflict: Conflict | None = None,
        reason: str = "",
    ) -> None:
        named = tuple(causes.named(changes))
        self.actions.append(
            Action(
                verb,
                resource.key,
                resource.kind,
                resource.name,
                resource,
                live,
                entry,
                changes,
                drift,
                named,
                conflict,
                reason,
            )
        )


_IN_USE_TODO = (
    "To remove it, delete the data streams that use it by hand, events and all (DELETE /_data_stream/NAME), "
    "then run this again."
)


def _shape(live: Live) -> usage.Shape:
    return usage.Shape(live.kind, live.name, live.body)
