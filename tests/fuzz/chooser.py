"""Bytes as decisions: the same bytes make the same input, whoever made them up."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, TypeVar

T = TypeVar("T")

ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2.0, 1e308, 10**17, "", " ", "a", "x" * 300, "\n", "5m\n", "\x00", "\x1b[31m", "\u202e", "\ud7ff", "\U0001f600",
    "{{x}}", "{{{x}}}", "{{#toJson}}ctx{{/toJson}}", "[[ x ]]", "env:HOME", "file:/etc/passwd", "../../etc/passwd", "/etc/passwd", "http://127.0.0.1:1/x",
    [], {}, [[]], [{}], {"": ""}, {"a": {"b": ["c"]}}, {"tunable": "Patterns"}, {"use": "discovery"}, {"all": []}, {"any": [{"use": "follow"}]},
    {"field": "process.command_line", "matches": ["/(a|a)*b/"]}, {"field": "process.pid", "gt": "x"}, {"not": {"use": "discovery"}},
    {"$ref": "file:///etc/passwd"}, {"cron": "* * * * *", "timezone": "Europe/Berlin"}, {"interval": "1m"}, "/[/", "net * ... $", "^", "...", "*", "30m",
    "0000000s", "T1049", "XX0001", "discovery", "entity", "sequence", "total", "document", "host", "x.plain", "22:00", "²²:00", "2026-02-30",
)  # fmt: skip
"""Values that something may stumble over."""


class Chooser:
    """Decisions from bytes; where they end, the first choice is taken."""

    def __init__(self, data: bytes) -> None:
        self._data, self._place = data, 0

    def number(self, below: int) -> int:
        """A number from 0 to `below` - 1."""
        taken = self._data[self._place : self._place + 2]
        self._place += 2
        return int.from_bytes(taken) % below if below > 0 else 0

    def one(self, things: Sequence[T]) -> T:
        """One of some things."""
        return things[self.number(len(things))]

    @property
    def more(self) -> bool:
        """Whether there are bytes left."""
        return self._place < len(self._data)

    def rest(self) -> bytes:
        """What is left."""
        found = self._data[self._place :]
        self._place = len(self._data)
        return found


def mutated(value: Any, choose: Chooser) -> Any:
    """A copy of a value in which up to four things are otherwise, mostly for another value of the same type."""
    root = [copy.deepcopy(value)]
    for _ in range(1 + choose.number(4)):
        holder: Any = root
        key: Any = 0
        while isinstance(holder[key], dict | list) and holder[key] and choose.number(9):
            holder = holder[key]
            key = choose.one(list(holder)) if isinstance(holder, dict) else choose.number(len(holder))
        match choose.number(12):
            case 0:
                holder[key] = copy.deepcopy(choose.one(ODD))
            case 6 | 7 | 8 | 9 | 10 | 11:
                like = [odd for odd in ODD if type(odd) is type(holder[key])] or ODD
                holder[key] = copy.deepcopy(choose.one(like))
            case 1 if holder is not root:
                del holder[key]
            case 2 if isinstance(holder, dict):
                holder[str(choose.one(ODD))[:100]] = holder.pop(key)
            case 3 if isinstance(holder, dict):
                holder[str(choose.one(ODD))[:100]] = copy.deepcopy(choose.one(ODD))
            case 4:
                holder[key] = [copy.deepcopy(holder[key])] * choose.number(4)
            case _:
                holder[key] = {choose.one(("all", "any", "not", "use", "a", "value")): copy.deepcopy(holder[key])}
        if not choose.more:
            break
    return root[0]
