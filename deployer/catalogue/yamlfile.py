"""YAML as plain values that know where they stand.

Positions come from PyYAML's C composer. Scalars follow YAML 1.2's core schema, so ``22:00`` is a text and not the
number 1320, ``no`` is a text and not false, and a date is a text. Duplicate keys, tags and merge keys are errors.
Files come from strangers' pull requests: size, depth and the number of values (aliases expanded) are bounded.
"""

from __future__ import annotations

import math
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import yaml

from deployer.catalogue import yamlerrors
from deployer.model.errors import Location
from deployer.model.finding import Findings

MAX_BYTES = 2_000_000
MAX_DEPTH = 60
MAX_VALUES = 100_000

_SHALLOW = 10_000
"""The C composer calls itself for each level and ends the process without a word some 20,000 levels down. A level takes a
bracket, or a column of a line: a text with fewer of both is composed at once, another is looked through before."""

Path_ = tuple[str | int, ...]

_INT = re.compile(r"[-+]?\d{1,18}")
_FLOAT = re.compile(r"[-+]?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][-+]?\d+)?")
_CONSTANTS: dict[str, Any] = {
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
    "null": None,
    "Null": None,
    "NULL": None,
    "~": None,
    "": None,
}
_STANDARD_TAGS = {
    f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "timestamp", "value", "map", "seq")
}


@dataclass(slots=True)
class Document:
    """The value of a file and the place of each value in it, by its path (``("monitors", "discovery", "window")``)."""

    file: str
    value: Any
    places: dict[Path_, tuple[int, int]] = field(default_factory=dict)
    key_places: dict[Path_, tuple[int, int]] = field(default_factory=dict)

    def where(self, *path: str | int, key: bool = False) -> Location:
        """The place of the value (or its key) at `path`, or of the nearest value around it."""
        for length in range(len(path), -1, -1):
            places = self.key_places if key and length == len(path) else self.places
            place = places.get(tuple(path[:length]))
            if place:
                return Location(self.file, *place)
        return Location(self.file)


class _RefusedError(Exception):
    def __init__(self, code: str, message: str, mark: Any, hint: str = "") -> None:
        super().__init__(message)
        self.finding = (code, message, mark, hint)


LINKS = "links out of the tree, or to a hidden file such as git's own, are not followed"


def within(path: Path, root: Path) -> bool:
    """Whether a path, its links followed, stays below `root`, and no link leads to what is hidden: .git may hold a CI job's token."""
    try:
        below = path.resolve().relative_to(root.resolve())
    except (ValueError, OSError, RuntimeError):  # RuntimeError: links that go in a circle
        return False
    return below == path.relative_to(root) or not any(part.startswith(".") for part in below.parts)


def folder(path: Path, root: Path, findings: Findings) -> Path | None:
    """A folder that may be looked into; None, with a finding, if it is a link out of the tree."""
    if within(path, root):
        return path
    findings.add("DAC001", "the folder lies outside of the repository", Location(path.relative_to(root).as_posix()), LINKS)
    return None


def read_text(path: Path, root: Path, findings: Findings) -> str | None:
    """The text of a file below `root`, or None with a finding: outside of the tree, too large, not UTF-8, missing."""
    shown = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
    where = Location(shown)
    try:
        if not within(path, root):
            findings.add("DAC001", "the file lies outside of the repository", where, LINKS)
            return None
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            findings.add("DAC001", "this is no file", where, "a file of text must stand here")
            return None
        if status.st_size > MAX_BYTES:
            findings.add("DAC001", f"the file is larger than {MAX_BYTES:,} bytes", where, "split it")
            return None
        with path.open("rb") as file:
            return file.read(MAX_BYTES).decode("utf-8")
    except UnicodeDecodeError as error:
        findings.add("DAC001", f"the file is not UTF-8 text (byte {error.start})", where)
    except OSError as error:
        findings.add("DAC001", f"the file cannot be read: {error.strerror}", where)
    return None


