"""The one grammar of --select and --exclude."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deployer.model.analytic import Analytic
from deployer.model.errors import Location, RefusedError, UsageError
from deployer.plan import Choices, Inventory, make_plan, make_selection
from deployer.plan.selection import select_analytics
from tests import deployments as made

DEPLOYMENT = "h-unit"
MONITORS = {"monitor/XX0001/discovery", "monitor/XX0002/follow"}
SHARED = {"channel/soc", "component-template/base", "index-template/events", "ingest-pipeline/mark"}


def analytic(name: str, platform: str, tags: tuple[str, ...]) -> Analytic:
    """An analytic of which only what selections ask for matters."""
    return Analytic(
        id=name, title="", description="", strategy="DET1", attack={}, platform=platform, status="active", severity="low",
        schedule={}, protected=False, tags=tags, log_sources=(), tunables={}, events={}, monitors={}, false_positives=(),
        response=(), references=(), where=Location("x"), folder=f"detections/DET1/{name}",
    )  # fmt: skip


ANALYTICS = {
    "XX0001": analytic("XX0001", "windows", ("discovery", "t1")),
    "XX0002": analytic("XX0002", "linux", ("discovery",)),
}


def resources() -> list[made.Resource]:
    """Two monitors of different severity, and what they need."""
    return made.everything(DEPLOYMENT, discovery={"severity": "high"})


@pytest.mark.parametrize(
    ("term", "monitors"),
    [
        ("XX0001", {"monitor/XX0001/discovery"}),
        ("XX0002/follow", {"monitor/XX0002/follow"}),
        ("monitor/XX0002/follow", {"monitor/XX0002/follow"}),
        ("detections/DET1/XX0001", {"monitor/XX0001/discovery"}),
        ("./detections/DET1/", MONITORS),
        ("detections/DET1/XX0001/analytic.yml", {"monitor/XX0001/discovery"}),
        ("tag:t1", {"monitor/XX0001/discovery"}),
        ("tag:discovery", MONITORS),
        ("severity:high", {"monitor/XX0001/discovery"}),
        ("platform:linux", {"monitor/XX0002/follow"}),
    ],
)
def test_each_form_of_a_term_selects(term: str, monitors: set[str]) -> None:
    """Every form selects its monitors, together with what they depend on."""
    found = make_selection(resources(), ANALYTICS, [term])

    assert found.chosen == monitors | SHARED
    assert set(found.left_out) == MONITORS - monitors


@pytest.mark.parametrize(
    "term",
    ["XX0003", "XX0003/burst", "monitor/XX0003/burst", "detections/DET1/XX0003", "tag:new", "platform:esxi", "severity:critical"],
)  # fmt: skip
@pytest.mark.parametrize("option", ["select", "exclude"])
def test_a_draft_that_is_asked_for_is_refused_with_the_reason(term: str, option: str) -> None:
    """Whoever names a draft learns that it is one, and how it stops to be one."""
    draft = replace(analytic("XX0003", "esxi", ("discovery", "new")), status="draft", severity="critical")

    with pytest.raises(RefusedError) as refused:
        make_selection(resources(), {**ANALYTICS, "XX0003": draft}, **{option: [term]})

    assert f"--{option} {term}: XX0003 is a draft" == refused.value.what
    assert "deployed" in refused.value.why
    assert "deployer test XX0003" in refused.value.todo


def test_a_term_for_drafts_and_others_selects_the_others() -> None:
    """A tag that a draft has too selects what is deployed."""
    draft = replace(analytic("XX0003", "esxi", ("discovery",)), status="draft")

    assert make_selection(resources(), {**ANALYTICS, "XX0003": draft}, ["tag:discovery"]).chosen == MONITORS | SHARED


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        ("XX0001", {"XX0001"}),
        ("detections/DET1/XX0002", {"XX0002"}),
        ("./detections/DET1/", {"XX0001", "XX0002"}),
        ("tag:t1", {"XX0001"}),
        ("platform:linux", {"XX0002"}),
    ],
)
def test_the_same_terms_choose_analytics(term: str, expected: set[str]) -> None:
    """For what is about analytics and not about objects: tests. Taken and left out are each other's rest."""
    assert expected == select_analytics(ANALYTICS, [term])
    if expected != set(ANALYTICS):
        assert set(ANALYTICS) - expected == select_analytics(ANALYTICS, (), [term])


