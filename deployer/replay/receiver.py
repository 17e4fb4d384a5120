"""A webhook receiver on this computer, for a demo to show that messages arrive."""

from __future__ import annotations

import threading
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from deployer.model.errors import LocalError

LIMIT = 1_000_000


@contextmanager
def receive(url: str) -> Iterator[list[str]]:
    """Listen at `url` (loopback only) and collect the bodies of what is posted there, until the block ends.

    Raises LocalError if the address is not on this computer or the port is taken.
    """
    parts = urllib.parse.urlsplit(url)
    if parts.hostname not in ("127.0.0.1", "localhost") or not parts.port:
        raise LocalError(f"{url} is no address on this computer", todo="a receiver is opened on 127.0.0.1 only")
    messages: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = min(int(self.headers.get("Content-Length") or 0), LIMIT)
            messages.append(self.rfile.read(length).decode("utf-8", "replace"))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: what arrives is the result."""

    try:
        server = ThreadingHTTPServer(("127.0.0.1", parts.port), Handler)
    except OSError as error:
        raise LocalError(
            f"port {parts.port} is taken, so no message can be received there",
            why=str(error),
            todo="end what listens there, or use --no-receive",
        ) from error
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield messages
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
