"""What replaying samples gave, in each of its forms."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.model.errors import Location
from deployer.model.finding import Finding
from deployer.model.tested import AnalyticResult, Entity, Failure, Idle, Proof, Setting, TunableProof
from deployer.report.samples import samples_github, samples_json, samples_text, summary
from deployer.report.samples_junit import samples_junit
from deployer.report.samples_markdown import samples_markdown

GOLDEN = Path(__file__).parent / "golden"
EVIL = 'a "case"\x1b[31m\x00 <b>&|`\n::error::x \ud800 \ufffe@team'
ALICE: Entity = (("host", "h1"), ("user", "alice"))
BOB: Entity = (("host", "h<2>\x07"), ("user", "bob"))


def setting(
    name: str, line: int, *, variant: bool = False, alerts: bool = True, failure: Failure | None = None
) -> Setting:
    """A case, or a variant of the case `name`, that expects alice to alert unless `alerts` is false."""
    entities = {"discovery": frozenset({ALICE})} if alerts else {}
    values = {"Threshold": 3, "Names": ["x", name]} if variant else {}
    failures = (failure,) if failure else ()
    return Setting(
        name, Location("s.yml", 1), variant, Location("s.yml", line, 5), values, values, entities, entities, failures, 0.25
    )  # fmt: skip


def results() -> list[AnalyticResult]:
    """One analytic of which everything is proven, and one of which everything is wrong that can be."""
    good = AnalyticResult(
        "XX0001",
        "Good",
        2,
        5,
        3,
        (setting("p", 2), setting("p", 4, variant=True, alerts=False), setting("n", 8, alerts=False)),
        (TunableProof("Threshold", Proof.PROVEN, Location("a.yml", 12, 3), "p", (Location("s.yml", 2, 5), Location("s.yml", 4, 5)), (2, 3)),),
        monitors={"discovery": True},
    )  # fmt: skip
    where = Location("b,c:.yml", 7, 3)
    bad = AnalyticResult(
        "XX0002",
        "Bad",
        3,
        7,
        4,
        (
            setting(EVIL, 2, failure=Failure("discovery", (ALICE,), (BOB,), "")),
            setting(EVIL, 4, variant=True, failure=Failure("discovery", (ALICE,), (), "all shards failed\x08")),
            setting("twin", 6),
            setting("twin", 9, alerts=False),
        ),
        (TunableProof("Dead", Proof.DEAD, where, EVIL, (Location("s.yml", 4, 5),)), TunableProof("New", Proof.PROVEN, where)),
        (Idle(EVIL, Location("s.yml", 4, 5), {"Dead": "<i>"}, "the same entities alert as without it"),),
        (
            Finding("DAC040", "the tunable Dead is dead: it changes no outcome", where, "remove it"),
            Finding("DAC041", "XX0002 has no case that must not alert", Location("b,c:.yml", 1), "add a near miss"),
            Finding("DAC041", "the monitor follow alerted on no sample event", Location("b,c:.yml", 30, 3), "add a case"),
        ),
        {"discovery": True, "follow": False},
    )  # fmt: skip
    return [good, bad]


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("samples.txt", lambda: samples_text(results(), summary(results()), lambda _: [])),
        ("samples.json", lambda: json.dumps(samples_json(results(), "the sums"), indent=2)),
        ("samples.xml", lambda: samples_junit(results())),
        ("samples.md", lambda: samples_markdown(results(), "the sums")),
        ("samples.github", lambda: samples_github(results(), "the sums")),
    ],
)
def test_each_form_is_as_it_was(name: str, make: Callable[[], str]) -> None:
    """Programs and people rely on these forms: a change of one is a change of its golden file."""
    assert (GOLDEN / name).read_text("utf-8") == f"{make()}\n"


def test_junit_has_what_its_consumers_ask_for() -> None:
    """Suites in suites, sums that agree with the tests below, a name and a class for each, no name twice, and no other attribute."""
    root = Xml.fromstring(samples_junit(results()).encode())

    assert "testsuites" == root.tag
    assert ["XX0001", "XX0002"] == [suite.get("name") for suite in root]
    for holder in (root, *root):
        tests = list(holder.iter("testcase"))
        assert len(tests) == int(holder.attrib["tests"])
        assert len([test for test in tests if test.find("failure") is not None]) == int(holder.attrib["failures"])
        assert len([test for test in tests if test.find("error") is not None]) == int(holder.attrib["errors"])
        assert pytest.approx(sum(float(test.attrib["time"]) for test in tests)) == float(holder.attrib["time"])
    names = [(test.attrib["classname"], test.attrib["name"]) for test in root.iter("testcase")]
    assert len(names) == len(set(names))
    assert {"classname", "name", "time"} == {key for test in root.iter("testcase") for key in test.attrib}
    assert {"message", "type"} == {key for kind in ("failure", "error") for e in root.iter(kind) for key in e.attrib}


@given(st.text(st.characters(exclude_categories=())))
def test_junit_is_xml_whatever_samples_are_called(text: str) -> None:
    """Control characters, half of a pair and what else XML cannot hold are made visible; the rest is kept."""
    one = setting("case", 2, failure=Failure(text, (), (((text, text),),), text))
    result = AnalyticResult(text, text, 1, 1, 1, (one,), (), (), (Finding("DAC041", text, Location(text, 1)),))

    root = Xml.fromstring(samples_junit([result]).encode())

    assert 2 == len(list(root.iter("testcase")))


def test_markdown_never_grows_over_the_limit_and_says_what_it_left_out() -> None:
    """A comment that is too long would not be posted at all."""
    text = samples_markdown(results() * 50, "the sums", limit=5000)

    assert len(text) <= 5000
    assert "Cut here" in text
    assert "::error" not in samples_markdown(results(), "the sums").replace("<code>", "\n")
