"""An environment: which cluster, how to reach it, what is different there. No secret ever stands in these values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from deployer.model.errors import Location
from deployer.model.exclusion import Exclusion


@dataclass(frozen=True, slots=True)
class SecretRef:
    """Where a secret is to be found: ``env:NAME`` or ``file:PATH``; `where` is the line that asks for it."""

    reference: str
    where: Location


@dataclass(frozen=True, slots=True)
class Auth:
    """How to authenticate. `secrets` are references by their key in the file.

    `type` is ``none``, ``basic`` (username, password), ``certificate`` (certificate, key, key_password), ``bearer`` (token) or
    ``sigv4`` (access_key_id, secret_access_key, session_token; with the AWS `region` and `service`).
    """

    type: str = "none"
    secrets: Mapping[str, SecretRef] = field(default_factory=dict)
    region: str = ""
    service: str = "es"


@dataclass(frozen=True, slots=True)
class Tls:
    """TLS of the connection: `ca` is a file of trusted certificates, `verify` may be false only outside production."""

    verify: bool = True
    ca: str | None = None


@dataclass(frozen=True, slots=True)
class Connection:
    """One cluster. `timeout` is in seconds and bounds each request; `name` is empty where an environment has one cluster.

    `proxy` is the HTTP proxy to go through, by reference or in place.
    """

    hosts: tuple[str, ...]
    auth: Auth = field(default_factory=Auth)
    tls: Tls = field(default_factory=Tls)
    timeout: float = 30.0
    name: str = ""
    proxy: SecretRef | str | None = None


@dataclass(frozen=True, slots=True)
class Dashboards:
    """The OpenSearch Dashboards of an environment. `tenant` is the security plugin's, empty for the user's default."""

    connection: Connection
    tenant: str = ""


@dataclass(frozen=True, slots=True)
class Channel:
    """A notification channel: `type` as the Notifications plugin names it (``webhook``, ``slack``); `url` by reference or in place.

    `headers` of a webhook are references, by the header's name.
    """

    key: str
    type: str
    url: SecretRef | str
    description: str = ""
    headers: Mapping[str, SecretRef] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SourceOverride:
    """An environment's own place of a log source: index pattern, the fields that tell its events, its ingest delay in
    seconds, and after how many seconds of silence it counts as stopped."""

    index: str | None = None
    filter: Mapping[str, str] | None = None
    ingest_delay: int | None = None
    silent_after: int | None = None


@dataclass(frozen=True, slots=True)
class MonitorOverride:
    """What an environment changes of an analytic's monitors."""

    enabled: bool = True
    severity: str | None = None
    schedule: Mapping[str, Any] | None = None
    reminder: str | None = None


@dataclass(frozen=True, slots=True)
class Exemption:
    """Events that an environment leaves out of an analytic, with who answers for it and until when."""

    id: str
    analytic: str
    monitors: tuple[str, ...]
    where: Any
    owner: str
    reason: str
    expires: date
    location: Location


@dataclass(frozen=True, slots=True)
class Limits:
    """The safety limits of a plan: shares in percent of the managed objects (promise 8)."""

    max_changed_percent: int = 30
    min_objects: int = 10


@dataclass(frozen=True, slots=True)
class Evidence:
    """What an environment wants of test reports: the `file` of one, relative to the repository, and the `key` that signs it."""

    file: str | None = None
    key: SecretRef | None = None


@dataclass(frozen=True, slots=True)
class Control:
    """From what an environment is deployed. Empty `branches` and no `evidence` mean that nothing is asked.

    A production environment asks for both, and for a clean tree, even if its file says nothing of them.
    """

    branches: tuple[str, ...] = ()
    require_plan: bool = False
    evidence: Evidence | None = None


@dataclass(frozen=True, slots=True)
class Environment:
    """One ``environments/<name>.yml``. `connection` is its cluster, the first of several; `others` are the rest of them.

    `entities` says how many of each one monitor may find at once. `places` are those of tunables, log sources and monitors, by their path (``tunables/AN0904/TimeWindow``).
    """

    name: str
    deployment: str
    connection: Connection
    location: Location
    production: bool = False
    namespace: str = "default"
    only_namespace: bool = False
    pages_url: str = ""
    notify: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    channels: Mapping[str, Channel] = field(default_factory=dict)
    sources: Mapping[str, SourceOverride] = field(default_factory=dict)
    entities: Mapping[str, int] = field(default_factory=dict)
    tunables: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    monitors: Mapping[str, MonitorOverride] = field(default_factory=dict)
    exceptions: tuple[Exemption, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()
    limits: Limits = field(default_factory=Limits)
    others: tuple[Connection, ...] = ()
    dashboards: Dashboards | None = None
    control: Control = field(default_factory=Control)
    places: Mapping[str, Location] = field(default_factory=dict, compare=False)

    def place(self, *path: str) -> Location:
        """Where a value stands (``tunables``, ``AN0904``, ``TimeWindow``); the file if it is not known."""
        return self.places.get("/".join(path), self.location)

    @property
    def connections(self) -> tuple[Connection, ...]:
        """All clusters of the environment, in the file's order."""
        return (self.connection, *self.others)
