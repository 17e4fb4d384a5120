"""Plans and results as text, JSON and Markdown."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.model.errors import Location
from deployer.model.resource import Resource
from deployer.plan import Choices, ClusterFacts, Inventory, Plan, Selection, make_plan
from deployer.plan.compare import ABSENT, FieldChange
from deployer.plan.outcome import Fate, Outcome, Result
from deployer.report import plan_json, plan_markdown, plan_text, result_json, result_markdown, result_text, summary
from deployer.report.changes import line, lines
from deployer.report.escape import markdown, shown, visible
from tests import deployments as made

DEPLOYMENT = "h-unit"
GOLDEN = Path(__file__).parent / "golden"
EVIL = "a|b`c`<img src=x onerror=1>\x1b[31m\n::error::x @team #1 [x](http://evil) **b** \u202eright"


def plan(desired: list[Resource] | None = None, **choices: Any) -> Plan:
    """A plan with one of everything: create, update with a cause, drift, orphan, copy."""
    before = [*made.everything(DEPLOYMENT), made.monitor(DEPLOYMENT, "XX0003"), made.monitor(DEPLOYMENT, "XX0004")]
    lives, record = made.deployed(before)
    body = {**lives[6].body, "enabled": True}
    lives[6] = made.live(before[6], lives[6].id, body, version=2)
    lives.append(made.live(before[4], "id-of-a-copy"))
    wanted = desired or [
        *made.everything(DEPLOYMENT, follow={"threshold": 5}),
        made.monitor(DEPLOYMENT, "XX0003"),
        dataclasses.replace(made.monitor(DEPLOYMENT, "XX0005"), origin=Location("detections/x/analytic.yml", 3, 5)),
    ]
    facts = ClusterFacts(uuid="u", version="3.4.0", max_monitors=1000, present=4)
    environment = made.environment(DEPLOYMENT)
    return make_plan(wanted, Inventory(tuple(lives), facts), record, environment, choices=Choices(**choices))


def result(found: Plan) -> Result:
    """A deploy of which half was done."""
    reasons = {Fate.FAILED: "the server said no", Fate.BLOCKED: "waits for channel/soc"}
    cycle = [Fate.APPLIED, Fate.FAILED, Fate.BLOCKED]
    outcomes = [
        Outcome(action, fate, action.id, reasons.get(fate, ""), "Mend it." if fate is Fate.FAILED else "")
        for action, fate in zip(found.actions, cycle, strict=False)
    ]
    return Result(found, tuple(outcomes), 1.25)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("plan.txt", lambda: plan_text(plan(prune=True), "http://127.0.0.1:9200")),
        (
            "plan.json",
            lambda: json.dumps(plan_json(plan(prune=True), "http://127.0.0.1:9200"), indent=2, ensure_ascii=False),
        ),
        ("plan.md", lambda: plan_markdown(plan(prune=True), "http://127.0.0.1:9200")),
        ("result.txt", lambda: result_text(result(plan(prune=True)))),
        ("result.json", lambda: json.dumps(result_json(result(plan(prune=True))), indent=2, ensure_ascii=False)),
        ("result.md", lambda: result_markdown(result(plan(prune=True)))),
    ],
)
def test_reports_keep_their_form(name: str, text: Any) -> None:
    """Each form is what the file beside this test says; a change of it is a change of a public form."""
    assert (GOLDEN / name).read_text("utf-8").rstrip("\n") == text().rstrip("\n")


@pytest.mark.parametrize(
    ("desired", "choices", "expected"),
    [
        (None, {}, "Plan: 1 to add, 2 to change, 0 to destroy."),
        (None, {"prune": True}, "Plan: 1 to add, 2 to change, 1 to destroy."),
        (None, {"on_drift": "keep"}, "Plan: 1 to add, 1 to change, 0 to destroy."),
    ],
)
def test_the_plan_ends_with_its_sum(desired: None, choices: dict[str, Any], expected: str) -> None:
    """The last line counts what would be done."""
    assert expected == plan_text(plan(desired, **choices)).splitlines()[-1]


def test_no_changes_says_so() -> None:
    """A plan without changes ends with the words that scripts look for."""
    resources = made.everything(DEPLOYMENT)
    lives, record = made.deployed(resources)

    found = make_plan(resources, Inventory(tuple(lives)), record, made.environment(DEPLOYMENT))

    assert "No changes." == summary(found) == plan_text(found).splitlines()[-1]


@pytest.mark.parametrize("form", [plan_text, plan_markdown])
def test_the_head_names_the_drafts_that_are_left_out(form: Any) -> None:
    """A few by name, of many how many more there are; without any, nothing is said."""
    few = dataclasses.replace(plan(), selection=Selection(drafts=("XX0008", "XX0009")))
    many = dataclasses.replace(plan(), selection=Selection(drafts=tuple(f"XX{number}" for number in range(1000, 2500))))

    assert "Left out as drafts" not in form(plan())
    assert re.search("Left out as drafts: .*XX0008, XX0009", form(few).split("Plan:" if form is plan_text else "| |")[0])
    assert re.search("Left out as drafts: .*XX1000, XX1001, .* and 1,490 more", form(many))
    assert ["XX0008", "XX0009"] == plan_json(few)["selection"]["drafts"]


def test_the_head_shows_what_was_left_out() -> None:
    """A selection is shown with the number of objects that it leaves out."""
    found = dataclasses.replace(plan(), selection=Selection(("XX0001",), (), frozenset({"a"}), ("b", "c")))

    for text in (plan_text(found), plan_markdown(found)):
        assert "Left out by" in text
        assert "2 of 8 objects" in text


def test_colours_are_only_where_asked_for() -> None:
    """Without colours there is no escape sequence; with them the same text."""
    plain, coloured = plan_text(plan()), plan_text(plan(), colour=True)

    assert "\x1b" not in plain
    assert plain == re.sub(r"\x1b\[\d*m", "", coloured)
    assert "\x1b[32m" in coloured


def evil() -> Plan:
    """A plan whose every text of other people's making is hostile."""
    wanted = made.renamed(made.monitor(DEPLOYMENT, needs=()), EVIL)
    wanted = dataclasses.replace(wanted, written={EVIL: EVIL, "tunables": {EVIL: "x"}})
    lives, record = made.deployed([made.monitor(DEPLOYMENT, needs=())])
    by_hand = made.live(made.renamed(made.monitor(DEPLOYMENT, "XX0002", needs=()), EVIL), "id", {**wanted.body, "owner": "alerting", "triggers": []})  # fmt: skip
    second = made.renamed(made.monitor(DEPLOYMENT, "XX0002", needs=()), EVIL)
    return make_plan([wanted, second], Inventory((*lives, by_hand)), record, made.environment(DEPLOYMENT))


