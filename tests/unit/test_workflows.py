"""The workflows of this repository and those for others: who gets a secret, who may write, and the commands that need no cluster."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from deployer.local.artifacts import OPENSEARCH_VERSION
from tests.forge import github, gitlab
from tests.forge.workspace import Workspace
from tests.unit.repo import write

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples/github/.github/workflows"
WORKFLOWS = {path.name: github.load(path) for path in (*EXAMPLES.glob("*.yml"), ROOT / ".github/workflows/ci.yml")}
PIPELINE = gitlab.load(ROOT / "examples/gitlab/.gitlab-ci.yml")
HIDDEN = {"stages", "default", "variables", "workflow", ".node"}
JOBS = [(file, name, job) for file, flow in sorted(WORKFLOWS.items()) for name, job in flow["jobs"].items()]


def scripts() -> list[tuple[str, str]]:
    """Every script that a workflow runs, with where it stands."""
    found = [(f"{file}/{name}", step["run"]) for file, name, job in JOBS for step in job["steps"] if "run" in step]
    for name in sorted(PIPELINE.keys() - HIDDEN):
        job = gitlab.job(PIPELINE, name)
        found.append((name, "\n".join((*job.get("before_script", []), *job["script"]))))
    return found


@pytest.mark.parametrize(("where", "script"), scripts())
def test_a_script_is_bash_and_takes_no_value_into_its_text(where: str, script: str) -> None:
    """Values come as variables: an expression in a script would be code of whoever chose the value."""
    assert "${{" not in script
    assert 0 == subprocess.run(["bash", "-n"], input=script, text=True, check=False).returncode


def test_no_workflow_runs_a_stranger_s_code_with_our_rights() -> None:
    """None starts by an event that brings secrets to a fork's pull request, and the default is a token that only reads."""
    for file, flow in WORKFLOWS.items():
        assert not {"pull_request_target", "workflow_run", "issue_comment"} & set(flow["on"]), file
        assert {"contents": "read"} == flow["permissions"], file


def test_an_action_is_one_commit_everywhere() -> None:
    """Each action is pinned to the same commit, with the same version beside it, in every file."""
    text = "".join(path.read_text("utf-8") for path in (*EXAMPLES.iterdir(), ROOT / ".github/workflows/ci.yml"))
    pins = set(re.findall(r"uses: (\S+?)@([0-9a-f]{40} # v\d+\.\d+\.\d+)\n", text))

    assert text.count("uses: ") == len(re.findall(r"uses: \S+@[0-9a-f]{40} # v", text))
    assert len({action for action, _ in pins}) == len(pins) > 3


@pytest.mark.parametrize(("file", "name", "job"), JOBS)
def test_a_job_holds_secrets_or_a_token_that_writes_and_never_both(file: str, name: str, job: dict[str, Any]) -> None:
    """Secrets belong to an environment, and to no pull request of a fork; what may write runs no file of a pull request."""
    text = json.dumps(job)
    used = {step["uses"].partition("@")[0] for step in job["steps"] if "uses" in step}
    if "secrets." in text:
        assert job["environment"] in ("prod", "prod-plan")
        assert "permissions" not in job
        if "pull_request" in WORKFLOWS[file]["on"]:
            assert "github.event.pull_request.head.repo.full_name == github.repository" == job["if"]
    if "write" in job.get("permissions", {}).values():
        assert used == {"actions/download-artifact"}
        assert "environment" not in job


def test_gitlab_gives_variables_to_branches_of_the_project_only() -> None:
    """Each job of a merge request that has an environment is left out for a fork, and the one with the token has no files."""
    own = "$CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_PROJECT_ID"
    jobs = {name: PIPELINE[name] for name in PIPELINE.keys() - HIDDEN}
    for name, job in jobs.items():
        if "environment" in job:
            rules = [rule["if"] for rule in job["rules"] if "merge_request_event" in rule["if"]]
            assert all(own in rule for rule in rules), name
        if "NOTES_TOKEN" in json.dumps(job):
            assert ("none", []) == (job["variables"]["GIT_STRATEGY"], job["before_script"]), name


def test_the_image_is_the_version_that_the_tool_is_tested_with() -> None:
    """Each example tests on the official image of that version."""
    text = "".join(file.read_text("utf-8") for file in (ROOT / "examples").rglob(".*.yml")) + "".join(
        file.read_text("utf-8") for file in EXAMPLES.iterdir()
    )

    images = re.findall(r"opensearchproject/opensearch:(\S+)", text)
    assert [OPENSEARCH_VERSION] * 3 == images


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    """A forge with the small repository on its main branch."""
    origin = tmp_path / "origin"
    write(origin)
    made = Workspace(origin, tmp_path / "forge", {"GITHUB_REPOSITORY": "o/r", "GH_STATE": str(tmp_path / "gh.json")})
    program = made.folder / "bin" / "gh"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{ROOT}/tests/forge/gh.py" "$@"\n')
    program.chmod(0o755)
    made.git("init", "-q", "-b", "main")
    made.git("add", "-A")
    made.git("commit", "-qm", "detections")
    return made


