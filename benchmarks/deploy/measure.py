"""One size of deployment, run after run, each measurement from the same state."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.deploy import repository, state
from benchmarks.deploy.bare import MONITORS, get_and_put, post_all
from benchmarks.deploy.tool import Ran, Tool
from benchmarks.figures import median, ratio
from benchmarks.node import ROOT, client, say
from deployer.model.permissions import CONFIG
from deployer.model.resource import Kind, Resource

CHANGED = 10

STEPS = (
    "first deploy",
    "plan, nothing changed",
    "deploy, nothing changed",
    "plan, nothing changed, no cache",
    "10 changed",
    "one edited by hand",
    "destroy",
)
BASES = ("bare loop", "GET and PUT", "bare deletes")


@dataclass(slots=True)
class Size:
    """The figures of one number of monitors. `bases` are seconds by the name of the baseline, one a run."""

    monitors: int
    objects: int = 0
    connections: int = 0
    swept: dict[int, float] = field(default_factory=dict)
    steps: dict[str, list[Ran]] = field(default_factory=dict)
    bases: dict[str, list[float]] = field(default_factory=dict)

    def seconds(self, name: str) -> float:
        """The median wall time of a step or a baseline."""
        return median([one.seconds for one in self.steps[name]] if name in self.steps else self.bases[name])

    def times(self, name: str, base: str) -> float | None:
        """The median of the ratios of a step to a baseline of the same run."""
        found = [ratio(one.seconds, other) for one, other in zip(self.steps[name], self.bases[base], strict=True)]
        return median([value for value in found if value is not None])

    def plain(self) -> dict[str, Any]:
        """JSON-ready: every run, and the medians."""
        return {
            "monitors": self.monitors,
            "objects": self.objects,
            "best_connections": self.connections,
            "swept_seconds": {str(number): round(value, 3) for number, value in self.swept.items()},
            "steps": {name: [one.plain() for one in runs] for name, runs in self.steps.items()},
            "baselines": {name: [round(value, 3) for value in runs] for name, runs in self.bases.items()},
            "medians": {name: round(self.seconds(name), 3) for name in (*self.steps, *self.bases)},
        }


def measure(url: str, monitors: int, runs: int, connections: Sequence[int]) -> Size:
    """Everything about one number of monitors."""
    size = Size(monitors)
    with tempfile.TemporaryDirectory(prefix="bench-repository-") as temporary:
        deployment = f"bench-{secrets.token_hex(4)}"
        folder = Path(temporary) / "repository"
        folder.mkdir()
        repository.make(ROOT, folder, monitors, url, deployment)
        made = state.resources(folder)
        size.objects = len(made)
        assert monitors == sum(one.kind is Kind.MONITOR for one in made)
        _sweep(url, size, made, connections)
        for number in range(1, runs + 1):
            say(f"{monitors} monitors, run {number} of {runs}")
            _baselines(url, size, made)
            with _clean(url, made):
                _steps(url, size, folder, Path(temporary) / f"cache-{number}", number)
    return size


def _sweep(url: str, size: Size, made: Sequence[Resource], connections: Sequence[int]) -> None:
    """Find the number of connections at which the bare loop is quickest."""
    for number in connections:
        with _clean(url, made):
            size.swept[number] = post_all(url, state.creates(made), number)
        say(f"{size.monitors} monitors, bare loop of {number} connections: {size.swept[number]:.2f} s")
    size.connections = min(size.swept, key=lambda number: size.swept[number])


def _baselines(url: str, size: Size, made: Sequence[Resource]) -> None:
    with _clean(url, made):
        _add(size.bases, "bare loop", post_all(url, state.creates(made), size.connections))
        # Written without refresh, as the quickest way is; a search is to see them.
        client(url).request("POST", f"/{CONFIG}/_refresh")
        found = state.monitors(url)
        assert len(found) == size.monitors, f"{len(found)} of {size.monitors} monitors are there"
        bodies = {resource.name: resource.body for resource in made if resource.kind is Kind.MONITOR}
        by_id = {identity: bodies[body["name"]] for identity, body in found.items()}
        _add(size.bases, "GET and PUT", get_and_put(url, by_id))
        _add(size.bases, "bare deletes", post_all(url, state.deletes(list(found)), size.connections))
    say("  " + ", ".join(f"{name} {size.bases[name][-1]:.2f} s" for name in BASES))


def _steps(url: str, size: Size, folder: Path, cache: Path, number: int) -> None:
    cache.mkdir()
    tool, changed = Tool(folder, cache), min(CHANGED, len(repository.analytics(folder)))
    deploy = ("deploy", "--yes", "--allow-mass-change")

    def note(step: str, ran: Ran, applied: int) -> None:
        told = ran.printed["summary"]
        assert applied == told.get("applied", told.get("update", 0)), f"{step}: {told}"
        assert ran.requests, step
        size.steps.setdefault(step, []).append(ran)
        say(
            f"  {step}: {ran.seconds:.2f} s ({ran.cpu:.2f} s of them its own), {ran.requests} requests, {ran.peak / 2**20:.0f} MB"
        )

    note("first deploy", tool.run(*deploy), size.objects)
    assert len(state.monitors(url)) == size.monitors
    note("plan, nothing changed", tool.run("plan", "--detailed-exitcode"), 0)
    note("deploy, nothing changed", tool.run(*deploy), 0)
    note("plan, nothing changed, no cache", tool.run("plan", "--no-cache", "--detailed-exitcode"), 0)
    repository.edit(folder, changed, number)
    note("10 changed", tool.run(*deploy), changed)
    _edit_by_hand(url)
    note("one edited by hand", tool.run(*deploy, "--on-drift", "revert"), 1)
    tool.run("plan", "--detailed-exitcode")
    note("destroy", tool.run("destroy", "--confirm", "bench"), size.objects)
    assert not state.monitors(url)


def _edit_by_hand(url: str) -> None:
    """Change one monitor as somebody would in Dashboards, and await that searches see it."""
    with_it = client(url)
    identity = min(state.monitors(url))
    body = with_it.request("GET", f"{MONITORS}/{identity}")["monitor"]
    with_it.request("PUT", f"{MONITORS}/{identity}", {**body, "schedule": {"period": {"interval": 7, "unit": "HOURS"}}})


@contextmanager
def _clean(url: str, made: Sequence[Resource]) -> Iterator[None]:
    state.reset(url, made)
    try:
        yield
    finally:
        state.reset(url, made)


def _add(to: dict[str, list[float]], name: str, seconds: float) -> None:
    to.setdefault(name, []).append(seconds)
