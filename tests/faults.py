"""Servers that misbehave on purpose, over real sockets: a scripted one, and a proxy in front of a real node."""

from __future__ import annotations

import http.client
import json
import re
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Reply:
    """An answer. `drop` closes the connection instead of answering; `cut` leaves out so many bytes of the end.

    `raw` is a body to send as it is: the real plugin cuts the JSON of some errors short. `missing` bytes are announced and
    never come: the connection ends before.
    """

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False
    cut: int = 0
    raw: bytes | None = None
    missing: int = 0


@dataclass(frozen=True)
class Request:
    """A request as it arrived."""

    method: str
    path: str
    body: str
    headers: dict[str, str]

    @property
    def writes(self) -> bool:
        """Whether it may write: anything but reads and searches."""
        if self.method in ("GET", "HEAD"):
            return False
        if self.method != "POST":
            return True
        reading = (
            r"/_search\b|/_mget\b|/_msearch\b|/_validate/query\b|^/_render/template\b|^/_scripts/painless/_execute\b"
        )
        return re.search(reading, self.path) is None


Script = Callable[[Request], Reply]


@contextmanager
def serving(script: Script, tls: ssl.SSLContext | None = None) -> Iterator[tuple[str, list[Request]]]:
    """A server on 127.0.0.1 that answers what the script says; gives its address and the requests as they come."""
    seen: list[Request] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            request = Request(
                self.command,
                self.path,
                self.rfile.read(length).decode(),
                {name.lower(): value for name, value in self.headers.items()},
            )
            seen.append(request)
            reply = script(request)
            if reply.drop:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            data = b"" if reply.body is None else json.dumps(reply.body).encode()
            data = data[: len(data) - reply.cut] if reply.raw is None else reply.raw
            self.send_response(reply.status)
            for name, value in {
                "content-type": "application/json",
                "content-length": str(len(data) + reply.missing),
                **reply.headers,
            }.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                with suppress(BrokenPipeError, ConnectionResetError):  # the client may have given up
                    self.wfile.write(data)
            if reply.missing:
                self.close_connection = True

        def log_message(self, format: str, *args: Any) -> None:
            """Silence."""

    for method in ("GET", "HEAD", "POST", "PUT", "DELETE"):
        setattr(Handler, f"do_{method}", Handler.handle_any)

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            # A client that was killed, or does not trust the certificate: nothing to report.
            if tls is None and not isinstance(sys.exc_info()[1], ConnectionError):
                super().handle_error(request, client_address)

    server = Server(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}", seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


@dataclass
class Fault:
    """What happens to requests whose method and path fit: not to the first `skip`, then to `times` of them.

    `before` is the answer instead of forwarding; `after` is the answer instead of the real one. `meanwhile` is called
    before the request is forwarded, `afterwards` when the node has answered. With `cut` the real answer arrives by half.
    """

    method: str
    path: str
    times: int = 1
    before: Reply | None = None
    after: Reply | None = None
    meanwhile: Callable[[], object] | None = None
    afterwards: Callable[[], object] | None = None
    skip: int = 0
    hits: int = 0
    cut: bool = False

    def fits(self, request: Request) -> bool:
        """Whether the fault is about this request."""
        return request.method == self.method and re.search(self.path, request.path) is not None

    def turn(self) -> bool:
        """Count a request that fits; whether it is one of those that something happens to."""
        self.hits += 1
        return self.skip < self.hits <= self.skip + self.times


@dataclass
class Proxy:
    """A proxy in front of a real node, with faults. `seen` has every request that arrived."""

    url: str
    seen: list[Request]
    faults: list[Fault] = field(default_factory=list)
    underway: int = 0
    changed: threading.Condition = field(default_factory=threading.Condition)

    def settled(self, timeout: float = 60.0) -> None:
        """Wait until the node has answered all that was forwarded, also to a client that is gone."""
        with self.changed:
            assert self.changed.wait_for(lambda: self.underway == 0, timeout)

    @property
    def writes(self) -> list[tuple[str, str]]:
        """The requests that may have written."""
        return [(request.method, request.path) for request in self.seen if request.writes]


def exchanged(text: str, pairs: Sequence[tuple[str, str]]) -> str:
    """The text with both names of each pair exchanged; done twice it is as before."""
    for one, other in pairs:
        text = text.replace(one, "\0").replace(other, one).replace("\0", other)
    return text


@contextmanager
def proxied(upstream: str, names: Sequence[tuple[str, str]] = ()) -> Iterator[Proxy]:
    """A proxy in front of `upstream`, without faults yet.

    `names` are pairs that it exchanges in all that is sent and answered. So one node looks like two clusters: what stands
    there under one name does so under the other to whoever comes through the proxy. Both of a pair have the same length.
    """
    target = urlsplit(upstream)
    lock = threading.Lock()
    proxy: Proxy | None = None

    def forward(request: Request) -> Reply:
        assert proxy is not None
        with proxy.changed:
            proxy.underway += 1
        try:
            return passed_on(request)
        finally:
            with proxy.changed:
                proxy.underway -= 1
                proxy.changed.notify_all()

    def passed_on(request: Request) -> Reply:
        connection = http.client.HTTPConnection(target.hostname or "", target.port, timeout=60)
        try:
            headers = {name: request.headers[name] for name in ("content-type",) if name in request.headers}
            path, body = exchanged(request.path, names), exchanged(request.body, names)
            connection.request(request.method, path, body.encode() or None, headers)
            answer = connection.getresponse()
            data = answer.read()
            return Reply(answer.status, raw=exchanged(data.decode(), names).encode() if names else data)
        finally:
            connection.close()

    def script(request: Request) -> Reply:
        assert proxy is not None
        with lock:
            fault = next((fault for fault in proxy.faults if fault.fits(request) and fault.turn()), None)
        if fault is None:
            return forward(request)
        if fault.meanwhile is not None:
            fault.meanwhile()
        if fault.before is not None:
            return fault.before
        real = forward(request)
        if fault.afterwards is not None:
            fault.afterwards()
        if fault.cut:
            data = real.raw or b""
            return Reply(real.status, raw=data[: len(data) // 2], missing=len(data) - len(data) // 2)
        return fault.after or real

    with serving(script) as (url, seen):
        proxy = Proxy(url, seen)
        yield proxy
