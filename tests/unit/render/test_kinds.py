"""Query-level and document-level monitors and workflows, rendered; and what is refused of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from deployer.catalogue import load_environment, load_repository
from deployer.cluster.writes import body_of
from deployer.model.condition import All, AnyOf, Not, Use
from deployer.model.errors import Location
from deployer.model.finding import Findings
from deployer.model.resource import Kind, Resource
from deployer.render import render_environment
from deployer.render.workflows import chained
from tests.kinds import every_kind, placed
from tests.unit.repo import shown

HERE = Location("analytic.yml")


def rendered(root: Path, findings: Findings | None = None) -> dict[str, Resource]:
    """The resources of the repository for its environment, and what was found wrong."""
    found = Findings() if findings is None else findings
    repository = load_repository(root, found)
    environment = load_environment(root, "local", repository.analytics, repository.sources, found)
    if environment is None or (findings is not None and found.errors):
        return {}
    resources = {item.key: item for item in render_environment(repository, environment, found)}
    if findings is None:
        assert [] == shown(found)
    return resources


def changed(root: Path, old: str, new: str) -> Path:
    path = every_kind(root) / "detections/DET9999/XX0001/analytic.yml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    placed(root, "plain-events")
    return root


def query(root: Path) -> str:
    found: str = rendered(root)["monitor/XX0001/each"].body["inputs"][0]["doc_level_input"]["queries"][0]["query"]
    return found


def test_every_kind_is_rendered_in_the_order_of_dependency(tmp_path: Path) -> None:
    """Workflows come last and depend on their monitors; each level has its trigger, and stable ids."""
    placed(every_kind(tmp_path), "plain-events")

    resources = rendered(tmp_path)

    assert [Kind.CHANNEL, Kind.MONITOR, Kind.MONITOR, Kind.MONITOR, Kind.WORKFLOW, Kind.WORKFLOW] == [r.kind for r in resources.values()]  # fmt: skip
    assert ("channel/demo", "monitor/XX0001/discovery", "monitor/XX0001/burst") == resources["workflow/XX0001/both"].depends_on  # fmt: skip
    triggers = {key: next(iter(r.body["triggers"][0].items())) for key, r in resources.items() if "triggers" in r.body}
    assert {
        "monitor/XX0001/discovery": "bucket_level_trigger",
        "monitor/XX0001/burst": "query_level_trigger",
        "monitor/XX0001/each": "document_level_trigger",
        "workflow/XX0001/both": "chained_alert_trigger",
        "workflow/XX0001/rare": "chained_alert_trigger",
    } == {key: kind for key, (kind, _) in triggers.items()}
    assert {f"unit-local.{key.partition('/')[2].replace('/', '.')}" for key in triggers} == {t["id"] for _, t in triggers.values()}  # fmt: skip
    assert {"threshold": 3} == triggers["monitor/XX0001/burst"][1]["condition"]["script"]["params"]
    assert {"Threshold": 3, "Programs": ["Netstat", "net use"]} == resources["monitor/XX0001/burst"].written["tunables"]


def test_a_workflow_names_monitors_by_the_ids_that_they_have(tmp_path: Path) -> None:
    """When it is sent, ids stand where keys stood: for the delegates and in the condition."""
    placed(every_kind(tmp_path), "plain-events")
    workflow = rendered(tmp_path)["workflow/XX0001/rare"]
    ids = {f"monitor/XX0001/{name}": f"id-{name}" for name in ("discovery", "burst", "each")}

    body = body_of(workflow, ids)

    delegates = body["inputs"][0]["composite_input"]["sequence"]["delegates"]
    assert [(1, "id-discovery"), (2, "id-burst"), (3, "id-each")] == [(d["order"], d["monitor_id"]) for d in delegates]
    source = body["triggers"][0]["chained_alert_trigger"]["condition"]["script"]["source"]
    assert "(monitor[id=id-discovery] && monitor[id=id-each] && (!monitor[id=id-burst]))" == source


def test_conditions_of_workflows_have_their_precedence_in_brackets() -> None:
    """Whatever is nested is in brackets of its own."""
    a, b = Use("a", HERE), Use("b", HERE)

    assert "((monitor[id=1] || monitor[id=2]) && (!(monitor[id=1] && monitor[id=2])))" == chained(All((AnyOf((a, b)), Not(All((a, b))))), {"a": "1", "b": "2"})  # fmt: skip


@pytest.mark.parametrize(
    ("condition", "text"),
    [
        ("{field: process.name, equals: Net use}", "process.name:/[Nn][Ee][Tt][ ][Uu][Ss][Ee]/"),
        ("{field: process.name, like: ['net*', 'a?b']}", "(process.name:/[Nn][Ee][Tt].*/ OR process.name:/[Aa].[Bb]/)"),
        ("{field: process.name, in: ['x:y', 'a\"b/c']}", '(process.name:/[Xx]\\:[Yy]/ OR process.name:/[Aa]\\"[Bb]\\/[Cc]/)'),
        ("{field: process.pid, equals: 7}", 'process.pid:"7"'),
        ("{field: process.pid, lt: 7}", "process.pid:<7"),
        ("{field: user.name, exists: true}", "_exists_:user.name"),
        ("{field: user.name, exists: false}", "(*:* AND NOT _exists_:user.name)"),
        ("{field: source.ip, cidr: [10.0.0.0/8, 192.168.0.0/16]}", '(source.ip:"10.0.0.0/8" OR source.ip:"192.168.0.0/16")'),
        ("{any: [{field: process.pid, equals: 7}, {not: {field: process.pid, gte: 9}}]}", '(process.pid:"7" OR (*:* AND NOT process.pid:>=9))'),
    ],
)  # fmt: skip
def test_conditions_in_lucene_s_syntax(tmp_path: Path, condition: str, text: str) -> None:
    """Texts match whatever their case; no value has a bare colon, and a negation is taken from everything."""
    root = changed(tmp_path, "events: {all: [{use: listing}, {field: process.pid, gte: 100}, {field: source.ip, cidr: [10.0.0.0/8]}]}", f"events: {condition}")  # fmt: skip

    assert text == query(root)


def test_exceptions_and_filters_of_an_environment_are_in_the_query(tmp_path: Path) -> None:
    """What the environment leaves out, and what tells the source's events in a shared index, are part of the text."""
    every_kind(tmp_path)
    path = tmp_path / "environments/local.yml"
    path.write_text(path.read_text() + 'sources: {x.plain: {index: shared, filter: {event.module: made-up}}}\nexceptions:\n  - {id: EX-1, analytic: XX0001, where: {field: host.name, equals: h9}, owner: a@b.example, reason: Because., expires: "2999-01-01"}\n')  # fmt: skip

    text = query(tmp_path)

    assert 'event.module:"made-up"' in text
    assert text.endswith(" AND (*:* AND NOT host.name:/[Hh]9/)")


