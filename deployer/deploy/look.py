"""Look at a cluster and plan: what reading commands do, and what a deploy does again once it holds the lock."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from deployer.cluster import Cluster, read_inventory, read_record
from deployer.cluster.health import read_open_alerts
from deployer.cluster.records import with_documents
from deployer.cluster.streams import read_streams
from deployer.cluster.usage import read_usage
from deployer.model.environment import Environment
from deployer.model.resource import Kind, Resource
from deployer.plan import (
    EVERYTHING,
    NO_CHOICES,
    Choices,
    Inventory,
    Plan,
    Record,
    Selection,
    documents_needed,
    make_plan,
)
from deployer.plan.closing import alerts_needed, with_alerts
from deployer.plan.usage import usage_needed


@dataclass(frozen=True, slots=True)
class Whole:
    """The plan that a wish is a part of: what it wanted in all, for the rules and for the head of a report."""

    wanted: int
    wanted_monitors: int
    unchanged: int
    selection: Selection


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wanted of a cluster, and how. `whole` is given where `desired` is only what a saved plan changes."""

    desired: Sequence[Resource]
    environment: Environment
    selection: Selection = EVERYTHING
    choices: Choices = NO_CHOICES
    whole: Whole | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """A plan with what it was made from."""

    plan: Plan
    record: Record
    inventory: Inventory


def look(cluster: Cluster, wish: Wish) -> Look:
    """Read the record and the inventory, and plan. Nothing is written."""
    record = read_record(cluster, wish.environment.deployment)
    inventory = read_inventory(cluster, wish.environment.deployment, wish.desired, record)
    record = with_documents(cluster, record, documents_needed(wish.desired, inventory, record))
    if usage_needed(wish.desired, inventory, record):
        inventory = dataclasses.replace(inventory, usage=read_usage(cluster))
    inventory = dataclasses.replace(
        inventory, streams=read_streams(cluster, wish.environment.deployment, _patterns(wish.desired, inventory))
    )
    plan = make_plan(wish.desired, inventory, record, wish.environment, wish.selection, wish.choices)
    if alerts_needed(plan):
        plan = with_alerts(plan, {owner: found.triggers for owner, found in read_open_alerts(cluster).items()})
    if wish.whole is not None:
        whole = wish.whole
        plan = dataclasses.replace(
            plan,
            wanted=whole.wanted,
            wanted_monitors=whole.wanted_monitors,
            unchanged=whole.unchanged,
            selection=whole.selection,
        )
    return Look(plan, record, inventory)


def _patterns(desired: Sequence[Resource], inventory: Inventory) -> list[str]:
    """The patterns of the deployment's index templates, as they are and as they will be."""
    bodies = [resource.body for resource in desired if resource.kind is Kind.INDEX_TEMPLATE]
    bodies += [live.body for live in inventory.objects if live.kind is Kind.INDEX_TEMPLATE]
    return [str(pattern) for body in bodies if "data_stream" in body for pattern in body["index_patterns"]]
