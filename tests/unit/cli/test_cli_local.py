"""`deployer local` on the command line: results to stdout, everything else to stderr."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from deployer import local
from deployer.cli.local import local_group
from deployer.local import LocalCluster, LocalStatus, Stopped

CLUSTER = LocalCluster("http://127.0.0.1:9200", "http://127.0.0.1:41", (7, 8), Path("/c"), "service", "3.4.0")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Replaces the functions behind the commands by ones that note what they were asked."""
    calls: list[object] = []

    def up(directory: Path, *, port: int, fresh: bool, progress: object) -> LocalCluster:
        calls.append((directory, port, fresh))
        assert callable(progress)
        progress("starting")
        return CLUSTER

    monkeypatch.setattr(local, "up", up)
    monkeypatch.setattr(local, "down", lambda directory: [Stopped("node", "pid 7", forced=True)])
    monkeypatch.setattr(
        local,
        "status",
        lambda directory: LocalStatus(
            running=True,
            health="green",
            directory=Path("/c"),
            data=Path("/c/data"),
            logs=(Path("/c/logs/node.log"),),
            kind="service",
            url=CLUSTER.url,
            node_url=CLUSTER.node_url,
            pids=(7, 8),
            version="3.4.0",
            heap_used=100 * 2**20,
            heap_max=512 * 2**20,
        ),
    )
    return calls


def test_up_prints_the_address_only(asked: list[object]) -> None:
    """stdout is the address, so it can be put into a variable; progress and the caution are on stderr."""
    result = CliRunner().invoke(local_group, ["up"])

    assert 0 == result.exit_code
    assert "http://127.0.0.1:9200\n" == result.stdout
    assert result.stderr.startswith("starting\n")
    assert "stand-in" in result.stderr
    assert "measured by recordings" in result.stderr
    assert [(Path(".deployer/local"), 9200, False)] == asked


def test_options_are_passed_on(asked: list[object]) -> None:
    """Port, freshness and folder reach the function."""
    CliRunner().invoke(local_group, ["up", "--port", "0", "--fresh", "--directory", "elsewhere"])

    assert [(Path("elsewhere"), 0, True)] == asked


@pytest.mark.usefixtures("asked")
def test_up_as_json() -> None:
    """The JSON of up has a format version and all that is known of the cluster."""
    result = CliRunner().invoke(local_group, ["up", "--output", "json"])

    expected = {
        "format_version": 1,
        "url": "http://127.0.0.1:9200",
        "node_url": "http://127.0.0.1:41",
        "kind": "service",
        "version": "3.4.0",
        "pids": [7, 8],
        "directory": "/c",
    }
    assert expected == json.loads(result.stdout)


@pytest.mark.usefixtures("asked")
def test_down_says_what_was_stopped() -> None:
    """A line a process, and that it had to be forced."""
    text = CliRunner().invoke(local_group, ["down"])
    values = CliRunner().invoke(local_group, ["down", "--output", "json"])

    assert "stopped node (pid 7), by force\n" == text.stdout
    assert [{"role": "node", "identity": "pid 7", "forced": True}] == json.loads(values.stdout)["stopped"]


def test_down_of_nothing(tmp_path: Path) -> None:
    """Stopping what does not run is no failure."""
    result = CliRunner().invoke(local_group, ["down", "--directory", str(tmp_path / "none")])

    assert (0, "nothing was running\n") == (result.exit_code, result.stdout)


@pytest.mark.usefixtures("asked")
def test_status_shows_all_there_is() -> None:
    """Both forms have address, pids, heap, health, data and logs."""
    text = CliRunner().invoke(local_group, ["status"]).stdout
    values = json.loads(CliRunner().invoke(local_group, ["status", "--output", "json"]).stdout)

    for part in ("green", "3.4.0", "http://127.0.0.1:9200", "7 8", "100 of 512 MB", "/c/data", "/c/logs/node.log"):
        assert part in text
    assert (True, "green", 512 * 2**20) == (values["running"], values["health"], values["heap_max_bytes"])


@pytest.mark.parametrize("arguments", [[], ["up"], ["down"], ["status"]])
def test_every_help_has_an_example(arguments: list[str]) -> None:
    """Group and commands show in their help how they are called."""
    result = CliRunner().invoke(local_group, [*arguments, "--help"])

    assert 0 == result.exit_code
    assert "Example:\n" in result.stdout
    assert "deployer local" in result.stdout
