"""Runs uv as pip would be run here: with the index, the certificates and the links that pip is configured with.

So no address of an index stands in this repository, and whoever has pip set up has nothing more to set up.
Usage: ``python -m tools.uv pip install ...``; make venv and make pins do.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping

NAMES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "cert": "SSL_CERT_FILE",
    "default-timeout": "UV_HTTP_TIMEOUT",
    "timeout": "UV_HTTP_TIMEOUT",
}
"""pip's settings, and uv's variables for them."""


def settings(listed: str) -> dict[str, str]:
    """uv's variables for what `pip config list` prints; what pip knows from variables goes before what it has from files."""
    found: dict[str, str] = {}
    lines = [line.partition("=") for line in listed.splitlines()]
    for name, _, value in sorted(lines, key=lambda line: line[0].startswith(":env:")):
        variable = NAMES.get(name.removeprefix(":env:.").rpartition(".")[2])
        if variable:
            # Some settings take several values, one a line; pip prints them with Python's quotes.
            found[variable] = " ".join(value.strip("'\"").replace("\\n", " ").split())
    return found


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables to run uv with; what the user set for uv stays."""
    words = [sys.executable, "-m", "pip", "config", "list"]
    listed = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    return {"UV_PYTHON_DOWNLOADS": "never", "UV_PYTHON": sys.executable, **settings(listed), **environ}


def run(*words: str) -> int:
    """Run uv; its exit code."""
    return subprocess.run([sys.executable, "-m", "uv", *words], env=environment(os.environ), check=False).returncode


if __name__ == "__main__":
    sys.exit(run(*sys.argv[1:]))
