"""A request as the server's REST layer sees it: its parameters with the server's own errors, and the answer to it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, unquote_plus, urlencode

from deployer.local.service.errors import Json, ServerError, failure, from_answer, illegal_argument, illegal_state
from deployer.local.service.node import Node
from deployer.local.service.tokens import Parser, read_tokens
from deployer.model.errors import DeployerError

_FORM = ("filter_path", "pretty", "human", "format")
_ALWAYS = (*_FORM, "error_trace")
_KINDS = ("application/json", "application/x-ndjson", "application/yaml", "application/smile", "application/cbor")
_REFRESH = {"": "true", "true": "true", "false": "false", "wait_for": "wait_for"}
_TIME_UNITS = {"nanos": 1e-6, "micros": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4, "h": 3.6e6, "d": 8.64e7}


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: its status and its body, JSON or a text that is sent as it is. `location` and `allow` become headers."""

    status: int
    body: Any
    location: str | None = None
    allow: str | None = None


@dataclass(slots=True)
class Call:
    """A request. Every parameter has to be asked for before `done()`: the server refuses those that nobody asks for."""

    node: Node
    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    content: bytes
    query_text: str = ""
    in_path: dict[str, str] = field(default_factory=dict)
    _asked: set[str] = field(default_factory=set)

    @property
    def uri(self) -> str:
        """The path with the query, as it came."""
        return self.path + (f"?{self.query_text}" if self.query_text else "")

    def text(self, name: str, default: str | None = None) -> str | None:
        """Gives a parameter of the path or the query as text."""
        self._asked.add(name)
        return self.in_path.get(name, self.query.get(name, default))

    def word(self, name: str, default: str) -> str:
        """Gives a parameter as text that has a default."""
        value = self.text(name)
        return default if value is None else value

    def integer(self, name: str, default: int, *, bits: int = 32) -> int:
        """Gives a whole number. Raises ServerError for a text that is none."""
        value = self.text(name)
        if value is None:
            return default
        limit = 2 ** (bits - 1)
        if not re.fullmatch(r"[+-]?\d+", value, re.ASCII) or not -limit <= int(value) < limit:
            kind = "int" if bits == 32 else "long"
            raise _not_a_number(f"Failed to parse {kind} parameter [{name}] with value [{value}]", value)
        return int(value)

    def flag(self, name: str, default: bool) -> bool:
        """Gives true or false; a parameter without a value is true."""
        value = self.text(name)
        if value is None:
            return default
        if value not in ("", "true", "false"):
            raise illegal_argument(f"Failed to parse value [{value}] as only [true] or [false] are allowed.")
        return value != "false"

    def milliseconds(self, name: str, default: int) -> int:
        """Gives a length of time ("5m") in milliseconds."""
        value = self.text(name)
        return default if value is None else time_value(value, name)

    def refresh(self) -> str:
        """Gives when the change shall be seen by searches: at once, unless asked otherwise."""
        value = self.word("refresh", "true")
        if value not in _REFRESH:
            raise illegal_argument(f"Unknown value for refresh: [{value}].")
        return _REFRESH[value]

    async def parser(self, *, search: bool = False) -> Parser:
        """Gives a parser of the body that stands before its first token. Raises ServerError where there is none.

        `search` says that the whole body is a search.
        """
        names = ("content-type", "content-encoding") if self.content else ()
        headers = {name: self.headers[name] for name in names if name in self.headers}
        path = f"/_local/tokens?search={str(search).lower()}"
        response = await self.node.raw("POST", path, self.content, headers)
        answer = response.json()
        if response.status_code >= 300:
            what = answer.get("error", {})
            if not isinstance(what, dict):
                raise RefusedError(Reply(response.status_code, answer))
            raise ServerError(from_answer(response.status_code, answer))
        return read_tokens(answer)

    async def search_source(self) -> Json:
        """Gives the search in the body or in the parameter `source` as the server writes it. Raises ServerError if it is none."""
        self._asked |= {"source", "source_content_type"}
        if not self.content:
            self._take_source()
        parser = await self.parser(search=True)
        source: Json = parser.part()["value"]
        return source

    def _take_source(self) -> None:
        source, kind = self.query.get("source"), self.query.get("source_content_type")
        if source is None:
            message = "request body or source parameter is required"
            raise ServerError(failure("org.opensearch.OpenSearchParseException", message, status=400))
        if kind is None:
            raise illegal_state("source and source_content_type parameters are required")
        if kind.partition(";")[0].strip().lower() not in _KINDS:
            raise illegal_state(f"Unknown value for source_content_type [{kind}]")
        self.content = source.encode()
        self.headers = {**self.headers, "content-type": kind}

    def done(self, *answered: str) -> None:
        """Says that every parameter was asked for. `answered` are those that only the answer needs.

        Raises ServerError for parameters nobody asked for, with what they may have meant.
        """
        unknown = sorted(name for name in self.query if name not in self._asked and name not in (*_ALWAYS, *answered))
        if unknown:
            known = {*self._asked, *answered, *_ALWAYS}
            raise illegal_argument(unrecognized(self.path, unknown, known))
        self._asked |= set(answered)


