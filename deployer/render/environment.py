"""Everything that an environment wants on its cluster."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from deployer.model.analytic import Analytic, Repository
from deployer.model.environment import Environment
from deployer.model.finding import Findings
from deployer.model.resource import Resource
from deployer.render import mappings, monitors, workflows
from deployer.render.channels import SecretReader, channels, check_exceptions, in_order, naming_of
from deployer.render.target import Target
from deployer.render.templating import templates_of


def render_environment(
    repository: Repository,
    environment: Environment,
    findings: Findings,
    secrets: SecretReader | None = None,
    today: date | None = None,
) -> tuple[Resource, ...]:
    """All resources of an environment, in the order of their kinds and keys; what cannot be rendered is a finding.

    `secrets` gives the value of a channel's address that is a reference; without it the reference itself stands in the
    body (good enough to read, never to send).
    """
    target = target_of(repository, environment)
    check_exceptions(environment, findings, today)
    result = channels(environment, secrets)
    for analytic in active(repository).values():
        result += of_analytic(analytic, target, findings)
    result += of_sources(repository, environment, {name for item in active(repository).values() for name in used(item)})
    return in_order(result)


def target_of(repository: Repository, environment: Environment) -> Target:
    """For whom an environment's monitors are rendered."""
    return Target(repository, naming_of(environment), templates_of(repository.templates), environment)


def of_analytic(analytic: Analytic, target: Target, findings: Findings) -> list[Resource]:
    """The monitors and workflows of one analytic. They depend on nothing of any other."""
    made = [monitors.render(analytic, spec, target, findings) for spec in analytic.monitors.values()]
    made += [workflows.render(analytic, flow, target, findings) for flow in analytic.workflows.values()]
    return [resource for resource in made if resource is not None]


def used(analytic: Analytic) -> set[str]:
    """The log sources of an analytic."""
    return {use.source for use in analytic.log_sources if use.source}


def of_sources(repository: Repository, environment: Environment, sources: set[str]) -> list[Resource]:
    """Templates and pipelines of those log sources that have no place of their own in the environment.

    A source without a pipeline is somebody else's to shape: a template of ours would take their pipeline away.
    """
    own = {
        source
        for source in sources & set(repository.sources)
        if repository.sources[source].pipeline
        and not (environment.sources.get(source) and environment.sources[source].index)
    }
    return mappings.render(repository, naming_of(environment), own)


def active(repository: Repository) -> Mapping[str, Analytic]:
    """The analytics that are deployed: drafts are not."""
    return {name: analytic for name, analytic in sorted(repository.analytics.items()) if analytic.status == "active"}


def drafts(repository: Repository) -> Mapping[str, Analytic]:
    """The others: they are read and checked for form, and nothing of them is ever sent."""
    return {name: analytic for name, analytic in sorted(repository.analytics.items()) if analytic.status == "draft"}