@pytest.mark.parametrize(
    ("select", "exclude", "hint"),
    [(["XX0003"], [], "XX0001"), (["tga:t1"], [], "'tag'"), (["platform:linus"], [], "'linux'"), (["XX0001"], ["XX0001"], "Change one")],
)  # fmt: skip
def test_a_choice_of_no_analytic_is_a_usage_error(select: list[str], exclude: list[str], hint: str) -> None:
    """With the nearest name, or what to change."""
    with pytest.raises(UsageError) as refused:
        select_analytics(ANALYTICS, select, exclude)

    assert hint in refused.value.todo


def test_exclusion_takes_away() -> None:
    """What is excluded is left out, and nothing else."""
    found = make_selection(resources(), ANALYTICS, (), ["platform:linux"])

    assert ("monitor/XX0002/follow",) == found.left_out


def test_an_object_is_selected_by_its_key() -> None:
    """A template can be selected alone; what it does not need is left out."""
    found = make_selection(resources(), ANALYTICS, ["component-template/base"])

    assert {"component-template/base"} == found.chosen


@pytest.mark.parametrize(
    ("select", "exclude", "hint"),
    [
        (["XX0003"], [], "did you mean 'XX000"),
        (["tag:discovry"], [], "did you mean 'discovery'"),
        (["colour:red"], [], "no property 'colour'"),
        (["detections/DET2"], [], "fits no object"),
        ([], ["XX0009"], "fits no object"),
        (["XX0001"], ["XX0001", "channel/soc", "index-template/events", "component-template/base", "ingest-pipeline/mark"], "nothing to do"),
        (["XX0001"], ["XX0001"], "nothing to do"),
        ([], ["XX0001", "XX0002"], "nothing to do"),
    ],
)  # fmt: skip
def test_what_fits_nothing_is_a_usage_error(select: list[str], exclude: list[str], hint: str) -> None:
    """A slip of the pen never selects nothing: it is an error with the nearest known word."""
    with pytest.raises(UsageError) as error:
        make_selection(resources(), ANALYTICS, select, exclude)

    assert hint in f"{error.value.what} {error.value.todo}"
    assert 64 == error.value.exit_code


def test_what_is_left_out_is_neither_changed_nor_an_orphan() -> None:
    """A run over one analytic says nothing of the others and deletes none of them, even with prune."""
    before = made.everything(DEPLOYMENT)
    lives, record = made.deployed(
        [*before, made.monitor(DEPLOYMENT, "XX0001", "old"), made.monitor(DEPLOYMENT, "XX0003")]
    )
    desired = made.everything(DEPLOYMENT, discovery={"threshold": 2}, follow={"threshold": 2})
    selection = make_selection(desired, ANALYTICS, ["XX0001"])

    found = make_plan(
        desired, Inventory(tuple(lives)), record, made.environment(DEPLOYMENT), selection, Choices(prune=True)
    )

    assert {"monitor/XX0001/discovery"} == {action.key for action in found.actions}
    assert () == found.notes


def test_orphans_of_an_excluded_analytic_stay() -> None:
    """With an exclusion, orphans of everything else are in scope, and those that a term names are not."""
    lives, record = made.deployed([*made.everything(DEPLOYMENT), made.monitor(DEPLOYMENT, "XX0002", "old"), made.monitor(DEPLOYMENT, "XX0003")])  # fmt: skip
    desired = made.everything(DEPLOYMENT)
    selection = make_selection(desired, ANALYTICS, (), ["XX0002"])

    found = make_plan(
        desired, Inventory(tuple(lives)), record, made.environment(DEPLOYMENT), selection, Choices(prune=True)
    )

    assert {"monitor/XX0003/discovery"} == {action.key for action in found.actions}
