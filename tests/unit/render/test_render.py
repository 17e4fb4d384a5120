"""Analytic and environment rendered into what is sent."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from deployer.catalogue import load_environment, load_repository
from deployer.model.finding import Findings
from deployer.model.resource import Kind, Resource
from deployer.render import render_environment
from deployer.render.templating import TemplateError, Templates
from tests.unit.repo import write


def rendered(root: Path) -> dict[str, Resource]:
    findings = Findings()
    repository = load_repository(root, findings)
    environment = load_environment(root, "local", repository.analytics, repository.sources, findings)
    assert environment is not None
    resources = render_environment(repository, environment, findings)
    assert [] == findings.sorted()
    return {resource.key: resource for resource in resources}


def query_of(resource: Resource) -> dict[str, Any]:
    query: dict[str, Any] = resource.body["inputs"][0]["search"]["query"]
    return query


def test_kinds_come_in_the_order_in_which_they_depend_on_each_other(tmp_path: Path) -> None:
    """Component templates, pipelines, index templates, channels, monitors: each after what it needs."""
    resources = rendered(write(tmp_path))

    seen: set[str] = set()
    for resource in resources.values():
        assert set(resource.depends_on) <= seen, resource.key
        seen.add(resource.key)
    assert [
        Kind.COMPONENT_TEMPLATE,
        Kind.INGEST_PIPELINE,
        Kind.INDEX_TEMPLATE,
        Kind.CHANNEL,
        Kind.MONITOR,
        Kind.MONITOR,
    ] == [r.kind for r in resources.values()]


def test_a_monitor_carries_its_owner_and_stable_trigger(tmp_path: Path) -> None:
    """The owner has the token that keeps it visible to everybody, and the trigger id says deployment, analytic and monitor."""
    body = rendered(write(tmp_path))["monitor/XX0001/discovery"].body

    assert "alerting unit-local" == body["owner"]
    assert "unit-local.XX0001.discovery" == body["triggers"][0]["bucket_level_trigger"]["id"]


def test_a_query_looks_back_window_interval_and_delay(tmp_path: Path) -> None:
    """5 minutes of window, 1 of interval and 2 of ingest delay are 480 seconds before the end of the period."""
    query = query_of(rendered(write(tmp_path))["monitor/XX0001/discovery"])

    expected = {
        "range": {"@timestamp": {"gt": "{{period_end}}||-480s", "lte": "{{period_end}}", "format": "epoch_millis"}}
    }
    assert expected == query["query"]["bool"]["filter"][0]


def test_a_cron_schedule_counts_its_longest_gap(tmp_path: Path) -> None:
    """Hourly between 8 and 18 leaves a gap of 14 hours over night, and that is what is looked back, daylight saving included."""
    write(
        tmp_path,
        local=("channels:", "monitors: {XX0001: {schedule: {cron: '0 8-18 * * *', timezone: UTC}}}\nchannels:"),
    )

    query = query_of(rendered(tmp_path)["monitor/XX0001/discovery"])

    assert (
        f"{{{{period_end}}}}||-{14 * 3600 + 300 + 120}s"
        == query["query"]["bool"]["filter"][0]["range"]["@timestamp"]["gt"]
    )


@pytest.mark.parametrize(
    ("own", "environment", "minutes"),
    [("", "", None), ("2h", "", 120), ("2h", "0s", None), ("", "1d", 1440), ("2h", "30m", 30)],
)
def test_a_reminder_is_the_throttle_of_the_notification(
    tmp_path: Path, own: str, environment: str, minutes: int | None
) -> None:
    """Without one only new alerts are told; the analytic's may be changed, or taken away, by the environment."""
    changes = {}
    if own:
        changes["analytic"] = ("    window: 5m\n", f"    window: 5m\n    reminder: {own}\n")
    if environment:
        text = f"monitors: {{XX0001/discovery: {{reminder: {environment}}}}}\nchannels:"
        changes["local"] = ("channels:", text)

    resource = rendered(write(tmp_path, **changes))["monitor/XX0001/discovery"]

    (action,) = resource.body["triggers"][0]["bucket_level_trigger"]["actions"]
    scope = action["action_execution_policy"]["action_execution_scope"]["per_alert"]["actionable_alerts"]
    assert (minutes is not None, minutes) == (action["throttle_enabled"], action.get("throttle", {}).get("value"))
    assert (["NEW"] if minutes is None else ["NEW", "DEDUPED"]) == scope
    assert (minutes is not None) == ("reminder" in resource.written)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("analytic", "    window: 5m\n", "    window: 5m\n    reminder: 90s\n"),
        ("analytic", "    window: 5m\n", "    window: 5m\n    reminder: {tunable: Window}\n"),
        ("local", "channels:", "monitors: {XX0001: {reminder: 25h}}\nchannels:"),
    ],
)
def test_a_reminder_that_the_server_would_refuse_is_a_finding(tmp_path: Path, file: str, old: str, new: str) -> None:
    """Seconds and more than a day are refused where they are written; a tunable's value too."""
    write(tmp_path, **{file: (old, new)})
    path = next(tmp_path.rglob(f"{file}.yml"))
    path.write_text(path.read_text("utf-8").replace("default: 30m", "default: 90s"), "utf-8")
    findings = Findings()
    repository = load_repository(tmp_path, findings)
    environment = load_environment(tmp_path, "local", repository.analytics, repository.sources, findings)
    assert environment is not None

    render_environment(repository, environment, findings)

    assert ["DAC005"] == [finding.code for finding in findings.errors]
    assert str(findings.errors[0].where).startswith(path.relative_to(tmp_path).as_posix())


