"""A plan as a file: what it was made for, what it does, and the content it sends. A digest is no signature: it tells changes, not forgers."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from deployer.model.errors import DeployerError, RefusedError
from deployer.model.resource import Kind, Resource
from deployer.plan import formed
from deployer.plan.actions import Action, Purpose
from deployer.plan.canonical import digest
from deployer.plan.content import SecretReader, recordable, refilled, resource_of
from deployer.plan.decide import Choices
from deployer.plan.plan import Plan
from deployer.plan.record import Record
from deployer.plan.sealed import BrokenError, opened, parsed, sealed
from deployer.plan.selection import Selection

FORMAT = 1

LARGEST, MOST = 64_000_000, 3_000_000
"""Bytes, and brackets, commas and colons, of a plan file. One of a thousand monitors has a third of that."""


class StaleError(RefusedError):
    """What a plan was made from is no more; nothing was written."""

    code = "stale"


@dataclass(frozen=True, slots=True)
class Step:
    """One action as the file holds it. `live` is the digest of the object as it was, `sent` of the body to send."""

    verb: str
    key: str
    kind: str
    name: str
    id: str = ""
    live: str = ""
    sent: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """What the plan does on one cluster, and in what state it found it. The counts are of the whole plan."""

    cluster: str
    address: str
    uuid: str
    generation: int
    seq_no: int | None
    primary_term: int | None
    wanted: int
    wanted_monitors: int
    unchanged: int
    steps: tuple[Step, ...] = ()
    repairs: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlanFile:
    """A plan that was saved. `resources` are the contents by key, as `content.recordable` gives them: no address is in it.

    `analytics` are the digests of what each analytic that it is about is made of (`evidence.contents`), `tests` is the
    report of their tests as it was read, if one was given.
    """

    environment: str
    deployment: str
    tool: str
    at: str
    who: str
    host: str
    commit: str
    dirty: bool
    choices: Choices
    selection: Selection
    parts: tuple[Part, ...]
    resources: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    analytics: Mapping[str, str] = field(default_factory=dict)
    tests: Mapping[str, Any] | None = None
    digest: str = ""

    def part(self, cluster: str) -> Part | None:
        """What is to be done on the cluster of this name."""
        return next((part for part in self.parts if part.cluster == cluster), None)

    def content(self, part: Part, secrets: SecretReader, today: Mapping[str, Mapping[str, Any]]) -> list[Resource]:
        """The resources that a part sends, with today's secrets, and where the file hides the address of a channel, that
        of the environment's channels `today` (bodies with references, by key).

        Raises StaleError if there is none now.
        """
        wanted = [step.key for step in part.steps if step.key in self.resources]
        return [resource_of(key, _whole(key, self.resources[key], today), secrets) for key in wanted]


def _whole(key: str, stored: Mapping[str, Any], today: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    if stored["kind"] != Kind.CHANNEL:
        return stored
    try:
        return {**stored, "body": refilled(stored["body"], today.get(key))}
    except KeyError:
        raise StaleError(
            f"the plan is stale: the environment's file has no address of {key} any more",
            why="addresses of channels are not in the plan file; they are read anew",
            todo="Plan again, look at it, and deploy the new file.",
        ) from None


def part_of(cluster: str, address: str, plan: Plan, record: Record) -> Part:
    """A plan on one cluster, as the file holds it."""
    return Part(
        cluster=cluster,
        address=address,
        uuid=plan.facts.uuid,
        generation=record.generation,
        seq_no=record.seq_no,
        primary_term=record.primary_term,
        wanted=plan.wanted,
        wanted_monitors=plan.wanted_monitors,
        unchanged=plan.unchanged,
        steps=tuple(step_of(action) for action in plan.actions),
        repairs=tuple(sorted(entry.key for entry in plan.repairs)),
        gone=tuple(sorted(plan.gone)),
    )


def step_of(action: Action) -> Step:
    """An action, as the file holds it."""
    live, resource = action.live, action.resource
    return Step(
        str(action.verb),
        action.key,
        str(action.kind),
        action.name,
        live.id if live else "",
        live.digest if live else "",
        digest(resource.body) if resource else _shaped(action),
    )


def _shaped(action: Action) -> str:
    """The digest of what is done to a data stream, and why: it comes from templates that the plan may not touch."""
    if action.shape is None:
        return ""
    told = [[change.path, str(change.old), str(change.new)] for change in action.changes]
    return digest([dataclasses.asdict(action.shape), told])


def contents(plans: tuple[Plan, ...]) -> dict[str, dict[str, Any]]:
    """The content of every action of the plans, by key."""
    return {
        action.key: recordable(action.resource)
        for plan in plans
        for action in plan.actions
        if action.resource is not None
    }


def dump(saved: PlanFile) -> bytes:
    """The file's bytes: one JSON object in one form only, so that a byte that is changed never goes unseen."""
    return sealed(_value(saved))


