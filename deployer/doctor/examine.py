"""The whole examination of one cluster, in a fixed order; what fails to be seen is said, and the rest goes on."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deployer.check.fire import Subject
from deployer.cluster import Cluster, errors
from deployer.cluster.facts import read_identity
from deployer.cluster.health import read_nodes
from deployer.doctor.delays import check_delays
from deployer.doctor.indices import check_indices, read_indices
from deployer.doctor.patient import Patient
from deployer.doctor.permissions import check_permissions
from deployer.doctor.runs import check_capacity, check_refusals, check_runs, facts_of
from deployer.doctor.searches import check_scripts, check_searches, check_templates
from deployer.doctor.sources import check_sources
from deployer.model.analytic import Repository
from deployer.model.environment import Environment
from deployer.model.exclusion import Exclusion, exclude
from deployer.model.finding import Findings
from deployer.model.permissions import Who
from deployer.plan.live import ClusterFacts


def exclusions_of(patient: Patient) -> list[Exclusion]:
    """What the environment and its analytics exclude."""
    own = [item for analytic in patient.repository.analytics.values() for item in analytic.exclusions]
    return [*patient.environment.exclusions, *own]


@dataclass(frozen=True, slots=True)
class Examination:
    """What was found on a cluster. `unseen` says what could not be looked at, `role` allows what the user may not do."""

    address: str
    version: str
    findings: Findings
    unseen: tuple[str, ...]
    role: Mapping[str, Any] | None = None


def examine(
    cluster: Cluster,
    repository: Repository,
    environment: Environment,
    subjects: Sequence[Subject],
    watch: Callable[[], object] = lambda: None,
    who: Who = Who.DEPLOYER,
) -> Examination:
    """Look at a cluster with an environment's monitors in mind, and at what the user may do to be `who`. Nothing is written.

    `watch` is called before the nodes' counts are read a second time: a caller may wait there.
    Raises what `Cluster.request` raises where the cluster cannot be looked at at all.
    """
    identity = read_identity(cluster)
    patient = Patient(cluster, repository, environment, subjects)
    lacking = check_permissions(patient, who)
    try:
        _look(patient, identity, watch)
    except errors.CredentialsError as error:
        if lacking is None or error.status != 403:
            raise
        patient.unseen.append(f"all the rest, which the user may not see ({error.why})")
    exclude(patient.findings, exclusions_of(patient), live=True)
    return Examination(cluster.address, identity.version, patient.findings, tuple(patient.unseen), lacking)


def _look(patient: Patient, identity: ClusterFacts, watch: Callable[[], object]) -> None:
    """Everything but the permissions."""
    before = read_nodes(patient.cluster)
    clock = before.now if before else int(time.time() * 1000)
    read_indices(patient)
    check_indices(patient)
    check_searches(patient, clock)
    check_scripts(patient)
    check_templates(patient)
    check_sources(patient, clock)
    check_delays(patient, clock)
    jobs = check_runs(patient, before, clock)
    short = check_capacity(patient, facts_of(patient, identity), jobs)
    watch()
    check_refusals(patient, before, short=short)
