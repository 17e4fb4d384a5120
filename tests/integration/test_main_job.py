"""The main job from end to end, as a person runs it: files, deploy, events in, alerts out."""

from __future__ import annotations

import json
import re
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from deployer.cli import cli, common
from deployer.cluster import Cluster, sorted_by_owner
from deployer.cluster.alerts import Alert, read_alerts
from deployer.cluster.messages import Told, message
from deployer.model.analytic import Repository
from deployer.model.environment import Connection
from deployer.report import alerts_text
from tests.node import Node, free_port

pytestmark = pytest.mark.integration


@dataclass(frozen=True)
class Site:
    """A copy of this repository whose local environment is the tests' cluster, under a deployment of its own."""

    folder: Path
    deployment: str
    namespace: str

    url: str
    port: int
    said: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)

    def environment(self, more: str = "") -> None:
        """Write environments/local.yml, with `more` at its end."""
        (self.folder / "environments/local.yml").write_text(
            f"name: local\ndeployment: {self.deployment}\ncluster: {{hosts: ['{self.url}']}}\n"
            f"data: {{namespace: {self.namespace}, only: true}}\n"
            f"channels: {{demo: {{type: webhook, url: 'http://127.0.0.1:{self.port}/alerts'}}}}\n"
            f"notify: {{default: [demo]}}\n{more}",
            "utf-8",
        )


