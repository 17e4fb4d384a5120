"""What of an object differs from what was sent last, field by field, each with what changed it. Pure: no I/O."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from deployer.model.resource import Resource
from deployer.plan.canonical import canonical, redacted
from deployer.plan.compare import ABSENT, Absent, FieldChange, changes
from deployer.plan.content import recordable, references

TOOL = "tool"
"""The name in `Resource.made_of` of this tool's version."""

_MESSAGES = "templates/messages/"
_MESSAGE_PARTS = ("message_template", "subject_template")


def differences(
    before: Mapping[str, Any], resource: Resource, live: Mapping[str, Any] | None = None
) -> tuple[FieldChange, ...]:
    """The fields of what people wrote that differ from the document of what was sent last, and of what is rendered from
    them those that differ for another reason: a template, a mapping or this tool changed.

    Where all that is as it was, a secret behind a reference is another: told by its digest and that of what stands in
    `live`, the body (`canonical.redacted`) on the cluster.
    """
    now = recordable(resource)
    written = changes(before["written"], now["written"])
    rendered = changes(before["body"], now["body"], "body")
    files = _changed_files(before.get("made_of") or {}, resource.made_of)
    told = [dataclasses.replace(change, cause=_cause(change, before, resource)) for change in written]
    echoes = {_pair(change) for change in written}
    if files or not written:
        told += [
            dataclasses.replace(change, cause=_rendered(change.path, files, before, resource))
            for change in rendered
            if _pair(change) not in echoes and (not written or _is_of(change.path, files))
        ]
    if not told:
        told = [*_secrets(now["body"], resource, live or {})]
    return tuple(told)


def _secrets(body: Mapping[str, Any], resource: Resource, live: Mapping[str, Any]) -> Iterator[FieldChange]:
    """The references of a body whose secrets differ, each with the digests of both."""
    was, now = {"config": live.get("config", live)}, redacted(resource.kind, resource.body)
    for path, name in references(body):
        old, new = (_at(value, path.split(".")[1:]) for value in (was, now))
        if old != new:
            yield FieldChange(path, ABSENT if old is None else f"{name} ({old})", f"{name} ({new})", name)


def _at(value: Any, path: Sequence[str]) -> Any:
    """What stands at a path; None if nothing does."""
    for part in path:
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def named(found: Sequence[FieldChange]) -> dict[str, None]:
    """The tunables that changed, then the templates and the like that changed what is rendered; each once."""
    tunables = [change.path.split(".")[1].split("[")[0] for change in found if change.path.startswith("tunables.")]
    rendered = [change.cause for change in found if change.path.startswith("body.") and change.cause]
    return dict.fromkeys([*tunables, *rendered])


def _changed_files(old: Mapping[str, str], new: Mapping[str, str]) -> dict[str, str]:
    """The files of which a body was made that changed, each with how it is called; none if either side is not known."""
    if not old or not new:
        return {}
    names = [name for name in dict.fromkeys((*new, *old)) if old.get(name) != new.get(name)]
    return {name: f"this tool, {old.get(name)} → {new.get(name)}" if name == TOOL else name for name in names}


def _is_of(path: str, files: Mapping[str, str]) -> bool:
    """Whether a part of what is sent may differ because one of these files changed."""
    message = any(part in path for part in _MESSAGE_PARTS)
    return any(not name.startswith("templates/") or name.startswith(_MESSAGES) == message for name in files)


def _rendered(path: str, files: Mapping[str, str], before: Mapping[str, Any], resource: Resource) -> str:
    """What changed a part of what is sent: the template that renders it, else another file that it is made of."""
    message = any(part in path for part in _MESSAGE_PARTS)
    own = [name for name in files if name.startswith("templates/") and name.startswith(_MESSAGES) == message]
    other = [name for name in files if not name.startswith("templates/") and name != TOOL]
    for names in (own, other, [TOOL] if TOOL in files else []):
        if len(names) == 1:
            return files[names[0]]
    if own or other:
        return ", ".join(own or other)
    if not before.get("made_of"):
        return ""
    return resource.origin.file if resource.origin else resource.causes.get("", "")


def _cause(change: FieldChange, before: Mapping[str, Any], resource: Resource) -> str:
    """The file or tunable that decides a field; one that decides it no longer (an override that was taken away) comes first."""
    then, now = _longest(before.get("causes") or {}, change.path), _longest(resource.causes, change.path)
    default = resource.causes.get("", resource.origin.file if resource.origin else "")
    if then and then != now and now == default:
        return f"{then}, no longer"
    return now or default


def _longest(causes: Mapping[str, str], path: str) -> str:
    fitting = [start for start in causes if start == "" or path == start or path.startswith((f"{start}.", f"{start}["))]
    return causes[max(fitting, key=len)] if fitting else ""


def _pair(change: FieldChange) -> tuple[bytes, bytes]:
    return _text(change.old), _text(change.new)


def _text(value: Any) -> bytes:
    return b"" if isinstance(value, Absent) else canonical(value)