def test_github_validates_with_annotations_and_plans_nothing_for_a_fork(space: Workspace) -> None:
    """A wrong key is an annotation at its line, and the job fails; of a fork, neither plan nor comment run."""
    path = space.origin / "detections/DET9999/XX0001/analytic.yml"
    path.write_text(path.read_text().replace("title: Made up", "titel: Made up"))
    space.git("commit", "-qam", "a slip")
    contexts = {"github.event.pull_request.head.repo.full_name": "stranger/r", "github.repository": "o/r"}

    done = github.Runner(space, contexts).run(WORKFLOWS["detections.yml"], "main", ("validate", "plan", "comment"))

    assert ["failure", "skipped", "skipped"] == [done[name].result for name in ("validate", "plan", "comment")]
    assert "::error file=detections/DET9999/XX0001/analytic.yml,line=2,col=1," in done["validate"].log


def test_github_keeps_one_comment(space: Workspace, tmp_path: Path) -> None:
    """The first run makes it, the second writes over it; what others wrote stays."""
    runner = github.Runner(space, {"github.token": "t", "github.event.pull_request.number": "7"})
    (tmp_path / "gh.json").write_text(json.dumps({"comments": {"1": "Nice."}, "issues": {}, "labels": []}))
    for said in ("first", "second"):
        _artifact(space, "comment", "comment.md", f"<!-- deployer: plan-prod -->\n{said}\n")
        done = runner.run(WORKFLOWS["detections.yml"], "main", ("comment",))
        assert "success" == done["comment"].result, done["comment"].log

    comments = json.loads((tmp_path / "gh.json").read_text())["comments"]
    assert {"1": "Nice.", "2": "<!-- deployer: plan-prod -->\nsecond\n"} == comments


def test_github_keeps_one_issue_while_there_is_drift(space: Workspace, tmp_path: Path) -> None:
    """Nothing found opens none; found opens one, found again writes over it, and all well closes it."""
    steps = [("no", []), ("yes", [True]), ("yes", [True]), ("no", [False]), ("yes", [False, True])]
    for number, (found, expected) in enumerate(steps):
        _artifact(space, "drift", "drift.md", f"report {number}\n")
        contexts = {"github.token": "t", "github.repository": "o/r", "needs.look.outputs.found": found}
        done = github.Runner(space, contexts).run(WORKFLOWS["drift.yml"], "main", ("issue",))
        assert "success" == done["issue"].result, done["issue"].log
        issues = json.loads((tmp_path / "gh.json").read_text())["issues"]
        assert expected == [issue["open"] for issue in issues.values()]
    assert ["report 2\n", "report 4\n"] == [issue["body"] for issue in issues.values()]


def test_gitlab_shows_findings_beside_lines_and_keeps_one_note_and_one_issue(space: Workspace) -> None:
    """The same on GitLab, by its API: a report of code quality, a note that is written over, an issue that is closed."""
    path = space.origin / "detections/DET9999/XX0001/analytic.yml"
    path.write_text(path.read_text().replace("title: Made up", "titel: Made up"))
    space.git("commit", "-qam", "a slip")
    with gitlab.serving() as project:
        variables = {"CI_API_V4_URL": project.address, "CI_PROJECT_ID": "5", "CI_MERGE_REQUEST_IID": "7"}
        runner = gitlab.Runner(space, PIPELINE, {**variables, "NOTES_TOKEN": gitlab.TOKEN})
        code, printed = runner.run("validate", "main")
        assert 1 == code
        assert "titel" in printed
        report = json.loads((space.folder / "artifacts/validate/gl-code-quality-report.json").read_text())
        places = [entry["location"] for entry in report]
        assert {"path": "detections/DET9999/XX0001/analytic.yml", "lines": {"begin": 2}} in places

        project.notes[1] = "Nice."
        for said in ("first", "second"):
            _artifact(space, "plan:changed", "comment.md", f"<!-- deployer: plan-prod -->\n{said} & more\n")
            assert (0, "") == runner.run("comment", "main")
        for number, code in enumerate((0, 2, 2, 0)):
            _artifact(space, "drift", "drift.md", f"report {number}\n")
            _artifact(space, "drift", "drift.code", f"{code}\n")
            assert (0, "") == runner.run("issue", "main")

    assert {1: "Nice.", 2: "<!-- deployer: plan-prod -->\nsecond & more\n"} == project.notes
    (issue,) = project.issues.values()
    assert ("closed", "report 2\n", "drift-prod") == (issue["state"], issue["description"], issue["labels"])


def _artifact(space: Workspace, name: str, file: str, text: str) -> None:
    folder = space.folder / "artifacts" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / file).write_text(text)
