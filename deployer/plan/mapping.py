"""Mappings and settings of templates: several as one, and how an index differs from what it would be if it were made now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from deployer.plan.compare import ABSENT, Absent, FieldChange

Path = tuple[str, ...]
"""A field: its names from the root; a multi-field begins with ``:``."""

_INNER = frozenset({"properties", "fields"})
_IN_PLACE = frozenset(
    {
        "boost", "coerce", "copy_to", "dynamic", "eager_global_ordinals", "ignore_above", "ignore_malformed", "meta",
        "search_analyzer", "search_quote_analyzer",
    }
)  # fmt: skip
"""Parameters that an existing field takes anew (measured on 3.4.0); any other needs a new index."""

_COMPARED = frozenset({"analyzer", "normalizer"})
"""Parameters that the server gives back as they were put, so that they can be compared at any time."""

_ROOT_IN_PLACE = frozenset(
    {"_meta", "date_detection", "derived", "dynamic", "dynamic_date_formats", "dynamic_templates", "numeric_detection"}
)
_DYNAMIC = (
    "auto_expand_replicas", "blocks.", "default_pipeline", "final_pipeline", "gc_deletes", "highlight.", "indexing.",
    "mapping.depth.", "mapping.field_name_length.", "mapping.nested_", "mapping.total_fields.", "max_", "merge.",
    "number_of_replicas", "priority", "query.default_field", "refresh_interval", "requests.", "routing.allocation.",
    "search.", "translog.",
)  # fmt: skip
"""Settings that an open index takes, without ``index.``."""

_ANALYSIS = (("analyzer", "analyzer"), ("search_analyzer", "analyzer"), ("search_quote_analyzer", "analyzer"), ("normalizer", "normalizer"))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shaping:
    """What an index is made with: mappings with everything in it, settings by their flat name without ``index.``."""

    mappings: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Gap:
    """How an index differs from what it would be if it were made now.

    `added` are fields that it lacks, `altered` what else it takes as it is; `put` is the mapping and `settings` the
    settings that bring both. `rebuilt` needs a new index, and of it `meant` are the changes that the plan itself brings.
    """

    added: tuple[FieldChange, ...] = ()
    altered: tuple[FieldChange, ...] = ()
    put: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    rebuilt: tuple[FieldChange, ...] = ()
    meant: tuple[FieldChange, ...] = ()


def composed(bodies: Iterable[Mapping[str, Any]]) -> Shaping:
    """Templates as one, the later over the earlier: what the server makes an index with."""
    mappings: dict[str, Any] = {}
    settings: dict[str, Any] = {}
    for body in bodies:
        template = body.get("template") or {}
        mappings = _merged(mappings, template.get("mappings") or {})
        settings |= flat_settings(template.get("settings") or {})
    return Shaping(mappings, settings)


def flat_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings by their flat name without ``index.``, each as the text or list of texts that the server makes of it."""
    return {name.removeprefix("index."): value for name, value in _flat_settings(settings, "")}


def _flat_settings(value: Mapping[str, Any], path: str) -> Iterator[tuple[str, Any]]:
    for name, inner in value.items():
        whole = f"{path}.{name}" if path else name
        if isinstance(inner, Mapping):
            yield from _flat_settings(inner, whole)
        else:
            yield whole, [_text(item) for item in inner] if isinstance(inner, list) else _text(inner)


def _merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    result = {**old, **new}
    if "properties" in old and "properties" in new:
        before, after = old["properties"], new["properties"]
        both = {name: _merged(before[name], after[name]) for name in after if _container(before.get(name)) and _container(after[name])}  # fmt: skip
        result["properties"] = {**before, **after, **both}
    if "dynamic_templates" in old and "dynamic_templates" in new:
        result["dynamic_templates"] = [*old["dynamic_templates"], *new["dynamic_templates"]]
    return result


def _container(definition: Any) -> bool:
    return isinstance(definition, Mapping) and "properties" in definition