def digest_of(saved: PlanFile) -> str:
    """The digest that `dump` puts into the file."""
    return digest(_value(saved))


def load(data: bytes, name: str, tool: str) -> PlanFile:
    """The plan that a file's bytes hold.

    Raises RefusedError for a file that is none, was changed, or was made by another version of this tool than `tool`.
    """
    if len(data) > LARGEST or sum(map(data.count, (b"[", b"{", b",", b":"))) > MOST:
        raise _changed(name, "it is larger than any plan")
    try:
        value = parsed(data)
    except BrokenError:
        raise _changed(name, "it is no JSON of a plan") from None
    if value["format_version"] != FORMAT:
        raise RefusedError(
            f"{name} is a plan of another format",
            why=f"it has format {str(value['format_version'])[:20]}, this version of the tool knows {FORMAT}",
            todo="Plan again with this version.",
        )
    try:
        body = opened(value, data)
    except BrokenError as error:
        raise _changed(name, str(error)) from None
    try:
        saved = _plan_file(body, str(value["digest"]))
    except (KeyError, TypeError, ValueError, AttributeError):
        raise _changed(name, "it has not the form of a plan") from None
    if saved.tool != tool:
        raise RefusedError(
            f"{name} was made by another version of this tool",
            why=f"by {saved.tool}; this is {tool}, which might do something else than what was shown",
            todo="Plan again with this version, or deploy with that one.",
        )
    return saved


def _changed(name: str, why: str) -> DeployerError:
    return RefusedError(
        f"{name} is not a plan as it was saved",
        why=why,
        todo="Never edit a plan file; change the repository and plan again.",
    )


def _value(saved: PlanFile) -> dict[str, Any]:
    plain = dataclasses.asdict(dataclasses.replace(saved, resources={}, tests=None))
    selection = saved.selection
    return {
        "format_version": FORMAT,
        **{name: plain[name] for name in ("environment", "deployment", "tool", "at", "who", "host", "commit", "dirty")},
        "choices": plain["choices"],
        "selection": {
            "select": list(selection.select),
            "exclude": list(selection.exclude),
            "left_out": list(selection.left_out),
            "drafts": list(selection.drafts),
        },
        "clusters": [
            {
                **part,
                "steps": [dict(step) for step in part["steps"]],
                "repairs": list(part["repairs"]),
                "gone": list(part["gone"]),
            }
            for part in plain["parts"]
        ],
        "resources": {key: dict(stored) for key, stored in saved.resources.items()},
        "analytics": dict(saved.analytics),
        "tests": None if saved.tests is None else dict(saved.tests),
    }


def _plan_file(value: Mapping[str, Any], known: str) -> PlanFile:
    selection = value["selection"]
    chosen = selection["select"] or selection["exclude"]
    if not isinstance(value["resources"], dict) or set(selection) != {"select", "exclude", "left_out", "drafts"}:
        raise TypeError("resources")
    for stored in value["resources"].values():
        formed.stored(stored)
    found = PlanFile(
        **{name: value[name] for name in ("environment", "deployment", "tool", "at", "who", "host", "commit", "dirty")},
        choices=Choices(**{**value["choices"], "purpose": Purpose(value["choices"]["purpose"])}),
        selection=Selection(
            tuple(selection["select"]),
            tuple(selection["exclude"]),
            frozenset() if chosen else None,
            tuple(selection["left_out"]),
            tuple(selection["drafts"]),
        ),
        parts=tuple(
            Part(
                **{
                    **part,
                    "steps": tuple(Step(**step) for step in part["steps"]),
                    "repairs": tuple(part["repairs"]),
                    "gone": tuple(part["gone"]),
                }
            )
            for part in value["clusters"]
        ),
        resources=value["resources"],
        analytics=dict(value["analytics"]),
        tests=value["tests"],
        digest=known,
    )
    formed.typed(found)
    return found
