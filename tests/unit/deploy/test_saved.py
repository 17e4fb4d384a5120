"""Addresses of channels and saved plans: they are not in the file, a change of them is seen, and what is sent is exact."""

from __future__ import annotations

import pytest

from deployer.deploy.saved import wish_of
from deployer.model.environment import Channel, Environment, SecretRef
from deployer.model.errors import Location
from deployer.plan import Choices, Inventory, PlanFile, Record, Selection, make_plan
from deployer.plan.canonical import digest
from deployer.plan.planfile import StaleError, contents, digest_of, dump, load, part_of
from deployer.render.channels import channels
from tests import deployments as made

DEPLOYMENT = "h-unit"
WHERE = Location("environments/tests.yml", 3, 1)


def _environment(**urls: str | SecretRef) -> Environment:
    found = {name: Channel(name, "webhook", url) for name, url in urls.items()}
    return made.environment(DEPLOYMENT, channels=found)


def _vault(reference: SecretRef) -> str:
    return {"env:HOOK": "http://127.0.0.1:9/canary-env"}[reference.reference]


PLANNED = _environment(place="http://127.0.0.1:9/canary-place", ref=SecretRef("env:HOOK", WHERE))


def _file() -> PlanFile:
    resources = [*channels(PLANNED, _vault), made.monitor(DEPLOYMENT, needs=())]
    plan = make_plan(resources, Inventory(), Record(DEPLOYMENT), PLANNED)
    part = part_of("", "http://127.0.0.1:9200", plan, Record(DEPLOYMENT))
    saved = PlanFile("tests", DEPLOYMENT, "1.0", "2026-01-01T00:00:00Z", "me", "here", "c0ffee", False, Choices(), Selection(), (part,), contents((plan,)))  # fmt: skip
    data = dump(saved)
    assert b"canary" not in data
    assert digest_of(saved) == load(data, "a.plan", "1.0").digest
    return load(data, "a.plan", "1.0")


def test_an_address_that_stands_in_place_is_sent_exactly_and_is_not_in_the_file() -> None:
    """It is read from the environment's file again, as a secret is from where its reference leads."""
    saved = _file()

    wish = wish_of(saved, saved.parts[0], PLANNED, _vault)

    sent = {resource.key: digest(resource.body) for resource in channels(PLANNED, _vault)}
    assert sent == {resource.key: digest(resource.body) for resource in wish.desired if resource.key in sent}
    assert 2 == len(sent)


@pytest.mark.parametrize(
    ("today", "words"),
    [
        (_environment(place="http://127.0.0.1:9/other", ref=SecretRef("env:HOOK", WHERE)), "the address of channel/place"),
        (_environment(ref=SecretRef("env:HOOK", WHERE)), "has no address of channel/place any more"),
    ],
)  # fmt: skip
def test_an_address_that_is_another_one_now_makes_the_plan_stale(today: Environment, words: str) -> None:
    """What would be sent is not what was planned, so nothing is; the error has no address in it."""
    saved = _file()

    with pytest.raises(StaleError, match=words) as error:
        wish_of(saved, saved.parts[0], today, _vault)

    assert "127.0.0.1" not in str(error.value)