def test_promise_30_text_for_a_terminal_does_nothing_there() -> None:
    """No control character, line end or direction mark of a name or value reaches a terminal or a log."""
    text = plan_text(evil())

    assert "\x1b" not in text
    assert "\u202e" not in text
    assert not any(found.startswith("::") for found in text.splitlines())


def test_promise_30_markdown_shows_hostile_text_as_text() -> None:
    """No HTML, table cell, link, code span, mention or emphasis of a name or value is live in Markdown."""
    text = plan_markdown(evil())

    assert "<img" not in text
    assert "](http" not in text
    assert "**b**" not in text
    assert "`" not in text
    assert "@team" not in text
    rows = [row for row in text.splitlines() if row.startswith("| ~")]
    assert [5] == [row.count("|") for row in rows]


def test_promise_30_json_stays_json() -> None:
    """Hostile text in JSON is a string, and comes back as it was."""
    found = json.loads(json.dumps(plan_json(evil())))

    assert EVIL in [action["name"] for action in found["actions"]]


@given(st.text())
def test_promise_30_no_text_escapes(text: str) -> None:
    """Whatever the text: one line, no control character, and in Markdown no character that means something."""
    one_line = visible(text)
    inner = markdown(text).removeprefix("<code>").removesuffix("</code>")

    assert one_line.isprintable() or not re.search(
        r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]", one_line
    )
    assert not re.search(r"[<>|`*_\[\]~\\]", inner)


@given(st.text(min_size=1, max_size=400))
def test_long_values_are_cut(text: str) -> None:
    """A value never makes a line of more than its limit."""
    assert len(shown(text)) <= 160


