"""What of an environment is made anew in every run: its channels, for their secrets, and the expiry of its exceptions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date

from deployer.model.environment import Channel, Environment, SecretRef
from deployer.model.exclusion import check_last_day
from deployer.model.finding import Findings
from deployer.model.resource import Kind, Resource
from deployer.render.naming import Naming

SecretReader = Callable[[SecretRef], str]


def naming_of(environment: Environment) -> Naming:
    """The names of an environment's objects."""
    namespaces = f"{environment.namespace}*" if environment.only_namespace else "*"
    return Naming(environment.deployment, namespaces=namespaces)


def in_order(resources: Iterable[Resource]) -> tuple[Resource, ...]:
    """A stable order: kinds in dependency order, and within a kind as made (a called pipeline before its callers)."""
    return tuple(sorted(resources, key=lambda resource: resource.kind.stage))


def channels(environment: Environment, secrets: SecretReader | None = None) -> list[Resource]:
    """The notification channels. `secrets` as in `render_environment`."""
    naming = naming_of(environment)
    file = environment.location.file
    return [_channel(naming, channel, secrets, file) for channel in environment.channels.values()]


def _channel(naming: Naming, channel: Channel, secrets: SecretReader | None, file: str) -> Resource:
    key = f"channel/{channel.key}"
    # The address may hold a token, so what people wrote is the reference.
    shown = channel.url.reference if isinstance(channel.url, SecretRef) else channel.url
    url = secrets(channel.url) if secrets and isinstance(channel.url, SecretRef) else shown
    references = {name: header.reference for name, header in channel.headers.items()}
    headers = {name: secrets(header) for name, header in channel.headers.items()} if secrets else references
    return Resource(
        Kind.CHANNEL,
        key,
        naming.resource(channel.key),
        _channel_body(naming, channel, key, url, headers),
        {"type": channel.type, "url": shown, "description": channel.description}
        | ({"headers": references} if references else {}),
        unresolved=_channel_body(naming, channel, key, shown, references),
        causes={"": file},
    )


def _channel_body(
    naming: Naming, channel: Channel, key: str, url: str, headers: Mapping[str, str]
) -> dict[str, object]:
    details: dict[str, object] = {"url": url}
    if channel.type == "webhook":
        details |= {"method": "POST", "header_params": {"Content-Type": "text/plain; charset=utf-8", **headers}}
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


def check_exceptions(environment: Environment, findings: Findings, today: date | None = None) -> None:
    """Add a finding for each exception that has expired, or will soon; the one thing that depends on the day."""
    for item in environment.exceptions:
        check_last_day(f"the exception {item.id}", item.expires, item.owner, item.location, findings, today)
