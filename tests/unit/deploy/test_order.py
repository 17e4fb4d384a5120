"""In which order actions are carried out (promise 25)."""

from __future__ import annotations

import dataclasses
from typing import Any

from deployer.deploy.order import needs, waves
from deployer.model.resource import Kind, Resource
from deployer.plan import Action, Choices, Inventory, Record, make_plan
from tests import deployments as made

DEPLOYMENT = "h-unit"


def actions(desired: list[Resource], before: list[Resource], **choices: Any) -> tuple[Action, ...]:
    """The actions that lead from one state of the repository to another."""
    lives, record = made.deployed(before) if before else ([], Record(DEPLOYMENT))
    environment = made.environment(DEPLOYMENT)
    return make_plan(desired, Inventory(tuple(lives)), record, environment, choices=Choices(**choices)).actions


def keys(found: list[tuple[Action, ...]]) -> list[list[str]]:
    """The keys of each wave."""
    return [sorted(action.key for action in wave) for wave in found]


def calling(short: str, called: str) -> Resource:
    """A pipeline that calls another."""
    resource = made.pipeline(DEPLOYMENT)
    key = f"ingest-pipeline/{short}"
    return dataclasses.replace(
        resource, key=key, name=f"{DEPLOYMENT}-{short}", depends_on=(f"ingest-pipeline/{called}",)
    )


def test_promise_25_what_is_needed_comes_first() -> None:
    """Component template, pipeline, index template, channel, monitor; those of a kind together."""
    found = keys(waves(actions(made.everything(DEPLOYMENT), [])))

    assert [
        ["component-template/base"],
        ["ingest-pipeline/mark"],
        ["index-template/events"],
        ["channel/soc"],
        ["monitor/XX0001/discovery", "monitor/XX0002/follow"],
    ] == found


def test_promise_25_a_called_pipeline_comes_before_its_callers() -> None:
    """Within a kind, objects that others of the kind need come first."""
    desired = [calling("outer", "inner"), calling("inner", "mark"), made.pipeline(DEPLOYMENT)]

    assert [["ingest-pipeline/mark"], ["ingest-pipeline/inner"], ["ingest-pipeline/outer"]] == keys(
        waves(actions(desired, []))
    )


def test_promise_25_deletes_go_the_other_way_and_come_last() -> None:
    """Monitors are deleted first and component templates last, after everything new is made."""
    before = [*made.everything(DEPLOYMENT), calling("outer", "mark")]
    keep = made.monitor(DEPLOYMENT, "XX0009", needs=())

    found = keys(waves(actions([keep], before, prune=True)))

    assert [
        ["monitor/XX0009/discovery"],
        ["monitor/XX0001/discovery", "monitor/XX0002/follow"],
        ["channel/soc"],
        ["index-template/events"],
        ["ingest-pipeline/outer"],
        ["ingest-pipeline/mark"],
        ["component-template/base"],
    ] == found


def test_a_delete_waits_for_whatever_used_the_object() -> None:
    """A channel goes only after the monitors that used it went or were changed; what never used it does not matter."""
    before = made.everything(DEPLOYMENT)
    silent = made.monitor(DEPLOYMENT, "XX0001", "discovery", needs=())
    found = actions([silent, *before[:3]], before, prune=True)
    (channel,) = [action for action in found if action.kind is Kind.CHANNEL]

    assert {"monitor/XX0001/discovery", "monitor/XX0002/follow"} == set(needs(channel, found))


def test_objects_that_need_each_other_still_get_an_order() -> None:
    """A circle of pipelines ends in some order instead of running for ever."""
    desired = [calling("one", "two"), calling("two", "one")]

    assert {"ingest-pipeline/one", "ingest-pipeline/two"} == {
        key for wave in keys(waves(actions(desired, []))) for key in wave
    }