def test_a_shown_field_that_nothing_maps_is_a_finding(tmp_path: Path) -> None:
    """A misspelt field of `show` would never stand in a message; the nearest one is named. Parts of a mapped object may."""
    write(
        tmp_path,
        analytic=("    window: 5m\n", "    window: 5m\n    show: [proces.name, process.pid, source.ip.x]\n"),
    )
    findings = Findings()
    repository = load_repository(tmp_path, findings)
    environment = load_environment(tmp_path, "local", repository.analytics, repository.sources, findings)
    assert environment is not None

    render_environment(repository, environment, findings)

    assert [("DAC007", "did you mean 'process.name'?")] == [(item.code, item.hint) for item in findings.errors]


def test_a_message_names_the_entities_in_the_order_of_the_server(tmp_path: Path) -> None:
    """The server lists an alert's values in the order of its hash map, whatever that of the monitor (measured): so do the names."""
    write(tmp_path, analytic=("    entity: [host, user]\n", "    entity: [user, host]\n"))

    (action,) = rendered(tmp_path)["monitor/XX0001/discovery"].body["triggers"][0]["bucket_level_trigger"]["actions"]

    assert "Who and where (host, user): {{bucket_keys}}" in action["message_template"]["source"]


def test_one_tunable_changes_exactly_the_monitors_that_use_it(tmp_path: Path) -> None:
    """The threshold belongs to one monitor; only its body changes, and what people wrote says why."""
    before = rendered(write(tmp_path))
    after = rendered(write(tmp_path, local=("channels:", "tunables: {XX0001: {Threshold: 7}}\nchannels:")))

    changed = [key for key in before if before[key].body != after[key].body]

    assert ["monitor/XX0001/discovery"] == changed
    assert 2 == before[changed[0]].written["tunables"]["Threshold"]
    assert 7 == after[changed[0]].written["tunables"]["Threshold"]


def test_an_exception_leaves_its_events_out(tmp_path: Path) -> None:
    """The events of an exception stand in must_not of the monitors that it names, and of no other."""
    text = "exceptions: [{id: E1, analytic: XX0001, monitors: [discovery], where: {field: user.name, in: [svc]}, owner: o, reason: r, expires: 2999-01-01}]\nchannels:"
    resources = rendered(write(tmp_path, local=("channels:", text)))

    excluded = {"term": {"user.name": {"value": "svc", "case_insensitive": True}}}
    assert [excluded] == query_of(resources["monitor/XX0001/discovery"])["query"]["bool"]["must_not"]
    assert "must_not" not in query_of(resources["monitor/XX0001/correlated"])["query"]["bool"]


def test_a_sequence_tells_its_two_kinds_apart_by_score_and_by_script(tmp_path: Path) -> None:
    """The first kind scores 1, the second 2; two derived times and their order are the condition."""
    resource = rendered(write(tmp_path))["monitor/XX0001/correlated"]
    query = query_of(resource)

    boosts = [clause["constant_score"]["boost"] for clause in query["query"]["bool"]["must"][0]["bool"]["should"]]
    assert [1.0, 2.0] == boosts
    assert [False, True] == [query["derived"][name]["script"]["params"]["second"] for name in ("first_at", "then_at")]
    assert list(query["aggregations"]["composite_agg"]["aggregations"]) == ["kind", "first_seen", "first_at", "then_at"]


def test_a_value_cannot_change_the_structure_of_a_body() -> None:
    """Whatever a value holds, it stands in the body as the text that it is."""
    templates = Templates({"t.json.j2": '{"name": [[ name ]]}'})

    for name in ('x", "owner": "evil', "a\\", "\n", "[[ 7*7 ]]", "{% raw %}", "\u2028"):
        assert {"name": name} == templates.body("t.json.j2", {"name": name})


@pytest.mark.parametrize("value", ["{{ctx.secret}}", "a {{", "}}", "{", "x}"])
def test_a_value_with_braces_is_refused_in_a_message(value: str) -> None:
    """A message is a mustache template of the server's; no value may open or close one of its tags."""
    templates = Templates({"m.txt.j2": "[[ value ]] {{ctx.periodEnd}}"})

    with pytest.raises(TemplateError, match="braces"):
        templates.text("m.txt.j2", {"value": value})


@pytest.mark.parametrize(
    "source",
    [
        "[[ missing ]]",
        "[[ ''.__class__.__mro__ ]]",
        "[[ name.__init__.__globals__ ]]",
        "[% include 'other' %]",
        "[[ 1 / 0 ]]",
        "[% for x in range(10**9) %]x[% endfor %]",
        "[[ ",
    ],
)
def test_a_template_that_misbehaves_is_a_located_error(source: str) -> None:
    """Undefined names, sandbox escapes, includes that do not exist, failures and endless loops are errors with a place."""
    templates = Templates({"t.json.j2": source})

    with pytest.raises(TemplateError) as caught:
        templates.body("t.json.j2", {"name": "x"})

    assert caught.value.where is not None
    assert caught.value.where.file == "templates/t.json.j2"


def test_rendering_depends_on_nothing_around_it(tmp_path: Path) -> None:
    """Hash seed, time zone, locale and working directory change no byte."""
    root = write(tmp_path / "repo")
    outputs = set()
    for seed, zone, locale, folder in (
        ("0", "UTC", "C", tmp_path),
        ("1", "Asia/Kolkata", "C.UTF-8", root),
        ("7", "America/New_York", "C", Path("/")),
    ):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": locale}
        run = subprocess.run(
            [sys.executable, "-m", "deployer", "render", "--root", str(root), "--env", "local"],
            cwd=folder,
            env=environment,
            capture_output=True,
            check=True,
        )
        outputs.add(run.stdout)

    assert 1 == len(outputs)
    assert 6 == len(json.loads(outputs.pop()))
