"""What measured outcomes prove of tunables, whatever the samples declare."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from deployer.catalogue import load_repository
from deployer.check.coverage import coverage_findings, idle_variants, tunable_proofs
from deployer.model.analytic import Analytic
from deployer.model.errors import Location
from deployer.model.finding import Findings
from deployer.model.tested import Entity, Failure, Proof, Setting
from tests.unit.repo import shown, write

ALICE: Entity = (("host", "h1"), ("user", "alice"))


@pytest.fixture
def analytic(tmp_path: Path) -> Analytic:
    """XX0001, with the tunables Patterns, Threshold, Window and Scope."""
    return load_repository(write(tmp_path), Findings()).analytics["XX0001"]


def settings(analytic: Analytic, *runs: tuple[dict[str, Any], bool], error: str = "") -> list[Setting]:
    """One case under several sets of tunables; of each, whether alice alerts on the cluster. The samples expect that nobody does."""
    defaults = {name: tunable.default for name, tunable in analytic.tunables.items()}
    return [
        Setting(
            "a case",
            Location("samples.yml", 2),
            number > 0,
            Location("samples.yml", 10 + number),
            given,
            {**defaults, **given},
            {"discovery": frozenset({ALICE} if alerts else ())},
            {},
            (Failure("discovery", (), (), error),) if error and number else (),
        )
        for number, (given, alerts) in enumerate(runs)
    ]


def proofs(analytic: Analytic, *runs: tuple[dict[str, Any], bool], error: str = "") -> dict[str, Proof]:
    """What the runs prove of each tunable."""
    return {item.name: item.proof for item in tunable_proofs(analytic, settings(analytic, *runs, error=error))}


def test_a_tunable_is_proven_by_two_outcomes_that_differ_with_all_else_equal(analytic: Analytic) -> None:
    """The expectation says that nobody alerts under either value: what was measured counts."""
    made = tunable_proofs(analytic, settings(analytic, ({}, True), ({"Threshold": 3}, False)))

    (item,) = [item for item in made if item.proof is Proof.PROVEN]
    assert ("Threshold", (2, 3)) == (item.name, item.values)
    assert ["samples.yml:10:0", "samples.yml:11:0"] == [str(place) for place in item.places]


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        ([({}, True), ({"Threshold": 3}, True)], Proof.DEAD),
        ([({}, True), ({"Threshold": 2}, True)], Proof.UNTESTED),
        ([({}, True), ({"Threshold": 3, "Window": "1m"}, False)], Proof.TOGETHER),
        ([({}, True)], Proof.UNTESTED),
        ([({"Scope": "some"}, False), ({"Scope": "all", "Threshold": 3}, True), ({"Threshold": 3}, False)], Proof.TOGETHER),
        ([({"Scope": "some"}, False), ({"Scope": "some", "Threshold": 1}, True)], Proof.PROVEN),
        ([({}, False), ({"Scope": "some"}, False), ({"Scope": "some", "Threshold": 1}, True)], Proof.PROVEN),
    ],
)  # fmt: skip
def test_what_is_no_proof_is_told_apart(
    analytic: Analytic, runs: list[tuple[dict[str, Any], bool]], expected: Proof
) -> None:
    """Dead, untested, changed along with others; two variants of a case prove as a case and its variant do."""
    assert expected is proofs(analytic, *runs)["Threshold"]


def test_a_run_that_failed_proves_nothing(analytic: Analytic) -> None:
    """No alert because of an error is no other outcome, and what is missing because of it is no finding."""
    runs = [({}, True), ({"Threshold": 3}, False)]
    found = settings(analytic, *runs, error="boom")
    findings = Findings()
    coverage_findings(analytic, found, tunable_proofs(analytic, found), findings)

    assert Proof.UNTESTED is proofs(analytic, *runs, error="boom")["Threshold"]
    assert [] == findings.items


def test_what_the_samples_do_not_show_is_a_finding(analytic: Analytic) -> None:
    """Each tunable without proof by name and line, a dead one as such; a monitor that never alerted."""
    found = settings(analytic, ({}, True), ({"Threshold": 3}, False), ({"Scope": "some"}, True))
    findings = Findings()
    coverage_findings(analytic, found, tunable_proofs(analytic, found), findings)

    folder = "detections/DET9999/XX0001/analytic.yml"
    assert [
        f"DAC040 {folder}:12:3 the tunable Patterns is not proven: no variant gives it another value",
        f"DAC040 {folder}:14:3 the tunable Window is not proven: no variant gives it another value",
        f"DAC040 {folder}:15:3 the tunable Scope is dead: it changes no outcome",
        f"DAC041 {folder}:34:3 the monitor correlated alerted on no sample event",
    ] == shown(findings)


def test_variants_that_prove_nothing_are_named_with_the_reason(analytic: Analytic) -> None:
    """The same outcome, the same values, or several changes at once."""
    found = settings(
        analytic,
        ({}, True),
        ({"Threshold": 3}, False),
        ({"Scope": "some"}, True),
        ({"Threshold": 2}, True),
        ({"Patterns": ["arp"], "Window": "1m"}, False),
    )

    assert [
        ("samples.yml:12:0", "the same entities alert as without it"),
        ("samples.yml:13:0", "its values are those of the case itself"),
        ("samples.yml:14:0", "it changes Patterns, Window at once"),
    ] == [(str(item.where), item.why) for item in idle_variants(found)]
