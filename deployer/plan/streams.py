"""What a change of templates means for the data streams that they shape. Pure: no I/O.

A template shapes the backing indices that are made from now on. Events go to the one that was made last, so a field that is
new is put on it too; a field that is there under another mapping needs a new one, which is started only if that is allowed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from deployer.model.resource import Kind
from deployer.plan.actions import Action, Conflict, Note, Purpose, Remark, Shape, Verb
from deployer.plan.canonical import digest
from deployer.plan.compare import Absent, FieldChange
from deployer.plan.live import Inventory, Live, Stream
from deployer.plan.mapping import Gap, Shaping, composed, flat_settings, gap
from deployer.plan.selection import Selection

_TEMPLATES = (Kind.COMPONENT_TEMPLATE, Kind.INDEX_TEMPLATE)


@dataclass(frozen=True, slots=True)
class Templates:
    """Templates by their name on the cluster: bodies, and the keys under which the deployment knows them."""

    components: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    indices: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)

    def put(self, kind: Kind, name: str, key: str, body: Mapping[str, Any]) -> None:
        """Add a template, or write over it."""
        self._of(kind)[name] = body
        self.keys[name] = key

    def drop(self, kind: Kind, name: str) -> None:
        """Take a template away."""
        self._of(kind).pop(name, None)

    def shaping(self, name: str) -> Shaping | None:
        """What an index is made with by the index template of this name; None if there is none."""
        body = self.indices.get(name)
        if body is None:
            return None
        return composed([*(self.components[part] for part in self.parts(name) if part in self.components), body])

    def parts(self, name: str) -> Sequence[str]:
        """The component templates that an index template names."""
        return tuple(self.indices[name].get("composed_of") or ())

    def _of(self, kind: Kind) -> dict[str, Mapping[str, Any]]:
        return self.components if kind is Kind.COMPONENT_TEMPLATE else self.indices


def shape_streams(
    owned: Mapping[str, Live],
    actions: Sequence[Action],
    interrupted: Iterable[str],
    inventory: Inventory,
    selection: Selection,
    purpose: Purpose,
    *,
    allow_rollover: bool,
) -> tuple[list[Action], list[Note]]:
    """What is to be done to data streams once `actions` are carried out, and what is left as it is.

    `interrupted` are keys that a killed run may have written, so nobody knows what they were before.
    """
    if purpose is Purpose.DESTROY:
        return [], []
    acting = {action.key for action in actions if action.kind in _TEMPLATES and action.verb is not Verb.ACCEPT}
    if inventory.streams is None:
        return [], [_UNSEEN] if acting else []
    before, after = _before(owned), _before(owned)
    for action in actions:
        if action.kind in _TEMPLATES and action.resource is not None and action.verb is not Verb.ACCEPT:
            after.put(action.kind, action.name, action.key, action.resource.body)
        elif action.kind in _TEMPLATES and action.verb is Verb.DELETE:
            after.drop(action.kind, action.name)
    made: list[Action] = []
    notes: list[Note] = []
    for stream in inventory.streams:
        name = _shaper(stream, before, after)
        keys = tuple(after.keys[part] for part in (*after.parts(name), name) if part in after.keys) if name else ()
        wanted = after.shaping(name) if name else None
        if wanted is None or not _covered(selection, stream.name, keys):
            continue
        found = gap(
            Shaping() if set(keys) & set(interrupted) else before.shaping(name),
            wanted,
            Shaping(stream.mappings, flat_settings(stream.settings.get("index") or stream.settings)),
        )
        found = _because(found, ", ".join(key for key in keys if key in acting))
        forced = bool(found.meant) and purpose is Purpose.DEPLOY
        if found.rebuilt and (forced or allow_rollover):
            made.append(_rollover(stream, found, keys, allowed=allow_rollover))
            continue
        if found.rebuilt:
            notes.append(_note(stream, found))
        if found.put or found.settings:
            made.append(_extend(stream, found, keys))
    return made, notes


def _before(owned: Mapping[str, Live]) -> Templates:
    found = Templates()
    for key, live in owned.items():
        if live.kind in _TEMPLATES:
            found.put(live.kind, live.name, key, live.body)
    return found


def _shaper(stream: Stream, before: Templates, after: Templates) -> str:
    """The name of the deployment's index template that shapes a stream once the plan is carried out, or empty."""
    if stream.template in after.indices:
        return stream.template
    new = [
        (int(body.get("priority") or 0), name)
        for name, body in after.indices.items()
        if name not in before.indices and any(fnmatchcase(stream.name, pattern) for pattern in body["index_patterns"])
    ]
    priority, name = max(new, default=(0, ""))
    return name if stream.priority is None or priority > stream.priority else ""