@pytest.fixture(scope="module")
def site(cluster_url: str, root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site, deployed by the first test that needs it; everything of it is removed at the end."""
    folder = tmp_path_factory.mktemp("site")
    for part in ("detections", "mappings", "templates", "environments"):
        shutil.copytree(root / part, folder / part)
    mark = secrets.token_hex(3)
    made = Site(folder, f"main-{mark}", f"n{mark}", cluster_url, free_port())
    made.environment()
    yield made
    node = Node(cluster_url)
    found = node.request(
        "POST",
        "/_plugins/_alerting/monitors/_search",
        {"size": 1000, "query": {"term": {"monitor.owner.keyword": f"alerting {made.deployment}"}}},
    )
    for hit in found["hits"]["hits"]:
        node.gone(f"/_plugins/_alerting/monitors/{hit['_id']}")
    node.gone(f"/_plugins/_notifications/configs/{made.deployment}-demo")
    node.gone(f"/_data_stream/logs-*-{made.namespace}")
    for path in ("/_index_template", "/_component_template", "/_ingest/pipeline"):
        node.gone(f"{path}/{made.deployment}-*")


def run(site: Site, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """The exit code, and what stood on stdout; what stood on stderr is kept for `said`."""
    code = common.run(cli, [*arguments, "--root", str(site.folder), "--env", "local"], "deployer")
    output = capsys.readouterr()
    site.said.append(output.err)
    return code, output.out


def plan(site: Site, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    _, out = run(site, capsys, "plan", "--output", "json")
    result: dict[str, Any] = json.loads(out)
    return result


def test_the_first_deploy_makes_everything_and_the_second_nothing(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    """All objects are created; a second deploy prints that nothing changes."""
    code, first = run(site, capsys, "deploy", "--yes")
    assert (0, True) == (code, "failed 0" in first), first

    code, second = run(site, capsys, "deploy", "--yes")
    assert (0, True) == (code, "No changes." in second), second


def test_every_analytic_alerts_and_messages_arrive(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    """The deployed monitors alert on all positives and on no negative, and the webhook hears of it; twice with the same result."""
    outcomes = []
    for _ in range(2):
        code, out = run(site, capsys, "replay", "--output", "json")
        report = json.loads(out)
        assert (0, True) == (code, report["passed"]), [item["problems"] for item in report["analytics"]]
        assert any("Who and where" in message for message in report["messages"])
        site.messages.extend(report["messages"])
        outcomes.append([(item["analytic"], item["alerts"]) for item in report["analytics"]])

    assert outcomes[0] == outcomes[1]


def test_alerts_say_who_and_where(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    """`deployer alerts` names analytic and entity of what the replay raised."""
    code, out = run(site, capsys, "alerts", "--state", "all", "--output", "json")

    assert code == 0
    text = json.dumps(json.loads(out))
    assert "AN0908" in text
    assert "mallory" in text


def test_the_documented_alerts_are_what_the_run_gives(site: Site, root: Path, repository: Repository) -> None:
    """docs/messages.md shows an alert of every monitor, word for word as it is now, with the message that arrived.

    Each has who, what was done, from where, how often and when, the severity's reason, and the next step.
    """
    cluster = Cluster.connect(Connection((site.url,)))
    lives = {live.id: live.body for live in sorted_by_owner(cluster, site.deployment).owned.values()}
    alerts: dict[str, Alert] = {}
    for alert in read_alerts(cluster, site.deployment, "ALL"):
        alerts.setdefault("\n".join(_shown(alert, Told()).splitlines()[:2]), alert)
    sent = {_steady(text) for text in site.messages}
    documented = re.findall("```text\n([A-Z]+ AN.*?)```", (root / "docs/messages.md").read_text("utf-8"), re.DOTALL)
    told: set[str] = set()

    for block in documented:
        head = "\n".join(block.splitlines()[:2])
        assert head in alerts, f"no alert of the run is: {head}"
        alert = alerts[head]
        found = message(cluster, lives[alert.monitor_id], alert)
        analytic = repository.analytics[alert.analytic]
        told.add(f"{alert.analytic}/{alert.monitor}")

        assert _steady(_shown(alert, found)) == _steady(block)
        assert _steady(found.text) in sent
        assert all(name in head for entity in alert.entity for name in entity)
        assert re.search(r"\n  [0-9]+ events?, first seen 20\S+Z, last seen 20\S+Z", head)
        assert analytic.monitors[alert.monitor].severity_reason.strip() in found.text
        assert f"Next:\n  1. {analytic.response[0]}" in found.text
        assert re.search(r"\n- 20\S+ \S.* [|] .*" + SHOWN.get(alert.analytic, ""), found.text)

    assert told == {f"{name}/{key}" for name, analytic in repository.analytics.items() for key in analytic.monitors}


SHOWN = {
    "AN0903": r"(parent[.]executable|process[.]executable)=",
    "AN0904": r"(parent|tty|user[.]name)",
    "AN0905": r"parent[.]executable=",
    "AN0906": r"(command_origin|source[.]ip)=",
    "AN0907": r"(source[.]|network_device[.]|snmp[.])",
    "AN0908": r"source[.]address=",
}
"""Where it came from, as each platform tells it: parent process, terminal, or address."""


def _shown(alert: Alert, told: Told) -> str:
    """An alert as `deployer alerts` shows it below the table."""
    return alerts_text([alert], "all", {alert.id: told}).partition("1 alert.\n\n")[2]


def _steady(text: str) -> str:
    """A text without what each run has anew: the alert's state and id, and when it was found."""
    lines = [line for line in text.strip().splitlines() if not re.match("  [A-Z]+ since ", line)]
    return re.sub(r"found at \S+", "found at", "\n".join(lines))


def test_one_tunable_updates_exactly_the_monitors_that_depend_on_it(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    """A value in environments/local.yml changes one monitor, and the plan says which tunable it was."""
    site.environment("tunables: {AN0908: {BurstQueryThreshold: 17}}\n")

    text = json.dumps(plan(site, capsys))
    code, out = run(site, capsys, "deploy", "--yes")

    assert "BurstQueryThreshold" in text
    assert code == 0
    changed = [line.split()[1] for line in out.splitlines() if line.strip().startswith(("+ ", "~ ", "- "))]
    assert changed == ["monitor/AN0908/burst"]


def test_a_removed_analytic_is_an_orphan_and_stays(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    """Its monitors are reported and not deleted."""
    shutil.rmtree(site.folder / "detections/DET0320/AN0906")

    code, out = run(site, capsys, "deploy", "--yes")

    assert code == 0
    assert "No changes." in out
    assert "orphan: monitor/AN0906/connections" in out
    found = Node(site.url).request(
        "POST",
        "/_plugins/_alerting/monitors/_search",
        {"size": 100, "query": {"term": {"monitor.owner.keyword": f"alerting {site.deployment}"}}},
    )
    assert "AN0906" in json.dumps([hit["_source"]["name"] for hit in found["hits"]["hits"]])
