"""The examples for GitHub and GitLab, their commands run as written: from a branch to the merge, the deploy and the nightly look."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.bench import MONITORS, Bench
from tests.commands import deployment, environment, stream
from tests.forge import github, gitlab
from tests.forge.workspace import Workspace

pytestmark = pytest.mark.integration

SECRETS = {
    "secrets.OPENSEARCH_USERNAME": "",
    "secrets.OPENSEARCH_PASSWORD": "",
    "secrets.SOC_WEBHOOK_URL": "http://127.0.0.1:9/canary",
}
OURS = {
    "github.event.pull_request.head.sha": "c0ffee",
    "github.event.pull_request.head.repo.full_name": "o/r",
    "github.repository": "o/r",
}

SAMPLES = """\
cases:
  - name: listed twice, and listed before a move
    clock: "2026-03-02T10:05:00Z"
    events:
      - {source: x.plain, repeat: 2, raw: {"@timestamp": "2026-03-02T10:03:00Z", host: {name: h1}, user: {name: alice}, process: {command_line: netstat -an}}}
      - {source: x.plain, raw: {"@timestamp": "2026-03-02T09:50:00Z", host: {name: h2}, user: {name: bob}, process: {command_line: netstat -an}}}
      - {source: x.plain, raw: {"@timestamp": "2026-03-02T10:04:00Z", host: {name: h2}, user: {name: bob}, process: {command_line: psexec h3}}}
    expect: {discovery: [{host: h1, user: alice}], correlated: [{host: h2}]}
    variants:
      - {tunables: {Threshold: 3}, expect: {correlated: [{host: h2}]}}
      - {tunables: {Patterns: [arp]}, expect: {}}
      - {tunables: {Window: 1m}, expect: {discovery: [{host: h1, user: alice}]}}
      - {tunables: {Scope: some}, expect: {discovery: [{host: h1, user: alice}]}}
  - name: another command
    clock: "2026-03-03T10:05:00Z"
    events: [{source: x.plain, repeat: 2, raw: {"@timestamp": "2026-03-03T10:03:00Z", host: {name: h1}, user: {name: alice}, process: {command_line: whoami}}}]
    expect: {}
"""


@pytest.fixture(scope="module")
def on(cluster_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """The small repository with an environment prod, which is marked as production."""
    with deployment(cluster_url, tmp_path_factory.mktemp("origin")) as bench:
        (bench.folder / "detections/DET9999/XX0001/samples.yml").write_text(SAMPLES)
        local = environment(bench)
        text = local.read_text()
        prod = text.replace("name: local", "name: prod\nproduction: true\nrequire_plan: true", 1)
        (local.parent / "prod.yml").write_text(prod.replace('"http://127.0.0.1:9/x"', "env:SOC_WEBHOOK_URL"))
        for name in ("local", "ci"):
            own = text.replace("name: local", f"name: {name}", 1).replace(
                bench.deployment, f"{bench.deployment}-{name}"
            )
            (local.parent / f"{name}.yml").write_text(own)
        bench.also.insert(0, f"/_data_stream/{stream(bench)}")
        yield bench


@pytest.fixture(scope="module")
def space(on: Bench, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A forge that has it on its main branch."""
    variables = {"OPENSEARCH_URL": on.url, "GITHUB_BASE_REF": "main", "GITHUB_REPOSITORY": "o/r"}
    made = Workspace(on.folder, tmp_path_factory.mktemp("forge") / "forge", variables)
    made.git("init", "-q", "-b", "main")
    made.git("add", "-A")
    made.git("commit", "-qm", "detections")
    return made


def change(space: Workspace, before: str, after: str) -> None:
    """Commit a change of the analytic on the branch that is there."""
    path = space.origin / "detections/DET9999/XX0001/analytic.yml"
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))
    space.git("commit", "-qam", f"from {before} to {after}")


