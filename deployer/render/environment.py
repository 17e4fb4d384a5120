"""Everything that an environment wants on its cluster."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta

from deployer.model.analytic import Analytic, Repository
from deployer.model.environment import Channel, Environment, SecretRef
from deployer.model.finding import Findings
from deployer.model.resource import Kind, Resource
from deployer.render import mappings, monitors
from deployer.render.naming import Naming
from deployer.render.target import Target
from deployer.render.templating import Templates

SecretReader = Callable[[SecretRef], str]


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
    naming = naming_of(environment)
    target = Target(repository, naming, Templates(repository.templates), environment)
    _exceptions(environment, findings, today)
    result: list[Resource] = [_channel(naming, channel, secrets) for channel in environment.channels.values()]
    sources: set[str] = set()
    for analytic in active(repository).values():
        for spec in analytic.monitors.values():
            resource = monitors.render(analytic, spec, target, findings)
            if resource is not None:
                result.append(resource)
        sources.update(use.source for use in analytic.log_sources if use.source in repository.sources)
    own = {source for source in sources if not (environment.sources.get(source) and environment.sources[source].index)}
    result += mappings.render(repository, naming, own)
    # A stable order: kinds in dependency order, and within a kind as made (a called pipeline before its callers).
    return tuple(sorted(result, key=lambda resource: resource.kind.stage))


def naming_of(environment: Environment) -> Naming:
    """The names of an environment's objects."""
    namespaces = f"{environment.namespace}*" if environment.only_namespace else "*"
    return Naming(environment.deployment, namespaces=namespaces)


def active(repository: Repository) -> Mapping[str, Analytic]:
    """The analytics that are deployed: drafts are not."""
    return {name: analytic for name, analytic in sorted(repository.analytics.items()) if analytic.status == "active"}


def _channel(naming: Naming, channel: Channel, secrets: SecretReader | None) -> Resource:
    key = f"channel/{channel.key}"
    # The address may hold a token, so what people wrote is the reference.
    shown = channel.url.reference if isinstance(channel.url, SecretRef) else channel.url
    url = secrets(channel.url) if secrets and isinstance(channel.url, SecretRef) else shown
    return Resource(
        Kind.CHANNEL,
        key,
        naming.resource(channel.key),
        _channel_body(naming, channel, key, url),
        {"type": channel.type, "url": shown, "description": channel.description},
        unresolved=_channel_body(naming, channel, key, shown),
    )


def _channel_body(naming: Naming, channel: Channel, key: str, url: str) -> dict[str, object]:
    details: dict[str, object] = {"url": url}
    if channel.type == "webhook":
        details = {"url": url, "method": "POST", "header_params": {"Content-Type": "text/plain; charset=utf-8"}}
    marker = f"[{naming.deployment} {key}]"
    return {
        "config_id": naming.resource(channel.key),
        "config": {
            "name": naming.resource(channel.key),
            "description": f"{channel.description} {marker}".strip(),
            "config_type": channel.type,
            "is_enabled": True,
            channel.type: details,
        },
    }


def _exceptions(environment: Environment, findings: Findings, today: date | None) -> None:
    day = today or date.today()
    for item in environment.exceptions:
        if item.expires < day:
            findings.add(
                "DAC016",
                f"the exception {item.id} expired on {item.expires}",
                item.location,
                f"ask {item.owner} whether it still holds, then move the date or remove it",
            )
        elif item.expires < day + timedelta(days=30):
            findings.warn(
                "DAC016",
                f"the exception {item.id} expires on {item.expires}",
                item.location,
                f"ask {item.owner} whether it still holds",
            )
