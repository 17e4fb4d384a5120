"""The history of deployments and one of them, as text and JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deployer.plan.compare import FieldChange
from deployer.plan.history import Changed, Chronicle, Deployment, Kept, Past, Row, State
from deployer.plan.outcome import Attempt
from deployer.report.history import history_json, history_text, past_json, past_text
from deployer.report.many import histories_json, histories_text
from tests.unit.report.test_plan_report import EVIL

GOLDEN = Path(__file__).parent / "golden"
COUNTS = {"applied": 2, "failed": 1, "unchanged": 4}


def one(number: int, **changes: object) -> Deployment:
    """A made-up deployment."""
    values = {"at": f"2026-01-0{number}T10:00:00Z", "who": "alice", "host": "ci-1", "tool": "0.1.0", "commit": "c0ffee" * 6, "seconds": 1.5, "plan": "a" * 64, "counts": COUNTS}  # fmt: skip
    return Deployment("h-unit", number, **{**values, **changes})  # type: ignore[arg-type]


def chronicle() -> Chronicle:
    """A deployment of each sort."""
    return Chronicle(
        (
            (one(3, state=State.OPEN, counts={}), "killed"),
            (one(2, verb="rollback", target=1, dirty=True), "complete"),
            (one(1, commit="", state=State.PARTIAL), "partial"),
        ),
        "bob on ci-2 (process 7) since 2026-01-03T10:00:00Z",
    )


def past() -> Past:
    """A deployment that did some of what it was to do."""
    changed = (
        Changed("+", "monitor/XX0002/follow"),
        Changed("~", "monitor/XX0001/discovery", (FieldChange("threshold", 1, 5),)),
        Changed("~", "ingest-pipeline/mark", (), "the same content, written again"),
    )
    undone = (Row("create", "monitor/XX0003/x", "failed", "", "the server said no"),)
    objects = {"monitor/XX0002/follow": Kept("d" * 64, "id2"), "ingest-pipeline/mark": Kept("e" * 64, "h-unit-mark")}
    return Past(one(2, state=State.PARTIAL, job="https://ci.example.org/jobs/7"), "partial", changed, undone, objects)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("history.txt", lambda: history_text(chronicle())),
        ("history.json", lambda: json.dumps(history_json(chronicle(), "tests", "h-unit"), indent=2)),
        ("show.txt", lambda: past_text(past())),
        ("show.json", lambda: json.dumps(past_json(past()), indent=2)),
    ],
)
def test_reports_keep_their_form(name: str, text: object) -> None:
    """Each form is what the file beside this test says; a change of it is a change of a public form."""
    assert callable(text)
    assert (GOLDEN / name).read_text("utf-8").rstrip("\n") == text()


def test_what_is_missing_or_lost_is_said() -> None:
    """An empty history, a lost record and deployments that are gone are told apart."""
    assert "nothing was deployed yet" in history_text(Chronicle())
    assert "nothing vouches" in history_text(Chronicle(chronicle().deployments, lost=True))
    assert "Deploy 2 and what came before it are gone" in history_text(
        Chronicle(chronicle().deployments[:1], missing=2)
    )


def test_several_clusters_have_a_history_each() -> None:
    """Each with a head of its own and a line at the end; one of several that failed hides none."""
    from deployer.model.errors import ClusterError

    several = [Attempt("a", "http://a", chronicle()), Attempt("b", "http://b", None, ClusterError("down"))]
    text, value = histories_text(several), histories_json(several, "tests", "h-unit")

    assert text.splitlines()[-2:] == ["a  deploy 3 at 2026-01-03T10:00:00Z: deploy, killed", "b  failed: down"]
    assert [3, 2, 1] == [found["number"] for found in value["clusters"][0]["result"]["deployments"]]
    assert "down" == value["clusters"][1]["error"]["what"]


def test_promise_30_a_history_cannot_be_abused() -> None:
    """Names and reasons of other people's making stay on their line, without control characters."""
    evil = one(1, who=EVIL, host=EVIL, commit=EVIL)
    row = Row("create", "k", "failed", "", EVIL)
    text = history_text(Chronicle(((evil, "complete"),), EVIL)) + past_text(Past(evil, "complete", (), (row,)))

    assert "\x1b" not in text
    assert not any(line.startswith("::") for line in text.splitlines())