@pytest.mark.parametrize(
    ("old", "new", "code", "words"),
    [
        ("events: {all: [{use: listing}, {field: process.pid, gte: 100}", "events: {all: [{field: process.command_line, matches: [netstat]}, {field: process.pid, gte: 100}", "DAC008", "type wildcard"),
        ("    standalone: false\n", "    standalone: false\n    window: 5m\n", "DAC003", "has 'window'"),
        ("    window: 10m\n", "    window: 10m\n    entity: [host]\n", "DAC003", "has 'entity'"),
        ("    window: 10m\n", "", "DAC003", "'window' is missing"),
        ("    window: 5m\n", "", "DAC003", "'window' is missing"),
        ("monitors: [discovery, burst]\n    severity", "monitors: [discovery, bursts]\n    severity", "DAC004", "did you mean 'burst'?"),
        ("{not: burst}", "{not: others}", "DAC004", "does not run 'others'"),
        ("  rare:\n", "  burst:\n", "DAC002", "a monitor is called burst too"),
        ("monitors: [discovery, burst, each]\n    when: {all: [discovery, each, {not: burst}]}", "monitors: [discovery, burst]", "DAC011", "never runs"),
        ("when: {all: [discovery, each, {not: burst}]}", "when: {all: [], any: []}", "DAC003", ""),
    ],
)  # fmt: skip
def test_what_has_not_the_form_is_found(tmp_path: Path, old: str, new: str, code: str, words: str) -> None:
    """Each slip is a finding with its code, in words that say what is wrong."""
    findings = Findings()

    rendered(changed(tmp_path, old, new), findings)

    found = [f"{item.code} {item.message} {item.hint}" for item in findings.errors]
    assert any(text.startswith(code) and words in text for text in found), found


@pytest.mark.parametrize("index", ["logs-x-*", "logs.x", "<logs-{now}>", "a,b"])
def test_a_document_monitor_takes_no_pattern(tmp_path: Path, index: str) -> None:
    """A name with a dot is a pattern to the server too."""
    findings = Findings()
    every_kind(tmp_path)
    placed(tmp_path, f'"{index}"')

    rendered(tmp_path, findings)

    assert ["DAC019"] == [item.code for item in findings.errors]


def test_what_does_not_run_by_itself_is_disabled_and_severities_are_the_environment_s(tmp_path: Path) -> None:
    """`standalone: false` disables a monitor; a workflow is changed under `monitors` of the environment as monitors are."""
    placed(every_kind(tmp_path), "plain-events")
    path = tmp_path / "environments/local.yml"
    path.write_text(path.read_text() + "monitors: {XX0001/both: {enabled: false, severity: low, schedule: {interval: 5m}}}\n")  # fmt: skip

    resources = rendered(tmp_path)

    assert (False, True) == tuple(resources[f"monitor/XX0001/{key}"].body["enabled"] for key in ("each", "burst"))
    both: dict[str, Any] = dict(resources["workflow/XX0001/both"].body)
    assert (False, {"period": {"interval": 5, "unit": "MINUTES"}}) == (both["enabled"], both["schedule"])
    assert "4" == both["triggers"][0]["chained_alert_trigger"]["severity"]


def test_only_new_things_are_told(tmp_path: Path) -> None:
    """Per entity and document by what is new; a total and a workflow, which tell at every run, by the longest throttle."""
    placed(every_kind(tmp_path), "plain-events")

    actions = {
        key: next(iter(r.body["triggers"][0].values()))["actions"][0]
        for key, r in rendered(tmp_path).items()
        if "triggers" in r.body
    }

    day = {"value": 1440, "unit": "MINUTES"}
    for key in ("monitor/XX0001/burst", "workflow/XX0001/both"):
        assert (True, day) == (actions[key]["throttle_enabled"], actions[key]["throttle"])
        assert "action_execution_policy" not in actions[key]
    for key in ("monitor/XX0001/discovery", "monitor/XX0001/each"):
        assert not actions[key]["throttle_enabled"]
        assert ["NEW"] == actions[key]["action_execution_policy"]["action_execution_scope"]["per_alert"]["actionable_alerts"]  # fmt: skip
