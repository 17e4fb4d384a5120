"""Who deploys, from where and from which commit: what the record says of a run, however the run was started."""

from __future__ import annotations

import getpass
import os
import re
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from deployer import __version__
from deployer.catalogue.revisions import Git
from deployer.deploy.recording import About
from deployer.model.errors import UsageError

WRITTEN = ("detections", "templates", "mappings", "environments")
"""The folders whose files decide what is deployed."""

_COMMIT = re.compile(r"[0-9a-fA-F]{7,64}")


@dataclass(frozen=True, slots=True)
class Service:
    """How a CI service tells a job of itself: the variables of the commit, of who asked for it and of the branch, and the
    address of its page. `request` is a variable that only jobs of a pull request have: those run for no branch of ours.
    """

    commit: str
    who: str
    page: str
    branch: str
    request: str = ""

    def branch_of(self, environ: Mapping[str, str]) -> str:
        """The branch that the job runs for; empty for a tag or a pull request."""
        if environ.get(self.request, "false") not in ("", "false"):
            return ""
        ref = environ.get(self.branch, "")
        if self.branch in FULL_REFS:
            return ref.removeprefix("refs/heads/") if ref.startswith("refs/heads/") else ""
        return ref.removeprefix("origin/")


FULL_REFS = frozenset({"GITHUB_REF", "BUILD_SOURCEBRANCH"})
"""Variables that hold ``refs/heads/main``, so that a tag or a pull request can be told apart."""

SERVICES = (
    Service(
        "GITHUB_SHA",
        "GITHUB_ACTOR",
        "{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_ID}",
        "GITHUB_REF",
    ),
    Service("CI_COMMIT_SHA", "GITLAB_USER_LOGIN", "{CI_JOB_URL}", "CI_COMMIT_BRANCH", "CI_MERGE_REQUEST_IID"),
    Service("GIT_COMMIT", "BUILD_USER_ID", "{BUILD_URL}", "GIT_BRANCH", "CHANGE_ID"),
    Service(
        "BUILDKITE_COMMIT",
        "BUILDKITE_BUILD_CREATOR",
        "{BUILDKITE_BUILD_URL}",
        "BUILDKITE_BRANCH",
        "BUILDKITE_PULL_REQUEST",
    ),
    Service("CIRCLE_SHA1", "CIRCLE_USERNAME", "{CIRCLE_BUILD_URL}", "CIRCLE_BRANCH", "CIRCLE_PR_NUMBER"),
    Service(
        "BUILD_SOURCEVERSION",
        "BUILD_REQUESTEDFOR",
        "{SYSTEM_TEAMFOUNDATIONCOLLECTIONURI}{SYSTEM_TEAMPROJECT}/_build/results?buildId={BUILD_BUILDID}",
        "BUILD_SOURCEBRANCH",
    ),
    Service(
        "BITBUCKET_COMMIT",
        "BITBUCKET_STEP_TRIGGERER_UUID",
        "https://bitbucket.org/{BITBUCKET_REPO_FULL_NAME}/pipelines/results/{BITBUCKET_BUILD_NUMBER}",
        "BITBUCKET_BRANCH",
        "BITBUCKET_PR_ID",
    ),
)
"""GitHub (Gitea and Forgejo too), GitLab, Jenkins, Buildkite, CircleCI, Azure Pipelines and Bitbucket, as their documentation has it."""


def about(root: Path, environ: Mapping[str, str], tell: Callable[[str], None]) -> About:
    """Who deploys, from which host and job, with what; and from which commit, with files changed since or not.

    Git is asked first. Where it cannot say (no repository, no program, a clone that it does not trust), the commit is what
    the CI service says, and nobody knows whether files were changed. `tell` hears of a repository that git could not read.
    """
    service = next((one for one in SERVICES if environ.get(one.commit)), None)
    who = (environ.get(service.who) if service else "") or _user()
    commit, dirty = _commit(root, tell)
    if not commit and service is not None and _COMMIT.fullmatch(environ[service.commit]):
        commit = environ[service.commit]
    at = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return About(who, socket.gethostname(), commit, __version__, at, dirty, job=_page(service, environ))


def _page(service: Service | None, environ: Mapping[str, str]) -> str:
    try:
        return service.page.format_map(environ) if service else ""
    except KeyError:
        return ""


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"


def _commit(root: Path, tell: Callable[[str], None]) -> tuple[str, bool]:
    """The commit that is checked out, and whether files that are deployed differ from it; empty if git cannot say."""
    git = Git(root)
    try:
        asked = git.run("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
        if asked.returncode != 0:
            if asked.stderr.strip() and "not a git repository" not in asked.stderr:
                tell(f"note: git does not tell the commit: {asked.stderr.strip().splitlines()[0]}")
            return "", False
        # The folder may lie, ignored, in a repository of something else: that one's commit says nothing of it.
        if not git.ask("ls-files", "--", *WRITTEN):
            return "", False
        changed = git.run("status", "--porcelain", "--", *WRITTEN)
        return asked.stdout.strip(), changed.returncode != 0 or bool(changed.stdout.strip())
    except UsageError:
        return "", False