def load(path: Path, root: Path, findings: Findings, text: str | None = None) -> Document | None:
    """Read one YAML file below `root`; None (with findings) if it is not valid. `text` is what it holds, if it was read already."""
    text = read_text(path, root, findings) if text is None else text
    if text is None:
        return None
    return parse(text, path.relative_to(root).as_posix(), findings)


def parse(text: str, file: str, findings: Findings) -> Document | None:
    """Read YAML text as `load` does; `file` is the name that locations carry."""
    document = Document(file, None)
    try:
        _look_through(text)
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
        if node is None:
            findings.add("DAC001", "the file is empty", Location(file))
            return None
        document.value = _Builder(document).build(node, ())
    except UnicodeEncodeError:
        findings.add("DAC001", "the file is not UTF-8 text", Location(file))
        return None
    except yaml.YAMLError as error:
        trouble = yamlerrors.explain(error, text)
        findings.add("DAC001", trouble.message, Location(file, trouble.line, trouble.column), trouble.hint)
        return None
    except RecursionError:
        findings.add("DAC001", f"nested deeper than {MAX_DEPTH} levels", Location(file))
        return None
    except _RefusedError as error:
        code, message, mark, hint = error.finding
        findings.add(code, message, Location(file, mark.line + 1, mark.column + 1), hint)
        return None
    return document


def _look_through(text: str) -> None:
    """Refuse what the composer must not be given: it calls itself at each level, and makes a node of each value."""
    if len(text) < 2 * MAX_VALUES and text.count("[") + text.count("{") + _longest(text) < _SHALLOW:
        return
    depth = count = 0
    events: Iterator[yaml.Event] = yaml.parse(text, Loader=yaml.CSafeLoader)
    for event in events:
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        count += isinstance(event, yaml.NodeEvent)
        _refuse_more(depth, count // 2, event.start_mark)


def _longest(text: str) -> int:
    return max(map(len, text.splitlines()), default=0)


def _refuse_more(depth: int, count: int, mark: Any) -> None:
    if depth > MAX_DEPTH:
        raise _RefusedError("DAC001", f"nested deeper than {MAX_DEPTH} levels", mark)
    if count > MAX_VALUES:
        raise _RefusedError("DAC001", f"more than {MAX_VALUES:,} values, aliases expanded", mark, "split the file")


class _Builder:
    def __init__(self, document: Document) -> None:
        self.document = document
        self.count = 0

    def build(self, node: yaml.Node, path: Path_) -> Any:
        self.count += 1
        _refuse_more(len(path), self.count, node.start_mark)
        self.document.places[path] = (node.start_mark.line + 1, node.start_mark.column + 1)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if node.tag not in _STANDARD_TAGS:
            raise _RefusedError("DAC001", f"the tag {node.tag} is not allowed", node.start_mark, "write plain values")
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*path, index)) for index, item in enumerate(node.value)]
        return _scalar(cast("yaml.ScalarNode", node))

    def _mapping(self, node: yaml.MappingNode, path: Path_) -> dict[str, Any]:
        if node.tag not in _STANDARD_TAGS:
            raise _RefusedError("DAC001", f"the tag {node.tag} is not allowed", node.start_mark, "write plain values")
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise _RefusedError("DAC001", "a key must be a text", key_node.start_mark)
            key = key_node.value
            if key == "<<":
                raise _RefusedError(
                    "DAC001", "merge keys (<<) are not supported", key_node.start_mark, "write the keys out"
                )
            if key in result:
                raise _RefusedError(
                    "DAC002",
                    f"the key '{key}' stands twice in the same mapping",
                    key_node.start_mark,
                    "remove one of the two",
                )
            self.document.key_places[(*path, key)] = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
            result[key] = self.build(value_node, (*path, key))
        return result


def _scalar(node: yaml.ScalarNode) -> Any:
    text: str = node.value
    # The C composer marks a plain scalar by an empty style. One that the composer takes for a text is a text.
    if node.style or node.tag == "tag:yaml.org,2002:str":
        return text
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    return text
