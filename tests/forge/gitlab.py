"""Runs jobs of GitLab's pipelines as its runners do, as far as the example goes, and serves the API that they call."""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests import faults
from tests.forge.workspace import INSTALL, Workspace

TOKEN = "a token of these tests"
JOB_KEYS = {"extends", "stage", "rules", "needs", "environment", "script", "before_script", "artifacts", "variables", "services", "interruptible", "resource_group"}  # fmt: skip


@dataclass
class Runner:
    """Runs the jobs of a pipeline one by one."""

    space: Workspace
    pipeline: dict[str, Any]
    variables: dict[str, str]

    def run(self, name: str, branch: str) -> tuple[int, str]:
        """Run a job on a branch, with what the jobs it needs handed on; its exit code, and what it printed."""
        asked = job(self.pipeline, name)
        assert asked.keys() <= JOB_KEYS, asked.keys() - JOB_KEYS
        own = {**self.pipeline["variables"], **asked.get("variables", {})}
        place = self.space.job(None if own.get("GIT_STRATEGY") == "none" else f"origin/{branch}", "--detach")
        for needed in asked.get("needs", []):
            if (self.space.folder / "artifacts" / needed).exists():
                self.space.fetch(needed, place)
        before = asked.get("before_script", self.pipeline["default"]["before_script"])
        lines = [line for line in (*before, *asked["script"]) if INSTALL not in line]
        given = {key: str(value) for key, value in own.items() if key not in self.variables}
        code, printed = self.space.run("\n".join(lines), place, {**given, **self.variables}, "-eo", "pipefail")
        artifacts = asked.get("artifacts", {})
        if code == 0 or artifacts.get("when") == "always":
            paths = [*artifacts.get("paths", []), *artifacts.get("reports", {}).values()]
            self.space.keep(name, place, [path for path in paths if (place / path).exists()])
        return code, printed


def job(pipeline: dict[str, Any], name: str) -> dict[str, Any]:
    """A job of a pipeline, with what it extends."""
    found = pipeline[name]
    base = pipeline[found["extends"]] if "extends" in found else {}
    return {**base, **found}


def load(file: Path) -> dict[str, Any]:
    """A pipeline."""
    found: dict[str, Any] = yaml.safe_load(file.read_text("utf-8"))
    return found


@dataclass
class Project:
    """The notes of merge request 7 and the issues of project 5."""

    address: str = ""
    notes: dict[int, str] = field(default_factory=dict)
    issues: dict[int, dict[str, str]] = field(default_factory=dict)


@contextmanager
def serving() -> Iterator[Project]:
    """The part of GitLab's API that the example calls, on a port of its own."""
    project = Project()

    def answer(request: faults.Request) -> faults.Reply:
        if request.headers.get("private-token") != TOKEN:
            return faults.Reply(401)
        path = urllib.parse.urlsplit(request.path).path.removeprefix("/api/v4/projects/5/")
        return faults.Reply(*_call(project, request.method, path, dict(urllib.parse.parse_qsl(request.body))))

    with faults.serving(answer) as (url, _):
        project.address = f"{url}/api/v4"
        yield project


def _call(project: Project, method: str, path: str, form: dict[str, str]) -> tuple[int, Any]:
    kind, _, key = path.removeprefix("merge_requests/7/").partition("/")
    if kind == "notes":
        if method == "GET":
            return 200, [{"id": number, "body": body} for number, body in project.notes.items()]
        number = int(key) if method == "PUT" else len(project.notes) + 1
        project.notes[number] = form["body"]
        return 200, {"id": number}
    if kind == "issues":
        if method == "GET":
            return 200, [{"iid": number} for number, issue in project.issues.items() if issue["state"] == "opened"]
        number = int(key) if method == "PUT" else len(project.issues) + 1
        issue = project.issues.setdefault(number, {"state": "opened"})
        issue |= {"state": "closed"} if form.get("state_event") == "close" else form
        return 200, {"iid": number}
    return 404, None
