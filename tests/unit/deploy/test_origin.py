"""What the record says of who deployed from where, for each way of running."""

from __future__ import annotations

import getpass
import socket
from pathlib import Path

import pytest

from deployer.deploy.origin import about
from tests.clones import Git, cloned, write

SHA = "0123456789abcdef0123456789abcdef01234567"
JOBS = {
    "GitHub": (
        {"GITHUB_SHA": SHA, "GITHUB_ACTOR": "alice", "GITHUB_SERVER_URL": "https://git.example.org", "GITHUB_REPOSITORY": "soc/rules", "GITHUB_RUN_ID": "7"},
        "https://git.example.org/soc/rules/actions/runs/7",
    ),
    "GitLab": (
        {"CI_COMMIT_SHA": SHA, "GITLAB_USER_LOGIN": "alice", "CI_JOB_URL": "https://git.example.org/-/jobs/7"},
        "https://git.example.org/-/jobs/7",
    ),
    "Jenkins": ({"GIT_COMMIT": SHA, "BUILD_USER_ID": "alice", "BUILD_URL": "https://ci.example.org/7/"}, "https://ci.example.org/7/"),
    "Azure": (
        {"BUILD_SOURCEVERSION": SHA, "BUILD_REQUESTEDFOR": "alice", "SYSTEM_TEAMFOUNDATIONCOLLECTIONURI": "https://dev.example.org/", "SYSTEM_TEAMPROJECT": "soc", "BUILD_BUILDID": "7"},
        "https://dev.example.org/soc/_build/results?buildId=7",
    ),
    "a page that is not told": ({"GITHUB_SHA": SHA, "GITHUB_ACTOR": "alice"}, ""),
}  # fmt: skip


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Git]:
    """A clone, and git to run in it."""
    return cloned(tmp_path, monkeypatch)


def told(root: Path, environ: dict[str, str] | None = None) -> tuple[str, bool, list[str]]:
    """The commit, whether files were changed since, and what was said."""
    notes: list[str] = []
    found = about(root, environ or {}, notes.append)
    return found.commit, found.dirty, notes


def test_in_a_clone_the_commit_is_gits_whatever_a_service_says(clone: tuple[Path, Git]) -> None:
    """On a branch, on a detached head and in a folder below; with the person and the host of the process."""
    folder, git = clone
    head = git("rev-parse", "HEAD")
    found = about(folder, {}, print)

    assert (getpass.getuser(), socket.gethostname(), head, False, "") == (
        found.who, found.host, found.commit, found.dirty, found.job,
    )  # fmt: skip
    assert found.at.endswith("Z")
    git("checkout", "-q", "HEAD~1")
    assert (git("rev-parse", "HEAD"), False, []) == told(folder, JOBS["GitLab"][0])
    below = folder / "security"
    write(below, "detections/b.yml", "b")
    git("add", "-A")
    git("commit", "-qm", "x")
    assert (git("rev-parse", "HEAD"), False, []) == told(below)


@pytest.mark.parametrize(
    ("name", "dirty"), [("detections/a.yml", True), ("environments/new.yml", True), ("other.txt", False), ("new.txt", False)]
)  # fmt: skip
def test_dirty_means_files_that_are_deployed(clone: tuple[Path, Git], name: str, dirty: bool) -> None:
    """A changed or a new file of detections, templates, mappings or environments; nothing else counts."""
    folder, git = clone
    write(folder, name, "changed")

    assert (git("rev-parse", "HEAD"), dirty, []) == told(folder)


def test_a_shallow_clone_knows_its_commit(clone: tuple[Path, Git], tmp_path: Path) -> None:
    """As CI services make them, one commit deep."""
    _, git = clone
    shallow = tmp_path / "shallow"
    git("clone", "-q", "--depth", "1", f"file://{tmp_path / 'origin'}", str(shallow), cwd=tmp_path)

    assert (git("rev-parse", "HEAD", cwd=tmp_path / "origin"), False, []) == told(shallow)


@pytest.mark.parametrize("job", JOBS)
@pytest.mark.parametrize("how", ["no repository", "no git program", "no commit yet", "ignored by another repository"])
def test_where_git_cannot_say_the_service_does(
    clone: tuple[Path, Git], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, job: str, how: str
) -> None:
    """A container that has only the files, or no git: commit, person and the job's page are from the service's variables."""
    folder, git = clone
    if how == "no repository":
        folder = tmp_path / "plain"
        write(folder, "detections/a.yml", "a")
    elif how == "no git program":
        monkeypatch.setenv("PATH", str(tmp_path))
    elif how == "no commit yet":
        folder = tmp_path / "new"
        write(folder, "detections/a.yml", "a")
        git("init", "-q", cwd=folder)
    else:
        write(folder, ".gitignore", "/build\n")
        folder = folder / "build"
        write(folder, "detections/a.yml", "a")
    variables, page = JOBS[job]
    found = about(folder, variables, print)

    assert ("alice", SHA, False, page) == (found.who, found.commit, found.dirty, found.job)
    assert ("", False, []) == told(folder)


def test_a_clone_that_git_does_not_trust_is_told(clone: tuple[Path, Git], monkeypatch: pytest.MonkeyPatch) -> None:
    """As in containers whose checkout belongs to another user: why there is no commit is said, on one line."""
    folder, _ = clone
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")

    commit, dirty, notes = told(folder)

    assert ("", False, 1) == (commit, dirty, len(notes))
    assert "dubious ownership" in notes[0]


def test_a_hooks_variables_do_not_lead_to_another_repository(
    clone: tuple[Path, Git], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a hook git sets GIT_DIR; the commit is that of the repository in which the detections lie all the same."""
    folder, git = clone
    head = git("rev-parse", "HEAD")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))

    assert (head, False, []) == told(folder)


def test_a_variable_that_is_no_commit_is_not_taken_for_one(tmp_path: Path) -> None:
    """What does not look like a commit is left out of the record."""
    assert ("", False, []) == told(tmp_path, {"GITHUB_SHA": "main; rm -rf /"})
