"""``make fuzz``: each target with its inputs, two at a time; a table, and ``build/fuzz.json``."""

from __future__ import annotations

import argparse
import importlib.util
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

NAMES = {"yaml": "YAML loader", "schema": "schema errors", "template": "template rendering", "plan": "plan file reader"}


def main() -> int:
    """Run all, report; 1 if a target did not end well with all its inputs."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--inputs", type=int, default=100_000, help="inputs for each target")
    parser.add_argument("--only", choices=NAMES, action="append", help="only this target")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--at-once", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("build"))
    given = parser.parse_args()
    engine = "atheris" if importlib.util.find_spec("atheris") else "hypothesis"
    if engine == "hypothesis":
        sys.stderr.write("atheris is not installed here (make fuzz tries to): inputs come from hypothesis, without coverage\n")
    folder = given.out.resolve() / "fuzz"
    folder.mkdir(parents=True, exist_ok=True)
    names = given.only or list(NAMES)
    with ThreadPoolExecutor(given.at_once) as pool:
        results = list(pool.map(lambda name: _run(name, engine, given, folder), names))
    (given.out / "fuzz.json").write_text(json.dumps({"format_version": 1, "targets": results}, indent=2) + "\n", "utf-8")
    sys.stdout.write(table(results))
    return 0 if all(result["passed"] for result in results) else 1


def _run(name: str, engine: str, given: argparse.Namespace, folder: Path) -> dict[str, Any]:
    result = folder / f"{name}.json"
    result.unlink(missing_ok=True)
    command = [sys.executable, "-m", "tests.fuzz.one", name, "--inputs", str(given.inputs), "--out", str(folder), "--engine", engine, "--seed", str(given.seed)]  # fmt: skip
    with (folder / f"{name}.log").open("w") as log:
        ended = subprocess.run(command, stdout=log, stderr=log, check=False)
    found: dict[str, Any] = json.loads(result.read_text("utf-8")) if result.exists() else {"target": name, "engine": engine, "inputs": 0}
    passed = ended.returncode == 0 and found["inputs"] >= given.inputs and not found.get("problem")
    return {**found, "exit_code": ended.returncode, "passed": passed}


def table(results: list[dict[str, Any]]) -> str:
    """The results as a Markdown table."""
    lines = ["| target | engine | inputs | worst | peak | |", "| --- | --- | --- | --- | --- | --- |"]
    for one in results:
        last = "nothing found" if one["passed"] else str(one.get("problem") or f"exit code {one['exit_code']}").strip().splitlines()[-1]
        worst, peak = one.get("worst_seconds", 0), one.get("peak_mb", 0)
        lines.append(f"| {NAMES[one['target']]} | {one['engine']} | {one['inputs']:,} | {worst:.2f} s | {peak} MB | {last} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
