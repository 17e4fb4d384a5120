"""Coverage of ATT&CK: the score, its forms, and the layer of the Navigator."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from deployer.catalogue import load_repository
from deployer.cli import cli, common
from deployer.cluster.status import Health, MonitorState
from deployer.model.analytic import Analytic
from deployer.model.finding import Findings
from deployer.model.resource import Kind, Resource
from deployer.report.coverage import State, states_of, techniques
from deployer.report.coverage_forms import Coverage, coverage_json, coverage_markdown, coverage_text
from deployer.report.layer import layer
from tests import pages
from tests.states import NOW, status
from tests.unit import repo

GOLDEN = Path(__file__).parent / "golden"
HOSTILE = "<script>x</script> | \x1b[31m\n::error::gone"

# The property tables of layers/spec/v4.5/layerformat.md (mitre-attack/attack-navigator), "Version 4.5 of the MITRE ATT&CK Navigator layer file format".
_WORD = {"type": "string"}
_COLOUR = {"type": "string", "pattern": "^#[0-9a-fA-F]{6}$"}


def _object(required: list[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "required": required, "properties": properties}


_META = {"type": "array", "items": _object(["name", "value"], name=_WORD, value=_WORD)}
_LINKS = {"type": "array", "items": _object(["label", "url"], label=_WORD, url={"type": "string", "pattern": "^[a-z]+://"})}
_BOOLEAN = {"type": "boolean"}
LAYER_4_5 = _object(
    ["name", "domain", "versions"],
    name=_WORD,
    versions=_object(["navigator", "layer"], attack={"type": "string", "pattern": "^[0-9]+$"}, navigator={"type": "string", "pattern": "^(4[.](9|[1-9][0-9])|[5-9])[.]"}, layer={"const": "4.5"}),
    domain={"enum": ["enterprise-attack", "mobile-attack", "ics-attack"]},
    description=_WORD,
    sorting={"enum": [0, 1, 2, 3]},
    layout=_object(
        [],
        layout={"enum": ["side", "flat", "mini"]},
        showID=_BOOLEAN,
        showName=_BOOLEAN,
        showAggregateScores=_BOOLEAN,
        countUnscored=_BOOLEAN,
        aggregateFunction={"enum": ["average", "min", "max", "sum"]},
        expandedSubtechniques={"enum": ["none", "all", "annotated"]},
    ),
    hideDisabled=_BOOLEAN,
    techniques={
        "type": "array",
        "items": _object(
            ["techniqueID"],
            techniqueID={"type": "string", "pattern": "^T[0-9]{4}([.][0-9]{3})?$"},
            tactic={"type": "string", "pattern": "^[a-z]+(-[a-z]+)*$"},
            comment=_WORD,
            enabled=_BOOLEAN,
            score={"type": "number"},
            color=_COLOUR,
            metadata=_META,
            links=_LINKS,
            showSubtechniques=_BOOLEAN,
        ),
    },
    gradient=_object(["colors", "minValue", "maxValue"], colors={"type": "array", "minItems": 2, "items": _COLOUR}, minValue={"type": "number"}, maxValue={"type": "number"}),
    legendItems={"type": "array", "items": _object(["label", "color"], label=_WORD, color=_COLOUR)},
    selectTechniquesAcrossTactics=_BOOLEAN,
    selectSubtechniquesWithParent=_BOOLEAN,
    selectVisibleTechniques=_BOOLEAN,
    metadata=_META,
    links=_LINKS,
)  # fmt: skip


def valid(value: Any) -> None:
    """Raise unless it is a layer of format 4.5 whose scores lie within its gradient, each technique and tactic once."""
    jsonschema.Draft202012Validator(LAYER_4_5).validate(value)
    places = [(item["techniqueID"], item.get("tactic")) for item in value["techniques"]]
    assert len(set(places)) == len(places)
    low, high = value["gradient"]["minValue"], value["gradient"]["maxValue"]
    assert low < high
    assert all(low <= item["score"] <= high for item in value["techniques"])


@pytest.fixture
def analytic(tmp_path: Path) -> Analytic:
    return load_repository(repo.write(tmp_path / "repository"), Findings()).analytics["XX0001"]


def of(analytic: Analytic, id: str, *states: bool | None, **changes: Any) -> State:
    """An analytic of this id, tested and deployed as `states` say."""
    return State(dataclasses.replace(analytic, id=id, **changes), *states)


def covered(*states: State, **more: Any) -> Coverage:
    return Coverage(techniques(states), states, **more)


def several(analytic: Analytic) -> Coverage:
    """Three techniques: one half known, one with a sub-technique in two tactics, one of drafts only."""
    attack = {"techniques": ["T1059.001"], "tactics": ["execution", "made-up"], "version": "17.0"}
    return covered(
        of(analytic, "XX0001", True, True),
        of(analytic, "XX0002", False, None, title=HOSTILE),
        of(analytic, "XX0003", True, False, attack=attack, platform="windows"),
        of(analytic, "XX0004", True, True, status="draft"),
        of(analytic, "XX0005", True, True, status="draft", attack={**attack, "techniques": ["T1003"]}),
        environment="prod",
        answered=True,
        results=("results.json",),
    )


def test_the_score_is_the_mean_of_active_analytics_and_drafts_cover_nothing(analytic: Analytic) -> None:
    """100 and 0 make 50; a draft is no part of it, and makes no score where it is alone. ATT&CK's tactics come in its order."""
    found = several(analytic).techniques

    assert [
        ("execution", "T1003", None),
        ("execution", "T1059.001", 50),
        ("discovery", "T1049", 50),
        ("made-up", "T1003", None),
        ("made-up", "T1059.001", 50),
    ] == [(item.tactic, item.technique, item.score) for item in found]


