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
        if _NUMBER.fullmatch(text):
            return int(text)
        return self.first_name + self.names.index(text) if text in self.names else None


_NUMBER = re.compile(r"\+?[0-9]+")
_WELL_KNOWN = re.compile(r"[0-9*?/,\- ]")
_LARGEST = 2**31 - 1
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_FIELDS = (_Field(0, 59), _Field(0, 23), _Field(1, 31), _Field(1, 12, _MONTHS, 1), _Field(0, 7, _DAYS, 1))
_DAY_OF_WEEK = _FIELDS[4]


def check_cron(expression: str) -> None:
    """Raises ServerError unless the plugin accepts the expression."""
    plain_cron(expression)


def plain_cron(expression: str) -> str:
    """Gives the expression with every field either `*` or a list of numbers, Sunday being 0.

    Raises ServerError where the plugin refuses the expression.
    """
    text = re.sub(r"\s+", " ", expression).strip()
    if not text:
        raise illegal_argument("Empty expression!")
    if text.startswith("@"):
        raise illegal_argument("Nicknames not supported!")
    parts = text.upper().split(" ")
    if len(parts) != len(_FIELDS):
        raise illegal_argument(f"Cron expression contains {len(parts)} parts but we expect one of [5]")
    return " ".join(_plain(part, field) for part, field in zip(parts, _FIELDS, strict=True))


def _plain(part: str, field: _Field) -> str:
    if part.endswith(","):
        raise illegal_argument(f"Invalid field value! Trailing commas not permitted! '{part}'")
    values = {value for item in part.split(",") for value in _values(item, field)}
    if part in ("*", "*/1"):  # any day, which matters where the other field for days is restricted
        return "*"
    if field is _DAY_OF_WEEK:
        values = {value % 7 for value in values}
    return ",".join(map(str, sorted(values)))


def _values(item: str, field: _Field) -> range:
    if item.count("/") > 1:
        raise _failed(f"Invalid expression: {item}")
    base, slash, step = item.partition("/")
    first, last = _bounds(base or ("*" if slash else ""), field, open_end=bool(slash))
    return range(first, last + 1, _step(item, step, field) if slash else 1)


def _step(item: str, step: str, field: _Field) -> int:
    if not _NUMBER.fullmatch(step):
        raise _failed(f"Invalid chars in expression! Expression: {item} Invalid chars: {step}")
    if int(step) > _LARGEST:
        raise _failed(f'For input string: "{step}"')
    if not 1 <= int(step) <= field.high:
        raise _failed(f"Period {int(step)} not in range [{field.low}, {field.high}]")
    return int(step)


def _bounds(base: str, field: _Field, *, open_end: bool) -> tuple[int, int]:
    if base == "*":
        return field.low, field.high
    if base == "?" or "#" in base:
        raise _failed(f"Invalid expression: {base}")
    if "-" not in base or base.startswith("L-"):
        first = _value(base, field)
        return first, field.high if open_end else first
    if base.startswith("-"):
        raise _failed(
            f"Invalid expression! Expression: {base} does not describe a range. Negative numbers are not allowed."
        )
    ends = base.split("-")
    if len(ends) > 2 or not ends[1]:
        raise _failed(f"Missing values for range: {base}")
    first, last = _value(ends[0], field), _value(ends[1], field)
    if first > last:
        raise _failed(f"Invalid range! [{first},{last}]")
    return first, last


def _value(text: str, field: _Field) -> int:
    number = field.number(text)
    if number is None or number > _LARGEST:
        raise _failed(f"Invalid chars in expression! Expression: {text} Invalid chars: {_WELL_KNOWN.sub('', text)}")
    if not field.low <= number <= field.high:
        raise _failed(f"Value {number} not in range [{field.low}, {field.high}]")
    return number


def _failed(why: str) -> ServerError:
    return illegal_argument(f"Failed to parse cron expression. {why}")
