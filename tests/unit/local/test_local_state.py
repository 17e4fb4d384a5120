"""The folder of a local cluster: taken only if it is ours, wiped only if it is ours."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from deployer.local.processes import Process
from deployer.local.state import Folder, State, claim, clear_state, read_state, wipe, write_state
from deployer.model.errors import LocalError, RefusedError


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A folder that has been claimed."""
    folder = Folder(tmp_path / "deep" / "cluster")
    claim(folder)
    return folder


def test_record_survives_writing_and_reading(folder: Folder) -> None:
    """What is read is what was written, and after clearing nothing is."""
    state = State(
        *("service", "3.4.0", "512m", "http://127.0.0.1:1", "http://127.0.0.1:2"),
        processes=(Process("node", 7, "boot 99", folder.root / "logs" / "node.out"),),
    )

    write_state(folder, state)
    read = read_state(folder)
    clear_state(folder)

    assert state == read
    assert read_state(folder) is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format_version": 99, "processes": []}', '{"format_version": 1'])
def test_record_that_cannot_be_understood_is_an_error(folder: Folder, text: str) -> None:
    """A damaged record, or another version's, is an error that names the file, not a cluster that does not run."""
    folder.record.write_text(text)

    with pytest.raises(LocalError, match=r"cluster\.json cannot be read"):
        read_state(folder)


def test_folder_of_something_else_is_not_taken(tmp_path: Path) -> None:
    """A folder that holds other files is refused, and stays as it was."""
    (tmp_path / "thesis.txt").write_text("years of work")

    with pytest.raises(RefusedError, match="not a local cluster's folder"):
        claim(Folder(tmp_path))

    assert ["thesis.txt"] == [path.name for path in tmp_path.iterdir()]


def test_file_is_not_taken(tmp_path: Path) -> None:
    """A file in the place of the folder is refused with the same clear error."""
    (tmp_path / "file").touch()

    with pytest.raises(RefusedError):
        claim(Folder(tmp_path / "file"))


def test_claiming_twice_is_no_error(folder: Folder) -> None:
    """A folder that is ours already is taken again, whatever it holds by now."""
    (folder / "data").mkdir()

    claim(folder)

    assert (folder / "data").is_dir()


def test_folder_is_for_its_owner_only(folder: Folder) -> None:
    """Events may be confidential, so no other user can look into the folder."""
    assert 0o700 == folder.root.stat().st_mode & 0o777


def test_unmarked_folder_is_not_wiped(tmp_path: Path) -> None:
    """A folder without the mark is refused, though it has a folder called data."""
    (tmp_path / "data").mkdir()

    with pytest.raises(RefusedError):
        wipe(Folder(tmp_path))

    assert (tmp_path / "data").is_dir()


def test_wiping_deletes_only_what_the_cluster_wrote(folder: Folder) -> None:
    """Data, configuration and logs go; a file that a person put there stays."""
    for name in ("data", "config", "logs"):
        (folder / name / "inner").mkdir(parents=True)
    (folder / "notes.txt").write_text("mine")

    wipe(folder)

    assert {".deployer-local", ".gitignore", "notes.txt"} == {path.name for path in folder.root.iterdir()}


def test_wiping_does_not_follow_links(folder: Folder, tmp_path: Path) -> None:
    """A data folder that is a link to elsewhere loses the link, not what it leads to."""
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").touch()
    (folder / "data").symlink_to(tmp_path / "precious")

    wipe(folder)

    assert not (folder / "data").exists()
    assert (tmp_path / "precious" / "file").exists()


def test_many_may_claim_a_new_folder_at_once(tmp_path: Path) -> None:
    """Whoever comes second finds a folder that is being made ours, and never takes it for somebody else's."""
    problems: list[Exception] = []

    def claim_it(folder: Folder, together: threading.Barrier) -> None:
        together.wait(30)
        try:
            claim(folder)
        except RefusedError as error:
            problems.append(error)

    for number in range(150):
        together = threading.Barrier(4)
        folder = Folder(tmp_path / str(number))
        claimers = [threading.Thread(target=claim_it, args=(folder, together)) for _ in range(4)]
        for claimer in claimers:
            claimer.start()
        for claimer in claimers:
            claimer.join(30)

    assert [] == problems
