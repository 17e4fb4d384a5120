"""Plan files on a real cluster: applied exactly as shown, or refused as stale with nothing written."""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deployer.cli import cli, common
from tests.bench import CHANNELS, MONITORS, RECORDS, Bench
from tests.clones import committed, passed
from tests.commands import append, deployment, environment, repository, run, run_alone
from tests.faults import proxied

pytestmark = pytest.mark.integration


@pytest.fixture
def on(cluster_url: str, tmp_path: Path) -> Iterator[Bench]:
    """A deployment whose repository lies in `folder`."""
    with deployment(cluster_url, tmp_path / "repository") as found:
        yield found


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the plan is saved."""
    return tmp_path / "a.plan"


def test_promise_04_a_saved_plan_is_applied_exactly(on: Bench, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The file does what was shown, although the repository has moved on; nothing is asked, not even in production."""
    append(on, "production: true\n")
    committed(on.folder)
    report = passed(on.folder, file.with_name("report.json"))
    assert 0 == run(on, "plan", "--out", str(file), "--test-report", str(report))
    planned = capsys.readouterr().out
    append(on, "tunables: {XX0001: {Window: 1h}}\n")
    assert 3 == run_alone(on, "deploy", str(file))
    assert "the git tree is dirty" in capsys.readouterr().err
    committed(on.folder)

    assert 0 == run_alone(on, "deploy", str(file))
    deployed = capsys.readouterr().out
    assert 2 == run(on, "plan", "--detailed-exitcode", "--output", "json")
    after = json.loads(capsys.readouterr().out)

    assert planned.rstrip() in deployed
    assert "Applied 6" in deployed
    assert 0o600 == stat.S_IMODE(file.stat().st_mode)
    assert [["Window"]] == [action["causes"] for action in after["actions"]]
    assert 2 == len(on.monitors())


def test_promise_04_a_saved_plan_of_nothing_does_nothing(on: Bench, file: Path, cluster_url: str) -> None:
    """A plan without changes is applied without a write; so is nothing when it is applied again."""
    run(on, "deploy")
    run(on, "plan", "--out", str(file))

    with proxied(cluster_url) as proxy:
        repository(on, proxy.url)
        assert 0 == run_alone(on, "deploy", str(file))
        assert [] == proxy.writes


def _by_hand(on: Bench) -> None:
    on.edit(on.monitor_id("Listed"), lambda body: body.update(name=body["name"] + " edited"))


def _deleted(on: Bench) -> None:
    on.node.request("DELETE", f"{MONITORS}/{on.monitor_id('Listed')}")


def _deployed(on: Bench) -> None:
    text = environment(on).read_text()
    append(on, "tunables: {XX0001: {Threshold: 4}}\n")
    assert 0 == run(on, "deploy")
    environment(on).write_text(text)


def _record_gone(on: Bench) -> None:
    on.node.request("DELETE", f"{RECORDS}/_doc/{on.deployment}")


