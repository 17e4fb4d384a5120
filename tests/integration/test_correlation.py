"""Correlation on a real node: one kind of event and then another on one host, among thousands of others."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from deployer.model.environment import Channel
from deployer.replay.execute import Run
from tests import mapped
from tests.mapped import Site, stamp

pytestmark = pytest.mark.integration

T = datetime(2026, 5, 4, 12, tzinfo=UTC)
OTHERS = 3000
MANY = 200
"""Events of one kind: a message holds five of each side."""

MONITORS = {
    "AN0903": ("windows.sysmon", "netstat.exe -ano", "psexec.exe \\\\SRV02 cmd"),
    "AN0904": ("linux.auditd", "netstat -tulpn", "pkexec /bin/sh"),
}
"""The log source, a command of the first kind and one of the second."""


def event(host: str, minutes: float, command: str, number: int = 0) -> dict[str, Any]:
    """A mapped event: a process of alice's, so many minutes before T (and `number` seconds after that)."""
    return {
        "@timestamp": stamp(T - timedelta(minutes=minutes) + timedelta(seconds=number)),
        "event": {"code": "1"},
        "host": {"name": host},
        "user": {"name": "alice"},
        "process": {"command_line": command, "name": command.split()[0]},
    }


@pytest.fixture(scope="module", params=sorted(MONITORS))
def site(request: pytest.FixtureRequest, cluster_url: str, root: Path) -> Iterator[Site]:
    """The streams of one analytic, with the events of all tests on hosts of their own.

    Hosts that alert come last in the order of names, behind thousands that have one kind of event only.
    """
    source, first, then = MONITORS[request.param]
    with mapped.site(cluster_url, root, request.param) as made:
        made.send(
            source,
            [
                event("z in order", 20, first),
                event("z in order", 10, then),
                event("z reversed", 20, then),
                event("z reversed", 10, first),
                event("z apart 1", 20, first),
                event("z apart 2", 10, then),
                event("z at once", 15, f"{first} & {then}"),
                event("z first again", 20, then),
                event("z first again", 15, first),
                event("z first again", 10, then),
                *(event("z many first", 20, f"{first} {number}", number) for number in range(MANY)),
                event("z many first", 10, then),
                event("z many then", 20, first),
                *(event("z many then", 15, f"{then} {number}", number) for number in range(MANY)),
                *(event("z many both", 20, f"{first} {number}", number) for number in range(MANY)),
                *(event("z many both", 15, f"{then} {number}", number) for number in range(MANY)),
                *(event(f"other {number:05}", 15, first) for number in range(OTHERS)),
                *(event(f"later {number:05}", 15, then) for number in range(OTHERS // 10)),
            ],
        )
        yield made


@pytest.fixture(scope="module")
def found(site: Site) -> Run:
    """The run of the analytic's correlation over all of that."""
    return site.run(body(site), T)


def body(site: Site) -> dict[str, Any]:
    return site.body(
        "correlated", channels={"soc": Channel("soc", "webhook", "http://127.0.0.1:9/x")}, notify={"default": ("soc",)}
    )


def test_only_the_first_kind_and_then_the_second_on_one_host_alerts(found: Run) -> None:
    """Not the reverse, not one host and then another, not one event that is both, among thousands of other hosts."""
    expected = {"z in order", "z first again", "z many first", "z many then", "z many both"}

    assert expected == {dict(entity)["host"] for entity in found.entities}


def test_both_sides_stand_in_the_message_however_many_there_are(site: Site, found: Run) -> None:
    """With two hundred events of one kind around one of the other, or of both, the message names events of both sides.

    Of the many these are the last of the second kind and the first of the first: the ends that the order rests on.
    """
    _, first, then = MONITORS[site.analytic]

    messages = {
        host: message
        for message in found.messages
        for host in ("z in order", "z first again", "z many first", "z many then", "z many both")
        if host in message
    }

    def shown(command: str) -> str:
        return command.replace("\\", "\\\\")

    assert 5 == len(messages)
    for host, message in messages.items():
        assert (True, True) == (shown(first) in message, shown(then) in message), f"{host}: {message}"
    assert f"{first} 0" in messages["z many first"]
    assert f"{shown(then)} {MANY - 1}" in messages["z many then"]
    assert f"{first} 0" in messages["z many both"]
    assert f"{shown(then)} {MANY - 1}" in messages["z many both"]


def test_the_two_kinds_may_come_from_two_log_sources(site: Site) -> None:
    """A listing in one log and the follow-up in another count together: they lie on one host."""
    _, first, _ = MONITORS[site.analytic]
    site.send(MONITORS[site.analytic][0], [event("y two logs", 20, first)])
    if site.analytic == "AN0903":
        script = {"powershell": {"file": {"script_block_text": "Enter-PSSession SRV02"}}}
        later = {**event("y two logs", 10, "powershell"), **script, "event": {"code": "4104"}}
        site.send("windows.powershell", [later])
        opened = {"event_data": {"TargetImage": "C:\\Windows\\System32\\lsass.exe", "GrantedAccess": "0x1010"}}
        read = {**event("y lsass", 10, "dump.exe"), "event": {"code": "10"}, "winlog": opened}
        site.send("windows.sysmon", [event("y lsass", 20, first), read])
        expected = {"y two logs", "y lsass"}
    else:
        site.send("linux.auth", [event("y two logs", 10, "/usr/bin/sudo -i")])
        expected = {"y two logs"}

    assert expected == {host for host in site.hosts(body(site), T) if host.startswith("y ")}
