"""`deployer init`: a repository of one's own, with the tool installed as a wheel."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml
from hatchling.builders.wheel import WheelBuilder

from deployer import schemas, starter
from deployer.cli import cli, common


def run(*arguments: str) -> int:
    return common.run(cli, list(arguments), "deployer")


@pytest.fixture(scope="module")
def installed(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as pip unpacks its wheel: a folder to import it from, which is no checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    (wheel,) = WheelBuilder(str(root)).build(directory=str(folder), versions=["standard"])
    site = folder / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    return site


def as_installed(site: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command in `folder` by the package in `site`."""
    return subprocess.run(
        [sys.executable, "-m", "deployer", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_an_installed_tool_starts_a_repository_that_is_valid(installed: Path, tmp_path: Path) -> None:
    """The wheel carries templates and mappings, all of them and as they stand in git; what is written passes `validate`."""
    begun = as_installed(installed, tmp_path, "init", "ours")
    checked = as_installed(installed, tmp_path / "ours", "validate", "--output", "json")

    assert 0 == begun.returncode, begun.stderr
    assert (installed / "deployer/starter/templates").is_dir()
    written = {
        path.relative_to(tmp_path / "ours").as_posix() for path in (tmp_path / "ours").rglob("*") if path.is_file()
    }
    assert set(starter.contents("ours")) == written
    assert (True, [], 1) == (
        (report := json.loads(checked.stdout))["valid"],
        report["findings"],
        report["analytics"],
    ), checked.stdout


def test_templates_and_mappings_are_this_project_s(root: Path) -> None:
    """Nothing is left out or changed, but for the line by which editors find the schemas."""
    found = starter.contents("x")

    for part in ("templates", "mappings"):
        for path in (root / part).rglob("*"):
            if path.is_file():
                name = path.relative_to(root).as_posix()
                assert path.read_bytes().replace(b"../deployer/schemas/", b"../schemas/") == found[name], name


def test_what_is_there_is_left_as_it_is_and_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file, an edited template, and a link into nowhere; a second start is refused and writes nothing."""
    (tmp_path / "templates/monitors").mkdir(parents=True)
    (tmp_path / "README.md").write_text("mine")
    (tmp_path / "templates/monitors/entity.json.j2").write_text("mine too")
    (tmp_path / ".gitignore").symlink_to(tmp_path / "nowhere")

    assert 0 == run("init", str(tmp_path), "--output", "json")

    told = json.loads(capsys.readouterr().out)
    assert {"README.md", "templates/monitors/entity.json.j2", ".gitignore"} == set(told["kept"])
    assert ("mine", "mine too") == (
        (tmp_path / "README.md").read_text(),
        (tmp_path / "templates/monitors/entity.json.j2").read_text(),
    )
    assert not (tmp_path / "nowhere").exists()

    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert 64 == run("init", str(tmp_path))
    assert "has detections already" in capsys.readouterr().err
    assert before == {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}


def test_a_file_where_a_folder_should_be_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line that names it, and what to do; nothing like a bug."""
    (tmp_path / "mappings").write_text("not a folder")

    assert 1 == run("init", str(tmp_path))

    assert "cannot be written" in (told := capsys.readouterr().err)
    assert "run it again" in told


def test_an_editor_finds_the_schema_of_every_file_that_is_written(tmp_path: Path) -> None:
    """The first line of each YAML file of a kind that has a schema names one that stands there."""
    assert 0 == run("init", str(tmp_path))

    for path in tmp_path.rglob("*.yml"):
        line = path.read_text("utf-8").splitlines()[0]
        schema = (path.parent / line.removeprefix("# yaml-language-server: $schema=")).resolve()
        assert schemas.read(schema.stem) == json.loads(schema.read_text("utf-8")), path
        assert schema.is_relative_to(tmp_path.resolve()), path
        assert schemas.line(tmp_path, path.parent.relative_to(tmp_path).as_posix(), schema.stem) == line


@pytest.mark.parametrize(
    ("folder", "deployment"),
    [("Our Detections", "our-detections-local"), ("2026", "detections-local"), ("a" * 90, "a" * 34 + "-local"), ("ü", "detections-local")],
)  # fmt: skip
def test_the_deployment_is_called_after_the_folder(folder: str, deployment: str, tmp_path: Path) -> None:
    """Two repositories on one cluster are two deployments; a name that the server would not take is not used."""
    root = tmp_path / folder
    assert 0 == run("init", str(root))

    assert deployment == yaml.safe_load((root / "environments/local.yml").read_text())["deployment"]
    assert 0 == run("validate", "--root", str(root))


def test_schemas_are_written_and_written_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`deployer schema --out` renews the folder that `init` made; one schema alone may be written too."""
    (tmp_path / "analytic.json").write_text("old")

    assert 0 == run("schema", "--out", str(tmp_path))
    assert schemas.names() == sorted(path.stem for path in tmp_path.iterdir())
    assert schemas.read("analytic") == json.loads((tmp_path / "analytic.json").read_text())

    assert 0 == run("schema", "samples", "--out", str(tmp_path / "one"))
    assert ["samples.json"] == [path.name for path in (tmp_path / "one").iterdir()]
    assert 1 == run("schema", "--out", str(tmp_path / "analytic.json/x"))
    assert "Give another folder with --out." in capsys.readouterr().err