def _because(found: Gap, cause: str) -> Gap:
    """The same with the templates of this plan as the cause of each change."""
    told = {
        name: tuple(dataclasses.replace(change, cause=cause) for change in getattr(found, name))
        for name in ("added", "altered", "rebuilt")
    }
    return dataclasses.replace(found, **told)  # type: ignore[arg-type]


def _covered(selection: Selection, stream: str, keys: Sequence[str]) -> bool:
    chosen = selection.chosen
    return chosen is None or key_of(stream) in chosen or any(selection.covers(key) for key in keys)


def key_of(stream: str) -> str:
    """The key of a data stream."""
    return f"{Kind.DATA_STREAM}/{stream}"


def _action(verb: Verb, stream: Stream, shape: Shape, changes: tuple[FieldChange, ...], reason: str) -> Action:
    # Only the write index tells whether the stream still is as it was: events bring fields of their own at any time.
    body = {"write_index": stream.write_index}
    live = Live(Kind.DATA_STREAM, stream.name, stream.name, body, digest(body))
    return Action(
        verb, key_of(stream.name), Kind.DATA_STREAM, stream.name, live=live, changes=changes, reason=reason, shape=shape
    )


def _extend(stream: Stream, found: Gap, keys: tuple[str, ...]) -> Action:
    reason = f"put on its write index {stream.write_index}"
    if found.added:
        reason += ", for new events; those already there are not indexed anew"
    shape = Shape(stream.write_index, found.put, found.settings, keys)
    return _action(Verb.EXTEND, stream, shape, (*found.added, *found.altered), reason)


def _rollover(stream: Stream, found: Gap, keys: tuple[str, ...], *, allowed: bool) -> Action:
    reason = (
        f"rolls over: a new backing index takes the events from then on; those in {stream.write_index} stay there as they "
        "were indexed, and searches read both"
    )
    changes = (*found.rebuilt, *found.altered, *found.added)
    action = _action(Verb.ROLLOVER, stream, Shape(stream.write_index, templates=keys), changes, reason)
    return action if allowed else dataclasses.replace(action, conflict=Conflict.ROLLOVER)


def _note(stream: Stream, found: Gap) -> Note:
    text = (
        f"{_some(found.rebuilt)} in its write index {stream.write_index}, and changes with a rollover only "
        "(--allow-rollover starts it)"
    )
    return Note(Remark.OLD_MAPPING, Kind.DATA_STREAM, key_of(stream.name), stream.name, stream.name, text)


def _some(changes: Sequence[FieldChange]) -> str:
    told = list(_told(changes[:3]))
    return ", ".join(told) + (f" and {len(changes) - 3} more" if len(changes) > 3 else "")


def _told(changes: Sequence[FieldChange]) -> Iterator[str]:
    for change in changes:
        old, new = (_short(value) for value in (change.old, change.new))
        yield f"{change.path} is {old} and not {new}"


def _short(value: Any) -> str:
    text = "absent" if isinstance(value, Absent) else str(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


_UNSEEN = Note(
    Remark.UNSEEN,
    Kind.DATA_STREAM,
    "",
    "data streams",
    "",
    "these credentials may not see them, so a changed field holds from the next rollover on "
    "(permissions indices:admin/data_stream/get and indices:admin/get)",
)
