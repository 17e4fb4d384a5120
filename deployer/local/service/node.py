"""The client of the node: its REST API, and the answers of our own module there."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

import httpx

from deployer.local.service.errors import Json, ServerError, failure, from_answer, from_module

_JSON = {"content-type": "application/json"}
_UNAVAILABLE = 503
# The plugins' own indices begin with a dot.
_OWN_SEARCH = re.compile(r"/(\.[^/]+)/_search\b")
_SHARDS_THERE = "wait_for_status=yellow&timeout=30s&expand_wildcards=all"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of the node: its status, and its body as JSON (or text, where it is none)."""

    status: int
    body: Any

    @property
    def ok(self) -> bool:
        """Whether the status says that it went well."""
        return self.status < 300

    def checked(self) -> Json:
        """Gives the body. Raises ServerError if the node refused."""
        if not self.ok or not isinstance(self.body, dict):
            raise ServerError(from_answer(self.status, self.body))
        return self.body

    def checked_list(self) -> list[Json]:
        """Gives the body, a list. Raises ServerError if the node refused."""
        if not self.ok or not isinstance(self.body, list):
            raise ServerError(from_answer(self.status, self.body))
        return self.body


class Node:
    """Asks the node. Connections are kept; every call has a time limit."""

    def __init__(self, url: str, *, timeout_s: float = 60.0) -> None:
        limits = httpx.Limits(max_connections=64, max_keepalive_connections=64)
        self.http = httpx.AsyncClient(base_url=url, timeout=timeout_s, limits=limits, trust_env=False)

    async def close(self) -> None:
        """Closes the connections."""
        await self.http.aclose()

    async def ask(self, method: str, path: str, body: Any = None) -> Answer:
        """Asks the REST API. Raises ServerError if the node cannot be reached.

        A search of an own index that another task is just making waits for its shards: until they are there the node
        answers 503.
        """
        content = None if body is None else json.dumps(body, separators=(",", ":")).encode()
        answer = await self._send(method, path, content)
        own = _OWN_SEARCH.match(path)
        if own is None or answer.status != _UNAVAILABLE:
            return answer
        await self._send("GET", f"/_cluster/health/{own[1]}?{_SHARDS_THERE}", None)
        return await self._send(method, path, content)

    async def bulk(self, lines: list[Json], *, refresh: str = "true") -> Json:
        """Sends bulk operations, as their lines. Raises ServerError if the whole is refused."""
        text = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)
        return (await self._send("POST", f"/_bulk?refresh={refresh}", text.encode())).checked()

    async def module(self, what: str, body: Any) -> Json:
        """Asks our module (`/_local/<what>`). Raises ServerError for the failure it reports."""
        answer = (await self.ask("POST", f"/_local/{what}", body)).checked()
        if "error" in answer:
            raise ServerError(from_module(answer["error"]))
        return answer

    async def raw(self, method: str, path: str, content: bytes, headers: dict[str, str]) -> httpx.Response:
        """Sends bytes with headers as they are. Raises ServerError if the node cannot be reached."""
        try:
            return await self.http.request(method, path, content=content, headers=headers)
        except httpx.HTTPError as error:
            raise _unreachable(error) from error

    async def _send(self, method: str, path: str, content: bytes | None) -> Answer:
        try:
            response = await self.http.request(method, path, content=content, headers=_JSON)
        except httpx.HTTPError as error:
            raise _unreachable(error) from error
        try:
            return Answer(response.status_code, response.json())
        except ValueError:
            return Answer(response.status_code, response.text)


def _unreachable(error: httpx.HTTPError) -> ServerError:
    what = f"the node behind the local alerting service does not answer: {type(error).__name__}"
    return ServerError(failure("org.opensearch.transport.ConnectTransportException", what, status=503))