def test_github_from_a_branch_to_the_nightly_look(on: Bench, space: Workspace, root: Path) -> None:
    """A pull request shows its plan; its merge is deployed as planned; without changes nothing waits; drift is found."""
    flows = {path.stem: github.load(path) for path in (root / "examples/github/.github/workflows").glob("*.yml")}
    runner = github.Runner(space, {**SECRETS, **OURS})
    space.git("switch", "-qc", "work")
    change(space, "severity: high", "severity: critical")

    asked = runner.run(flows["detections"], "work", ("validate", "test", "plan"))
    assert {"success"} == {ran.result for ran in asked.values()}, "".join(ran.log for ran in asked.values())
    comment = (space.folder / "artifacts/comment/comment.md").read_text("utf-8")
    assert comment.startswith("<!-- deployer: plan-prod -->\nFor commit c0ffee.\n\n### Plan: ")
    assert "0 to change, 0 to destroy." in comment
    assert "### 0 episodes in 24h on prod" in comment

    space.git("switch", "-q", "main")
    space.git("merge", "-q", "--no-ff", "-m", "merged", "work")
    done = runner.run(flows["deploy"], "main")
    assert ["success"] * 3 == [ran.result for ran in done.values()], "".join(ran.log for ran in done.values())
    assert "### Plan: " in done["plan"].summary
    again = runner.run(flows["deploy"], "main", ("plan", "deploy"))
    assert ("success", "no", "skipped") == (again["plan"].result, again["plan"].outputs["changes"], again["deploy"].result)  # fmt: skip
    assert not [ran for ran in (*asked.values(), *done.values()) if "canary" in ran.log + ran.summary + comment]

    assert "no" == runner.run(flows["drift"], "main", ("look",))["look"].outputs["found"]
    with changed_by_hand(on):
        found = runner.run(flows["drift"], "main", ("look",))["look"]
        assert ("success", "yes") == (found.result, found.outputs["found"]), found
        assert "changed by hand" in (space.folder / "artifacts/drift/drift.md").read_text("utf-8")


def test_gitlab_from_a_branch_to_the_nightly_look(on: Bench, space: Workspace, root: Path) -> None:
    """The same by the jobs of GitLab's pipeline, which checks out commits and no branches; prod has events by now."""
    ingest(on)
    space.git("switch", "-qC", "work", "main")
    variables = {"SOC_WEBHOOK_URL": SECRETS["secrets.SOC_WEBHOOK_URL"], "OPENSEARCH_URL": on.url}
    pipeline = gitlab.load(root / "examples/gitlab/.gitlab-ci.yml")
    base = {"CI_MERGE_REQUEST_DIFF_BASE_SHA": space.git("rev-parse", "main")}
    kept = space.folder / "artifacts"
    change(space, "Made up", "Made-up")

    asked = gitlab.Runner(space, pipeline, {**variables, **base, "CI_COMMIT_SHA": space.git("rev-parse", "work")})
    for job in ("validate", "plan:changed"):
        code, printed = asked.run(job, "work")
        assert 0 == code, printed
    assert [] == json.loads((kept / "validate/gl-code-quality-report.json").read_text("utf-8"))
    comment = (kept / "plan:changed/comment.md").read_text("utf-8")
    assert re.search(r"### Plan: 0 to add, \d to change, 0 to destroy\.", comment)
    assert "### 1 episode in 24h on prod" in comment
    assert "host=h1" in comment

    space.git("switch", "-q", "main")
    space.git("merge", "-q", "--no-ff", "-m", "merged", "work")
    merged = gitlab.Runner(space, pipeline, {**variables, "CI_COMMIT_BRANCH": "main", "CI_COMMIT_SHA": space.git("rev-parse", "main")})  # fmt: skip
    for job in ("test:all", "plan:prod", "deploy:prod"):
        code, printed = merged.run(job, "main")
        assert 0 == code, printed
    assert "<testsuites" in (kept / "test:all/samples.xml").read_text("utf-8")
    with changed_by_hand(on):
        assert 0 == merged.run("drift", "main")[0]
    assert "2\n" == (kept / "drift/drift.code").read_text("utf-8")
    assert "changed by hand" in (kept / "drift/drift.md").read_text("utf-8")


def ingest(on: Bench) -> None:
    """Two events an hour ago: enough for one alert of one monitor."""
    at = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    who = {"host": {"name": "h1"}, "user": {"name": "alice"}, "process": {"command_line": "netstat -an"}}
    event = f'{{"create": {{}}}}\n{json.dumps({"@timestamp": at, **who})}\n'
    answer = on.node.request("POST", f"/{stream(on)}/_bulk", event * 2, {"refresh": "true"})
    assert not answer["errors"], answer


@contextmanager
def changed_by_hand(on: Bench) -> Iterator[None]:
    """Somebody disables one of the deployed monitors, and enables it again."""
    owner = {"term": {"monitor.owner.keyword": f"alerting {on.deployment}"}}
    hit = on.node.request("POST", f"{MONITORS}/_search", {"query": owner, "size": 1})["hits"]["hits"][0]
    for enabled in (False, True):
        on.node.request("PUT", f"{MONITORS}/{hit['_id']}", {**hit["_source"], "enabled": enabled})
        if not enabled:
            yield
