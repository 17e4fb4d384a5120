"""What `plan` and `deploy` say, and with which exit code, when they cannot or will not: one screen, nothing written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import stamina

from deployer.cli import applying, cli, common
from tests.faults import Reply, Request, serving
from tests.unit.repo import write

NO_PLUGIN = {"error": "no handler found for uri [/_plugins/_alerting/monitors/_search] and method [POST]"}
ROOT = {"version": {"distribution": "opensearch", "number": "3.4.0"}, "cluster_uuid": "u"}


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    """Retries do not wait."""
    with stamina.set_testing(True, attempts=2):
        yield


def run(*arguments: str) -> int:
    """Run the command line."""
    return common.run(cli, list(arguments), "deployer")


def repository(folder: Path, url: str, **more: str) -> list[str]:
    """The options for a small repository whose environment names a server."""
    write(folder, local=('{hosts: ["http://127.0.0.1:9"]}', more.pop("cluster", f'{{hosts: ["{url}"]}}')))
    path = folder / "environments/local.yml"
    path.write_text(path.read_text() + "".join(f"{name}: {value}\n" for name, value in more.items()))
    return ["--root", str(folder), "--env", "local"]


def answering(paths: dict[str, Reply], other: Reply) -> Callable[[Request], Reply]:
    """A script by path."""
    return lambda request: paths.get(request.path.split("?")[0], other)


@pytest.mark.parametrize("command", ["plan", "deploy"])
def test_an_unreachable_cluster_is_one_screen(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Address, cause and next step, no traceback, exit code 1."""
    code = run(command, *repository(tmp_path, "http://127.0.0.1:1"))

    error = capsys.readouterr().err
    assert 1 == code
    assert "no connection to http://127.0.0.1:1" in error
    assert "why:   " in error
    assert "next:  " in error
    assert "Traceback" not in error
    assert len(error.splitlines()) < 24


@pytest.mark.parametrize("command", ["plan", "deploy", "alerts"])
def test_wrong_credentials_exit_with_4(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A 401 is exit code 4, after one request, with nothing written and no secret shown."""
    monkeypatch.setenv("H_USER", "bob")
    monkeypatch.setenv("H_PASSWORD", "canary")
    with serving(lambda request: Reply(401)) as (url, seen):
        cluster = f'{{hosts: ["{url}"], auth: {{type: basic, username: "env:H_USER", password: "env:H_PASSWORD"}}}}'
        code = run(command, *repository(tmp_path, url, cluster=cluster))

    output = capsys.readouterr()
    assert 4 == code
    assert "cluster.auth" in output.err
    assert "canary" not in output.out + output.err
    assert 1 == len(seen)


@pytest.mark.parametrize("command", ["plan", "deploy"])
def test_a_missing_secret_names_the_line(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A reference that leads nowhere is told with file, line and the line itself; nothing is sent."""
    with serving(lambda request: Reply(200, ROOT)) as (url, seen):
        options = repository(tmp_path, url)
        path = tmp_path / "environments/local.yml"
        path.write_text(path.read_text().replace("http://127.0.0.1:9/x", "env:H_NOT_SET"))
        code = run(command, *options)

    assert 1 == code
    assert "environments/local.yml:5:" in capsys.readouterr().err
    assert [] == seen


@pytest.mark.parametrize("command", ["plan", "deploy"])
def test_a_missing_plugin_is_named(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A cluster without Alerting is told apart, and nothing is written."""
    empty = {path: Reply(404, {}) for path in ("/.deployer-records/_doc/unit-local",)}
    script = answering({**empty, "/": Reply(200, ROOT), "/_plugins/_alerting/monitors/_search": Reply(400, NO_PLUGIN), "/_plugins/_notifications/configs": Reply(200, {"config_list": [], "total_hits": 0})}, Reply(404, {}))  # fmt: skip
    with serving(script) as (url, seen):
        code = run(command, *repository(tmp_path, url))

    assert 1 == code
    assert "has no Alerting plugin" in capsys.readouterr().err
    assert not any(request.writes for request in seen)


def test_a_selection_of_nothing_is_a_usage_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A term that fits nothing is 64 with the nearest word; nothing is sent."""
    with serving(lambda request: Reply(200, ROOT)) as (url, seen):
        code = run("plan", *repository(tmp_path, url), "--select", "XX0010")

    assert 64 == code
    assert "did you mean 'XX0001" in capsys.readouterr().err
    assert [] == seen


@pytest.mark.parametrize("options", [[], ["--yes"]])
def test_promise_12_production_refuses_at_once_without_consent(
    options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a terminal and without --confirm a production environment is refused before anything is sent."""
    with serving(lambda request: Reply(200, ROOT)) as (url, seen):
        code = run("deploy", *repository(tmp_path, url, production="true"), *options)

    assert 3 == code
    assert "--confirm local" in capsys.readouterr().err
    assert [] == seen


def test_promise_12_the_wrong_name_is_no_consent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A name that is not the environment's is refused, in every environment."""
    with serving(lambda request: Reply(200, ROOT)) as (url, seen):
        code = run("deploy", *repository(tmp_path, url), "--confirm", "prod")

    assert 3 == code
    assert "--confirm prod" in capsys.readouterr().err
    assert [] == seen


def test_promise_12_a_ci_job_is_never_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With CI set there is nobody to ask, even if there seems to be a terminal."""
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)

    monkeypatch.delenv("CI", raising=False)
    with_terminal = applying.terminal()
    monkeypatch.setenv("CI", "true")

    assert with_terminal
    assert not applying.terminal()


def test_an_invalid_repository_sends_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Any error in any file means that no request goes out."""
    with serving(lambda request: Reply(200, ROOT)) as (url, seen):
        options = repository(tmp_path, url)
        path = tmp_path / "detections/DET9999/XX0001/analytic.yml"
        path.write_text(path.read_text().replace("severity: medium\n", "severity: mediun\n"))
        code = run("deploy", *options)

    assert 1 == code
    assert "analytic.yml:" in capsys.readouterr().err
    assert [] == seen
