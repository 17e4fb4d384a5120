"""A request's body as the server's own parser reads it: tokens with their places, and the values read from them.

The node tokenizes (java/TokensHandler.java); this is the parser the plugin's classes pull from, with its coercions and errors.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

from deployer.local.service.errors import (
    Failure,
    Json,
    ServerError,
    failure,
    from_module,
    illegal_argument,
    illegal_state,
    parsing_error,
)

START_OBJECT, END_OBJECT = "START_OBJECT", "END_OBJECT"
START_ARRAY, END_ARRAY = "START_ARRAY", "END_ARRAY"
FIELD_NAME, VALUE_NULL = "FIELD_NAME", "VALUE_NULL"
VALUE_STRING, VALUE_NUMBER, VALUE_BOOLEAN = "VALUE_STRING", "VALUE_NUMBER", "VALUE_BOOLEAN"

_JACKSON = "com.fasterxml.jackson.core.JsonParseException"
_HIDDEN = "[Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: {}, column: {}]"


@dataclass(frozen=True, slots=True)
class Token:
    """A token: its type, its text (names and values), the name it stands under, and where it begins, counted from 1."""

    type: str
    text: str | None
    name: str | None
    line: int
    column: int


class Parser:
    """Pulls tokens. Before the first `next()` it stands nowhere; after the last token `type` is None."""

    def __init__(self, tokens: list[Token], parsed: dict[int, Json], broken: Failure | None) -> None:
        self._tokens = tokens
        self._parsed = parsed
        self._broken = broken
        self._at = -1

    def restarted(self) -> Parser:
        """Gives a parser of the same body that stands before its first token."""
        return Parser(self._tokens, self._parsed, self._broken)

    @property
    def type(self) -> str | None:
        """The type of the current token."""
        return self._tokens[self._at].type if 0 <= self._at < len(self._tokens) else None

    @property
    def name(self) -> str | None:
        """The name the current token stands under; None in an array."""
        return self._tokens[self._at].name if 0 <= self._at < len(self._tokens) else None

    def next(self) -> str | None:
        """Goes to the next token and gives its type. Raises ServerError where the body is broken."""
        self._at += 1
        if self._at < len(self._tokens):
            return self._tokens[self._at].type
        if self._broken is not None:
            raise ServerError(self._broken)
        if self._at > len(self._tokens) + 1:
            # The plugin would ask for ever.
            raise illegal_state("the body ends where more was expected")
        return None

    def expect(self, wanted: str) -> None:
        """Raises ServerError unless the current token is of that type."""
        if self.type != wanted:
            found = self.type or "null"
            message = f"Failed to parse object: expecting token of type [{wanted}] but found [{found}]"
            raise parsing_error(message, *self._place())

    def unknown_token(self) -> ServerError:
        """Gives the error for a token that cannot be parsed where it stands."""
        return parsing_error(f"Failed to parse object: unexpected token [{self.type}] found", *self._place())

    def not_registered(self, category: str, name: str) -> ServerError:
        """Gives the error for a named object that the server has no parser for."""
        line, column = self._place()
        message = f"[{line}:{column}] unable to parse {category} with name [{name}]: parser not found"
        java_class = "org.opensearch.core.xcontent.NamedObjectNotFoundException"
        return ServerError(failure(java_class, message, kind="argument", status=400))

    def text(self) -> str:
        """Gives a value as text, whatever its type; null, objects and arrays are errors."""
        token = self._current()
        if token.type not in (VALUE_STRING, VALUE_NUMBER, VALUE_BOOLEAN):
            raise illegal_state(f"Can't get text on a {token.type} at {token.line}:{token.column}")
        return token.text or ""

    def text_or_none(self) -> str | None:
        """Gives a value as text, None for null."""
        return None if self.type == VALUE_NULL else self.text()

    def boolean(self) -> bool:
        """Gives true or false, also from the texts."""
        token = self._current()
        if token.type in (VALUE_BOOLEAN, VALUE_STRING):
            if token.text in ("true", "false", ""):
                return token.text == "true"
            raise illegal_argument(f"Failed to parse value [{token.text}] as only [true] or [false] are allowed.")
        raise self._jackson(f"Current token ({_jackson_type(token)}) not of boolean type")

    def integer(self, bits: int = 32) -> int:
        """Gives a whole number, also from a text or a fraction, whose rest is dropped."""
        token = self._current()
        kind = "int" if bits == 32 else "long"
        low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
        if token.type == VALUE_STRING:
            text = (token.text or "").strip()
            if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?[dDfF]?", text):
                why = f'For input string: "{token.text}"' if text or bits == 64 else "empty String"
                java_class = "java.lang.NumberFormatException" if bits == 32 else "java.lang.IllegalArgumentException"
                raise ServerError(failure(java_class, why, kind="argument", status=400))
            number = math.trunc(float(text.rstrip("dDfF"))) if bits == 32 else int(float(text.rstrip("dDfF")))
            if not low <= number <= high:
                article = "an integer" if bits == 32 else "a long"
                raise illegal_argument(f"Value [{token.text}] is out of range for {article}")
            return number
        if token.type != VALUE_NUMBER:
            message = f"Current token ({_jackson_type(token)}) not numeric, can not use numeric value accessors"
            raise self._jackson(message)
        text = token.text or ""
        number = int(text) if re.fullmatch(r"-?\d+", text) else math.trunc(float(text))
        if not low <= number <= high:
            message = f"Numeric value ({text}) out of range of {kind} ({low} - {high})"
            raise self._jackson(message, "com.fasterxml.jackson.core.exc.InputCoercionException")
        return number

    def instant(self) -> int | None:
        """Gives a time in milliseconds since 1970, None for null."""
        token = self._current()
        if token.type == VALUE_NULL:
            return None
        if token.type in (VALUE_STRING, VALUE_NUMBER, VALUE_BOOLEAN):
            return self.integer(64)
        raise self.unknown_token()

    def skip_children(self) -> None:
        """Goes to the end of the object or array that begins at the current token, if one does."""
        if self.type not in (START_OBJECT, START_ARRAY):
            return
        depth = 1
        while depth:
            kind = self.next()
            depth += (kind in (START_OBJECT, START_ARRAY)) - (kind in (END_OBJECT, END_ARRAY))

    def value(self) -> Any:
        """Gives the JSON value that begins at the current token, going to its end."""
        token = self._current()
        if token.type == START_OBJECT:
            result: Json = {}
            while self.next() != END_OBJECT:
                name = self.name or ""
                self.next()
                result[name] = self.value()
            return result
        if token.type == START_ARRAY:
            items = []
            while self.next() != END_ARRAY:
                items.append(self.value())
            return items
        return _plain(token)

    def map(self) -> Json:
        """Gives the JSON object at the current token; an empty one where there is none, as the server's parser does."""
        if self.type is None:
            self.next()
        if self.type == START_OBJECT:
            return dict(self.value())
        return {}

    def texts(self) -> list[str]:
        """Gives an array of texts."""
        self.expect(START_ARRAY)
        found = []
        while self.next() != END_ARRAY:
            found.append(self.text())
        return found

    def part(self) -> Json:
        """Gives what the server read from here (a query, a script, a bucket condition), going to the token it ended on.

        `value` is what it writes back. Raises ServerError if it could not read it.
        """
        part = self._parsed.get(self._at)
        if part is None:
            raise self.unknown_token()
        if "error" in part:
            raise ServerError(from_module(part["error"]))
        self._at = int(part["end"])
        return part

    def _current(self) -> Token:
        if not 0 <= self._at < len(self._tokens):
            raise illegal_state("Can't get text on a null at 1:1")
        return self._tokens[self._at]

    def _place(self) -> tuple[int, int]:
        token = self._tokens[min(max(self._at, 0), len(self._tokens) - 1)]
        return token.line, token.column

    def _jackson(self, message: str, java_class: str = _JACKSON) -> ServerError:
        token = self._current()
        # The JSON parser has read on to the token's end.
        width = {VALUE_NUMBER: len(token.text or ""), VALUE_NULL: 4, START_OBJECT: 1, START_ARRAY: 1}.get(token.type, 1)
        where = _HIDDEN.format(token.line, token.column + width)
        return ServerError(failure(java_class, f"{message}\n at {where}", status=400))