class RefusedError(DeployerError):
    """Carries an answer that is not an exception's JSON."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(f"an answer with status {reply.status}")
        self.reply = reply


def split_query(text: str) -> dict[str, str]:
    """Gives the parameters of a query string; the last of several with one name counts."""
    query = {}
    for part in text.split("&") if text else []:
        name, _, value = part.partition("=")
        if name:
            query[unquote_plus(name)] = unquote_plus(value)
    return query


def decode(part: str) -> str:
    """Gives a part of a path without its escapes."""
    return unquote(part)


def time_value(text: str, name: str) -> int:
    """Gives the milliseconds of a length of time as the server reads it. Raises ServerError as the server refuses it."""
    lowered = text.lower().strip()
    match = re.fullmatch(r"(.*?)(nanos|micros|ms|s|m|h|d)", lowered)
    if lowered in ("-1", "0"):
        return int(lowered)
    if match is None:
        message = (
            f"failed to parse setting [{name}] with value [{text}] as a time value: unit is missing or unrecognized"
        )
        raise illegal_argument(message)
    digits = match[1].strip()
    if re.fullmatch(r"[+-]?\d+", digits, re.ASCII) and abs(int(digits)) < 2**63:
        amount = int(digits)
        if amount < -1 or (amount < 0 and match[2] != "ms"):
            message = f"failed to parse setting [{name}] with value [{text}] as a time value: negative durations are not supported"
            raise illegal_argument(message)
        return math.trunc(amount * _TIME_UNITS[match[2]])
    if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?[df]?", digits, re.ASCII):
        raise _not_a_number(f"failed to parse [{text}], fractional time values are not supported", digits)
    raise _not_a_number(f"failed to parse [{text}]", digits)


def unrecognized(path: str, unknown: list[str], known: set[str]) -> str:
    """Gives the server's sentence on parameters it does not know, with the known ones that are most like them."""
    parts = []
    for name in unknown:
        scored = [(_likeness(name, other), other) for other in known]
        near = sorted(((score, other) for score, other in scored if score > 0.5), key=lambda pair: (-pair[0], pair[1]))
        hint = ""
        if len(near) == 1:
            hint = f" -> did you mean [{near[0][1]}]?"
        elif near:
            hint = f" -> did you mean any of [{', '.join(other for _, other in near)}]?"
        parts.append(f"[{name}]{hint}")
    return f"request [{path}] contains unrecognized parameter{'s' if len(unknown) > 1 else ''}: {', '.join(parts)}"


async def in_form(call: Call, reply: Reply, *, failed: bool) -> tuple[int, bytes, str]:
    """Gives status, bytes and content type of an answer in the form the request asks for (pretty, filter_path, ..)."""
    if isinstance(reply.body, str):
        return reply.status, reply.body.encode(), "application/json; charset=UTF-8"
    content = json.dumps(reply.body, separators=(",", ":"), ensure_ascii=False).encode()
    asked = [name for name in _FORM if name in call.query and not (failed and name == "filter_path")]
    if not asked and "accept" not in call.headers:
        return reply.status, content, "application/json; charset=UTF-8"
    if not asked and call.headers["accept"].partition(";")[0].strip() in ("*/*", "application/json", ""):
        return reply.status, content, "application/json; charset=UTF-8"
    query = urlencode({"echo_status": str(reply.status), **{name: call.query[name] for name in asked}})
    headers = {"content-type": "application/json", "accept": call.headers.get("accept", "*/*")}
    response = await call.node.raw("POST", f"/_local/echo?{query}", content, headers)
    kind = response.headers.get("content-type", "application/json; charset=UTF-8")
    return response.status_code, response.content, kind


def _not_a_number(message: str, digits: str) -> ServerError:
    cause = {"type": "number_format_exception", "reason": f'For input string: "{digits}"'}
    java_class = "java.lang.IllegalArgumentException"
    return ServerError(failure(java_class, message, kind="argument", status=400, cause=cause))


def _likeness(one: str, other: str) -> float:
    """Gives 1 for equal texts and 0 for wholly different ones: the distance of Levenshtein by the longer text's length."""
    if not one or not other:
        return 1.0 if one == other else 0.0
    row = list(range(len(other) + 1))
    for i, first in enumerate(one, 1):
        before, row[0] = row[0], i
        for j, second in enumerate(other, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (first != second))
    return 1 - row[-1] / max(len(one), len(other))