def test_markdown_fits_a_comment_and_says_what_it_cut() -> None:
    """A plan of hundreds of objects stays below the limit, keeps its summary, and counts what is missing."""
    desired = [made.monitor(DEPLOYMENT, f"XX{number:04}", threshold=2) for number in range(500)]
    lives, record = made.deployed([made.monitor(DEPLOYMENT, f"XX{number:04}") for number in range(500)])
    found = make_plan(desired, Inventory(tuple(lives)), record, made.environment(DEPLOYMENT))

    text = plan_markdown(found)

    assert len(text) <= 60_000
    assert text.startswith("### Plan: 0 to add, 500 to change, 0 to destroy.")
    assert re.search(r"Cut here: \d+ more parts", text)


def test_lists_show_what_came_and_went() -> None:
    """Of a list of plain values only the difference is shown."""
    assert "patterns: -arp, +ss, +route" == line(
        FieldChange("patterns", ["netstat", "arp"], ["netstat", "ss", "route"])
    )
    assert 'patterns: ["a", "b"] → ["b", "a"]' == line(FieldChange("patterns", ["a", "b"], ["b", "a"]))
    assert "window: 30m → (none)" == line(FieldChange("window", "30m", ABSENT))


def test_many_changes_of_an_object_are_counted() -> None:
    """An object with many changed fields shows the first and counts the rest."""
    found = list(lines([FieldChange(str(number), 1, 2) for number in range(40)]))

    assert 13 == len(found)
    assert "28 more" in found[-1]


@pytest.mark.parametrize(
    ("fates", "interrupted", "record_error", "expected"),
    [
        ([Fate.APPLIED], False, "", 0),
        ([], False, "", 0),
        ([Fate.APPLIED, Fate.FAILED, Fate.CONFLICT], False, "", 1),
        ([Fate.UNKNOWN], False, "", 1),
        ([Fate.CONFLICT, Fate.BLOCKED], False, "", 3),
        ([Fate.APPLIED], True, "", 130),
        ([Fate.APPLIED], False, "no", 1),
    ],
)
def test_the_exit_code_tells_what_happened(
    fates: list[Fate], interrupted: bool, record_error: str, expected: int
) -> None:
    """0 done, 1 a failure, 3 only conflicts, 130 interrupted."""
    found = plan()
    outcomes = tuple(Outcome(found.actions[0], fate) for fate in fates)

    assert expected == Result(found, outcomes, 0.0, interrupted, record_error).exit_code


def test_a_record_in_a_file_is_told_with_the_command_that_pushes_it() -> None:
    """Where the record had to be saved, the result says where and how it gets to the cluster."""
    found = dataclasses.replace(result(plan()), record_error="403", record_file=".deployer/records/x-1.json")

    assert "deployer deploy --env tests --push-record .deployer/records/x-1.json" in result_text(found)


def test_many_objects_that_stay_for_one_reason_are_one_line() -> None:
    """Of seventeen orphans three are named and the rest counted, in text and in Markdown; JSON has all."""
    resources = [*made.everything(DEPLOYMENT), *(made.monitor(DEPLOYMENT, f"YY{n:04}") for n in range(17))]
    lives, record = made.deployed(resources)
    found = make_plan(resources[:6], Inventory(tuple(lives)), record, made.environment(DEPLOYMENT))

    text, folded = plan_text(found), plan_markdown(found)

    assert 1 == text.count("orphan: ") == folded.count("- <code>orphan")
    assert "orphan: 17 of kind monitor (monitor/YY0000/discovery" in text
    assert "and 14 more" in text
    assert 17 == len(plan_json(found)["notes"])


def test_promise_09_an_emptied_repository_is_told_in_a_few_lines() -> None:
    """The plan says that everything stays and goes on running, once, and why it is refused."""
    lives, record = made.deployed([made.monitor(DEPLOYMENT, f"YY{n:04}") for n in range(69)])

    text = plan_text(make_plan([], Inventory(tuple(lives)), record, made.environment(DEPLOYMENT)))

    assert 12 > len(text.splitlines())
    assert "all 69 live objects stay as they are, and the 69 monitors among them go on running" in text
    assert "Refused: there is nothing to deploy" in text
