"""Pins the jars of the local node: deployer/local/jars.sha256, from what Maven brings for deployer/local/artifacts.py.

Run it after the version or the list of artifacts changed, and compare what differs. Usage: ``make pin-jars``.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
from pathlib import Path

from deployer.local.home import fetch

FILE = Path(__file__).resolve().parents[1] / "deployer" / "local" / "jars.sha256"


def main() -> int:
    """Write the pins."""
    with tempfile.TemporaryDirectory() as folder:
        fetch(Path(folder))
        jars = sorted(Path(folder).glob("*.jar"))
        lines = [f"{hashlib.sha256(jar.read_bytes()).hexdigest()}  {jar.name}\n" for jar in jars]
    FILE.write_text("".join(lines), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
