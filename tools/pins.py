"""Pins what is installed to develop and test: constraints.txt, with the hashes of all files of each version.

Reads pyproject.toml (dependencies, every extra, every group) and asks the index that pip is configured with. Versions that
are pinned stay as long as they fit; ``--upgrade`` and ``--upgrade-package NAME`` take newer ones. The file holds names,
versions, markers and hashes, and no address. Usage: ``make pins``, ``make pins OPTIONS='--upgrade-package ruff'``.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

from tools import uv

ROOT = Path(__file__).resolve().parents[1]
FILE = "constraints.txt"
OLDEST = "3.11"
PLATFORMS = ("x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu", "aarch64-apple-darwin")
PYTHONS = ("3.11", "3.12", "3.13")


APART = {"fuzz": "constraints-fuzz.txt"}
"""Groups that only one command needs, each with its own file; their wheels are not there for every platform."""


def groups(project: Path) -> list[str]:
    """The names of the dependency groups that are always installed."""
    return sorted(set(tomllib.loads(project.read_text("utf-8"))["dependency-groups"]) - set(APART))


def compile_pins(options: list[str]) -> int:
    """Write constraints.txt and those of the groups apart; uv's exit code."""
    words = ["pip", "compile", "--quiet", "--universal", "--python-version", OLDEST, "--only-binary", ":all:"]
    words += ["--generate-hashes", "--no-annotate", "--custom-compile-command", "make pins", "--output-file"]
    for name, file in APART.items():
        code = uv.run(*words, file, *options, "--group", f"pyproject.toml:{name}")
        if code:
            return code
    named = [word for name in groups(ROOT / "pyproject.toml") for word in ("--group", name)]
    return uv.run(*words, FILE, *options, "--all-extras", *named, "pyproject.toml")


def lacking() -> list[str]:
    """The platforms and Pythons for which a pinned version has no wheel."""
    words = ["pip", "compile", "--quiet", "--no-deps", "--only-binary", ":all:", "--output-file", "/dev/null"]
    return [
        f"{platform}, Python {python}"
        for platform in PLATFORMS
        for python in PYTHONS
        if uv.run(*words, "--python-platform", platform, "--python-version", python, FILE)
    ]


def main(options: list[str]) -> int:
    """Write the pins and look whether every platform can install them; the exit code."""
    code = compile_pins(options)
    if code:
        return code
    missing = lacking()
    for place in missing:
        print(f"{FILE}: something above has no wheel for {place}; exclude it there with a marker in pyproject.toml", file=sys.stderr)  # fmt: skip
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
