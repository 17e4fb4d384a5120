"""Each way to break an event: what it makes of a source's good one, how it must be marked, and whether it still alerts."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.badinput.good import HOST, OTHERS, good, line

MEGABYTE = 1_000_000
COMMAND_SOURCES = ("windows.", "linux.", "macos.", "esxi.", "network.cli")
LOOK_ALIKE = {"a": "\u0430", "e": "\u0435", "o": "\u043e", "s": "\u0455"}
"""Letters of Latin and their doubles in Cyrillic."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A broken event. `text` is sent as it stands (for what json.dumps would not write), else `document` is.

    `tags`: the marks it must carry. `original`: the raw line that must be kept. `alerts`: whether it still must alert
    (if not, it may), as `host` where the host is what is broken.
    """

    kind: str
    document: dict[str, Any] | None = None
    text: str = ""
    tags: frozenset[str] = frozenset()
    original: str = ""
    alerts: bool = False
    host: str = ""

    def json(self) -> str:
        """The document as the request carries it."""
        return self.text or json.dumps(self.document)


def broken(source: str) -> Iterator[Broken]:
    """Every kind, made of the good event of a source."""
    yield from _lines(source)
    yield from _times(source)
    yield from _hosts(source)
    yield from _texts(source)
    yield from _shapes(source)


def _lines(source: str) -> Iterator[Broken]:
    raw = line(source)
    half = raw[: len(raw) * 2 // 3]
    cut = half.startswith("{")
    yield Broken("cut short", {"message": half}, original=half, tags=frozenset({"pipeline_error"} if cut else ()))
    yield Broken(
        "binary",
        {"message": "\x00\x01\x7f\ufffe\ufffd" * 20},
        original="\x00\x01\x7f\ufffe\ufffd" * 20,
        tags=frozenset({"binary"}),
    )
    yield Broken(
        "null bytes in a line", {"message": raw + "\x00\x00"}, original=raw + "\x00\x00", tags=frozenset({"binary"})
    )
    yield Broken("a megabyte of one letter", {"message": "x" * MEGABYTE}, original="x" * MEGABYTE)
    yield Broken("a megabyte of brackets", {"message": "{" * MEGABYTE}, original="{" * MEGABYTE)
    yield Broken("a megabyte of line ends", {"message": "a" + "\n" * MEGABYTE})
    yield Broken("empty line", {"message": ""})
    yield Broken("blank line", {"message": " \t "})
    yield Broken("nothing at all", {})
    yield Broken("null", {"message": None})
    yield Broken("a number for a line", {"message": 42})
    yield Broken("a list for a line", {"message": [raw, 7, None]})
    yield Broken("two lines in one", {"message": f"{raw}\n{raw}"})
    yield Broken("byte order mark", {"message": "\ufeff" + raw}, alerts=cut and HOST in raw)
    yield Broken("JSON that is no object", {"message": "[1, 2]"})
    yield Broken("JSON in JSON in JSON", {"message": json.dumps({"message": json.dumps({"message": raw})})})


def _times(source: str) -> Iterator[Broken]:
    for kind, value, tag in (
        ("in the future", "2926-04-01T10:00:00Z", "timestamp_in_future"),
        ("in the far past", "1971-01-01T00:00:00Z", "timestamp_in_past"),
        ("before the clock began", "0001-01-01T00:00:00Z", "timestamp_missing"),
        ("no time", "yesterday", "timestamp_missing"),
        ("a year of six digits", "+999999-01-01T00:00:00Z", "timestamp_missing"),
        ("a negative number", -1, "timestamp_missing"),
        ("a huge number", 10**18, ""),
        ("an object", {"a": 1}, "timestamp_missing"),
        ("a list", ["2026-04-01T10:00:00Z"], ""),
        ("the thirtieth of February", "2026-02-30T10:00:00Z", "timestamp_missing"),
    ):
        document = {"@timestamp": value, "message": "a line without a time", "host": {"name": HOST}}
        yield Broken(f"time: {kind}", document, tags=frozenset({tag} if tag else ()))
    yield Broken("time: none", {"message": "a line without a time"}, tags=frozenset({"timestamp_missing"}))


def _hosts(source: str) -> Iterator[Broken]:
    if HOST not in line(source):
        return
    for kind, name in (
        ("quotes", "e\"1'`x"),
        ("a line end", "e1\nx"),
        ("braces", "{{e1}}"),
        ("mustache", "{{#a}}x{{/a}}"),
        ("brackets", "<e1>[x](y)"),
        ("backslashes", "e\\1"),
        ("a null byte", "e\x001"),
        ("emoji", "e1\U0001f600"),
        ("another direction", "e1\u202ex"),
        ("look-alike letters", "s\u0435rv\u0435r"),
        ("3,000 letters", "e" * 3000),
    ):
        event = _with_host(source, name)
        tags = frozenset({"host_name_unusual"}) if isinstance(event, dict) else frozenset()
        document = event if isinstance(event, dict) else {"message": event}
        # Braces become parentheses in an entity; a name longer than the mapping takes is no name.
        shown = "unknown-host" if len(name) > 1024 else name.replace("{", "(").replace("}", ")")
        yield Broken(f"host name with {kind}", document, tags=tags, alerts=isinstance(event, dict), host=shown)


def _with_host(source: str, name: str) -> dict[str, Any] | str:
    event = good(source)
    if isinstance(event, str) and not event.startswith("{"):
        return event.replace(HOST, name)
    document = json.loads(event) if isinstance(event, str) else event
    changed: dict[str, Any] = _replaced(document, lambda value: name if value == HOST else value)
    return changed


def _texts(source: str) -> Iterator[Broken]:
    if not source.startswith(COMMAND_SOURCES):
        return
    raw = line(source)
    for old, new in (
        ("netstat", "n\u0435tst\u0430t"),
        ("Get-Net", "G\u0435t-N\u0435t"),
        ("esxcli", "\u0435sxcli"),
        ("sockets", "s\u043eckets"),
    ):
        if old in raw:
            event = good(source)
            shown = json.loads(json.dumps(event).replace(old, json.dumps(new)[1:-1]))
            document = {"message": shown} if isinstance(shown, str) else shown
            yield Broken("look-alike letters in the command", document, tags=frozenset({"look_alike_letters"}))
            break


def _shapes(source: str) -> Iterator[Broken]:
    event = good(source)
    document = json.loads(event) if isinstance(event, str) and event.startswith("{") else event
    if isinstance(document, str):
        document = {"message": document}
    known = HOST in line(source) and "message" not in document
    for path in _paths(document):
        for kind, value in (
            ("a number", 7), ("a huge integer", 10**30), ("a truth value", True), ("null", None), ("a list", [{"a": 1}, "b", 3]),
            ("an object", {"a": {"b": 1}}), ("a list of lists", [[["a"]]]), ("a long text", "\u00e9" * 40_000),
        ):  # fmt: skip
            changed = copy.deepcopy(document)
            _put(changed, path, value)
            yield Broken(f"{'.'.join(map(str, path))}: {kind}", changed)
    yield Broken("deep nesting in a field", {**document, "deep": _nested(200)}, alerts=known)
    yield Broken(
        "deep nesting in a line", {"message": '{"a":' * 5000 + "1" + "}" * 5000}, tags=frozenset({"pipeline_error"})
    )
    yield Broken("many unknown fields", {**document, **{f"field{n}": n for n in range(3000)}}, alerts=known)
    yield Broken("a long unknown value", {**document, "odd": "\u00e9" * 100_000}, alerts=known)
    yield Broken("a long unknown name", {**document, "o" * 5000: "x"}, alerts=known)
    yield Broken(
        "dots and blanks in names",
        {**document, "a..b": 1, ".c": 2, "d.": 3, " ": 4, "": 5, "e.f.g": {"h.i": 6}},
        alerts=known,
    )
    yield Broken("names of the server", {**document, "_id": "x", "_source": {"a": 1}, "_routing": 7})
    yield Broken("a lone half of a character", text=json.dumps(document)[:-1] + ', "odd": "\\ud800"}')
    if source in OTHERS and isinstance(event, str):
        return
    text = json.dumps(document)
    yield Broken("the same name twice in a line", {"message": text[:-1] + ', "odd": 1, "odd": {"a": 2}}'})


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield (*path, key)
            yield from _paths(inner, (*path, key))


def _put(document: Any, path: tuple[Any, ...], value: Any) -> None:
    for key in path[:-1]:
        document = document[key]
    document[path[-1]] = value


def _replaced(value: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(value, dict):
        return {key: _replaced(inner, change) for key, inner in value.items()}
    if isinstance(value, list):
        return [_replaced(inner, change) for inner in value]
    return change(value)


def _nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {"end": 1}
    for _ in range(depth):
        value = {"a": value}
    return value
