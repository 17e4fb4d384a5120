"""A plain client for tests, which shares no code with the tool that it tests."""

from __future__ import annotations

import json
import socket
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import Any

from deployer.model.errors import ClusterError


def free_port() -> int:
    """A port on 127.0.0.1 that was free just now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


class Node:
    """Speaks to one node; an answer of 400 and above is a ClusterError with `status`, as replay expects of a client."""

    def __init__(self, url: str) -> None:
        self.url = url

    def request(self, method: str, path: str, body: Any = None, params: Mapping[str, Any] | None = None) -> Any:
        """The parsed answer; a text body is sent as newline-separated JSON."""
        target = f"{self.url}{path}" + (f"?{urllib.parse.urlencode(params)}" if params else "")
        data = None if body is None else (body if isinstance(body, str) else json.dumps(body)).encode()
        kind = "application/x-ndjson" if isinstance(body, str) else "application/json"
        request = urllib.request.Request(target, data, {"Content-Type": kind}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            failure = ClusterError(f"{method} {path}: {error.code}", why=error.read().decode("utf-8", "replace")[:2000])
            failure.status = error.code
            raise failure from error

    def found(self, path: str) -> Any:
        """What stands at `path`, or None."""
        try:
            return self.request("GET", path)
        except ClusterError as error:
            if error.status != 404:
                raise
            return None

    def gone(self, path: str) -> None:
        """Delete what stands at `path`, if anything does."""
        try:
            self.request("DELETE", path)
        except ClusterError as error:
            if error.status != 404:
                raise
