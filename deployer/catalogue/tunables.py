"""Whether a value suits a tunable: its type, its bounds, and nothing that would speak to the server's mustache."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from deployer.catalogue import forms
from deployer.catalogue.yamlfile import Document, Path_
from deployer.model import durations, patterns
from deployer.model.analytic import Tunable
from deployer.model.finding import Findings, near

_LISTS = {
    "patterns": 'a list of command patterns, such as [netstat, "net use $"]',
    "strings": "a list of texts, such as [alice, bob]",
}

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def check(tunable: Tunable, value: Any, document: Document, path: Path_, findings: Findings) -> bool:
    """Add a finding for each thing wrong with `value` (at `path` of `document`) as a value of `tunable`; True if none."""
    before = len(findings.items)
    _Check(tunable, document, path, findings).run(value)
    return len(findings.items) == before


def check_braces(value: Any, name: str, document: Document, path: Path_, findings: Findings) -> bool:
    """Add a finding if a value (at `path` of `document`) would speak at the server's mustache stage; True if not."""
    if not isinstance(value, str) or ("{{" not in value and "}}" not in value):
        return True
    findings.add(
        "DAC006",
        f"{name} has double braces in '{value:.60}'",
        document.where(*path),
        "the server reads {{ and }} as a template of its own; write the value without them",
    )
    return False


class _Check:
    def __init__(self, tunable: Tunable, document: Document, path: Path_, findings: Findings) -> None:
        self.tunable, self.document, self.path, self.findings = tunable, document, path, findings

    def run(self, value: Any) -> None:
        match self.tunable.type:
            case "patterns" | "strings":
                self._list(value)
            case "integer":
                if self._typed(value, int, "a whole number, such as 5"):
                    self._bounds(value, value)
            case "duration":
                self._duration(value)
            case "boolean":
                self._typed(value, bool, "true or false, without quotes")
            case "choice":
                choices = self.tunable.bounds.get("choices", [])
                if self._typed(value, str, f"one of the texts {', '.join(map(str, choices))}") and value not in choices:
                    self._add(f"is '{value}'", hint=near(value, choices))
            case _:
                self._windows(value)

    def _add(self, message: str, *rest: str | int, hint: str = "") -> None:
        self.findings.add(
            "DAC005",
            f"{self.tunable.name} {message}",
            self.document.where(*self.path, *rest),
            hint or self.tunable.description,
        )

    def _typed(self, value: Any, kind: type, words: str, *rest: str | int, item: bool = False) -> bool:
        if isinstance(value, kind) and not (kind is int and isinstance(value, bool)):
            return True
        self._add(f"must be {words}, and {'an item ' if item else ''}is {forms.kind(value)}", *rest)
        return False

    def _list(self, value: Any) -> None:
        if not self._typed(value, list, _LISTS[self.tunable.type]):
            return
        low, high = self.tunable.bounds.get("min_items", 0), self.tunable.bounds.get("max_items", 1000)
        if not low <= len(value) <= high:
            self._add(f"must have {low} to {high} items, and has {len(value)}")
        for index, item in enumerate(value):
            if not self._typed(item, str, _LISTS[self.tunable.type], index, item=True):
                continue
            if not check_braces(item, self.tunable.name, self.document, (*self.path, index), self.findings):
                continue
            if not item.strip():
                self._add("has an empty item", index)
            elif self.tunable.type == "patterns":
                try:
                    patterns.parse(item)
                except ValueError as error:
                    self._add(f"has a pattern that cannot be read: {error}", index)

    def _bounds(self, value: int, shown: Any) -> None:
        low, high = self.tunable.bounds.get("minimum"), self.tunable.bounds.get("maximum")
        if low is not None and value < _number(low):
            self._add(f"is {shown}, and must be at least {low}")
        if high is not None and value > _number(high):
            self._add(f"is {shown}, and must be at most {high}")

    def _duration(self, value: Any) -> None:
        if not self._typed(value, str, "a duration such as 30m"):
            return
        try:
            self._bounds(durations.seconds(value), value)
        except ValueError as error:
            self._add(f"cannot be read: {error}")

    def _windows(self, value: Any) -> None:
        if (
            not isinstance(value, dict)
            or set(value) != {"timezone", "windows"}
            or not isinstance(value["windows"], list)
        ):
            self._add(
                "must have timezone and windows",
                hint="{timezone: Europe/Berlin, windows: [{days: [mon], from: '22:00', to: '04:00'}]}",
            )
            return
        try:
            ZoneInfo(str(value["timezone"]))
        except (KeyError, ValueError, OSError):
            self._add(
                f"names no time zone: '{value['timezone']}'", "timezone", hint="an IANA name such as Europe/Berlin"
            )
        for index, window in enumerate(value["windows"]):
            self._window(window, index)

    def _window(self, window: Any, index: int) -> None:
        if (
            not isinstance(window, dict)
            or set(window) != {"days", "from", "to"}
            or not isinstance(window.get("days"), list)
        ):
            self._add("has a window that is not {days, from, to}", "windows", index)
            return
        for day in window["days"]:
            if day not in DAYS:
                self._add(f"names no day: '{day}'", "windows", index, "days", hint=f"days: {', '.join(DAYS)}")
        for name in ("from", "to"):
            if minute_of_day(str(window[name])) is None:
                self._add(
                    f"has no time of day in {name}: '{window[name]}'",
                    "windows",
                    index,
                    name,
                    hint="from '00:00' to '24:00'",
                )


def _number(bound: int | str) -> int:
    return durations.seconds(bound) if isinstance(bound, str) else bound


def minute_of_day(text: str) -> int | None:
    """The minute of the day of ``HH:MM`` (``24:00`` is 1440), or None."""
    hour, colon, minute = text.partition(":")
    if not (colon and (hour + minute).isascii() and (hour + minute).isdigit() and len(hour) == len(minute) == 2):
        return None
    value = int(hour) * 60 + int(minute)
    return value if int(minute) < 60 and value <= 1440 else None