@pytest.mark.parametrize(
    ("health", "words"),
    [
        ([Health.OK, Health.WAITING], "tests not known, deployed"),
        ([Health.OK], "tests not known, not deployed (1 of 2 monitors missing)"),
        ([], "tests not known, not deployed"),
        ([Health.OK, Health.FAILING], "tests not known, not deployed (correlated failing)"),
        ([Health.DISABLED, Health.OK], "tests not known, not deployed (discovery disabled)"),
    ],
)
def test_deployed_is_what_stands_and_runs(analytic: Analytic, health: list[Health], words: str) -> None:
    """All enabled monitors are there, and none of them is late, failing, disabled by hand or never ran."""
    keys = ["monitor/XX0001/discovery", "monitor/XX0001/correlated"]
    resources = [Resource(Kind.MONITOR, key, key, {"enabled": True}, analytic="XX0001") for key in keys]
    monitors = tuple(MonitorState(key, Kind.MONITOR, "i", "n", item, NOW, None, {}) for key, item in zip(keys, health))  # noqa: B905 - fewer monitors than wanted
    found = states_of({"XX0001": analytic}, {}, resources, [status(monitors=monitors)])

    assert [words] == [item.words for item in found]


def test_what_the_environment_disables_is_not_deployed(analytic: Analytic) -> None:
    """An analytic all of whose monitors are off there covers nothing there."""
    resource = Resource(Kind.MONITOR, "monitor/XX0001/discovery", "n", {"enabled": False}, analytic="XX0001")
    found = states_of({"XX0001": analytic}, {"XX0001": True}, [resource], [status(monitors=())])

    assert ["tested, not deployed (all its monitors are disabled)"] == [item.words for item in found]


def test_the_layer_has_the_format_of_the_navigator(analytic: Analytic) -> None:
    """Valid by the documented tables of 4.5; drafts are not in it."""
    value = layer(several(analytic), "Detections on prod")
    valid(value)

    assert [("T1059.001", "execution", 50), ("T1049", "discovery", 50), ("T1059.001", "made-up", 50)] == [
        (item["techniqueID"], item["tactic"], item["score"]) for item in value["techniques"]
    ]
    assert not {"XX0004", "XX0005", "T1003"} & set(json.dumps(value).replace('"', " ").split())
    assert "18" == value["versions"]["attack"]
    assert "ics-attack" == layer(covered(of(analytic, "XX0001", attack={"techniques": ["T0840"], "tactics": ["discovery"]})), "n")["domain"]  # fmt: skip
    valid(layer(covered(), "nothing"))
    with pytest.raises(jsonschema.ValidationError):
        valid({**value, "versions": {"navigator": "4.8.0", "layer": "4.5"}})


def test_the_forms_say_the_same(analytic: Analytic) -> None:
    """Text, Markdown and JSON have each analytic with its state, and what is not known; no value can act in them."""
    coverage = several(analytic)
    text, table, value = coverage_text(coverage), coverage_markdown(coverage), coverage_json(coverage)

    for form in (text, table):
        assert "XX0002" in form
        assert "fails its tests, deployment not known" in form
        assert "2 techniques by 3 active analytics; 2 tested; 1 deployed; 2 drafts, which cover nothing." in form
        assert not {"XX0004", "XX0005", "T1003"} & set(form.replace(">", " ").replace("<", " ").split())
        assert "\x1b" not in form
        assert "<script>" not in form
    assert {"analytic": "XX0002", "title": HOSTILE, "platform": "other", "tested": False, "deployed": None, "remark": None, "score": 0} == value["techniques"][2]["analytics"][1]  # fmt: skip
    assert ["XX0004"] == value["techniques"][2]["drafts"]
    assert len(coverage_markdown(coverage, 1000)) <= 1000
    assert "Cut here" in coverage_markdown(coverage, 1000)
    unknown = coverage_text(covered(of(analytic, "XX0001")))
    assert "Not known which are tested" in unknown
    assert "Not known which are deployed" in unknown


def test_the_json_keeps_its_form(analytic: Analytic) -> None:
    """It is what the file beside this test says; a change of it is a change of a public form."""
    text = json.dumps(coverage_json(several(analytic)), indent=2, ensure_ascii=False)

    assert (GOLDEN / "coverage.json").read_text("utf-8").rstrip("\n") == text


def test_the_command_writes_table_and_layer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Results count; a cluster that is down is told (exit code 1) and leaves the rest; a file that cannot be written is refused first."""
    monkeypatch.delenv("DEPLOYER_ENV", raising=False)
    root, results, drawn = repo.write(tmp_path / "r"), tmp_path / "results.json", tmp_path / "layer.json"
    results.write_text(json.dumps(pages.results()), "utf-8")

    def run(*arguments: str) -> int:
        return common.run(cli, ["coverage", "--root", str(root), "--results", str(results), *arguments], "deployer")

    assert 0 == run("--output", "json", "--layer", str(drawn)), capsys.readouterr()
    assert 50 == json.loads(capsys.readouterr().out)["techniques"][0]["score"]
    valid(json.loads(drawn.read_text("utf-8")))

    assert 1 == run("--env", "local")
    output = capsys.readouterr()
    assert "tested, deployment not known" in output.out
    assert "not every cluster of local answered" in output.out
    assert "127.0.0.1:9" in output.err
    assert 0 == run("--env", "local", "--offline")
    assert 64 == run("--layer", str(tmp_path / "nowhere/layer.json"))
    assert "Give another file with --layer." in capsys.readouterr().err
