"""One target with many inputs, in a process of its own: ``python -m tests.fuzz.one TARGET --inputs N --out DIR``.

The process is bounded from outside by nothing: each input is timed by the processor time that it takes, the memory is the
process's own peak, and whatever is opened, written or called elsewhere is an error. `--engine hypothesis` needs no atheris.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
import traceback
from pathlib import Path
from typing import Any

SLOW, LARGE = 2.0, 512
"""Seconds that an input may take, and megabytes that the process may have."""


class Tally:
    """Runs the target, and keeps count in a file: an engine may end the process without a word."""

    def __init__(self, name: str, wanted: int, out: Path, engine: str) -> None:
        from tests.fuzz import targets

        self.name, self.wanted, self.out, self.engine = name, wanted, out, engine
        self.target = targets.TARGETS[name]
        self.count, self.worst, self.begun = 0, 0.0, time.monotonic()
        self.slowest = b""
        self.problem = ""

    def __call__(self, data: bytes) -> None:
        """Run one input. Raises what is wrong with its end."""
        begun = time.process_time()
        try:
            self.target(data)
        except BaseException as error:
            self._wrong(data, "".join(traceback.format_exception(error))[-3000:])
            raise
        taken = time.process_time() - begun
        self.count += 1
        if taken > self.worst:
            self.worst, self.slowest = taken, data
        if taken > SLOW:
            self._wrong(data, f"took {taken:.1f} s")
            raise TimeoutError(self.problem)
        if self.peak > LARGE:
            self._wrong(data, f"the process has {self.peak} MB")
            raise MemoryError(self.problem)
        if self.count % 200 == 0 or self.count >= self.wanted - 10:
            self.write()

    @property
    def peak(self) -> int:
        """The most memory so far, in MB."""
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1024 if sys.platform == "linux" else 1024 * 1024)

    def _wrong(self, data: bytes, problem: str) -> None:
        self.problem = problem
        (self.out / f"{self.name}.input").write_bytes(data)
        self.write()

    def write(self) -> None:
        """The count so far."""
        result: dict[str, Any] = {
            "target": self.name,
            "engine": self.engine,
            "inputs": self.count,
            "wanted": self.wanted,
            "seconds": round(time.monotonic() - self.begun, 1),
            "worst_seconds": round(self.worst, 3),
            "slowest_input": self.slowest[:200].hex(),
            "peak_mb": self.peak,
            "problem": self.problem,
        }
        (self.out / f"{self.name}.json").write_text(json.dumps(result, indent=2), "utf-8")


def main() -> None:
    """Parse, guard, run."""
    parser = argparse.ArgumentParser()
    parser.add_argument("target")
    parser.add_argument("--inputs", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--engine", choices=("atheris", "hypothesis"), required=True)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    run = _atheris if given.engine == "atheris" else _hypothesis
    run(given)


def _guard(out: Path) -> None:
    from tests import guard
    from tests.fuzz import targets

    def forbid(kind: str, what: str) -> None:
        raise PermissionError(f"{kind} of {what}")

    targets.seeds("yaml")
    guard.install(forbid, [*guard.python_itself(), str(Path(__file__).parents[2])], [str(out), str(targets.folder())])


def _atheris(given: argparse.Namespace) -> None:
    import atheris

    # The bounds themselves count each step and each character: watched, they take five times as long.
    with atheris.instrument_imports(include=["deployer"], exclude=["deployer.render.bounded"]):
        from tests.fuzz import targets
    corpus = given.out / f"{given.target}.corpus"
    corpus.mkdir(exist_ok=True)
    for number, seed in enumerate(targets.seeds(given.target)):
        (corpus / f"seed-{number}").write_bytes(seed)
    tally = Tally(given.target, given.inputs, given.out, "atheris")
    options = [f"-runs={given.inputs}", f"-seed={given.seed}", "-timeout=60", "-rss_limit_mb=1024", "-max_len=2048", "-print_final_stats=0", "-verbosity=0", f"-artifact_prefix={given.out}/{given.target}."]  # fmt: skip
    atheris.Setup([sys.argv[0], *options, str(corpus)], tally)
    _guard(given.out)
    atheris.Fuzz()


def _hypothesis(given: argparse.Namespace) -> None:
    from hypothesis import HealthCheck, Phase, seed, settings
    from hypothesis import given as drawn
    from hypothesis import strategies as st

    from tests.fuzz import targets

    tally = Tally(given.target, given.inputs, given.out, "hypothesis")
    _guard(given.out)
    examples = settings(max_examples=given.inputs, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))  # fmt: skip
    seed(given.seed)(examples(drawn(st.binary(max_size=2048) | st.sampled_from(targets.seeds(given.target)))(tally)))()
    tally.write()


if __name__ == "__main__":
    main()
