"""What a change of templates means for the events of a data stream, on a real cluster."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from deployer.model.resource import Kind, Resource
from deployer.plan import Conflict, Remark, UnsafePlanError, Verb
from deployer.plan.compare import FieldChange
from deployer.plan.outcome import Fate
from tests import deployments as made
from tests.bench import Bench, bench
from tests.commands import deployment, run, run_alone
from tests.faults import Fault, Reply, proxied

pytestmark = pytest.mark.integration


@pytest.fixture
def on(cluster_url: str, tmp_path: Path) -> Iterator[Bench]:
    """A deployment of its own, whose templates shape a data stream."""
    with bench(cluster_url, tmp_path) as found:
        found.also.append(f"/_data_stream/{found.deployment}-events-a")
        yield found


FIELDS: Mapping[str, Any] = {
    "host": {"properties": {"name": {"type": "keyword"}}},
    "process": {"properties": {"command_line": {"type": "keyword", "ignore_above": 512}}},
}


def _all(on: Bench, fields: Mapping[str, Any] = FIELDS, pipeline: str = "", **settings: Any) -> list[Resource]:
    """Templates with these fields, and a pipeline; nothing else is mapped."""
    component = made.component(on.deployment)
    template = {"mappings": {"dynamic": False, "properties": dict(fields)}, "settings": settings}
    body = {**component.body, "template": template}
    index = made.index_template(on.deployment, stream=True)
    if pipeline:
        index = made.with_body(index, template={"settings": {"index": {"default_pipeline": pipeline}}})
    component = dataclasses.replace(component, body=body, written={"template": template})
    return [component, made.pipeline(on.deployment), index]


def _event(on: Bench, **fields: Any) -> str:
    """Store an event; the index that took it."""
    stream = f"{on.deployment}-events-a"
    document = {"@timestamp": "2026-01-01T00:00:00Z", **fields}
    return str(on.node.request("POST", f"/{stream}/_doc", document, {"refresh": "true"})["_index"])


def _found(on: Bench, field: str, value: str) -> int:
    answer = on.node.request("POST", f"/{on.deployment}-events-a/_count", {"query": {"term": {field: value}}})
    return int(answer["count"])


def test_a_new_field_is_searchable_for_new_events_without_a_rollover(on: Bench) -> None:
    """It is put on the index that takes the events, which stays; the plan says so, and is empty after it."""
    on.deploy(_all(on))
    old = _event(on, labels={"team": "red"}, host={"name": "h"})
    more = {**FIELDS, "labels": {"properties": {"team": {"type": "keyword", "fields": {"text": {"type": "text"}}}}}}

    seen = on.look(_all(on, more))
    result = on.deploy(_all(on, more))
    new = _event(on, labels={"team": "red"}, host={"name": "h"})

    (extended,) = seen.plan.of(Verb.EXTEND)
    assert [("labels.team", "keyword"), ("labels.team.text", "text")] == [(c.path, c.new) for c in extended.changes]
    assert f"put on its write index {old}" in extended.reason
    assert [Fate.APPLIED] * 2 == [outcome.fate for outcome in result.outcomes]
    assert (old, 1, 1, 2) == (new, _found(on, "labels.team", "red"), _found(on, "labels.team.text", "red"), _found(on, "host.name", "h"))  # fmt: skip
    assert on.plan(_all(on, more)).empty


def test_a_field_under_another_type_rolls_over_only_if_allowed(on: Bench, cluster_url: str) -> None:
    """Without permission nothing is written. With it the events from then on are mapped anew, those before stay found; once."""
    on.deploy(_all(on))
    old = _event(on, host={"name": "h"}, process={"command_line": "netstat -an"})
    other = {
        "host": FIELDS["host"],
        "process": {"properties": {"command_line": {"type": "wildcard"}, "pid": {"type": "long"}}},
    }

    plan = on.plan(_all(on, other))
    refusing = on.client()
    with pytest.raises(UnsafePlanError, match="needs a rollover: data-stream/"):
        on.deploy(_all(on, other), cluster=refusing)
    with proxied(cluster_url) as proxy:
        proxy.faults.append(Fault("POST", "/_rollover", after=Reply(drop=True)))
        result = on.deploy(_all(on, other), proxy.url, allow_rollover=True)
    new = _event(on, host={"name": "h"}, process={"command_line": "netstat -an"})

    (action,) = plan.of(Verb.ROLLOVER)
    assert Conflict.ROLLOVER is action.conflict
    assert FieldChange("process.command_line", "keyword", "wildcard", "component-template/base") == action.changes[0]
    assert f"those in {old} stay there as they were indexed" in action.reason
    assert 0 == refusing.writes
    assert [Fate.APPLIED] * 2 == [outcome.fate for outcome in result.outcomes]
    assert (f"{old[:-1]}2", 2) == (new, _found(on, "host.name", "h"))
    assert on.plan(_all(on, other)).empty
    assert () == on.plan(_all(on, other), allow_rollover=True).actions


def test_settings_that_an_open_index_takes_are_put_and_others_roll_over(on: Bench) -> None:
    """Another pipeline holds for the next event; an analyzer, and a field that names it, need a new index."""
    on.deploy(_all(on))
    _event(on)
    words = {"words": {"type": "custom", "tokenizer": "whitespace"}}
    more = {**FIELDS, "message": {"type": "text", "analyzer": "words"}}

    without = on.deploy(_all(on, pipeline="_none"))
    index = _event(on)
    marked = _found(on, "labels.marked", "yes")
    analysed = on.plan(_all(on, more, pipeline="_none", analysis={"analyzer": words}))
    settings = on.node.request("GET", f"/{index}/_settings")[index]["settings"]["index"]

    assert [Verb.UPDATE, Verb.EXTEND] == [outcome.action.verb for outcome in without.outcomes]
    assert ("_none", 0) == (settings["default_pipeline"], marked)
    assert [Verb.UPDATE, Verb.ROLLOVER] == [action.verb for action in analysed.actions]
    assert {"message", "settings.analysis.analyzer.words.type", "settings.analysis.analyzer.words.tokenizer"} == {
        change.path for change in analysed.actions[1].changes
    }
    assert [Conflict.ROLLOVER] == [action.conflict for action in analysed.actions if action.kind is Kind.DATA_STREAM]


def test_a_stream_that_was_there_before_gets_what_it_lacks_and_its_old_fields_are_told(on: Bench) -> None:
    """What others mapped otherwise is no change of this deploy: it is noted, not refused, and rolls over if allowed."""
    other, stream = f"{on.deployment}other", f"{on.deployment}-events-a"
    body = {"index_patterns": [f"{on.deployment}-events-*"], "priority": 1, "data_stream": {}, "template": {"mappings": {"properties": {"host": {"properties": {"name": {"type": "text"}}}}}}}  # fmt: skip
    on.node.request("PUT", f"/_index_template/{other}", body)
    on.also.append(f"/_index_template/{other}")
    index = _event(on, host={"name": "h"})

    first = on.deploy(_all(on))
    second = on.plan(_all(on))
    allowed = on.deploy(_all(on), allow_rollover=True)

    assert [Verb.CREATE, Verb.CREATE, Verb.CREATE, Verb.EXTEND] == [o.action.verb for o in first.outcomes]
    assert [Fate.APPLIED] * 4 == [outcome.fate for outcome in first.outcomes]
    assert second.empty
    assert [(Remark.OLD_MAPPING, stream)] == [(note.remark, note.name) for note in second.notes]
    assert f"host.name is text and not keyword in its write index {index}" in second.notes[0].text
    assert [(Verb.ROLLOVER, Fate.APPLIED)] == [(o.action.verb, o.fate) for o in allowed.outcomes]
    assert () == on.plan(_all(on)).notes


def test_the_permission_to_roll_over_is_part_of_a_saved_plan(
    cluster_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A plan that lacks it is shown (0, or 2 for changes), refused by a deploy (3) and not saved; one that has it is applied."""
    with deployment(cluster_url, tmp_path / "repository") as on:
        assert 0 == run(on, "deploy")
        stream = f"logs-x.{on.deployment.replace('-', '')}-default"
        on.also.insert(0, f"/_data_stream/{stream}")
        on.node.request("POST", f"/{stream}/_doc", {"@timestamp": "2026-01-01T00:00:00Z", "message": "x"})
        file, plan = on.folder / "mappings/components/base.yml", tmp_path / "a.plan"
        file.write_text(file.read_text().replace("name: {type: keyword}", "name: {type: wildcard}", 1))

        codes = [run(on, "plan", *more) for more in ((), ("--detailed-exitcode",), ("--out", str(plan)))]
        codes.append(run(on, "deploy"))
        capsys.readouterr()
        assert (0, False) == (run(on, "plan"), plan.exists())
        shown = capsys.readouterr().out
        assert 0 == run(on, "plan", "--allow-rollover", "--out", str(plan), "--output", "json")
        action = next(item for item in json.loads(capsys.readouterr().out)["actions"] if item["kind"] == "data-stream")
        codes.append(run_alone(on, "deploy", str(plan)))
        deployed = capsys.readouterr().out
        codes.append(run(on, "plan", "--detailed-exitcode"))

    assert [0, 2, 3, 3, 0, 0] == codes
    assert f"~ data-stream/{stream}  (rolls over: a new backing index takes the events from then on" in shown
    assert "keyword → wildcard" in shown
    assert "1 data stream to roll over" in shown
    assert "--allow-rollover" in shown
    assert ("rollover", stream, f".ds-{stream}-000001") == (action["action"], action["name"], action["write_index"])
    assert action["conflict"] is None
    assert "orphan" not in deployed, "what the plan does not touch is not looked at again"
