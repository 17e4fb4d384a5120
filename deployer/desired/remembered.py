"""What the last run that read the same bytes made of them. Imports neither YAML nor Jinja: most runs need neither.

Remembered are results without any error only. A result is found by the digest of everything that it depends on: for an
analytic its own folder and what all share, for an environment everything. Secrets are never remembered, nor is what they
stand in; the day, which decides the expiry of exceptions, is looked at in every run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from deployer.desired import codec
from deployer.desired.snapshot import Folder, Snapshot
from deployer.desired.store import Store
from deployer.model.environment import Environment
from deployer.model.exclusion import Exclusion, check_expiry
from deployer.model.finding import Finding, Findings
from deployer.model.resource import Resource
from deployer.render.channels import SecretReader, channels, check_exceptions, in_order


@dataclass(frozen=True, slots=True)
class Desired:
    """An environment and all its resources, in their order; `findings` has no error in it. `drafts` are left out of it, by id."""

    environment: Environment
    resources: tuple[Resource, ...]
    findings: Findings
    drafts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Analyzed:
    """What became of one analytic's folder. An analytic that is a draft has neither sources nor resources."""

    id: str
    sources: tuple[str, ...]
    resources: tuple[Resource, ...]
    findings: tuple[Finding, ...]
    exclusions: tuple[Exclusion, ...] = ()
    draft: bool = False


@dataclass(frozen=True, slots=True)
class Whole:
    """What became of the rest: the environment, and the resources that its log sources need."""

    environment: Environment
    resources: tuple[Resource, ...]
    findings: tuple[Finding, ...]


def recall(
    snapshot: Snapshot, store: Store, root: str, secrets: SecretReader | None = None, today: date | None = None
) -> Desired | None:
    """All of an environment as remembered; None if a part of it is not."""
    whole = recall_whole(snapshot, store)
    if whole is None:
        return None
    analytics: list[Analyzed] = []
    for folder in snapshot.folders:
        found = recall_analytic(snapshot, folder, store)
        if found is None:
            return None
        analytics.append(found)
    return assemble(whole, analytics, root, secrets, today)


def assemble(
    whole: Whole,
    analytics: Sequence[Analyzed],
    root: str,
    secrets: SecretReader | None = None,
    today: date | None = None,
) -> Desired:
    """The parts as one, in the order of `render_environment`."""
    findings = Findings(root=root)
    check_exceptions(whole.environment, findings, today)
    check_expiry(
        [*whole.environment.exclusions, *(item for one in analytics for item in one.exclusions)], findings, today
    )
    known = set(findings.items)
    for finding in (*whole.findings, *(finding for item in analytics for finding in item.findings)):
        if finding not in known:
            known.add(finding)
            findings.items.append(finding)
    monitors = [resource for item in sorted(analytics, key=lambda item: item.id) for resource in item.resources]
    made = in_order([*channels(whole.environment, secrets), *monitors, *whole.resources])
    findings.raise_errors()
    drafts = tuple(sorted(item.id for item in analytics if item.draft))
    return Desired(whole.environment, made, findings, drafts)


def recall_analytic(snapshot: Snapshot, folder: Folder, store: Store) -> Analyzed | None:
    """What is remembered of an analytic."""
    value = store.get(_key(snapshot.shared, folder.digest))
    if value is None:
        return None
    resources = tuple(codec.decode_resource(item) for item in value["resources"])
    findings, exclusions = codec.decode(value["findings"]), codec.decode(value["exclusions"])
    return Analyzed(value["id"], tuple(value["sources"]), resources, findings, exclusions, value["draft"])


def remember_analytic(snapshot: Snapshot, folder: Folder, store: Store, made: Analyzed) -> None:
    """Remember what became of an analytic, if it can be remembered exactly."""
    value = {
        "id": made.id,
        "sources": list(made.sources),
        "exclusions": codec.encode(made.exclusions),
        "draft": made.draft,
    }
    _put(store, _key(snapshot.shared, folder.digest), made, value)


def recall_whole(snapshot: Snapshot, store: Store) -> Whole | None:
    """What is remembered of an environment."""
    value = store.get(_key(snapshot.digest, "whole"))
    if value is None:
        return None
    resources = tuple(codec.decode_resource(item) for item in value["resources"])
    return Whole(codec.decode(value["environment"]), resources, codec.decode(value["findings"]))


def remember_whole(snapshot: Snapshot, store: Store, made: Whole) -> None:
    """Remember what became of an environment, if it can be remembered exactly."""
    try:
        environment = codec.encode(made.environment)
    except codec.UnfitError:
        return
    _put(store, _key(snapshot.digest, "whole"), made, {"environment": environment})


def _put(store: Store, key: str, made: Analyzed | Whole, value: dict[str, Any]) -> None:
    try:
        value["resources"] = [codec.encode_resource(resource) for resource in made.resources]
        value["findings"] = codec.encode(made.findings)
    except codec.UnfitError:
        return
    store.put(key, value)


def _key(left: str, right: str) -> str:
    return f"{left}-{right}"