def gap(before: Shaping | None, after: Shaping, index: Shaping) -> Gap:
    """What `index` lacks of `after`. `before` is what it would have been until now; None if it was nobody's to shape.

    What both have is compared as far as the server's form of it is known: types and analyzers always, any other parameter
    and settings only if they change from `before`. So what the server normalises is no gap.
    """
    old = None if before is None else fields(before.mappings)
    new, now = fields(after.mappings), fields(index.mappings)
    added: dict[Path, FieldChange] = {}
    altered: dict[Path, list[FieldChange]] = {}
    rebuilt: dict[Path, list[FieldChange]] = {}
    meant: list[FieldChange] = []
    for path, wanted in new.items():
        if any(path[:length] in rebuilt for length in range(1, len(path))):
            continue
        if path not in now:
            unknown = _unknown_analysis(wanted, after, index)
            if unknown:
                rebuilt[path] = [FieldChange(shown(path), ABSENT, _named(wanted))]
                meant += rebuilt[path] if old is not None and old.get(path) != wanted else []
            else:
                added[path] = FieldChange(shown(path), ABSENT, _named(wanted))
            continue
        was = None if old is None else old.get(path, {})
        for parameter, change in _differences(path, was, wanted, now[path]):
            if parameter in _IN_PLACE and not _unknown_analysis(wanted, after, index):
                altered.setdefault(path, []).append(change)
            else:
                rebuilt.setdefault(path, []).append(change)
                if was is not None and not _same(was.get(parameter, ABSENT), wanted.get(parameter, ABSENT)):
                    meant.append(change)
    for path in [path for path in (*added, *altered) if any(path[:n] in rebuilt for n in range(1, len(path) + 1))]:
        added.pop(path, None)
        altered.pop(path, None)
    root, fresh = list(_root(before, after, index)), list(_settings(before, after, index))
    hard = [change for change in (*root, *fresh) if not _soft(change.path)]
    return Gap(
        tuple(change for path, change in added.items() if not _holder(path, new)),
        (*(change for found in altered.values() for change in found), *(c for c in (*root, *fresh) if _soft(c.path))),
        _body([*added, *altered], new, now, {c.path.removeprefix("mappings."): c.new for c in root if _soft(c.path)}),
        {
            c.path.removeprefix("settings."): None if isinstance(c.new, Absent) else c.new
            for c in fresh
            if _soft(c.path)
        },
        (*(change for found in rebuilt.values() for change in found), *hard),
        (*meant, *(hard if before is not None else ())),
    )


def fields(mappings: Mapping[str, Any]) -> dict[Path, dict[str, Any]]:
    """Each field with its parameters and always a type; objects before what is in them."""
    found: dict[Path, dict[str, Any]] = {}
    _fields(mappings.get("properties") or {}, (), found)
    return found


def _fields(properties: Mapping[str, Any], above: Path, found: dict[Path, dict[str, Any]]) -> None:
    for name, definition in properties.items():
        path = (*above, *name.split("."))
        for length in range(len(above) + 1, len(path)):
            found.setdefault(path[:length], {"type": "object"})
        own = {key: value for key, value in definition.items() if key not in _INNER}
        found[path] = {"type": "object", **own}
        for sub, inner in (definition.get("fields") or {}).items():
            found[*path, f":{sub}"] = dict(inner)
        _fields(definition.get("properties") or {}, path, found)


def shown(path: Path) -> str:
    """A field as people write it."""
    return ".".join(part.removeprefix(":") for part in path)


def _named(wanted: Mapping[str, Any]) -> Any:
    return wanted["type"] if len(wanted) == 1 else dict(wanted)


