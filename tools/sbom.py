"""A bill of materials of what runs, as CycloneDX JSON: the tool with all its extras, and what they need.

Made from what is installed beside this Python, which the hashes of constraints.txt decided; checked against the format's
own schema. The same installation gives the same bytes. It names packages by purl, and holds no path, address or time.
Usage: ``make sbom``, ``python -m tools.sbom FILE``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from deployer import __version__

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "build" / "sbom.cdx.json"
PROJECT = "detection-deployer"
VERSION = SchemaVersion.V1_6


def installed() -> dict[str, Any]:
    """Everything that is installed here, what develops and tests included. `wrong` looks at what becomes of it."""
    words = [
        "-m",
        "cyclonedx_py",
        "environment",
        "--pyproject",
        str(ROOT / "pyproject.toml"),
        "--short-PURLs",
        "--no-validate",
    ]
    words += ["--spec-version", VERSION.to_version(), "--output-reproducible", "--output-file", "-", sys.executable]
    ran = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=True)
    bill: dict[str, Any] = json.loads(ran.stdout)
    return bill


def at_run_time(bill: dict[str, Any], needs: Mapping[str, frozenset[str]]) -> dict[str, Any]:
    """The same with only the packages that `needs` names, each with what it needs. Raises KeyError if one is not installed."""
    root = bill["metadata"]["component"]
    parts = {canonicalize_name(component["name"]): component for component in bill["components"]} | {PROJECT: root}
    edges = [
        {"ref": parts[name]["bom-ref"], "dependsOn": sorted(parts[other]["bom-ref"] for other in needs[name])}
        for name in sorted(needs)
    ]
    kept = [parts[name] for name in sorted(needs) if name != PROJECT]
    about = {**bill["metadata"], "component": {**root, "version": __version__}}
    found: dict[str, Any] = without({**bill, "metadata": about, "components": kept, "dependencies": edges})
    return found


def needed(name: str = PROJECT) -> dict[str, frozenset[str]]:
    """The package with all its extras, and every package that it needs here, each with the names of what that needs."""
    found: dict[str, set[str]] = {}
    extras = frozenset(metadata.metadata(name).get_all("Provides-Extra") or ())
    seen, waiting = set(), [(name, extras)]
    while waiting:
        package, wanted = waiting.pop()
        if (package, wanted) in seen:
            continue
        seen.add((package, wanted))
        needs = found.setdefault(package, set())
        for requirement in map(Requirement, metadata.requires(package) or ()):
            marker = requirement.marker
            if marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *wanted)):
                other = canonicalize_name(requirement.name)
                needs.add(other)
                waiting.append((other, frozenset(requirement.extras)))
    return {package: frozenset(needs - {package}) for package, needs in found.items()}


def without(value: Any, key: str = "externalReferences") -> Any:
    """A JSON value without the members of a name: addresses of web pages, here."""
    if isinstance(value, dict):
        return {name: without(item, key) for name, item in value.items() if name != key}
    return [without(item, key) for item in value] if isinstance(value, list) else value


def wrong(text: str) -> str:
    """What does not have the form of the standard; nothing if all has."""
    error = JsonStrictValidator(VERSION).validate_str(text)
    return "" if error is None else str(error)


def main(file: Path) -> int:
    """Write the bill; the exit code."""
    text = json.dumps(at_run_time(installed(), needed()), indent=2) + "\n"
    error = wrong(text)
    if error:
        print(f"the bill of materials has not the form of CycloneDX {VERSION.to_version()}: {error}", file=sys.stderr)
        return 1
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")
    print(os.path.relpath(file))
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else FILE))
