"""The dashboards: complete, stable, in the form that is imported; and the check of that form."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deployer.catalogue import environment_names, load_environment, load_repository
from deployer.check.saved_objects import problems
from deployer.model.analytic import Repository
from deployer.model.finding import Findings
from deployer.model.saved_object import SavedObject, ndjson
from deployer.render.dashboards import dashboards
from tests.unit import repo


def made(root: Path, environment: str = "local", repository: Repository | None = None) -> tuple[SavedObject, ...]:
    findings = Findings()
    repository = repository or load_repository(root, findings)
    loaded = load_environment(root, environment, repository.analytics, repository.sources, findings)
    assert loaded is not None
    findings.raise_errors()
    return dashboards(repository, loaded)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return repo.write(tmp_path / "repository")


def lines(objects: tuple[SavedObject, ...]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in ndjson(objects).splitlines()]


def test_each_environment_has_objects_in_form_whose_references_resolve(root: Path) -> None:
    """For every environment of the repository: nothing wrong, ids of its deployment and strategy, twice the same bytes."""
    repository = load_repository(root, Findings())
    for environment in environment_names(root):
        objects = made(root, environment, repository)

        assert [] == problems(lines(objects)), environment
        assert ndjson(objects) == ndjson(made(root, environment, repository))
        assert 1 == sum(item.type == "dashboard" for item in objects)
        assert f"det0320-{environment}-DET0320-dashboard" in {item.id for item in objects}


def test_a_dashboard_shows_alerts_entities_analytics_and_sources(small: Path) -> None:
    """Alerts over time and by analytic, a table an entity, events by source, and when each last spoke; all on one dashboard."""
    objects = {item.id.removeprefix("unit-local-"): item for item in made(small)}

    parts = ["about", "alerts-by-analytic", "alerts-over-time", "dashboard", "events", "events-by-source", "source-health", "top-host", "top-user"]  # fmt: skip
    assert sorted(["alerts", *(f"DET9999-{part}" for part in parts)]) == sorted(objects)
    assert ".opendistro-alerting-alert*" == objects["alerts"].attributes["title"]
    assert "logs-x.plain-*" == objects["DET9999-events"].attributes["title"]
    search = json.loads(objects["DET9999-top-host"].attributes["kibanaSavedObjectMeta"]["searchSourceJSON"])
    assert r"(trigger_id:unit\-local.XX0001.*) AND NOT state:AUDIT" == search["query"]["query"]
    state = json.loads(objects["DET9999-top-host"].attributes["visState"])
    assert "agg_alert_content.bucket.key.host.keyword" == state["aggs"][1]["params"]["field"]
    assert 7 == len(json.loads(objects["DET9999-dashboard"].attributes["panelsJSON"]))


def test_the_file_keeps_its_form(small: Path) -> None:
    """Every byte, ids and digests too, is what the file beside this test says: what people imported stays what it is."""
    assert (Path(__file__).parent / "golden/dashboards.ndjson").read_text("ascii") == ndjson(made(small))


def test_a_source_in_a_place_of_its_own_is_asked_there(small: Path) -> None:
    """By the filter that the environment gives, or else by its index."""
    path = small / "environments/local.yml"
    text = path.read_text("utf-8")
    path.write_text(f"{text}sources:\n  x.plain: {{index: 'beats-*', filter: {{event.module: \"x y\"}}}}\n", "utf-8")
    filtered = made(small)
    path.write_text(f"{text}sources:\n  x.plain: {{index: 'beats-*'}}\n", "utf-8")
    whole = made(small)

    for objects, query in ((filtered, 'event.module:"x y"'), (whole, r"_index:beats\-*")):
        pattern = next(item for item in objects if item.id.endswith("-events"))
        health = next(item for item in objects if item.id.endswith("-source-health"))
        assert "beats-*" == pattern.attributes["title"]
        assert query == json.loads(health.attributes["visState"])["aggs"][2]["params"]["filters"][0]["input"]["query"]


def test_titles_are_text_and_drafts_are_not_shown(small: Path) -> None:
    """Markdown in a title is shown as it is; without an active analytic there is nothing."""
    path = small / "detections/DET9999/XX0001/analytic.yml"
    text = path.read_text("utf-8")
    path.write_text(text.replace("title: Made up", "title: '<b>x</b> [y](javascript:z) **w**'", 1), "utf-8")
    note = next(item for item in made(small) if item.id.endswith("-about"))

    assert r"\<b\>x\</b\> \[y\]\(javascript:z\) \*\*w\*\*" in json.loads(note.attributes["visState"])["params"]["markdown"]
    path.write_text(text.replace("title: Made up", "title: Made up\nstatus: draft", 1), "utf-8")
    assert () == made(small)


def test_the_digest_tells_a_change_and_no_layout(small: Path) -> None:
    """Each description bears the digest of the rest; other blanks in JSON texts change it not, another query does."""
    item = next(item for item in made(small) if item.id.endswith("-top-host"))
    state = json.loads(item.attributes["visState"])
    wide = SavedObject(item.type, item.id, {**item.attributes, "visState": json.dumps(state, indent=4)}, item.references)
    other = SavedObject(item.type, item.id, {**item.attributes, "title": "other"}, item.references)

    assert item.mark == item.digest == wide.digest
    assert item.digest != other.digest
    assert item.mark == other.mark


def _text(part: str, change: Callable[[Any], None]) -> Callable[[dict[str, Any]], None]:
    """A change of a JSON text of an object."""

    def apply(item: dict[str, Any]) -> None:
        value = json.loads(item["attributes"][part])
        change(value)
        item["attributes"][part] = json.dumps(value)

    return apply


def _search(change: Callable[[Any], None]) -> Callable[[dict[str, Any]], None]:
    def apply(item: dict[str, Any]) -> None:
        meta = item["attributes"]["kibanaSavedObjectMeta"]
        value = json.loads(meta["searchSourceJSON"])
        change(value)
        meta["searchSourceJSON"] = json.dumps(value)

    return apply


@pytest.mark.parametrize(
    ("part", "change", "said"),
    [
        ("top-host", lambda item: item.update(type="lens"), "it wants an id, and a type of"),
        ("top-host", lambda item: item.update(id=""), "its id is empty"),
        ("top-host", lambda item: item.update(extra=1), "extra is no key of a saved object"),
        ("top-host", lambda item: item.update(migrationVersion={}), "its migrationVersion is not 7.10.0"),
        ("top-host", lambda item: item["attributes"].update(colour="red"), "the type maps no attribute colour"),
        ("top-host", lambda item: item["attributes"].update(version="1"), "version has the wrong type"),
        ("top-host", lambda item: item["attributes"].pop("visState"), "visState is missing"),
        ("top-host", lambda item: item["attributes"].update(visState="{"), "visState is no JSON"),
        ("top-host", lambda item: item["references"].clear(), "it asks for the reference kibanaSavedObjectMeta.searchSourceJSON.index"),
        ("top-host", lambda item: item["references"][0].update(id="gone"), "leads to index-pattern/gone, which is not there"),
        ("top-host", _search(lambda value: value.pop("indexRefName")), "nothing asks for its reference"),
        ("top-host", _text("visState", lambda value: value.update(type="lens")), "unknown type lens"),
        ("top-host", _text("visState", lambda value: value["aggs"][0].update(id="2")), "have one id"),
        ("top-host", _text("visState", lambda value: value["aggs"][1].update(type="foo")), "unknown aggregation foo"),
        ("top-host", _text("visState", lambda value: value["aggs"][1].update(schema="metric")), "stands where a bucket cannot"),
        ("source-health", _text("visState", lambda value: value["aggs"][2]["params"]["filters"][0].pop("label")), "wants a query and a label"),
        ("dashboard", _text("panelsJSON", lambda value: value[1]["gridData"].update(x=0, w=48)), "lies on another"),
        ("dashboard", _text("panelsJSON", lambda value: value[1]["gridData"].update(x=40, w=20)), "outside of 48 columns"),
        ("dashboard", _text("panelsJSON", lambda value: value[1].update(panelIndex="1")), "two panels have one panelIndex"),
        ("dashboard", _text("panelsJSON", lambda value: value[1].update(panelRefName="panel_0")), "nothing asks for its reference panel_1"),
        ("dashboard", lambda item: item["references"][1].update(name="panel_0"), "two references are called panel_0"),
    ],
)  # fmt: skip
def test_what_is_not_in_form_is_found(small: Path, part: str, change: Callable[[dict[str, Any]], None], said: str) -> None:
    """Each slip is one that Dashboards would refuse, or not draw."""
    objects = copy.deepcopy(lines(made(small)))
    assert [] == problems(objects)
    change(next(item for item in objects if item["id"].endswith(f"-{part}")))

    assert said in " | ".join(problems(objects))
    assert "there twice" in " | ".join(problems([*objects, *objects]))
