"""The commands `plan`, `deploy` and `alerts` against a real cluster: exit codes, streams, signals."""

from __future__ import annotations

import json
import os
import pty
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployer.cli import cli, common
from tests.bench import MONITORS, RECORDS, Bench
from tests.clones import committed, passed
from tests.commands import by_way_of, deployment, environment, run
from tests.faults import Fault, Proxy, proxied

pytestmark = pytest.mark.integration


@pytest.fixture
def on(cluster_url: str, tmp_path: Path) -> Iterator[Bench]:
    """A deployment whose repository lies in `folder`."""
    with deployment(cluster_url, tmp_path / "repository") as found:
        yield found


def test_a_plan_then_a_deploy_then_no_changes(on: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit codes 2, 0, 0: changes pending, done, nothing to do; results on stdout, progress on stderr."""
    pending = run(on, "plan", "--detailed-exitcode")
    planned = capsys.readouterr().out
    done = run(on, "deploy", "--yes")
    deployed = capsys.readouterr()
    clean = run(on, "plan", "--detailed-exitcode")
    again = run(on, "deploy", "--yes")

    assert (2, 0, 0, 0) == (pending, done, clean, again)
    assert planned.splitlines()[-1] == "Plan: 6 to add, 0 to change, 0 to destroy."
    assert "  + monitor/XX0001/discovery" in planned
    assert "6/6 create monitor/XX0001/" in deployed.err
    assert deployed.out.splitlines()[-1].startswith("Applied 6, unchanged 0, failed 0, not attempted 0, in ")
    assert "No changes." in capsys.readouterr().out


def test_a_tuned_environment_changes_what_uses_the_tunable(on: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """A tunable set in the environment's file updates exactly the dependent monitor, and the plan says why."""
    run(on, "deploy")
    path = on.folder / "environments/local.yml"
    path.write_text(path.read_text() + "tunables: {XX0001: {Window: 1h}}\n")
    capsys.readouterr()

    assert 2 == run(on, "plan", "--detailed-exitcode", "--output", "json")
    plan = json.loads(capsys.readouterr().out)
    assert 0 == run(on, "deploy", "--output", "json")
    result = json.loads(capsys.readouterr().out)

    (action,) = plan["actions"]
    assert ("update", "monitor/XX0001/correlated", ["Window"]) == (action["action"], action["key"], action["causes"])
    assert {"field": "tunables.Window", "old": "30m", "new": "1h", "cause": "environments/local.yml"} in action[
        "changes"
    ]
    assert ["applied"] == [outcome["fate"] for outcome in result["outcomes"]]
    assert (1, 1) == (plan["format_version"], result["format_version"])


def test_a_change_by_hand_exits_with_3_on_deploy_only(on: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """A plan shows drift and exits as usual; a deploy refuses; revert settles."""
    run(on, "deploy")
    on.edit(_any_monitor(on), lambda body: body.update(enabled=False))

    assert 2 == run(on, "plan", "--detailed-exitcode")
    shown = capsys.readouterr().out
    assert 3 == run(on, "deploy")
    assert 0 == run(on, "deploy", "--on-drift", "revert")
    assert 0 == run(on, "plan", "--detailed-exitcode")

    assert "changed by hand: enabled: true → false" in shown
    assert "--on-drift revert" in shown


EMPTIED = {
    "an empty folder": lambda folder: shutil.rmtree(folder / "detections/DET9999"),
    "an empty strategy": lambda folder: shutil.rmtree(folder / "detections/DET9999/XX0001"),
    "an empty analytic": lambda folder: (folder / "detections/DET9999/XX0001/analytic.yml").unlink(),
    "all drafts": lambda folder: _replace(folder / "detections/DET9999/XX0001/analytic.yml", "severity: medium\n", "severity: medium\nstatus: draft\n"),
    "no folder": lambda folder: shutil.rmtree(folder / "detections"),
    "a wrong path": lambda folder: (folder / "detections").rename(folder / "detection"),
}  # fmt: skip
"""How a repository comes to have no detection that is deployed."""

NOTHING = (["--select", "XX0002"], ["--select", "tag:none"], ["--select", "detections/DET0001"], ["--select", "XX0001", "--exclude", "XX0001"], ["--exclude", "XX0001"])  # fmt: skip
"""Filters that leave nothing."""


def _replace(path: Path, old: str, new: str) -> None:
    path.write_text(path.read_text().replace(old, new))


def test_promise_09_never_down_to_nothing_in_any_form(on: Bench, cluster_url: str, tmp_path: Path) -> None:
    """An emptied folder, a wrong path and a filter of nothing are refused with nothing written, be there live objects or none."""
    whole = tmp_path / "whole"
    shutil.copytree(on.folder, whole)
    codes: dict[tuple[str, str], set[int]] = {}
    for live in ("none", "some"):
        with proxied(cluster_url) as proxy:
            for form, empty in EMPTIED.items():
                shutil.rmtree(on.folder)
                shutil.copytree(whole, on.folder)
                _replace(environment(on), cluster_url, proxy.url)
                empty(on.folder)
                wishes = (["plan"], ["deploy", "--yes"], ["deploy", "--yes", "--prune", "--allow-mass-change"])
                codes[live, form] = {run(on, *wish) for wish in wishes}
            shutil.rmtree(on.folder)
            shutil.copytree(whole, on.folder)
            _replace(environment(on), cluster_url, proxy.url)
            for filters in NOTHING:
                codes[live, " ".join(filters)] = {run(on, "deploy", "--yes", "--prune", *filters)}
            assert [] == proxy.writes
        shutil.rmtree(on.folder)
        shutil.copytree(whole, on.folder)
        if live == "none":
            assert 0 == run(on, "deploy")

    assert 2 == len(on.monitors())
    usage = {"no folder", "a wrong path", *(" ".join(filters) for filters in NOTHING)}
    assert {what: {64} if what[1] in usage else {3} for what in codes} == codes


def test_a_hand_made_monitor_of_the_same_name_exits_with_3(on: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """Plan and deploy both fail and name it; --adopt takes it over."""
    common.run(cli, ["render", "--root", str(on.folder), "--env", "local", "XX0001/discovery"], "deployer")
    (body,) = json.loads(capsys.readouterr().out).values()
    identity = on.create({**body, "owner": "alerting", "triggers": []})

    assert 3 == run(on, "plan")
    assert identity in capsys.readouterr().out
    assert 3 == run(on, "deploy")
    assert identity in capsys.readouterr().err
    assert 0 == run(on, "deploy", "--adopt")
    assert "= monitor/XX0001/discovery" in capsys.readouterr().out


def test_promise_12_production_deploys_with_its_name(on: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """The name given with --confirm is consent; without it nothing is written."""
    path = on.folder / "environments/local.yml"
    path.write_text(path.read_text() + "production: true\n")
    committed(on.folder)
    tested = ["--test-report", str(passed(on.folder, on.folder.parent / "report.json"))]

    assert 3 == run(on, "deploy", "--yes", *tested)
    assert {} == on.monitors()
    assert 0 == run(on, "deploy", "--confirm", "local", *tested)
    assert 2 == len(on.monitors())


def test_alerts_show_who_and_where(on: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """An alert is shown with entity, analytic, monitor, severity, state and counts, as text and as JSON."""
    run(on, "deploy")
    dataset = f"x.{on.deployment.replace('-', '')}"
    on.also.insert(0, f"/_data_stream/logs-{dataset}-default")
    event = {"@timestamp": "2026-03-02T10:00:00Z", "host": {"name": "ws01"}, "user": {"name": "alice"}, "process": {"command_line": "netstat"}}  # fmt: skip
    for _ in range(2):
        on.node.request("POST", f"/logs-{dataset}-default/_doc", event, {"refresh": "true"})
    discovery = next(i for i, hit in on.monitors().items() if "Connections listed" in hit["_source"]["name"])
    on.node.request(
        "POST", f"{MONITORS}/{discovery}/_execute", {}, {"dryrun": "false", "period_end": "1772445660000ms"}
    )
    capsys.readouterr()

    assert 0 == run(on, "alerts", "--state", "all", "--output", "json")
    (alert,) = json.loads(capsys.readouterr().out)["alerts"]
    assert 0 == run(on, "alerts", "--state", "all", "--analytic", "XX0001")
    text = capsys.readouterr().out

    assert {"host": "ws01", "user": "alice"} == alert["entity"]
    assert ("XX0001", "discovery", "medium", 2) == tuple(alert[name] for name in ("analytic", "monitor", "severity", "events"))  # fmt: skip
    assert "2026-03-02T10:00:00Z" == alert["first_seen"] == alert["last_seen"]
    assert "host=ws01 user=alice" in text
    assert "[new: 1, see `deployer alerts --env local --analytic XX0001`]" in alert["message"].splitlines()[0]
    assert 2 == alert["message"].count("- 2026-03-02T10:00:00Z netstat")
    assert [line for line in text.splitlines() if line.startswith("    ")] == [f"    {line}" for line in alert["message"].splitlines()]  # fmt: skip
    assert 64 == run(on, "alerts", "--analytic", "XX0002")


def test_promise_24_a_signal_ends_what_is_in_flight_and_the_next_run_does_the_rest(on: Bench, cluster_url: str) -> None:
    """SIGTERM at a template, then Ctrl-C at a monitor: exit code 130, the write is ended and recorded, the lock is free."""
    with proxied(cluster_url) as proxy:
        terminated = _signalled(on, proxy, signal.SIGTERM, Fault("PUT", "/_index_template"))
        templates = len(on.record()["entries"])
        unlocked = _status(on, f"{RECORDS}/_doc/lock:{on.deployment}")
        interrupted = _signalled(on, proxy, signal.SIGINT, Fault("POST", f"{MONITORS}$"))

    assert (130, 130) == (terminated.returncode, interrupted.returncode), terminated.stderr + interrupted.stderr
    for done in (terminated, interrupted):
        assert "Interrupted" in done.stdout
        assert "stopping" in done.stderr
    assert "Applied 3, unchanged 0, failed 0, not attempted 3" in terminated.stdout
    assert (3, 404) == (templates, unlocked)
    # Monitors are written together, so the other one may have been in flight too.
    made = len(on.monitors())
    assert made in (1, 2)
    assert f"Applied {made + 1}, unchanged 3, failed 0, not attempted {2 - made}" in interrupted.stdout
    assert 4 + made == len(on.record()["entries"])
    assert 404 == _status(on, f"{RECORDS}/_doc/lock:{on.deployment}")
    assert 0 == run(on, "deploy")
    assert 2 == len(on.monitors())


def _signalled(on: Bench, proxy: Proxy, number: signal.Signals, at: Fault) -> subprocess.CompletedProcess[str]:
    """A deploy, in a process of its own, that gets a signal while the request `at` is on its way."""
    child: list[subprocess.Popen[str]] = []
    at.meanwhile = lambda: child[0].send_signal(number)
    proxy.faults[:] = [at]
    command = [sys.executable, "-m", "deployer", "deploy", "--root", str(on.folder), "--env", "local", "--yes"]
    with by_way_of(on, proxy.url):
        child.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        output, errors = child[0].communicate(timeout=120)
    return subprocess.CompletedProcess(command, child[0].returncode, output, errors)


def test_promise_12_a_person_at_a_terminal_is_asked(on: Bench) -> None:
    """A deploy asks; production wants its name typed, and a destruction does everywhere; anything else changes nothing."""
    before, report = environment(on).read_text(), on.folder.parent / "report.json"
    words = {"deploy": "Deploy this? [y/N]", "production": "Type local to deploy", "destroy": "Type local to destroy"}

    def told(what: str, typed: str) -> tuple[int, int]:
        environment(on).write_text(before + ("production: true\n" if what == "production" else ""))
        committed(on.folder)
        command = ["destroy"] if what == "destroy" else ["deploy", "--test-report", str(passed(on.folder, report))]
        code, output = _at_a_terminal([*command, "--root", str(on.folder), "--env", "local"], typed)
        assert words[what] in output
        return code, len(on.monitors())

    assert (1, 0) == told("deploy", "n")
    assert (1, 0) == told("production", "prod")
    assert (0, 2) == told("production", "local")
    assert (1, 2) == told("destroy", "y")
    assert (0, 0) == told("destroy", "local")
    assert (0, 2) == told("deploy", "y")


def _at_a_terminal(arguments: list[str], typed: str) -> tuple[int, str]:
    """Run the tool in a terminal of its own, and type a line when it asks; its exit code and what was seen."""
    environment = {name: value for name, value in os.environ.items() if name != "CI"}
    child, terminal = pty.fork()
    if child == 0:
        os.execve(sys.executable, [sys.executable, "-m", "deployer", *arguments], environment)
    output, answered = b"", False
    while select.select([terminal], [], [], 120)[0]:
        try:
            read = os.read(terminal, 4096)
        except OSError:  # the other end is gone
            break
        output += read
        if not read:
            break
        if not answered and (b"[y/N]" in output or b"Type local to" in output):
            os.write(terminal, f"{typed}\n".encode())
            answered = True
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), output.decode()


def _any_monitor(on: Bench) -> str:
    """The id of one of the deployment's monitors."""
    return sorted(on.monitors())[0]


def _status(on: Bench, path: str) -> int:
    """The status of an answer."""
    try:
        on.node.request("GET", path)
    except common.DeployerError as error:
        return int(getattr(error, "status", 0))
    return 200