def read_tokens(answer: Json) -> Parser:
    """Reads the answer of the node's `/_local/tokens`."""
    tokens: list[Token] = []
    stack: list[str | None] = []
    field: str | None = None
    for kind, text, line, column in answer["tokens"]:
        if kind == FIELD_NAME:
            field = text
            tokens.append(Token(kind, text, field, line, column))
        elif kind in (START_OBJECT, START_ARRAY):
            tokens.append(Token(kind, None, field, line, column))
            stack.append(field)
            field = None
        elif kind in (END_OBJECT, END_ARRAY):
            field = stack.pop()
            tokens.append(Token(kind, None, field, line, column))
            field = None
        else:
            tokens.append(Token(kind, text, field, line, column))
            field = None
    parsed = {int(number): part for number, part in answer["parsed"].items()}
    broken = from_module(answer["broken"]) if "broken" in answer else None
    return Parser(tokens, parsed, broken)


def _jackson_type(token: Token) -> str:
    if token.type == VALUE_NUMBER:
        return "VALUE_NUMBER_INT" if re.fullmatch(r"-?\d+", token.text or "") else "VALUE_NUMBER_FLOAT"
    if token.type == VALUE_BOOLEAN:
        return f"VALUE_{(token.text or '').upper()}"
    return token.type


def _plain(token: Token) -> Any:
    text = token.text or ""
    if token.type == VALUE_STRING:
        return text
    if token.type == VALUE_BOOLEAN:
        return text == "true"
    if token.type == VALUE_NUMBER:
        return int(text) if re.fullmatch(r"-?\d+", text) else float(text)
    return None
