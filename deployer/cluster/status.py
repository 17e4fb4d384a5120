"""The state of a deployment as values, and how monitors and sources are judged from what was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from deployer.cluster.health import Alerts, LastEvent, Nodes, Problem, Run
from deployer.cluster.monitors import Job
from deployer.model.resource import Kind
from deployer.plan import Plan, Record
from deployer.plan.drift import Drifted

GRACE = 90_000
"""Milliseconds beyond two intervals after which a monitor that no node has run is said never to run: nodes look for new
monitors once a minute."""


class Health(StrEnum):
    """How a monitor fares. DELEGATE: it is disabled, and a workflow runs it. UNKNOWN: these credentials may not see it."""

    OK = "ok"
    WAITING = "not-run-yet"
    DISABLED = "disabled"
    DELEGATE = "run-by-a-workflow"
    LATE = "late"
    NEVER = "never-ran"
    FAILING = "failing"
    UNKNOWN = "unknown"

    @property
    def words(self) -> str:
        """As a person reads it."""
        return self.value.replace("-", " ")

    @property
    def counts(self) -> bool:
        """Whether somebody should act."""
        return self in (Health.LATE, Health.NEVER, Health.FAILING)


@dataclass(frozen=True, slots=True)
class MonitorState:
    """A monitor or workflow of the deployment. `last_run` is in epoch milliseconds, `alerts` counts open alerts by state."""

    key: str
    kind: Kind
    id: str
    name: str
    health: Health
    last_run: int | None
    problem: Problem | None
    alerts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class SourceState:
    """A log source of the deployment. `silent` if it is a finding that it has no event as new as `limit`, in seconds."""

    source: str
    index: str
    last: LastEvent
    age: float | None
    silent: bool
    limit: float | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a log source's events lie: an index pattern, and the fields that tell them from others there. `silent_after`
    is how old its newest event may be, in seconds."""

    index: str
    fields: Mapping[str, str]
    silent_after: float | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """Everything that was found. `pending` counts objects that the repository changes and nobody deployed yet, `owned` the live ones of the deployment.

    `refused` are template compilations by node; they are findings only if the limits would refuse them again (`limited`).
    """

    plan: Plan
    record: Record
    drift: tuple[Drifted, ...]
    monitors: tuple[MonitorState, ...]
    sources: tuple[SourceState, ...]
    pending: int
    owned: int
    now: int
    refused: Mapping[str, int]
    limited: bool
    unseen: tuple[str, ...] = ()

    @property
    def nothing(self) -> bool:
        """Whether nothing of the deployment is on the cluster, not even its record."""
        return not self.record.generation and not self.owned

    @property
    def findings(self) -> int:
        """How many things somebody should act on."""
        return (
            (1 if self.nothing else 0)
            + sum(item.drift.counts for item in self.drift)
            + sum(item.health.counts for item in self.monitors)
            + sum(item.silent for item in self.sources)
            + (1 if self.limited and self.refused else 0)
            + (1 if self.plan.facts.status == "red" else 0)
        )


def judged(
    key: str,
    job: Job,
    runs: Mapping[str, Run] | None,
    nodes: Nodes | None,
    alerts: Alerts,
    now: int,
    delegate: bool,
) -> MonitorState:
    run = (runs or {}).get(job.live.id)
    health = _health(job, run, nodes, now, delegate=delegate, seen=runs is not None)
    if alerts.problem is not None and alerts.problem.current and health is not Health.DISABLED:
        health = Health.FAILING
    last = run.last if run else None
    return MonitorState(key, job.live.kind, job.live.id, job.live.name, health, last, alerts.problem, alerts.counts)


def _health(job: Job, run: Run | None, nodes: Nodes | None, now: int, *, delegate: bool, seen: bool) -> Health:
    if not job.enabled:
        return Health.DELEGATE if delegate else Health.DISABLED
    if not seen:
        return Health.UNKNOWN
    if run is not None and not run.on_time:
        return Health.LATE
    # The nodes know of runs since they started only.
    since = max(job.enabled_at or 0, nodes.since if nodes else now)
    patience = 2000 * job.interval + GRACE
    if run is None or run.last is None:
        return Health.NEVER if now - since > patience else Health.WAITING
    # How far apart the runs of a cron schedule are only the node can say.
    overdue = "period" in job.live.body.get("schedule", {}) and now - max(run.last, since) > patience
    return Health.LATE if overdue else Health.OK


def heard(name: str, place: Place, last: LastEvent, now: int, asked: float | None) -> SourceState:
    """The state of a source: silent beyond what was `asked` for, or else its own `silent_after`, in seconds.

    One that never sent is silent only if it was asked for: many deployments have sources that nobody ships yet, and that
    are no news every day (`doctor` tells of them).
    """
    age = None if last.at is None else max(0.0, (now - last.at) / 1000)
    limit = place.silent_after if asked is None else asked
    silent = limit is not None and (age > limit if age is not None else asked is not None)
    return SourceState(name, place.index, last, age, silent and last.known, limit)
