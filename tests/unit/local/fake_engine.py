"""A container engine for tests: notes what it is asked in $FAKE_ENGINE/calls; a container is a small HTTP server.

Behaves as far as `docker` and `podman` agree: `info`, `run --detach`, `inspect`, `logs`, `stop`, `rm`, `volume rm`.
Run as `fake_engine.py serve PORT` it is the container: every GET is 200 with what a node would answer.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ANSWERS = {
    "/_script_context": {"contexts": [{"name": "template"}, {"name": "trigger"}]},
    "/_cluster/health": {"status": "green"},
    "/_nodes/_local/stats/jvm": {
        "nodes": {"a": {"jvm": {"mem": {"heap_used_in_bytes": 1, "heap_max_in_bytes": 2}}}},
    },
}


class Node(BaseHTTPRequestHandler):
    """Answers as a node in a container."""

    def do_GET(self) -> None:
        """Answers a reading."""
        content = json.dumps(ANSWERS.get(self.path.partition("?")[0], {})).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_PUT(self) -> None:
        """Takes any settings."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Is quiet."""


def main(state: Path, arguments: list[str]) -> int:
    """Does what the engine is asked, and gives its exit code."""
    with (state / "calls").open("a") as calls:
        calls.write(json.dumps(arguments) + "\n")
    verb, rest = arguments[0], arguments[1:]
    if verb == "info":
        return int((state / "info").read_text())
    if verb == "run":
        if (state / "refuse").exists():
            sys.stderr.write("no space left on device\n")
            return 125
        port = rest[rest.index("--publish") + 1].split(":")[1]
        server = subprocess.Popen(
            [sys.executable, __file__, "serve", port],
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        (state / rest[rest.index("--name") + 1]).write_text(str(server.pid))
        return 0
    container = state / rest[-1]
    if verb == "inspect":
        if not container.exists():
            return 1
        sys.stdout.write("true\n")
    elif verb == "stop":
        os.kill(int(container.read_text()), signal.SIGTERM)
        container.unlink()
    return 0


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Node).serve_forever()
    sys.exit(main(Path(os.environ["FAKE_ENGINE"]), sys.argv[1:]))