@pytest.mark.parametrize("meanwhile", [_by_hand, _deleted, _deployed, _record_gone])
def test_promise_04_a_stale_plan_is_refused_with_nothing_written(
    on: Bench, file: Path, cluster_url: str, meanwhile: Callable[[Bench], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """If an object of the plan, the deployment or its record changed since, the plan is refused, and no request writes."""
    run(on, "deploy")
    text = environment(on).read_text()
    append(on, "tunables: {XX0001: {Window: 1h}}\n")
    assert 0 == run(on, "plan", "--out", str(file))
    environment(on).write_text(text)
    meanwhile(on)
    before = {identity: hit["_version"] for identity, hit in on.monitors().items()}
    capsys.readouterr()

    with proxied(cluster_url) as proxy:
        repository(on, proxy.url)
        assert 3 == run_alone(on, "deploy", str(file))
        assert [] == proxy.writes

    assert "stale" in capsys.readouterr().err
    assert before == {identity: hit["_version"] for identity, hit in on.monitors().items()}


def test_promise_04_a_plan_is_applied_once(on: Bench, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same file a second time is stale: it was made before its own deploy."""
    run(on, "plan", "--out", str(file))
    assert 0 == run_alone(on, "deploy", str(file))

    assert 3 == run_alone(on, "deploy", str(file))
    assert "stale" in capsys.readouterr().err


def test_promise_05_a_plan_is_bound_to_cluster_and_environment(
    on: Bench, file: Path, cluster_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A plan of another environment, deployment or cluster is refused, each by what differs, with nothing written."""
    run(on, "plan", "--out", str(file))
    value = file.read_bytes()
    capsys.readouterr()

    assert 3 == common.run(cli, ["deploy", str(file), "--root", str(on.folder), "--env", "other"], "deployer")
    assert "made for local, not for other" in capsys.readouterr().err

    text = environment(on).read_text()
    environment(on).write_text(text.replace(f"deployment: {on.deployment}", f"deployment: {on.deployment}-two"))
    assert 3 == run_alone(on, "deploy", str(file))
    assert "another environment" in capsys.readouterr().err
    environment(on).write_text(text)

    _rebound(file, "uuid", "another-uuid")
    assert 3 == run_alone(on, "deploy", str(file))
    assert "another-uuid" in capsys.readouterr().err

    file.write_bytes(value.replace(b'"prune": false', b'"prune": true '))
    assert 3 == run_alone(on, "deploy", str(file))
    assert "digest" in capsys.readouterr().err
    assert {} == on.monitors()


def test_promise_04_a_secret_that_changed_makes_a_plan_stale(
    on: Bench, file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Addresses of channels are read anew; another one than at the time of the plan is not what was shown."""
    environment(on).write_text(environment(on).read_text().replace('"http://127.0.0.1:9/x"', "env:H_HOOK"))
    monkeypatch.setenv("H_HOOK", "http://127.0.0.1:9/canary")
    assert 0 == run(on, "plan", "--out", str(file))
    assert "canary" not in file.read_text()

    monkeypatch.setenv("H_HOOK", "http://127.0.0.1:9/other")
    assert 3 == run_alone(on, "deploy", str(file))
    assert "the secret of channel/demo" in capsys.readouterr().err
    monkeypatch.setenv("H_HOOK", "http://127.0.0.1:9/canary")
    assert 0 == run_alone(on, "deploy", str(file))


def test_promise_29_a_token_that_changed_is_seen_and_not_shown(
    on: Bench, file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another address or header is a change with two digests; no form of a plan, no file, no record and no history has a secret."""
    header = file.with_name("header")
    secret = f'{{type: webhook, url: "env:H_HOOK", headers: {{Authorization: "file:{header}"}}}}'
    text = environment(on).read_text().replace('{type: webhook, url: "http://127.0.0.1:9/x"}', secret)
    auth = ', auth: {type: basic, username: "env:H_USER", password: "env:H_PASSWORD"}}\n'
    environment(on).write_text(text.replace("]}\n", f"]{auth}", 1))
    monkeypatch.setenv("DEPLOYER_DEBUG", "1")
    monkeypatch.setenv("H_USER", "bob")
    monkeypatch.setenv("H_PASSWORD", "canary-0")

    def tokens(number: int) -> None:
        monkeypatch.setenv("H_HOOK", f"http://127.0.0.1:9/canary-{number}")
        header.write_text(f"Bearer canary-{number}\n")

    tokens(1)
    assert 0 == run(on, "deploy")
    live = on.node.request("GET", f"{CHANNELS}/{on.deployment}-demo")["config_list"][0]["config"]["webhook"]
    tokens(2)
    capsys.readouterr()
    changes = {}
    for output in ("text", "json", "markdown"):
        assert 2 == run(on, "plan", "--detailed-exitcode", "--output", output)
        changes[output] = capsys.readouterr().out
    assert 0 == run(on, "plan", "--out", str(file))
    assert 0 == run_alone(on, "deploy", str(file))
    for command in ("history", "show", "status"):
        run(on, command, *(["2"] if command == "show" else []), "--output", "json")
    left = "".join([*capsys.readouterr(), *changes.values(), file.read_text(), *on.documents()])

    assert ("http://127.0.0.1:9/canary-1", "Bearer canary-1") == (live["url"], live["header_params"]["Authorization"])
    (action,) = json.loads(changes["json"])["actions"]
    assert ("update", "channel/demo") == (action["action"], action["key"])
    shown = re.findall(r"sha256 ([0-9a-f]{12})", changes["text"])
    assert 4 == len(set(shown)), changes["text"]
    assert all(one in changes["json"] and one in changes["markdown"] for one in shown)
    assert "canary" not in left


def test_a_plan_that_would_be_refused_is_not_saved(on: Bench, file: Path) -> None:
    """A change made by hand that nobody decided on, or an option beside a file, is no plan to apply."""
    run(on, "deploy")
    _by_hand(on)

    assert 3 == run(on, "plan", "--out", str(file))
    assert not file.exists()
    assert 0 == run(on, "plan", "--on-drift", "revert", "--out", str(file))
    assert 64 == run_alone(on, "deploy", str(file), "--prune")
    assert 64 == run_alone(on, "deploy", str(file.with_name("absent.plan")))
    assert 0 == run_alone(on, "deploy", str(file))
    assert 0 == run(on, "plan", "--detailed-exitcode")


def _rebound(file: Path, name: str, text: str) -> None:
    """Give the plan's first cluster another value, and the file a digest that fits."""
    from deployer.plan.canonical import digest

    value = {key: inner for key, inner in json.loads(file.read_bytes()).items() if key != "digest"}
    value["clusters"][0][name] = text
    file.write_text(json.dumps({**value, "digest": digest(value)}, indent=1) + "\n")
