"""Cron expressions: what the plugin accepts (five fields, as cron-utils reads UNIX crontabs), and how it says no."""

from __future__ import annotations

import re
from dataclasses import dataclass

from deployer.local.service.errors import ServerError, illegal_argument


@dataclass(frozen=True, slots=True)
class _Field:
    low: int
    high: int
    names: tuple[str, ...] = ()
    first_name: int = 0

    def number(self, text: str) -> int | None:
        """Gives the value that a number or a name stands for."""
        if text.isdigit():
            return int(text)
        return self.first_name + self.names.index(text) if text in self.names else None


_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_FIELDS = (_Field(0, 59), _Field(0, 23), _Field(1, 31), _Field(1, 12, _MONTHS, 1), _Field(0, 7, _DAYS, 1))


def check_cron(expression: str) -> None:
    """Raises ServerError unless the plugin accepts the expression."""
    text = re.sub(r"\s+", " ", expression).strip()
    if not text:
        raise illegal_argument("Empty expression!")
    if text.startswith("@"):
        raise illegal_argument("Nicknames not supported!")
    parts = text.upper().split(" ")
    if len(parts) != len(_FIELDS):
        raise illegal_argument(f"Cron expression contains {len(parts)} parts but we expect one of [5]")
    for part, field in zip(parts, _FIELDS, strict=True):
        for item in part.split(","):
            _check_item(item, field)


def _check_item(item: str, field: _Field) -> None:
    base, slash, step = item.partition("/")
    if slash:
        if not step.isdigit():
            raise _failed(f"Invalid chars in expression! Expression: {item} Invalid chars: {step}")
        if not 1 <= int(step) <= field.high:
            raise _failed(f"Period {int(step)} not in range [{max(field.low, 0)}, {field.high}]")
    if base == "*":
        return
    first, dash, last = base.partition("-")
    if base == "?":
        raise _failed("Invalid expression: ?")
    low = _value(first, field)
    if dash and low > _value(last, field):
        raise _failed(f"Invalid range! [{low},{_value(last, field)}]")


def _value(text: str, field: _Field) -> int:
    number = field.number(text)
    if number is None:
        raise _failed(f"Invalid chars in expression! Expression: {text} Invalid chars: {text}")
    if not field.low <= number <= field.high:
        raise _failed(f"Value {number} not in range [{field.low}, {field.high}]")
    return number


def _failed(why: str) -> ServerError:
    return illegal_argument(f"Failed to parse cron expression. {why}")
