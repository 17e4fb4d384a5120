"""How the deployed monitors ran, and whether the nodes can run them all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from deployer.cluster.facts import read_facts
from deployer.cluster.health import Alerts, Nodes, Run, read_nodes, read_open_alerts, read_runs
from deployer.cluster.monitors import Job, read_jobs
from deployer.cluster.records import read_record
from deployer.cluster.status import Health, judged
from deployer.doctor.patient import Patient
from deployer.model.errors import Location
from deployer.plan import capacity
from deployer.plan.live import ClusterFacts, delegates_of
from deployer.plan.match import ServerNamed, match

_RUNS = "when monitors ran (permission cluster:admin/opendistro/_scheduled_jobs/stats)"
_NODES = "what nodes refuse to compile (permission cluster:monitor/nodes/stats)"


def check_runs(patient: Patient, before: Nodes | None, clock: int) -> list[Job]:
    """Each monitor ran when it should, without an error (DAC032, DAC036). Gives all jobs of the cluster."""
    deployment = patient.environment.deployment
    jobs = read_jobs(patient.cluster)
    runs, alerts = read_runs(patient.cluster), read_open_alerts(patient.cluster)
    if runs is None:
        patient.unseen.append(_RUNS)
    owned = match(deployment, [job.live for job in jobs], read_record(patient.cluster, deployment)).owned
    by_id = {job.live.id: job for job in jobs}
    delegates = {identity for job in jobs for identity in delegates_of(job.live.body)}
    now = before.now if before else clock
    for key, live in sorted(owned.items()):
        if live.kind in ServerNamed:
            _judge(patient, key, by_id[live.id], runs, before, alerts, now, live.id in delegates)
    return jobs


def _judge(
    patient: Patient,
    key: str,
    job: Job,
    runs: Mapping[str, Run] | None,
    nodes: Nodes | None,
    alerts: Mapping[str, Alerts],
    now: int,
    delegate: bool,
) -> None:
    state = judged(key, job, runs, nodes, alerts.get(job.live.id, Alerts()), now, delegate)
    where = _where(patient, key)
    if state.health is Health.FAILING and state.problem is not None:
        patient.tell(
            _name(key),
            "DAC032",
            f"{_name(key)} failed in its last run: {state.problem.message:.600}",
            where,
            "the reason is the server's; once it is mended, the next good run closes the error",
        )
    if state.health in (Health.LATE, Health.NEVER):
        patient.tell(
            _name(key),
            "DAC036",
            f"{_name(key)} is enabled, and {'runs late' if state.health is Health.LATE else 'no node runs it'}",
            where,
            "look at the node's load and log, and at plugins.scheduled_jobs.enabled of the cluster",
        )


def check_capacity(patient: Patient, facts: ClusterFacts, jobs: Sequence[Job]) -> bool:
    """The nodes can compile what the monitors need, those of everybody and those that the repository wants (DAC034)."""
    wanted = {subject.resource.key: subject.resource for subject in patient.subjects}
    deployment = patient.environment.deployment
    others = [
        job.live.body
        for job in jobs
        if not (job.live.marker and job.live.marker.deployment == deployment)
    ]
    ours = [
        job.live.body
        for job in jobs
        if job.live.marker and job.live.marker.deployment == deployment and job.live.marker.key not in wanted
    ]
    bodies = [*others, *ours, *(resource.body for resource in wanted.values())]
    schedules = [item for body in bodies for item in capacity.schedules_of(body)]
    message = capacity.shortage(facts, schedules)
    if message:
        patient.tell("", "DAC034", message, patient.environment.location, "both are dynamic cluster settings")
    return bool(message)


def check_refusals(patient: Patient, before: Nodes | None, *, short: bool) -> Nodes | None:
    """No node refuses compilations: those since it started count where limits are too low, new ones always (DAC035)."""
    after = read_nodes(patient.cluster)
    if after is None:
        patient.unseen.append(_NODES)
        return None
    for name, count in after.refused.items():
        grown = count - (before.refused.get(name, 0) if before else count)
        if grown > 0 or (short and count):
            now = f", {grown} of them while this looked" if grown > 0 else ""
            patient.tell(
                "",
                "DAC035",
                f"the node {name} refused {count} template compilations since it started{now}: as many runs of monitors failed",
                patient.environment.location,
                f"raise {capacity.RATE} and {capacity.CACHE}, which are dynamic; DAC034 gives the numbers",
            )
    return after


def facts_of(patient: Patient, identity: ClusterFacts) -> ClusterFacts:
    """The limits of the cluster."""
    return read_facts(patient.cluster, identity)


def _where(patient: Patient, key: str) -> Location:
    for subject in patient.subjects:
        if subject.resource.key == key:
            return subject.spec.where
    return patient.environment.location


def _name(key: str) -> str:
    return key.partition("/")[2] or key
