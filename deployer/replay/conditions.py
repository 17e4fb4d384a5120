"""Trigger conditions read as what they compute, where they are comparisons of metrics: then windows can be combined here."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

from deployer.model.errors import DeployerError

Values = Mapping[str, Any]
"""The script's `params`: a bucket's metrics (None for one that the bucket lacks) and the condition's own parameters."""

Condition = Callable[[Values], bool]
_Operand = Callable[[Values], Any]

_TOKEN = re.compile(r"\s*(?:params\.([A-Za-z_]\w*)|(\d+(?:\.\d+)?)|(null\b|[<>=!]=|[<>]|&&|\|\||[()]))")
_EQUALITY: Mapping[str, Callable[[Any, Any], bool]] = {"==": operator.eq, "!=": operator.ne}
_ORDER: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class ConditionError(DeployerError):
    """A condition that the server could not evaluate either."""

    code = "condition"


def parse(source: str) -> Condition | None:
    """The condition that a painless source states, or None if it is more than comparisons joined by ``&&`` and ``||``.

    The condition raises ConditionError where it compares in size what a bucket lacks, as the server's script fails there.
    """
    tokens = _tokens(source)
    if tokens is None:
        return None
    try:
        reader = _Reader(tokens)
        condition = reader.any_of()
    except _UnreadableError:
        return None
    return condition if not reader.left else None


def _tokens(source: str) -> list[tuple[str, str]] | None:
    """Pairs of kind (``name``, ``number`` or ``sign``) and text; None for a text that has anything else."""
    found: list[tuple[str, str]] = []
    position, text = 0, source.strip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            return None
        name, number, sign = match.groups()
        found.append(("name", name) if name else ("number", number) if number else ("sign", sign))
        position = match.end()
    return found


class _UnreadableError(Exception):
    pass


class _Reader:
    """Reads by descent: any of (all of (comparison or parenthesis))."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.left = tokens

    def any_of(self) -> Condition:
        parts = [self._all_of()]
        while self._next("||"):
            parts.append(self._all_of())
        return lambda values: any(part(values) for part in parts)

    def _all_of(self) -> Condition:
        parts = [self._single()]
        while self._next("&&"):
            parts.append(self._single())
        return lambda values: all(part(values) for part in parts)

    def _single(self) -> Condition:
        if self._next("("):
            inner = self.any_of()
            if not self._next(")"):
                raise _UnreadableError
            return inner
        left, sign, right = self._operand(), self._take("sign"), self._operand()
        if sign in _EQUALITY:
            equal = _EQUALITY[sign]
            return lambda values: equal(left(values), right(values))
        if sign not in _ORDER:
            raise _UnreadableError
        order = _ORDER[sign]
        return lambda values: order(_number(left(values)), _number(right(values)))

    def _operand(self) -> _Operand:
        kind, text = self.left.pop(0) if self.left else ("", "")
        if kind == "name":
            return lambda values: values.get(text)
        if kind == "number":
            number = float(text)
            return lambda values: number
        if text == "null":
            return lambda values: None
        raise _UnreadableError

    def _next(self, sign: str) -> bool:
        """Whether the next token is this sign, which is taken then."""
        if self.left and self.left[0] == ("sign", sign):
            self.left.pop(0)
            return True
        return False

    def _take(self, kind: str) -> str:
        if not self.left or self.left[0][0] != kind:
            raise _UnreadableError
        return self.left.pop(0)[1]


def _number(value: Any) -> Any:
    if value is None:
        raise ConditionError(
            "the condition compares a metric that a bucket does not have",
            todo="Test for null first: the server's own runs fail on such a bucket.",
        )
    return value
