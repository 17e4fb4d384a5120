"""A folder of real logs: files, their lines, their labels, and the log source of each line.

`<platform>/X.ndjson` or `X.log` (also `.gz`), beside it `X.labels.json`: line number (from 0) to
``{malicious, analytic, why, context?, ambiguous?}``. Lines that are not listed are negatives. What is missing or odd is
told in `notes`, and the rest is read.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.real_logs.kinds import PLATFORMS, source_of
from deployer.replay.cut import file_lines

_ROOT = re.compile(r"\s*(<\?xml[^>]*\?>)?\s*</?Events[^>]*>\s*")


@dataclass(frozen=True, slots=True)
class Lines:
    """Some lines of a file that make one event: their numbers, and the document that a shipper would send of them."""

    numbers: tuple[int, ...]
    document: dict[str, Any]


@dataclass(frozen=True, slots=True)
class LogFile:
    """A file as read. `events` are by log source; the numbers of lines that no source of ours reads are in `unmapped`."""

    platform: str
    name: str
    labels: dict[int, dict[str, Any]]
    events: dict[str, tuple[Lines, ...]]
    unmapped: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()


def read(folder: Path) -> Iterator[LogFile]:
    """The files of every platform that is there, in a fixed order."""
    for platform in PLATFORMS:
        for path in sorted((folder / platform).glob("*")) if (folder / platform).is_dir() else ():
            if path.is_file() and path.name.removesuffix(".gz").endswith((".ndjson", ".log")):
                yield _file(platform, path)


def _file(platform: str, path: Path) -> LogFile:
    notes: list[str] = []
    labels = _labels(path.with_name(f"{path.name.removesuffix('.gz').rsplit('.', 1)[0]}.labels.json"), notes)
    by_source: dict[str, list[tuple[int, str]]] = {}
    numbers = set()
    for number, line in _whole(_lines(path, notes)):
        numbers.add(number)
        by_source.setdefault(source_of(platform, line), []).append((number, line))
    if not numbers:
        notes.append("it holds no line")
    if outside := sorted(set(labels) - numbers):
        notes.append(f"labels of lines that it does not have: {', '.join(map(str, outside[:10]))}")
    unmapped = tuple(number for number, _ in by_source.pop("", []))
    events = {source: tuple(_events(source, numbered)) for source, numbered in by_source.items()}
    return LogFile(platform, path.name, labels, events, unmapped, tuple(notes))


def _lines(path: Path, notes: list[str]) -> list[str]:
    """Cut at line feeds only: str.splitlines would also cut at the character 0x1d that stands inside audit records."""
    raw = path.read_bytes()
    if path.suffix == ".gz":
        try:
            raw = gzip.decompress(raw)
        except (OSError, EOFError, zlib.error) as error:
            notes.append(f"cannot be unpacked: {error}")
            raw = b""
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    lines = raw.decode(encoding, "replace").split("\n")
    return [line.rstrip("\r") for line in (lines if lines[-1] else lines[:-1])]


def _whole(lines: list[str]) -> Iterator[tuple[int, str]]:
    """Each line that says something, with its number; an event in XML may go over several lines and counts as its first."""
    open_at, parts = -1, list[str]()
    for number, line in enumerate(lines):
        if open_at < 0 and _frame(lines, number):
            continue
        if open_at >= 0:
            parts.append(line)
            if "</Event>" in line:
                yield open_at, "\n".join(parts)
                open_at = -1
        elif (
            line.lstrip("\ufeff \t").startswith(("<Event", "<?xml"))
            and "</Event>" not in line
            and _closes(lines, number)
        ):
            open_at, parts = number, [line]
        elif line.strip():
            yield number, line


def _frame(lines: list[str], number: int) -> bool:
    """The lines around all events of an export in XML: they are no event."""
    text = lines[number].strip("\ufeff \t")
    after = next((line for line in lines[number + 1 : number + 3] if line.strip()), "")
    return bool(_ROOT.fullmatch(text)) or (text.startswith("<?xml") and "<E" not in text and bool(_ROOT.match(after)))


def _closes(lines: list[str], start: int) -> bool:
    declared = "<?xml" in lines[start] and "<Event" not in lines[start]
    for line in lines[start + 1 : start + 2000]:
        if line.lstrip().startswith(("<Event ", "<Event>")) and not declared:
            return False
        declared = declared and not line.strip()
        if "</Event>" in line:
            return True
    return False


def _labels(path: Path, notes: list[str]) -> dict[int, dict[str, Any]]:
    if not path.exists():
        notes.append("no file of labels beside it: every line counts as a negative")
        return {}
    try:
        read_in = json.loads(path.read_text("utf-8-sig"))
    except (ValueError, OSError) as error:
        notes.append(f"{path.name} cannot be read ({error}): every line counts as a negative")
        return {}
    if not isinstance(read_in, dict):
        notes.append(f"{path.name} is not an object of line numbers: every line counts as a negative")
        return {}
    labels: dict[int, dict[str, Any]] = {}
    odd = []
    for key, value in read_in.items():
        if key.strip().isdigit() and isinstance(value, dict | bool):
            label = value if isinstance(value, dict) else {"malicious": value}
            labels[int(key)] = {**label, "malicious": str(label.get("malicious")).lower() in ("true", "1")}
        else:
            odd.append(key)
    if odd:
        notes.append(f"{path.name}: left out what is no line number with a label: {', '.join(odd[:10])}")
    return labels


def _events(source: str, numbered: list[tuple[int, str]]) -> Iterator[Lines]:
    if source != "linux.auditd":
        for number, line in numbered:
            for document in file_lines([line], "json"):
                yield Lines((number,), document)
        return
    # Joined by serial, as auditbeat does; the numbers of a group are those of its lines, in the order of the lines.
    raw = [(number, line) for number, line in numbered if not line.lstrip().startswith("{")]
    waiting: dict[str, list[int]] = {}
    for number, line in raw:
        waiting.setdefault(line, []).append(number)
    for document in file_lines([line for _, line in raw], "auditd"):
        yield Lines(tuple(waiting[line].pop(0) for line in str(document["message"]).split("\n")), document)
    # Documents: those that hold a record as text are joined too, the rest is whole already.
    held: dict[str, list[tuple[int, dict[str, Any]]]] = {}
    for number, line in numbered:
        if line.lstrip().startswith("{"):
            for document in file_lines([line], "json"):
                message = document.get("message")
                record = (
                    message if isinstance(message, str) and "audit(" in message and "auditd" not in document else ""
                )
                serial = record.partition("audit(")[2].partition(")")[0]
                node = record.partition("node=")[2].split(" ")[0] if "node=" in record else ""
                held.setdefault(f"{node} {serial}" if serial else f"line {number}", []).append((number, document))
    for group in held.values():
        whole = {**group[0][1]}
        if len(group) > 1:
            whole["message"] = "\n".join(str(document["message"]) for _, document in group)
        yield Lines(tuple(number for number, _ in group), whole)
