"""`deployer pull`: changes made on a real cluster as a patch of the repository."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deployer.cli import cli, common
from tests.bench import Bench
from tests.commands import append, deployment, environment, run
from tests.faults import proxied

pytestmark = pytest.mark.integration


@pytest.fixture
def on(cluster_url: str, tmp_path: Path) -> Iterator[Bench]:
    """A deployment whose repository lies in `folder`."""
    with deployment(cluster_url, tmp_path / "repository") as found:
        yield found


def pull(on: Bench, *arguments: str) -> int:
    return common.run(cli, ["pull", "--root", str(on.folder), "--env", "local", *arguments], "deployer")


def _in_the_ui(body: dict[str, Any]) -> None:
    """What people change in Dashboards, in the form that the server stores."""
    trigger = body["triggers"][0]["bucket_level_trigger"]
    trigger["severity"] = "1"
    trigger["condition"]["script"]["params"]["threshold"] = 7
    body["schedule"]["period"] = {"interval": 7, "unit": "MINUTES"}
    body["enabled"] = False


def test_a_change_made_in_the_ui_becomes_a_patch_that_deploys_as_it_is(
    on: Bench, cluster_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The patch applies, only reads go to the cluster, and with it merged a revert leaves severity, threshold, schedule and flag as they are."""
    append(on, "# Tuned by hand.\ntunables:\n  XX0001: {Window: 40m}   # slow hosts\n")
    run(on, "deploy")
    discovery = on.monitor_id("Connections listed")
    on.edit(discovery, _in_the_ui)
    before = on.monitors()[discovery]["_source"]
    text = environment(on).read_text()
    with proxied(cluster_url) as proxy:
        environment(on).write_text(text.replace(cluster_url, proxy.url))
        capsys.readouterr()
        code = pull(on, "XX0001/discovery")
        patch = capsys.readouterr().out.replace(proxy.url, cluster_url)
        writes = proxy.writes
    environment(on).write_text(text)
    subprocess.run(["git", "apply", "-"], cwd=on.folder, input=patch, text=True, check=True)
    again = run(on, "deploy", "--on-drift", "revert")
    after = on.monitors()[discovery]["_source"]

    assert (0, 0, []) == (code, again, writes)
    assert "# slow hosts" in environment(on).read_text()
    for name in ("enabled", "schedule"):
        assert before[name] == after[name]
    ours, theirs = (body["triggers"][0]["bucket_level_trigger"] for body in (after, before))
    assert (theirs["severity"], theirs["condition"]) == (ours["severity"], ours["condition"])
    assert 0 == run(on, "plan", "--detailed-exitcode")


def test_what_has_no_place_is_told_and_the_rest_is_written(on: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """With `--write` the file is edited; a changed name is named with where it belongs, and exits with 1."""
    run(on, "deploy")
    correlated = on.monitor_id("Listed, then moved")
    body: dict[str, Any] = {}

    def change(found: dict[str, Any]) -> None:
        found["name"] = f"by hand {on.deployment}"
        text = json.dumps(found["inputs"]).replace("-1980s", "-2580s")
        found["inputs"] = json.loads(text)
        body.update(found)

    on.edit(correlated, change)
    capsys.readouterr()

    code = pull(on, correlated, "--write", "--output", "json")
    told = json.loads(capsys.readouterr().out)
    (found,) = told["objects"]

    assert "-2580s" in json.dumps(body["inputs"])
    assert 1 == code
    assert [{"path": ["tunables", "XX0001", "Window"], "value": "40m"}] == found["edits"]
    assert [("name", True)] == [(item["field"], "title stands in detections/" in item["why"]) for item in found["unmapped"]]  # fmt: skip
    assert "XX0001: {Window: 40m}" in environment(on).read_text()


def test_what_is_as_deployed_gives_no_patch_and_what_is_not_deployed_is_an_error(
    on: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing to pull is 0 and an empty stdout; an id that is not deployed is a usage error with the nearest."""
    run(on, "deploy")
    capsys.readouterr()

    assert 0 == pull(on, "XX0001")
    assert "" == capsys.readouterr().out
    assert 64 == pull(on, "XX0001/discover")
    assert "did you mean 'XX0001/discovery'?" in capsys.readouterr().err


def test_other_kinds_are_told_where_they_are_written(on: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """A pipeline changed by hand has no value in the environment: the file of the pipeline is named."""
    run(on, "deploy")
    path = f"/_ingest/pipeline/{on.deployment}-plain"
    body = on.node.request("GET", path)[f"{on.deployment}-plain"]
    on.node.request("PUT", path, {**body, "processors": []})
    capsys.readouterr()

    assert 1 == pull(on, "ingest-pipeline/plain")
    assert "mappings/pipelines/plain.yml" in capsys.readouterr().err
