"""The whole examination of one cluster, in a fixed order; what fails to be seen is said, and the rest goes on."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from deployer.check.fire import Subject
from deployer.cluster import Cluster
from deployer.cluster.facts import read_identity
from deployer.cluster.health import read_nodes
from deployer.doctor.delays import check_delays
from deployer.doctor.indices import check_indices, read_indices
from deployer.doctor.patient import Patient
from deployer.doctor.runs import check_capacity, check_refusals, check_runs, facts_of
from deployer.doctor.searches import check_scripts, check_searches, check_templates
from deployer.doctor.sources import check_sources
from deployer.model.analytic import Repository
from deployer.model.environment import Environment
from deployer.model.exclusion import Exclusion, exclude
from deployer.model.finding import Findings


def exclusions_of(patient: Patient) -> list[Exclusion]:
    """What the environment and its analytics exclude."""
    own = [item for analytic in patient.repository.analytics.values() for item in analytic.exclusions]
    return [*patient.environment.exclusions, *own]


@dataclass(frozen=True, slots=True)
class Examination:
    """What was found on a cluster. `unseen` says what could not be looked at."""

    address: str
    version: str
    findings: Findings
    unseen: tuple[str, ...]


def examine(
    cluster: Cluster,
    repository: Repository,
    environment: Environment,
    subjects: Sequence[Subject],
    watch: Callable[[], object] = lambda: None,
) -> Examination:
    """Look at a cluster with an environment's monitors in mind. Nothing is written.

    `watch` is called before the nodes' counts are read a second time: a caller may wait there.
    Raises what `Cluster.request` raises where the cluster cannot be looked at at all.
    """
    identity = read_identity(cluster)
    patient = Patient(cluster, repository, environment, subjects)
    before = read_nodes(cluster)
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
    exclude(patient.findings, exclusions_of(patient), live=True)
    return Examination(cluster.address, identity.version, patient.findings, tuple(patient.unseen))
