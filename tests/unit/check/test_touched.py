"""Which analytics a changed file touches."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployer.catalogue import load_repository
from deployer.check.touched import touched
from deployer.model.analytic import Repository
from deployer.model.finding import Findings
from tests.kinds import every_kind
from tests.unit.repo import write


@pytest.fixture(scope="module")
def repository(root: Path) -> Repository:
    """This project's own."""
    findings = Findings()
    loaded = load_repository(root, findings)
    findings.raise_errors()
    return loaded


ALL = ("AN0903", "AN0904", "AN0905", "AN0906", "AN0907", "AN0908")


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("detections/DET0320/AN0904/samples.yml", ("AN0904",)),
        ("detections/DET0320/AN0904/notes/why.md", ("AN0904",)),
        ("detections/DET0320/AN09041/samples.yml", ()),
        ("detections/DET0320/README.md", ()),
        ("mappings/sources/cloud.yml", ("AN0908",)),
        ("mappings/components/windows.yml", ("AN0903",)),
        ("mappings/components/ecs.yml", ALL),
        ("mappings/pipelines/linux-auditd.yml", ("AN0904",)),
        ("mappings/pipelines/linux-commands.yml", ("AN0904", "AN0905")),  # by the pipelines that call it
        ("mappings/pipelines/common-start.yml", ALL),
        ("mappings/entities.yml", ALL),
        ("mappings/osquery/t1049-pack.conf", ()),
        ("templates/monitors/sequence.json.j2", ("AN0903", "AN0904")),
        ("templates/monitors/base.json.j2", ALL),
        ("templates/messages/alert.txt.j2", ALL),
        ("environments/prod.yml", ALL),
        ("deployer/schemas/analytic.json", ALL),
        ("deployer/render/query.py", ALL),
        ("deployer/cli/test.py", ()),
        ("templates/workflows/composite.json.j2", ()),  # none of ours has a workflow
        ("docs/test.md", ()),
    ],
)
def test_a_file_touches_what_is_made_of_it(repository: Repository, file: str, expected: tuple[str, ...]) -> None:
    """The own folder; sources, mappings and pipelines (called ones too) of its log sources; templates with what they extend."""
    assert dict.fromkeys(expected, (file,)) == touched(repository, [file])


def test_a_template_whose_parent_is_computed_needs_every_template(tmp_path: Path) -> None:
    """What cannot be told is taken to be needed."""
    folder = write(tmp_path)
    path = folder / "templates/monitors/entity.json.j2"
    path.write_text("[% extends name %]")
    (folder / "templates/monitors/other.json.j2").write_text("{}")
    loaded = load_repository(folder, Findings())

    assert ["XX0001"] == list(touched(loaded, ["templates/monitors/other.json.j2"]))


def test_the_template_of_workflows_touches_what_has_one(tmp_path: Path) -> None:
    """Its workflows are made of it."""
    loaded = load_repository(every_kind(tmp_path), Findings())

    assert ["XX0001"] == list(touched(loaded, ["templates/workflows/composite.json.j2"]))


def test_the_sources_of_samples_count(tmp_path: Path) -> None:
    """An event of a source that the analytic does not ask goes through that source's pipeline all the same; a file that is gone counts."""
    folder = write(tmp_path)
    (folder / "mappings/sources/y.yml").write_text(
        (folder / "mappings/sources/x.yml")
        .read_text()
        .replace("x.plain", "y.plain")
        .replace("pipeline: plain", "pipeline: odd")
    )
    (folder / "mappings/pipelines/odd.yml").write_text("description: Odd.\nprocessors: [{set: {field: a, value: b}}]\n")
    samples = folder / "detections/DET9999/XX0001/samples.yml"
    samples.write_text(samples.read_text().replace("[{source: x.plain", "[{source: y.plain"))
    loaded = load_repository(folder, Findings())

    assert {"XX0001": ("mappings/pipelines/odd.yml",)} == touched(loaded, ["mappings/pipelines/odd.yml"])
    assert {"XX0001": ("environments/gone.yml",)} == touched(loaded, ["environments/gone.yml"])
