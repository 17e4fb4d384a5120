"""Everything that can be checked without a cluster, over all environments."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from deployer.catalogue import environment_names, load_environment, load_repository
from deployer.catalogue.validation import check_value
from deployer.check.fire import Shelf, Subject, check_rendered
from deployer.check.repository import check_repository
from deployer.check.samples import check_samples
from deployer.check.sources import check_sources
from deployer.model.analytic import Analytic, Repository
from deployer.model.environment import Environment
from deployer.model.errors import Location
from deployer.model.exclusion import check_expiry, check_unused, exclude
from deployer.model.finding import Findings
from deployer.model.resource import Kind, Resource
from deployer.render import Naming, active, drafts, monitors, naming_of, render_environment, workflows
from deployer.render.target import Target
from deployer.render.templating import templates_of


@dataclass(frozen=True, slots=True)
class Report:
    """What a validation looked at, and what it found. `drafts` of the `analytics` are never deployed.

    `loaded` are the environments that could be read, `subjects` the monitors that could be rendered for them.
    """

    analytics: int
    monitors: int
    drafts: int
    environments: tuple[str, ...]
    findings: Findings
    repository: Repository
    loaded: tuple[Environment, ...] = ()
    subjects: tuple[Subject, ...] = ()


def validate_repository(root: Path, only: Sequence[str] = ()) -> Report:
    """Read, check and render everything below `root`, for each environment (or only those named)."""
    findings = Findings()
    repository = load_repository(root, findings)
    # What has not the form cannot be rendered; its errors are in the findings already.
    faulty = {finding.where.file for finding in findings.errors}
    check_repository(repository, findings)
    check_sources(repository, findings)
    if not repository.analytics and not findings.items:
        findings.add(
            "DAC010",
            "no analytic was found",
            Location("detections"),
            "a detection is a folder detections/<strategy>/<analytic> with an analytic.yml",
        )
    names = tuple(only) or tuple(environment_names(root))
    environments = [load_environment(root, name, repository.analytics, repository.sources, findings) for name in names]
    loaded = tuple(environment for environment in environments if environment is not None)
    count = sum(len(analytic.monitors) for analytic in repository.analytics.values())
    sound, found = _check_rendered(repository, loaded, findings, faulty)
    return Report(len(repository.analytics), count, len(drafts(repository)), names, findings, sound, loaded, found)


def check_loaded(repository: Repository, environments: Sequence[Environment], findings: Findings) -> None:
    """The same of what was read already, whose errors are in `findings`; such as of one analytic that is being written."""
    faulty = {finding.where.file for finding in findings.errors}
    check_repository(repository, findings)
    _check_rendered(repository, environments, findings, faulty)


def _check_rendered(
    repository: Repository, environments: Sequence[Environment], findings: Findings, faulty: Collection[str]
) -> tuple[Repository, tuple[Subject, ...]]:
    """Check what is rendered of all analytics that are not `faulty`; gives these, and the monitors rendered for environments."""
    sound = {
        name: analytic
        for name, analytic in repository.analytics.items()
        if analytic.where.file not in faulty and _mapped(analytic, repository)
    }
    repository = replace(repository, analytics=sound)
    templates, shelf = templates_of(repository.templates), Shelf(repository)
    target = Target(repository, Naming("validate"), templates)
    made = [
        monitors.render(analytic, spec, target, findings)
        for analytic in repository.analytics.values()
        for spec in analytic.monitors.values()
    ]
    made += [
        workflows.render(analytic, flow, target, findings)
        for analytic in repository.analytics.values()
        for flow in analytic.workflows.values()
    ]
    # A draft must have the form; whether it can fire is asked when it is tested, and before it is deployed.
    alive = set(active(repository))
    rendered_once = _sound([resource for resource in made if resource is not None], findings)
    sets = [([resource for resource in rendered_once if resource.analytic in alive], target)]
    check_samples(repository, findings)
    for environment in environments:
        rendered = render_environment(repository, environment, findings)
        here = Target(repository, naming_of(environment), templates, environment)
        sets.append((_sound(rendered, findings), here))
    found = check_rendered(sets, findings, shelf)
    own = [item for analytic in sound.values() for item in analytic.exclusions]
    there = [item for environment in environments for item in environment.exclusions]
    used = exclude(findings, [*own, *there])
    # What is found on a cluster is not known here, and an environment's exclusions may be about that.
    check_unused([item for name in alive for item in sound[name].exclusions], used, findings)
    check_expiry([*own, *there], findings)
    return repository, tuple(subject for subject in found if subject.environment is not None)


def _mapped(analytic: Analytic, repository: Repository) -> bool:
    """Whether the mappings of its sources could be read; else every field would be said to be missing."""
    sources = [repository.sources[use.source] for use in analytic.log_sources if use.source in repository.sources]
    return all(name in repository.components for source in sources for name in source.components)


def _sound(resources: Sequence[Resource], findings: Findings) -> list[Resource]:
    """The monitors and workflows that have the form which the server takes; of the others a finding."""
    sound = []
    for resource in resources:
        schema = _schema(resource)
        if schema is None:
            continue
        messages = check_value(resource.body, schema)
        for message in messages:
            findings.add(
                "DAC015",
                f"the rendered {resource.key} has not the form that the server takes: {message}",
                resource.origin or Location(resource.key),
            )
        if not messages:
            sound.append(resource)
    return sound


def _schema(resource: Resource) -> str | None:
    """The schema of the rendered body, if there is one."""
    if resource.kind is Kind.WORKFLOW:
        return "workflow"
    if resource.kind is not Kind.MONITOR:
        return None
    return monitors.schema_of(resource.body)
