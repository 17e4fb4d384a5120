"""Mutable elements as typed tunables: a guess by their words, for a person to correct.

ATT&CK gives a name and a sentence, and no type and no value. So a default is what changes nothing (an empty list), or a
number that the sentence itself gives.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from deployer.model import durations
from deployer.model.attack import MutableElement

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
LONGEST = 64
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")

_HOURS = {"hours", "hour", "maintenance", "schedule", "calendar", "weekend", "offhours", "businesshours"}
_TIMES = {
    "window",
    "interval",
    "duration",
    "timeout",
    "delay",
    "period",
    "lag",
    "minutes",
    "seconds",
    "days",
    "lifetime",
}
_NUMBERS = {
    "threshold", "count", "limit", "frequency", "rate", "score", "ratio", "size", "length", "velocity", "depth", "volume",
    "number", "max", "min", "maximum", "minimum", "percent", "percentage", "deviation", "sensitivity", "cardinality",
}  # fmt: skip
_COMMANDS = {"command", "commands", "cmdlet", "cmdlets", "commandline", "cli", "utility", "utilities"}
_NOT_COMMANDS = {"depth", "source", "interpreter", "user", "origin", "type", "context", "scope"}
_SWITCHES = {"enabled", "enable", "required", "require", "check", "toggle", "flag", "ignore", "enforce", "enforced"}
_COUNTED = {"frequency", "count", "burst", "rate", "alert", "execution", "query", "attempt", "attempts", "failure", "event", "events"}  # fmt: skip
_MEASURED = {"entropy", "size", "length", "score", "ratio", "percent", "volume", "anomaly", "velocity", "cpu", "memory", "age", "bytes", "kb", "mb", "gb", "similarity", "confidence"}  # fmt: skip

_DURATION = re.compile(
    r"(?<![\w.])(\d{1,4})\s*[- ]?(seconds?|secs?|minutes?|mins?|hours?|hrs?|h|days?|d)\b", re.IGNORECASE
)
_AMOUNT = re.compile(r"(?<![\w.:/-])(\d{1,6})(?![\w.:/-])")
_DAY = 86_400


@dataclass(frozen=True, slots=True)
class TypedElement:
    """A tunable: its name here, its name there, type, description, default and bounds, as they are written."""

    name: str
    called: str
    type: str
    description: str
    default: Any
    bounds: Mapping[str, Any]

    @property
    def counts_events(self) -> bool:
        """Whether it says, by its name, of how many events there is an alert."""
        words = _words(self.called)
        return self.type == "integer" and "threshold" in words and bool(words & _COUNTED) and not words & _MEASURED

    @property
    def spans_time(self) -> bool:
        """Whether it says, by its name, within which time events belong together."""
        return self.type == "duration" and bool(_words(self.called) & {"window", "interval", "period"})


def typed(elements: Iterable[MutableElement]) -> tuple[TypedElement, ...]:
    """The elements as tunables, each with a name of its own."""
    found: dict[str, TypedElement] = {}
    for element in elements:
        name = _apart(_identifier(element.field), found)
        kind = _type(element)
        default, bounds = _value(kind, element.description)
        found[name] = TypedElement(name, element.field, kind, element.description, default, bounds)
    return tuple(found.values())


def _identifier(text: str) -> str:
    """A name that a tunable may have: as it is, or its words put together."""
    if _NAME.fullmatch(text):
        return text
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
    parts = re.findall(r"[A-Za-z0-9_]+", plain)
    name = "".join([*parts[:1], *(part[:1].upper() + part[1:] for part in parts[1:])]).lstrip("_")[:LONGEST]
    if not name or not name[0].isalpha():
        name = f"Tunable{name}"[:LONGEST]
    return name


def _apart(name: str, taken: Mapping[str, Any]) -> str:
    """The name, with a number if it is taken."""
    number, wanted = 1, name
    while wanted in taken:
        number += 1
        wanted = f"{name[: LONGEST - len(str(number))]}{number}"
    return wanted


def _words(text: str) -> set[str]:
    return {word.lower() for word in _WORDS.findall(text)}


def _type(element: MutableElement) -> str:
    words, said = _words(element.field), element.description.casefold()
    if words & _HOURS or ("window" in words and re.search(r"business hours|working hours|off-hours|maintenance|change window", said)):  # fmt: skip
        return "time_windows"
    if words & _NUMBERS and not (words & _TIMES and not words & {"threshold", "count", "limit", "frequency", "rate"}):
        return "integer"
    if words & _TIMES:
        return "duration"
    if words & _SWITCHES:
        return "boolean"
    if words & _COMMANDS and not words & _NOT_COMMANDS:
        return "patterns"
    return "strings"


def _value(kind: str, description: str) -> tuple[Any, dict[str, Any]]:
    """A default of the type, and bounds that it lies in."""
    match kind:
        case "duration":
            return _duration(description)
        case "integer":
            # The first number that is no part of an address, a version or an id.
            found = next((int(number) for number in _AMOUNT.findall(description) if int(number) > 0), 1)
            return found, {"minimum": 1, "maximum": max(1_000_000, found)}
        case "boolean":
            return False, {}
        case "time_windows":
            return {"timezone": "UTC", "windows": []}, {}
        case _:
            return [], {}


def _duration(description: str) -> tuple[str, dict[str, Any]]:
    found = _DURATION.search(description)
    text = f"{int(found[1])}{found[2][0].lower()}" if found and int(found[1]) else "10m"
    seconds = durations.seconds(text)
    return text, {"minimum": text if seconds < 60 else "1m", "maximum": text if seconds > _DAY else "24h"}