def _differences(
    path: Path, was: Mapping[str, Any] | None, wanted: Mapping[str, Any], now: Mapping[str, Any]
) -> Iterator[tuple[str, FieldChange]]:
    if not _same(wanted["type"], now["type"]):
        yield "type", FieldChange(shown(path), now["type"], wanted["type"])
        return
    for name in dict.fromkeys((*wanted, *(was or {}), *now)):
        new, old = wanted.get(name, ABSENT), now.get(name, ABSENT)
        both = not isinstance(new, Absent) and not isinstance(old, Absent)
        # A default is printed by neither side, or by one: only a parameter that was there before tells.
        looked = both if not was else not _same(was.get(name, ABSENT), new) or (both and name in _COMPARED)
        if looked and not _same(new, old):
            yield name, FieldChange(f"{shown(path)}.{name}", old, new)


def _root(before: Shaping | None, after: Shaping, index: Shaping) -> Iterator[FieldChange]:
    """Parameters of the whole mapping that change now. One that is taken away stays: the server has no way to unset it."""
    for name, new in after.mappings.items():
        if name != "properties" and before is not None and not _same(before.mappings.get(name, ABSENT), new):
            now = index.mappings.get(name, ABSENT)
            if not _same(now, new):
                yield FieldChange(f"mappings.{name}", now, new)


def _settings(before: Shaping | None, after: Shaping, index: Shaping) -> Iterator[FieldChange]:
    for name in dict.fromkeys((*after.settings, *(before.settings if before else ()))):
        new, now = after.settings.get(name, ABSENT), index.settings.get(name, ABSENT)
        old = ABSENT if before is None else before.settings.get(name, ABSENT)
        if before is not None and not _same(old, new) and not _same(now, new):
            yield FieldChange(f"settings.{name}", now, new)


def _soft(path: str) -> bool:
    """Whether an open index takes this setting, or parameter of the whole mapping."""
    where, _, name = path.partition(".")
    return name.startswith(_DYNAMIC) if where == "settings" else name in _ROOT_IN_PLACE


def _unknown_analysis(wanted: Mapping[str, Any], after: Shaping, index: Shaping) -> bool:
    """Whether a field names an analyzer that the template defines and the index does not."""
    for parameter, kind in _ANALYSIS:
        prefix = f"analysis.{kind}.{wanted.get(parameter)}."
        if parameter in wanted and _any(prefix, after.settings) and not _any(prefix, index.settings):
            return True
    return False


def _any(prefix: str, settings: Mapping[str, Any]) -> bool:
    return any(name.startswith(prefix) for name in settings)


def _holder(path: Path, found: Mapping[Path, Any]) -> bool:
    """Whether an object has no more to say than what is in it."""
    return found[path] == {"type": "object"} and any(
        other[: len(path)] == path and len(other) > len(path) for other in found
    )


def _body(
    paths: Iterable[Path],
    new: Mapping[Path, Mapping[str, Any]],
    now: Mapping[Path, Mapping[str, Any]],
    root: Mapping[str, Any],
) -> dict[str, Any]:
    """The mapping to put: these fields, with as much of what they stand in as the server needs to be told."""
    body: dict[str, Any] = dict(root)
    chosen = set(paths)
    for path in (path for path in new if path in chosen):
        place = body
        for length in range(1, len(path) + 1):
            part, here = path[length - 1], path[:length]
            inner = "fields" if part.startswith(":") else "properties"
            place = place.setdefault(inner, {}).setdefault(part.removeprefix(":"), {})
            multi = length < len(path) and path[length].startswith(":")
            own = new[here] if here in chosen or multi or here not in now else {}
            type_ = {} if new[here]["type"] == "object" else {"type": new[here]["type"]}
            place.update({name: value for name, value in own.items() if name != "type"} | type_)
    return body


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, Absent) or isinstance(other, Absent):
        return one is other
    return bool(_plain(one) == _plain(other))


def _plain(value: Any) -> Any:
    """A value with all numbers and flags as text: ``false`` and ``"false"`` are one to the server."""
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list | tuple) else _text(value)


def _text(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return value if value is None else str(value)
