"""A STIX file of ATT&CK (2.0 or 2.1) read into values.

The file comes from somewhere: its size is bounded, no value of it is trusted to have a type or a form, and ids, which become
names of folders, are taken in one form only. What one object lacks makes that object odd, and not the file unreadable.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from deployer.model.attack import AttackData, KnownAnalytic, KnownStrategy, MutableElement, NamedLogSource
from deployer.model.errors import DeployerError, Location

MAX_BYTES = 128_000_000
"""The whole of Enterprise ATT&CK is about 50 MB."""

MAX_TEXT, MAX_LIST = 20_000, 200
"""Characters of a text, and log sources or mutable elements of an analytic: about ten times what there is."""

_ID = re.compile(r"[A-Z]{2,8}[0-9]{3,6}")
_TECHNIQUE = re.compile(r"T[0-9]{4}([.][0-9]{3})?")
_COMPONENT = re.compile(r"DC[0-9]{4}")
_RELEASE = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){1,2}")
_WORD = re.compile(r"[a-z][a-z0-9-]{0,60}")
_STRATEGY_IN_URL = re.compile(r"/detectionstrategies/(DET[0-9]{3,6})(?![0-9])")
_URL = re.compile(r"https?://[\x21\x23-\x7e]{1,500}")
_WHERE_FROM = "It is a JSON file of MITRE's: the whole of a domain such as Enterprise, as STIX."


class StixError(DeployerError):
    """A file that is no ATT&CK in STIX, or cannot be read."""

    code = "stix"


def read(path: Path) -> AttackData:
    """The detection strategies and analytics of a file.

    Raises StixError, with what to do, for a file that is missing, too large, cut off, no JSON, no STIX or without analytics.
    """
    value = _parsed(_bytes(path), path)
    objects = _objects(value, path)
    data = _Reader(objects, path).read()
    if not data.analytics and not data.strategies:
        raise StixError(
            f"{path} has no analytics",
            why=f"none of its {len(objects):,} objects is an x-mitre-analytic or x-mitre-detection-strategy with an id",
            todo="They are in ATT&CK from version 18 on. " + _WHERE_FROM,
        )
    return data


def _bytes(path: Path) -> bytes:
    try:
        if not path.exists():
            raise StixError(f"there is no file {path}", todo=_WHERE_FROM)
        if not path.is_file():
            raise StixError(f"{path} is no file", todo="Give a STIX file with --stix.")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise StixError(f"{path} cannot be read", why=error.strerror or "", todo="Give another file.") from None
    if len(data) > MAX_BYTES:
        raise StixError(
            f"{path} is larger than {MAX_BYTES:,} bytes",
            why="the whole of Enterprise ATT&CK is less than half of that",
            todo="Give ATT&CK's own file, not a collection of many.",
        )
    return data


def _parsed(data: bytes, path: Path) -> Any:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise StixError(
            f"{path} is no text in UTF-8", why=f"byte {error.start} is none", todo="If it is packed, unpack it."
        ) from None
    if not text.strip():
        raise StixError(f"{path} is empty", todo="Fetch it again.")
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        where = Location(str(path), error.lineno, error.colno)
        if error.pos >= len(text.rstrip()) - 1 or error.msg.startswith("Unterminated string"):
            raise StixError(
                f"{path} ends in the middle", why="its JSON is cut off there", todo="Fetch it again.", where=where
            ) from None
        raise StixError(f"{path} is no JSON", why=error.msg, todo=_WHERE_FROM, where=where) from None
    except RecursionError:
        raise StixError(f"{path} is nested too deeply", todo="No STIX file is; give ATT&CK's own.") from None
    except ValueError as error:  # a number of thousands of digits
        raise StixError(f"{path} is no JSON that can be read", why=str(error)[:200], todo=_WHERE_FROM) from None


def _objects(value: Any, path: Path) -> list[dict[str, Any]]:
    if isinstance(value, dict) and "objects" not in value and str(value.get("type", "")).startswith("x-mitre-"):
        value = {"objects": [value]}
    objects = value.get("objects") if isinstance(value, dict) else None
    if not isinstance(objects, list):
        kind = "a list" if isinstance(value, list) else "an object" if isinstance(value, dict) else "a single value"
        raise StixError(
            f"{path} is no STIX bundle",
            why=f"a bundle is an object with a list `objects`; this is {kind} without one",
            todo=_WHERE_FROM,
        )
    return [item for item in objects if isinstance(item, dict)]


class _Reader:
    def __init__(self, objects: Iterable[dict[str, Any]], path: Path) -> None:
        self.path = path
        self.odd: list[str] = []
        self.by_id: dict[str, dict[str, Any]] = {}
        self.relations: list[dict[str, Any]] = []
        for item in objects:
            if item.get("type") == "relationship":
                self.relations.append(item)
                continue
            key = item.get("id")
            known = self.by_id.get(key) if isinstance(key, str) else None
            # A bundle may hold an object in several versions.
            if isinstance(key, str) and (known is None or _text(item, "modified") >= _text(known, "modified")):
                self.by_id[key] = item

    def of(self, kind: str) -> list[tuple[str, dict[str, Any]]]:
        """The objects of a type that have an id of ATT&CK's form, in its order. Of two with one id the one in force is taken."""
        found: dict[str, dict[str, Any]] = {}
        for key, item in self.by_id.items():
            if item.get("type") != kind:
                continue
            name = _external_id(item, _ID)
            if not name:
                self.odd.append(f"{key[:100]} has no id such as AN0903")
            elif name in found and not _retired(found[name]):
                if not _retired(item):
                    self.odd.append(f"{name} stands twice: the second, {key[:100]}, is left out")
            else:
                found[name] = item
        return sorted(found.items())

    def read(self) -> AttackData:
        analytics = {_text(item, "id"): (name, item) for name, item in self.of("x-mitre-analytic")}
        strategies: dict[str, KnownStrategy] = {}
        of_strategy: dict[str, str] = {}
        targets = self._targets()
        for name, item in self.of("x-mitre-detection-strategy"):
            refs = [ref for ref in _list(item, "x_mitre_analytic_refs") if isinstance(ref, str)]
            own = tuple(dict.fromkeys(analytics[ref][0] for ref in refs if ref in analytics))
            if not _retired(item):
                for analytic in own:
                    of_strategy.setdefault(analytic, name)
            techniques, tactics = self._techniques(targets.get(_text(item, "id"), []))
            title = _line(_text(item, "name")) or name
            strategies[name] = KnownStrategy(name, title, own, techniques, tactics, _retired(item))
        known = {name: self._analytic(name, item, of_strategy.get(name, "")) for name, item in analytics.values()}
        return AttackData(self._version(), known, strategies, tuple(self.odd))

    def _targets(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for relation in self.relations:
            if relation.get("relationship_type") == "detects" and not _retired(relation):
                found.setdefault(_text(relation, "source_ref"), []).append(_text(relation, "target_ref"))
        return found

    def _techniques(self, refs: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The ids of techniques and the short names of their tactics; retired ones only if there are no others."""
        objects = [self.by_id[ref] for ref in refs if self.by_id.get(ref, {}).get("type") == "attack-pattern"]
        objects = [item for item in objects if not _retired(item)] or objects
        ids = [_external_id(item, _TECHNIQUE) for item in objects]
        tactics = [
            phase["phase_name"]
            for item in objects
            for phase in _list(item, "kill_chain_phases")
            if isinstance(phase, dict) and "mitre" in str(phase.get("kill_chain_name"))
            if isinstance(phase.get("phase_name"), str) and _WORD.fullmatch(phase["phase_name"])
        ]
        return tuple(sorted({name for name in ids if name})), tuple(dict.fromkeys(tactics))

    def _analytic(self, name: str, item: Mapping[str, Any], strategy: str) -> KnownAnalytic:
        references = [ref for ref in _list(item, "external_references") if isinstance(ref, dict)]
        url = next((_text(ref, "url") for ref in references if ref.get("external_id") == name), "")
        named = _STRATEGY_IN_URL.search(url)
        return KnownAnalytic(
            id=name,
            description=_text(item, "description"),
            version=_line(_text(item, "x_mitre_version"))[:20],
            platforms=tuple(_line(one)[:60] for one in _list(item, "x_mitre_platforms") if isinstance(one, str)),
            log_sources=tuple(dict.fromkeys(self._log_sources(name, item))),
            elements=tuple(self._elements(name, item)),
            url=url if _URL.fullmatch(url) else "",
            strategy=strategy or (named[1] if named else ""),
            retired=_retired(item),
        )

    def _log_sources(self, name: str, item: Mapping[str, Any]) -> Iterable[NamedLogSource]:
        for raw in self._bounded(name, item, "x_mitre_log_source_references"):
            title, channel = _line(_text(raw, "name"))[:200], _line(_text(raw, "channel"))[:1000]
            component = self.by_id.get(_text(raw, "x_mitre_data_component_ref"), {})
            if title:
                yield NamedLogSource(title, channel or "None", _external_id(component, _COMPONENT))

    def _elements(self, name: str, item: Mapping[str, Any]) -> Iterable[MutableElement]:
        for raw in self._bounded(name, item, "x_mitre_mutable_elements"):
            title = _line(_text(raw, "field"))[:200]
            if title:
                yield MutableElement(title, _text(raw, "description"))

    def _bounded(self, name: str, item: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
        found = [raw for raw in _list(item, key) if isinstance(raw, dict)]
        if len(found) > MAX_LIST:
            self.odd.append(f"{name} has {len(found):,} {key}: the first {MAX_LIST} are taken")
        return found[:MAX_LIST]

    def _version(self) -> str:
        """The release: of the collection that a whole domain comes with, else what the file's name says."""
        for item in self.by_id.values():
            if item.get("type") == "x-mitre-collection" and _RELEASE.fullmatch(_text(item, "x_mitre_version")):
                return _text(item, "x_mitre_version")
        named = _RELEASE.search(self.path.name)
        return named[0] if named else ""


def _external_id(item: Mapping[str, Any], form: re.Pattern[str]) -> str:
    for reference in _list(item, "external_references"):
        if isinstance(reference, dict) and str(reference.get("source_name", "")).startswith("mitre"):
            name = reference.get("external_id")
            if isinstance(name, str) and form.fullmatch(name):
                return name
    return ""


def _retired(item: Mapping[str, Any]) -> bool:
    return item.get("revoked") is True or item.get("x_mitre_deprecated") is True


def _list(item: Mapping[str, Any], key: str) -> list[Any]:
    value = item.get(key)
    return value if isinstance(value, list) else []


def _text(item: Mapping[str, Any], key: str) -> str:
    """A text, without halves of surrogate pairs, which no file can hold; empty if it is none."""
    value = item.get(key)
    if not isinstance(value, str):
        return ""
    text = value[:MAX_TEXT].encode("utf-8", "replace").decode("utf-8")
    return text.replace("\r\n", "\n").strip()


def _line(text: str) -> str:
    return " ".join(text.split())
