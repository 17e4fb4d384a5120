"""What was saved in a repository, and reading only that again."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deployer.catalogue import load_environment, load_repository
from deployer.catalogue.rereading import Rereader
from deployer.catalogue.saves import polled, saves
from deployer.model.finding import Findings
from tests.unit.repo import ANALYTIC, shown, write

FOLDER = "detections/DET9999/XX0001"
Watcher = Callable[[Path], Iterator[frozenset[str]]]


@pytest.fixture(params=["told by the system", "looked for"])
def watcher(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Watcher:
    """The two ways of finding out: by watchfiles, and without it."""
    if request.param == "looked for":
        monkeypatch.setitem(sys.modules, "watchfiles", None)
    return saves


def test_what_is_saved_is_told_once_and_together(watcher: Watcher, tmp_path: Path) -> None:
    """A file written in place, one replaced as editors do it, a new one and a removed one; other files are nobody's matter."""
    root = write(tmp_path)
    told = watcher(root)

    (root / FOLDER / "analytic.yml").write_text("x")
    (root / FOLDER / ".analytic.yml.swp").write_text("x")
    (root / "mappings/entities.tmp").write_text("y")
    (root / "mappings/entities.tmp").replace(root / "mappings/entities.yml")
    (root / "environments/local.yml").unlink()
    (root / "templates/monitors/own.json.j2").write_text("z")

    files: set[str] = set()
    while len(files) < 4:
        files |= next(told)
    assert {
        f"{FOLDER}/analytic.yml",
        "mappings/entities.yml",
        "environments/local.yml",
        "templates/monitors/own.json.j2",
    } == files


def test_without_watchfiles_the_files_are_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fallback is what is taken where the library is not installed."""
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    root = write(tmp_path)

    assert type(polled(root)) is type(saves(root))
    assert saves(root).__name__ == polled(root).__name__  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        (f"{FOLDER}/analytic.yml", "threshold: {tunable: Threshold}", "threshold: 5"),
        (f"{FOLDER}/analytic.yml", "severity: medium", "severity: mediun"),
        (f"{FOLDER}/samples.yml", "name: twice", "name: two"),
        ("mappings/sources/x.yml", "dataset: x.plain", "dataset: x.other"),
        ("mappings/components/base.yml", "type: ip", "type: keyword"),
        ("environments/local.yml", "unit-local", "other-local"),
    ],
)
def test_what_was_read_again_is_what_a_fresh_reading_gives(file: str, old: str, new: str, tmp_path: Path) -> None:
    """Analytic, samples, mappings and environment: the same values and the same findings."""
    root = write(tmp_path)
    reader = Rereader(root)
    reader.read()
    text = (root / file).read_text()
    assert old in text
    (root / file).write_text(text.replace(old, new))

    reader.read([file])

    findings, fresh = reader.findings(FOLDER), Findings()
    environments = reader.environments(findings)
    expected = load_repository(root, fresh)
    loaded = load_environment(root, "local", expected.analytics, expected.sources, fresh)
    assert (expected, [loaded]) == (reader.repository(FOLDER), environments)
    assert shown(fresh) == shown(findings)


def test_a_new_analytic_is_read_and_one_that_is_gone_is_not(tmp_path: Path) -> None:
    """Whatever the files that were told: a folder that was moved tells little."""
    root = write(tmp_path)
    reader = Rereader(root)
    reader.read()
    other = root / "detections/DET9999/XX0002"
    other.mkdir()
    (other / "analytic.yml").write_text(ANALYTIC.replace("XX0001", "XX0002"))
    for file in (root / FOLDER).iterdir():
        file.unlink()

    reader.read(["detections/DET9999/XX0002/analytic.yml"])

    assert ["detections/DET9999/XX0002"] == list(reader.parts)


def test_only_what_was_saved_is_read_again(tmp_path: Path) -> None:
    """Another analytic stays the same object; a shared file is a reason to read all of them."""
    root = write(tmp_path)
    reader = Rereader(root)
    reader.read()
    before = reader.parts[FOLDER]

    reader.read(["detections/DET9999/XX0002/samples.yml", "environments/local.yml"])
    assert before is reader.parts[FOLDER]

    reader.read(["mappings/entities.yml"])
    assert before is not reader.parts[FOLDER]
