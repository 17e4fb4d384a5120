"""What git says has changed, in real clones."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployer.catalogue.revisions import Changes, changed_files
from deployer.model.errors import UsageError
from tests.clones import Git, cloned, write


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Git]:
    """A clone, and git to run in it."""
    return cloned(tmp_path, monkeypatch)


def test_committed_staged_changed_and_unknown_files_count(clone: tuple[Path, Git]) -> None:
    """And a file that is gone; ignored files do not, and names with blanks, quotes or accents come as they are."""
    folder, git = clone
    write(folder, ".gitignore", "*.log\n")
    git("add", "-A")
    git("commit", "-qm", "x")
    write(folder, "staged.yml", "x")
    git("add", "staged.yml")
    write(folder, "other.txt", "changed")
    (folder / "detections/a.yml").unlink()
    write(folder, 'new/ä "quoted" name.yml', "x")
    write(folder, "new/x.log", "x")

    found = changed_files(folder)

    assert (
        Changes(
            "origin/main",
            git("rev-parse", "origin/main"),
            (".gitignore", "detections/a.yml", 'new/ä "quoted" name.yml', "other.txt", "staged.yml"),
        )
        == found
    )


def test_what_others_did_on_the_main_branch_since_does_not_count(clone: tuple[Path, Git]) -> None:
    """Compared is with where the branch left, also when the main branch went on and was fetched."""
    folder, git = clone
    write(folder.parent / "origin", "other.txt", "3")
    git("commit", "-qam", "x", cwd=folder.parent / "origin")
    git("fetch", "-q")
    write(folder, "mine.yml", "x")

    assert ("mine.yml",) == changed_files(folder).files


def test_names_are_below_the_folder_asked_for(clone: tuple[Path, Git]) -> None:
    """A repository of detections may be a folder of a larger one; a renamed file counts under both names."""
    folder, git = clone
    write(folder, "other.txt", "changed")
    git("mv", "detections/a.yml", "detections/b.yml")

    assert ("a.yml", "b.yml") == changed_files(folder / "detections").files


@pytest.mark.parametrize(("base", "expected"), [("HEAD", ()), ("HEAD~1", ("detections/a.yml", "other.txt"))])
def test_the_base_can_be_named(clone: tuple[Path, Git], base: str, expected: tuple[str, ...]) -> None:
    """A branch, tag or commit."""
    found = changed_files(clone[0], base)

    assert (base, expected) == (found.ref, found.files)


def test_a_fork_is_compared_with_what_it_was_forked_from(clone: tuple[Path, Git]) -> None:
    """The remote called upstream goes before origin."""
    folder, git = clone
    git("remote", "add", "upstream", str(folder.parent / "origin"))
    git("fetch", "-q", "upstream")

    assert "upstream/main" == changed_files(folder).ref


def test_without_a_remote_it_is_the_local_main_branch(clone: tuple[Path, Git]) -> None:
    """Nothing is fetched, and nothing else is needed."""
    folder, git = clone
    git("remote", "remove", "origin")

    assert "main" == changed_files(folder).ref


def test_errors_say_what_to_do(clone: tuple[Path, Git], tmp_path: Path) -> None:
    """Outside of git, an unknown base (also one that looks like an option), no commit yet, no main branch, no common commit."""
    folder, git = clone
    (tmp_path / "plain").mkdir()
    (tmp_path / "empty").mkdir()
    git("init", "-q", "-b", "main", cwd=tmp_path / "empty")

    assert "no working tree of git" in refused(tmp_path / "plain")
    assert "no commit yet" in refused(tmp_path / "empty")
    assert "git knows no commit 'nowhere'" in refused(folder, "nowhere")
    assert "git knows no commit '--output=x'" in refused(folder, "--output=x")
    git("switch", "-q", "--orphan", "apart")
    git("commit", "-q", "--allow-empty", "-m", "x")
    assert "have no commit in common" in refused(folder)
    git("remote", "remove", "origin")
    git("branch", "-qD", "main", "work")
    assert "no main branch to compare with" in refused(folder)


def test_a_shallow_clone_is_named_as_the_reason(clone: tuple[Path, Git], tmp_path: Path) -> None:
    """A job's checkout of one commit has no main branch, and a branch fetched on its own no common commit."""
    origin = tmp_path / "origin"
    git = clone[1]
    git("switch", "-qc", "work", cwd=origin)
    git("commit", "-q", "--allow-empty", "-m", "x", cwd=origin)
    git("switch", "-q", "main", cwd=origin)
    git("commit", "-q", "--allow-empty", "-m", "y", cwd=origin)
    git("clone", "-q", "--depth", "1", "--branch", "work", f"file://{origin}", str(tmp_path / "shallow"), cwd=tmp_path)
    assert "fetch-depth: 0" in refused(tmp_path / "shallow", "origin/main")

    git("fetch", "-q", "--depth", "1", "origin", "main:refs/remotes/origin/main", cwd=tmp_path / "shallow")
    message = refused(tmp_path / "shallow")
    assert "no commit in common" in message
    assert "shallow" in message


def refused(folder: Path, base: str | None = None) -> str:
    """What, why and what to do, of the error."""
    with pytest.raises(UsageError) as caught:
        changed_files(folder, base)
    return f"{caught.value.what} / {caught.value.why} / {caught.value.todo}"
