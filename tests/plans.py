"""A saved plan that creates one object of each kind, and what reading it takes."""

from __future__ import annotations

import dataclasses

from deployer.model.environment import Channel, Environment, SecretRef
from deployer.model.errors import Location
from deployer.model.resource import Kind, Resource
from deployer.plan import Choices, Inventory, PlanFile, Record, Selection, make_plan
from deployer.plan.planfile import contents, digest_of, dump, part_of
from tests import deployments as made

DEPLOYMENT = "h-unit"
SECRET = "http://127.0.0.1:9/canary-token"
REFERENCE = "env:HOOK"
TOOL = "1.0"


def resources() -> list[Resource]:
    """One of each kind; the channel's address is a secret."""
    return [
        made.channel(DEPLOYMENT, SECRET, REFERENCE) if resource.kind is Kind.CHANNEL else resource
        for resource in made.everything(DEPLOYMENT)
    ]


def saved() -> PlanFile:
    """A plan that creates everything on one cluster."""
    plan = make_plan(resources(), Inventory(), Record(DEPLOYMENT), made.environment(DEPLOYMENT))
    part = part_of("eu", "http://127.0.0.1:9200", plan, Record(DEPLOYMENT))
    selection = Selection(("XX0001",), (), frozenset(), ("monitor/XX0002/follow",), ("XX0003",))
    found = PlanFile("tests", DEPLOYMENT, TOOL, "2026-01-01T00:00:00Z", "me", "here", "c0ffee", True, Choices(prune=True), selection, (part,), contents((plan,)))  # fmt: skip
    return dataclasses.replace(found, digest=digest_of(found))


def dumped() -> bytes:
    """The same as a file."""
    return dump(saved())


def environment() -> Environment:
    """The environment that it was made for, which names the one secret."""
    channel = Channel("demo", "webhook", SecretRef(REFERENCE, Location("environments/tests.yml", 3, 5)))
    return dataclasses.replace(made.environment(DEPLOYMENT), channels={channel.key: channel})


def secret(reference: SecretRef) -> str:
    """The secret of the one reference there is."""
    assert reference.reference == REFERENCE
    return SECRET
