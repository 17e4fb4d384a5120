"""Change control: from which tree, branch, plan file and test report a production environment is deployed, and from which not.

A refusal comes before anything is asked of the cluster; what is allowed gets to the cluster, which answers nothing here.
"""

from __future__ import annotations

import dataclasses
import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import stamina

from deployer import __version__
from deployer.cli import cli, common
from deployer.deploy.control import Gate, report_in
from deployer.deploy.tree import read_tree
from deployer.desired.read import fresh
from deployer.model.errors import RefusedError
from deployer.plan import EVERYTHING, NO_CHOICES, PlanFile, evidence
from tests.clones import committed, passed
from tests.faults import Reply, Request, serving
from tests.unit.repo import write

KEY = "a key of enough letters"
Run = Callable[..., tuple[int, str]]


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, list[Request]]]:
    """A server that knows nothing, with what it was asked. No CI service is around, and no configuration of git."""
    for name in ("GITHUB_SHA", "GITHUB_REF", "CI_COMMIT_SHA", "CI_COMMIT_BRANCH", "GIT_COMMIT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
    with stamina.set_testing(True, attempts=1), serving(lambda request: Reply(404, {})) as served:
        yield served


@pytest.fixture
def folder(tmp_path: Path, seen: tuple[str, list[Request]]) -> Path:
    """A clone, on main and clean, of a repository whose environment is production."""
    folder = write(tmp_path / "repository", local=('{hosts: ["http://127.0.0.1:9"]}', f'{{hosts: ["{seen[0]}"]}}'))
    rule(folder, "production: true")
    committed(folder)
    return folder


@pytest.fixture
def run(folder: Path, seen: tuple[str, list[Request]], capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `deploy` (or what is named) on the repository: 3 if it was refused before anything was asked, 0 if it got to the cluster."""

    def run(*options: object, command: str = "deploy") -> tuple[int, str]:
        seen[1].clear()
        known = ["--env", "local", *(["--confirm", "local"] if command == "deploy" else [])]
        code = common.run(cli, [command, "--root", str(folder), *known, *map(str, options)], "deployer")
        error = capsys.readouterr().err
        assert (code == 3) == (seen[1] == []), error
        assert code in (1, 3), error
        return 3 if code == 3 else 0, error

    return run


def rule(folder: Path, *lines: str) -> None:
    """Add lines to the environment's file."""
    path = folder / "environments/local.yml"
    path.write_text(path.read_text() + "".join(f"{line}\n" for line in lines))


def git(folder: Path, *arguments: str) -> None:
    """Run git in a folder."""
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)


def test_production_is_deployed_from_a_clean_named_branch_with_passed_tests(folder: Path, run: Run, tmp_path: Path) -> None:
    """With all that is asked for it gets to the cluster; files beside what is deployed, such as the report, are no dirt."""
    report = passed(folder, folder / "report.json")
    (folder / "notes.txt").write_text("mine")

    assert 0 == run("--test-report", report)[0]


def test_outside_of_git_production_is_refused(folder: Path, run: Run) -> None:
    """Without a repository nobody can say what was reviewed."""
    report = passed(folder, folder.parent / "report.json")
    (folder / ".git").rename(folder.parent / "kept")

    code, error = run("--test-report", report)

    assert 3 == code
    assert "git does not tell from which commit" in error
    assert "Deploy from a clone" in error


def test_a_repository_that_ignores_the_folder_does_not_speak_for_it(folder: Path, run: Run) -> None:
    """A clone of something else around the folder has another commit, which says nothing of these detections."""
    report = passed(folder, folder.parent / "report.json")
    (folder / ".git").rename(folder.parent / "kept")
    (folder.parent / ".gitignore").write_text("*\n")
    git(folder.parent, "init", "-q", "-b", "main")
    git(folder.parent, "add", "-f", ".gitignore")
    git(folder.parent, "-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-qm", "x")

    assert 3 == run("--test-report", report)[0]


def _edited(folder: Path) -> None:
    path = folder / "detections/DET9999/XX0001/analytic.yml"
    path.write_text(path.read_text().replace("default: 2", "default: 3"))


def _staged(folder: Path) -> None:
    _edited(folder)
    git(folder, "add", "-A")


def _beside(folder: Path) -> None:
    (folder / "README.md").write_text("edited")


def _new(folder: Path) -> None:
    (folder / "mappings/pipelines/more.yml").write_text("description: More.\nprocessors: []\n")


def _ignored(folder: Path) -> None:
    (folder / ".git/info/exclude").write_text("more.yml\n")
    _new(folder)


def _unwatched(folder: Path) -> None:
    git(folder, "update-index", "--assume-unchanged", "detections/DET9999/XX0001/analytic.yml")
    _edited(folder)


def _skipped(folder: Path) -> None:
    git(folder, "update-index", "--skip-worktree", "detections/DET9999/XX0001/analytic.yml")
    _edited(folder)


def _deleted(folder: Path) -> None:
    (folder / "README.md").unlink()


@pytest.mark.parametrize(
    ("soil", "name"),
    [
        (_edited, "detections/DET9999/XX0001/analytic.yml"),
        (_staged, "detections/DET9999/XX0001/analytic.yml"),
        (_beside, "README.md"),
        (_new, "mappings/pipelines/more.yml"),
        (_ignored, "mappings/pipelines/more.yml"),
        (_unwatched, "detections/DET9999/XX0001/analytic.yml"),
        (_skipped, "detections/DET9999/XX0001/analytic.yml"),
        (_deleted, "README.md"),
    ],
)
def test_a_dirty_tree_is_refused(soil: Callable[[Path], None], name: str, folder: Path, run: Run, tmp_path: Path) -> None:
    """Whatever is not as committed, known to git or hidden from it, is named; neither a deploy nor a plan file comes of it."""
    (folder / "README.md").write_text("as it was")
    committed(folder)
    report = passed(folder, folder.parent / "report.json")
    soil(folder)

    code, error = run("--test-report", report)
    planned, why = run("--out", tmp_path / "a.plan", command="plan")

    assert (3, 3) == (code, planned)
    for text in (error, why):
        assert "the git tree is dirty" in text
        assert name in text
    assert not (tmp_path / "a.plan").exists()


@pytest.mark.parametrize(
    ("named", "branch", "expected"),
    [
        ("", "main", 0),
        ("", "master", 0),
        ("", "work", 3),
        ("branches: [production]", "production", 0),
        ("branches: [production]", "main", 3),
        ("branches: [main, 'release/*']", "release/2026-11", 0),
        ("branches: [main, 'release/*']", "unreleased/x", 3),
        ("branches: [main]", "Main", 3),
    ],
)
def test_only_a_named_branch_is_deployed(named: str, branch: str, expected: int, folder: Path, run: Run) -> None:
    """The branch that is checked out counts, by its whole name; the head of main under another name is not main."""
    rule(folder, *([named] if named else []))
    committed(folder)
    git(folder, "branch", "-m", "main", "before")
    git(folder, "switch", "-qc", branch)
    report = passed(folder, folder.parent / "report.json")

    code, error = run("--test-report", report)

    assert expected == code
    assert (f"the branch is {branch}, and not" in error) == (expected == 3)


def _detached(folder: Path) -> None:
    """As a job of GitLab has it: a commit, with the branch it is on as that of the remote only."""
    git(folder, "clone", "-q", "--bare", ".", str(folder.parent / "origin"))
    git(folder, "remote", "add", "origin", str(folder.parent / "origin"))
    git(folder, "fetch", "-q", "origin", "+refs/heads/*:refs/remotes/origin/*")
    git(folder, "checkout", "-q", "--detach")
    git(folder, "branch", "-D", "main")


def test_a_ci_job_has_a_commit_checked_out_and_no_branch(folder: Path, run: Run) -> None:
    """It is deployed if the named branch has the commit, and refused if it has it not; forks and tags do not count."""
    report = passed(folder, folder.parent / "report.json")
    _detached(folder)
    on_the_branch, _ = run("--test-report", report)
    (folder / "README.md").write_text("ahead")
    committed(folder)
    git(folder, "tag", "main")
    git(folder, "update-ref", "refs/remotes/fork/main", "HEAD")
    ahead, error = run("--test-report", passed(folder, report))

    assert (0, 3) == (on_the_branch, ahead)
    assert "no branch is checked out" in error
    assert "is not known to be on main or master" in error


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"GITHUB_SHA": "HEAD", "GITHUB_REF": "refs/heads/main"}, 0),
        ({"GITHUB_SHA": "HEAD", "GITHUB_REF": "refs/heads/work"}, 3),
        ({"GITHUB_SHA": "HEAD", "GITHUB_REF": "refs/tags/main"}, 3),
        ({"GITHUB_SHA": "HEAD", "GITHUB_REF": "refs/pull/7/merge", "GITHUB_HEAD_REF": "main"}, 3),
        ({"GITHUB_SHA": "0" * 40, "GITHUB_REF": "refs/heads/main"}, 3),
        ({"CI_COMMIT_SHA": "HEAD", "CI_COMMIT_BRANCH": "main"}, 0),
        ({"CI_COMMIT_SHA": "HEAD", "CI_COMMIT_TAG": "main"}, 3),
        ({"CI_COMMIT_SHA": "HEAD", "CI_COMMIT_BRANCH": "main", "CI_MERGE_REQUEST_IID": "7"}, 3),
        ({"GIT_COMMIT": "HEAD", "GIT_BRANCH": "origin/main"}, 0),
        ({"GIT_COMMIT": "HEAD", "GIT_BRANCH": "origin/main", "CHANGE_ID": "7"}, 3),
        ({"BUILDKITE_COMMIT": "HEAD", "BUILDKITE_BRANCH": "main", "BUILDKITE_PULL_REQUEST": "false"}, 0),
        ({"BUILDKITE_COMMIT": "HEAD", "BUILDKITE_BRANCH": "main", "BUILDKITE_PULL_REQUEST": "7"}, 3),
        ({"BUILD_SOURCEVERSION": "HEAD", "BUILD_SOURCEBRANCH": "refs/heads/main"}, 0),
        ({"BITBUCKET_COMMIT": "HEAD", "BITBUCKET_BRANCH": "main", "BITBUCKET_PR_ID": "7"}, 3),
    ],
)
def test_where_the_clone_has_no_branch_the_service_says_which(
    variables: dict[str, str], expected: int, folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job that fetched one commit only runs for the branch that its service names, if it is this commit and no pull request."""
    report = passed(folder, folder.parent / "report.json")
    git(folder, "checkout", "-q", "--detach")
    git(folder, "branch", "-D", "main")
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=folder, capture_output=True, text=True).stdout.strip()
    for name, value in variables.items():
        monkeypatch.setenv(name, head if value == "HEAD" else value)

    assert expected == run("--test-report", report)[0]


def test_without_a_test_report_production_is_refused(folder: Path, run: Run) -> None:
    """Whoever forgot it learns how to make one."""
    code, error = run()

    assert 3 == code
    assert "there is no test report" in error
    assert "deployer test --report FILE" in error


def test_what_no_test_speaks_of_needs_no_report(folder: Path, run: Run) -> None:
    """A channel alone does not; a pipeline does, for the analytics that read what went through it."""
    assert 0 == run("--select", "channel/demo")[0]
    assert 3 == run("--select", "ingest-pipeline/plain")[0]


def test_a_report_of_another_commit_is_refused_with_every_reason(folder: Path, run: Run) -> None:
    """A commit later the same report is one of another commit; and analytics that changed are named."""
    report = passed(folder, folder.parent / "report.json")
    _edited(folder)
    committed(folder)

    code, error = run("--test-report", report)

    assert 3 == code
    assert "report.json is of another commit" in error
    assert "XX0001 is not what was tested for local" in error


def test_the_environment_may_name_the_report_and_its_key(folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its file is read where none is given, and wants the signature of the key, which no output shows."""
    rule(folder, "test_report: {file: build/report.json, key: env:H_REPORT_KEY}")
    committed(folder)
    monkeypatch.setenv("H_REPORT_KEY", KEY)
    (folder / "build").mkdir()

    missing = run()
    passed(folder, folder / "build/report.json")
    unsigned = run()
    passed(folder, folder / "build/report.json", key="another key")
    wrong = run()
    passed(folder, folder / "build/report.json", key=KEY)
    signed = run()

    assert [3, 3, 3, 0] == [code for code, _ in (missing, unsigned, wrong, signed)]
    assert "report.json cannot be read" in missing[1]
    assert "is not signed" in unsigned[1]
    assert "is signed with another key" in wrong[1]
    assert KEY not in "".join(error for _, error in (missing, unsigned, wrong, signed))


def test_with_require_plan_only_a_plan_file_is_taken(folder: Path, run: Run) -> None:
    """A deploy of the repository is refused, with the two commands that do it."""
    rule(folder, "require_plan: true")
    committed(folder)

    code, error = run("--test-report", passed(folder, folder.parent / "report.json"))

    assert 3 == code
    assert "takes only a plan file" in error
    assert "deployer plan --env local --out FILE" in error


def test_other_environments_hold_what_their_file_asks_for(folder: Path, run: Run) -> None:
    """Without production: true nothing is asked, but branches, test_report and require_plan hold wherever they stand."""
    path = folder / "environments/local.yml"
    plain = path.read_text().replace("production: true\n", "")

    def told(*lines: str) -> int:
        path.write_text(plain + "".join(f"{line}\n" for line in lines))
        return run()[0]

    assert 0 == told()
    assert 0 == told("branches: [main]")
    assert 3 == told("branches: [production]")
    assert 3 == told("test_report: {file: report.json}")
    assert 3 == told("require_plan: true")


def test_a_report_that_is_given_must_hold_everywhere(folder: Path, run: Run) -> None:
    """Also for `plan`, and for an environment that asks for none."""
    path = folder / "environments/local.yml"
    report = passed(folder, folder.parent / "report.json")
    in_production = run("--test-report", report, command="plan")[0]
    path.write_text(path.read_text().replace("production: true\n", ""))
    committed(folder)

    assert 0 == in_production
    assert 3 == run("--test-report", report)[0]
    assert 3 == run("--test-report", report, command="plan")[0]
    assert 0 == run("--test-report", passed(folder, report))[0]


def test_all_that_stands_against_a_deploy_is_told_at_once(folder: Path, run: Run) -> None:
    """Dirt, branch and report in one error, each with what to do."""
    git(folder, "switch", "-qc", "work")
    _edited(folder)

    code, error = run()

    assert 3 == code
    assert "3 things stand against this deploy of local" in error
    for text in ("the git tree is dirty", "the branch is work", "there is no test report", "git status", "Merge it"):
        assert text in error


@pytest.mark.parametrize("command", ["rollback", "destroy", "unlock"])
def test_an_emergency_needs_no_clean_tree_and_no_report(command: str, folder: Path, seen: tuple[str, list[Request]], capsys: pytest.CaptureFixture[str]) -> None:
    """What goes back to recorded content, removes what is owned or takes a lock away wants consent, and asks no repository."""
    rule(folder, "require_plan: true")
    git(folder, "switch", "-qc", "work")
    consent = ["--yes"] if command == "unlock" else ["--confirm", "local"]

    common.run(cli, [command, "--root", str(folder), "--env", "local", *consent], "deployer")

    assert seen[1]
    assert "dirty" not in capsys.readouterr().err


@pytest.mark.parametrize("command", ["plan", "deploy"])
def test_tls_that_is_not_verified_is_refused_in_production(command: str, folder: Path, run: Run) -> None:
    """The mistake is understood, and refused for safety: exit code 3, naming the line."""
    path = folder / "environments/local.yml"
    path.write_text(path.read_text().replace("cluster: {", "cluster: {tls: {verify: false}, "))

    code, error = run(command=command)

    assert 3 == code
    assert "DAC013" in error
    assert "environments/local.yml:3:" in error


def test_an_edited_report_is_refused(folder: Path, run: Run) -> None:
    """One that says that a failed analytic passed does not fit its digest any more."""
    report = passed(folder, folder.parent / "report.json")
    value = json.loads(report.read_bytes())
    value["analytics"][0]["checks"] = 99
    report.write_text(json.dumps(value, indent=1) + "\n")

    code, error = run("--test-report", report)

    assert 3 == code
    assert "not a test report as it was written" in error


def plan_of(folder: Path, **changes: object) -> PlanFile:
    """A plan file of the repository as it lies there, that does nothing on no cluster."""
    tree, name = read_tree(folder), "local"
    known = PlanFile(
        environment=name, deployment="unit-local", tool=__version__, at="", who="", host="", commit=tree.commit,
        dirty=tree.dirty, choices=NO_CHOICES, selection=EVERYTHING, parts=(),
        analytics=evidence.contents(fresh(folder, name)[1].resources),
    )  # fmt: skip
    return dataclasses.replace(known, **changes)  # type: ignore[arg-type]


def refusal(folder: Path, saved: PlanFile) -> str:
    """What change control says of a plan file, with the report that is in it; empty if it may be deployed."""
    gate = Gate(fresh(folder, "local")[1].environment, __version__, lambda reference: KEY, {})
    try:
        gate.saved(folder, saved, "a.plan", lambda: report_in(saved, "a.plan"))
    except RefusedError as error:
        return f"{error.what}: {error.why}"
    return ""


def with_tests(folder: Path, **changes: object) -> dict[str, object]:
    """The value of a test report, as a plan file has it in it."""
    value: dict[str, object] = json.loads(passed(folder, folder.parent / "inside.json", **changes).read_bytes())
    return value


def test_a_plan_file_brings_its_test_report_along(folder: Path) -> None:
    """With the report in it, or one that is given, it is deployed; without one, or with one of another commit, it is not."""
    tests = with_tests(folder)

    assert "" == refusal(folder, plan_of(folder, tests=tests))
    assert "there is no test report" in refusal(folder, plan_of(folder))
    assert "the test report in a.plan is of another commit" in refusal(
        folder, plan_of(folder, tests=with_tests(folder, commit="b" * 40))
    )
    assert "XX0001 is not what was tested" in refusal(folder, plan_of(folder, tests=tests, analytics={"XX0001": "0" * 64}))
    assert "XX0002 is not in the test report" in refusal(folder, plan_of(folder, tests=tests, analytics={"XX0002": "0" * 64}))


def test_a_plan_file_that_was_made_from_no_commit_is_refused(folder: Path) -> None:
    """One of a dirty tree, or one made where git could not say from what."""
    tests = with_tests(folder)

    assert "files were changed since the commit" in refusal(folder, plan_of(folder, dirty=True, tests=tests))
    assert "git could not say" in refusal(folder, plan_of(folder, commit="", tests=tests))


def test_a_plan_file_may_be_older_than_the_branch_but_must_be_on_it(folder: Path) -> None:
    """What was planned and tested is done although the branch moved on; a commit that never got onto it is refused."""
    older = plan_of(folder, tests=with_tests(folder))
    git(folder, "switch", "-qc", "work")
    (folder / "README.md").write_text("work")
    committed(folder)
    elsewhere = plan_of(folder, tests=with_tests(folder))
    git(folder, "switch", "-q", "main")
    (folder / "README.md").write_text("main")
    committed(folder)

    assert "" == refusal(folder, older)
    assert "a.plan is of a commit that is not on the branch" in refusal(folder, elsewhere)


def test_with_require_plan_the_plan_is_of_the_commit_that_is_checked_out(folder: Path) -> None:
    """The file that was made from it is taken, the same file a commit later is not; nor in a dirty tree."""
    rule(folder, "require_plan: true")
    committed(folder)
    saved = plan_of(folder, tests=with_tests(folder))
    same = refusal(folder, saved)
    (folder / "README.md").write_text("later")
    committed(folder)

    assert "" == same
    assert "a.plan is of another commit" in refusal(folder, saved)
    _edited(folder)
    assert "the git tree is dirty" in refusal(folder, saved)
