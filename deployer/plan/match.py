"""Which live object is which of ours: by recorded id first, then by marker; never by name alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from deployer.model.resource import Kind
from deployer.plan.live import Live, marked_key, owner_of
from deployer.plan.record import Record

ServerNamed = (Kind.MONITOR, Kind.WORKFLOW)
"""Kinds whose ids the server makes; the ids of the others are names that we choose."""


@dataclass(frozen=True, slots=True)
class Matched:
    """The inventory, sorted by whose each object is.

    `owned` are ours by key. `claims` are keys that several unrecorded objects carry, so nobody can tell which of them is
    ours. `copies` carry our marker, but another object is recorded (or, with an empty key, carry our owner and no key).
    `foreign` are the rest, by kind and name: made by hand, or by another deployment.
    """

    owned: Mapping[str, Live]
    claims: Mapping[str, tuple[Live, ...]]
    copies: tuple[tuple[str, Live], ...]
    foreign: Mapping[tuple[Kind, str], tuple[Live, ...]]


def match(deployment: str, objects: Sequence[Live], record: Record) -> Matched:
    """Sort an inventory by ownership."""
    recorded = {(entry.kind, entry.id): key for key, entry in record.entries.items()}
    owned: dict[str, Live] = {}
    candidates: dict[str, list[Live]] = {}
    copies: list[tuple[str, Live]] = []
    foreign: dict[tuple[Kind, str], list[Live]] = {}
    for live in objects:
        key = recorded.get((live.kind, live.id))
        if key is not None and not _of_another(live, deployment):
            owned[key] = live
        elif live.marker is not None and live.marker.deployment == deployment:
            candidates.setdefault(live.marker.key, []).append(live)
        elif copied := _copied(live, deployment, record):
            copies.append((copied, live))
        elif live.owner == owner_of(deployment):
            copies.append(("", live))
        else:
            foreign.setdefault((live.kind, live.name), []).append(live)
    claims: dict[str, tuple[Live, ...]] = {}
    for key, lives in candidates.items():
        if key in owned or key in record.entries:
            copies.extend((key, live) for live in lives)
        elif len(lives) > 1:
            claims[key] = tuple(lives)
        else:
            owned[key] = lives[0]
    return Matched(owned, claims, tuple(copies), {name: tuple(lives) for name, lives in foreign.items()})


def _of_another(live: Live, deployment: str) -> bool:
    """Whether an object of a recorded id now carries another deployment's marker: it was taken over, and is theirs."""
    return live.marker is not None and live.marker.deployment != deployment


def _copied(live: Live, deployment: str, record: Record) -> str:
    """The key of a recorded monitor of which this is a copy with another owner, or empty."""
    if live.kind not in ServerNamed or live.marker is not None:
        return ""
    key = marked_key(live.kind, deployment, live.body)
    return key if key is not None and key in record.entries else ""
