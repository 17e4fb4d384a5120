"""Pairs of raw input and expected output, as the folders `reference/` of a folder of real logs hold them.

| file | raw | expected |
| --- | --- | --- |
| ``X.log`` and ``X.log-expected.json`` | its lines | ``{"expected": [...]}``, one for each event, null where it was dropped |
| ``X.json`` and ``X.json-expected.json`` | ``{"events": [...]}``, as the shipper sends them | the same |
| ``X-expected.json`` alone | `event.original`, or the line of a raw file of the platform that starts at `log.offset` | a list, keys with dots |
| ``X.evtx`` and ``X.evtx.golden.json`` | the records of the Windows log | a list, keys with dots or not |
| a file with ``input`` and ``expected`` | ``input.message`` | one event |
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.real_logs.kinds import PLATFORMS, source_of


@dataclass(frozen=True, slots=True)
class Event:
    """A raw event as a document for a log source, and what the reference makes of it: field to value, lists for many."""

    source: str
    document: Mapping[str, Any]
    expected: Mapping[str, Any]
    number: int


@dataclass(frozen=True, slots=True)
class Pair:
    """A pair of files. `note` says why it cannot be compared if it has no events."""

    platform: str
    name: str
    events: tuple[Event, ...]
    note: str = ""

    @property
    def family(self) -> str:
        """The reference that it belongs to, such as ``integrations_auditd`` or ``sekoia/cisco_ios``."""
        return self.name.rpartition("/")[0]


def read(folder: Path) -> Iterator[Pair]:
    """The pairs of every platform that has a folder `reference`."""
    for platform in PLATFORMS:
        top = folder / platform / "reference"
        for path in sorted(top.rglob("*.json")) if top.is_dir() else ():
            name = str(path.relative_to(top)).removesuffix("-expected.json").removesuffix(".golden.json")
            content = json.loads(path.read_text("utf-8"))
            if path.name.endswith("-expected.json"):
                yield _pair(platform, name, _beside(folder / platform, path, content))
            elif path.name.endswith(".golden.json"):
                yield _pair(
                    platform, name, _windows_log(path.with_name(path.name.removesuffix(".golden.json")), content)
                )
            elif isinstance(content, dict) and {"input", "expected"} <= set(content):
                yield _pair(platform, name, [({"message": content["input"]["message"]}, content["expected"])])


def flat(value: Any, prefix: str = "") -> dict[str, Any]:
    """A document as field to value; several values of a field, also from a list of objects, are a list."""
    if isinstance(value, dict):
        fields: dict[str, Any] = {}
        for key, inner in value.items():
            for name, one in flat(inner, f"{prefix}.{key}" if prefix else key).items():
                fields[name] = [*_many(fields[name]), *_many(one)] if name in fields else one
        return fields
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        fields = {}
        for item in value:
            for name, one in flat(item, prefix).items():
                fields[name] = [*_many(fields[name]), *_many(one)] if name in fields else one
        return fields
    return {prefix: value}


Raw = list[tuple[dict[str, Any], dict[str, Any] | None]] | str


def _pair(platform: str, name: str, raw: Raw) -> Pair:
    if isinstance(raw, str):
        return Pair(platform, name, (), raw)
    # A file goes to one log source, as its shipper is configured: the one that most of its lines belong to.
    sources = Counter(
        source_of(platform, str(document["message"]) if set(document) == {"message"} else json.dumps(document))
        for document, _ in raw
    )
    source = sources.most_common(1)[0][0]
    events = []
    for number, (document, expected) in enumerate(raw):
        if expected is not None:
            fields = flat(expected)
            events.append(Event(source, _read_by(document, fields), fields, number))
    return Pair(platform, name, tuple(events))


def _read_by(document: dict[str, Any], expected: Mapping[str, Any]) -> dict[str, Any]:
    """A raw line with the time at which its shipper read it; the year of a date without one comes from there."""
    at = expected.get("@timestamp")
    if set(document) != {"message"} or not isinstance(at, str):
        return document
    return {**document, "event": {"created": f"{at[:4]}-12-31T23:59:59Z"}}


def _beside(platform: Path, path: Path, content: Any) -> Raw:
    expected = content["expected"] if isinstance(content, dict) else content
    raw = path.with_name(path.name.removesuffix("-expected.json"))
    if raw.suffix == ".json" and raw.exists():
        return list(zip(json.loads(raw.read_text("utf-8"))["events"], expected, strict=True))
    lines: list[Any]
    if raw.exists():
        lines = _joined(_lines(raw), len(expected))
        if len(lines) != len(expected):
            return f"{len(lines)} lines and {len(expected)} expected events"
        return [({"message": line}, one) for line, one in zip(lines, expected, strict=True)]
    flattened = [flat(one) for one in expected]
    if all(one.get("event.original") for one in flattened):
        return [({"message": one["event.original"]}, full) for one, full in zip(flattened, expected, strict=True)]
    offsets = [one.get("log.offset") for one in flattened]
    for file in sorted(platform.glob("*.log")):
        starts = _starts(file)
        if all(offset in starts for offset in offsets) and len(offsets) > 1:
            return [({"message": starts[offset]}, one) for offset, one in zip(offsets, expected, strict=True)]
    return "its raw text is not in the folder"


def _lines(path: Path) -> list[str]:
    return [line.rstrip("\r") for line in path.read_text("utf-8").split("\n") if line.strip()]


def _joined(lines: list[str], wanted: int) -> list[str]:
    """Lines that begin with a blank continue the one before, if that gives as many events as are expected."""
    joined: list[str] = []
    for line in lines:
        if joined and line[0] in " \t":
            joined[-1] += f"\n{line}"
        else:
            joined.append(line)
    return joined if len(lines) != wanted == len(joined) else lines


def _starts(path: Path) -> dict[int, str]:
    """The lines of a file by the byte at which each begins."""
    at, starts = 0, {}
    for line in path.read_bytes().split(b"\n"):
        starts[at] = line.decode("utf-8", "replace").rstrip("\r")
        at += len(line) + 1
    return starts


def _windows_log(path: Path, expected: list[dict[str, Any]]) -> Raw:
    try:
        from evtx import PyEvtxParser
    except ImportError:
        return "reading it needs the package evtx"
    if not path.exists():
        return "its Windows log is not in the folder"
    # As XML, which is what the event log itself gives. The references leave out records that they could not read.
    records = [record["data"] for record in PyEvtxParser(str(path)).records()]
    if len(records) != len(expected):
        return f"{len(records)} records and {len(expected)} expected events"
    return [({"message": record}, one) for record, one in zip(records, expected, strict=True)]


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
