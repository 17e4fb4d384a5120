"""What an alert tells: a placeholder for an entity without a name, values as they are, and two hundred entities at once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from deployer.cluster import Cluster
from deployer.cluster.alerts import read_alerts
from deployer.cluster.messages import message as told_again
from deployer.model.environment import Channel, Connection
from tests import mapped
from tests.mapped import Site, Stored, stamp, store

pytestmark = pytest.mark.integration

T = datetime(2026, 5, 4, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SOURCE = "linux.auditd"
CROWD = 200
"""More entities than the server gives messages of their own: that is 50 alerts of a monitor in one run."""


def listing(at: datetime, **fields: Any) -> dict[str, Any]:
    """A mapped event of the audit log: somebody lists connections."""
    return {"@timestamp": stamp(at), "process": {"command_line": "netstat -tulpn", "name": "netstat"}, **fields}


def by_alice(host: str, at: datetime) -> dict[str, Any]:
    return listing(at, host={"name": host}, user={"name": "alice"})


@pytest.fixture(scope="module")
def site(cluster_url: str, root: Path) -> Iterator[Site]:
    """Throw-away streams of AN0904."""
    with mapped.site(cluster_url, root, "AN0904") as made:
        yield made


def messages(site: Site, at: datetime) -> list[str]:
    """The messages of a run of AN0904's monitor `discovery`, as they would be sent."""
    channels = {"soc": Channel("soc", "webhook", "http://127.0.0.1:9/x")}
    return list(site.run(site.body("discovery", channels=channels, notify={"default": ("soc",)}), at).messages)


@pytest.mark.parametrize(
    ("day", "fields", "who"),
    [
        (1, {}, "unknown-host,unknown-user"),
        (2, {"host": {"hostname": "web01"}, "user": {"id": "1000"}}, "web01,1000"),
        (3, {"host": {"name": "a}}b{{c"}, "user": {"name": 'eve"\n\\'}}, 'a))b((c,eve\\"\\n\\\\'),
    ],
)
def test_an_event_without_a_name_counts_under_a_placeholder(
    site: Site, day: int, fields: dict[str, Any], who: str
) -> None:
    """The next best field names the entity, else a placeholder does; what an attacker writes into a name breaks no line."""
    at = T + timedelta(days=day)
    site.send(SOURCE, [listing(at, **fields)])

    (message,) = messages(site, at)

    assert f": {who} [new: 1" in message.splitlines()[0]
    assert f"Who and where (host, user): {who}" in message.splitlines()
    assert "netstat -tulpn" in message


def test_promise_28_what_an_event_says_is_never_read_as_a_template(site: Site) -> None:
    """Tags in names and commands stand in the message as they came, while the message's own tags are filled in."""
    at = T + timedelta(days=6)
    spoken = "{{#toJson}}ctx{{/toJson}} {{ctx.monitor.name}} {{{ctx.trigger.name}}} {{=<% %>=}} {{/ctx.newAlerts}}"
    names = {"host": {"name": "{{ctx.monitor.name}}"}, "user": {"name": "{{#toJson}}ctx{{/toJson}}"}}
    event = listing(at, **names, auditd={"log": {"tty": [spoken]}})
    site.send(SOURCE, [{**event, "process": {"command_line": f"netstat {spoken}", "name": "netstat"}}])

    (message,) = messages(site, at)

    assert 2 == message.count(spoken)
    assert "Who and where (host, user): ((ctx.monitor.name)),((#toJson))ctx((/toJson))" in message.splitlines()
    assert message.startswith("LOW: Network connections listed on a Linux host (AN0904 / discovery): ((ctx.monitor.name))")


def test_lists_and_nested_values_are_shown_one_by_one(site: Site) -> None:
    """A field with several values is shown with each, and the next best field of an entity only where it names it."""
    at = T + timedelta(days=4)
    both = {"host": {"name": "web01", "hostname": "web01.example"}, "user": {"name": "alice"}}
    site.send(SOURCE, [listing(at, **both, auditd={"log": {"tty": ["pts0", "pts1"]}})])

    (message,) = messages(site, at)

    assert "host.name=web01 user.name=alice auditd.log.tty=pts0 auditd.log.tty=pts1" in message
    assert "hostname" not in message


def looked_at(site: Site, monitor: Stored, host: str) -> str:
    """The message of a host's alert as `deployer alerts` makes it."""
    cluster = Cluster.connect(Connection((site.node.url,)))
    body = site.node.request("GET", f"/_plugins/_alerting/monitors/{monitor.id}")["monitor"]
    (alert,) = [found for found in read_alerts(cluster, site.naming.deployment) if dict(found.entity)["host"] == host]
    told = told_again(cluster, body, alert)
    assert "" == told.note
    return told.text


def test_two_hundred_entities_at_once(site: Site) -> None:
    """Each has one alert, in every run. They share one message, which says how many, names each, and says where to look.

    While they go on nothing is sent, and the alert of a newcomer is told, by a message that holds it alone. Whoever looks
    at one of the alerts gets a message of that one.
    """
    at = T + timedelta(days=5)
    crowd = {f"host{number:03}" for number in range(CROWD)}
    site.send(SOURCE, (by_alice(host, at) for host in sorted(crowd)))
    look = "deployer alerts --env tests --analytic AN0904"

    with store(site, "discovery") as monitor:
        (message,) = monitor.run(at)
        going_on = monitor.run(at + MINUTE)
        alerts = monitor.alerts()
        last = looked_at(site, monitor, f"host{CROWD - 1}")
        site.send(SOURCE, [by_alice("newcomer", at + 2 * MINUTE)])
        (newcomer,) = monitor.run(at + 2 * MINUTE)
        later = monitor.alerts()
        over = monitor.run(at + timedelta(hours=1))
        ended = monitor.alerts()

    lines = [line.partition("discovery): ")[2] for line in message.splitlines() if line.startswith("LOW: ")]
    assert sorted(f"{host},alice [new: {CROWD}, see `{look}`]" for host in crowd) == sorted(lines)
    assert 1 == message.count("Next:")
    assert f"LOW: Network connections listed on a Linux host (AN0904 / discovery): host199,alice [new: 1, see `{look}`]" == last.splitlines()[0]  # fmt: skip
    assert 1 == last.count("| host.name=host199 user.name=alice")
    assert 1 == last.count("Next:")
    assert [] == going_on
    assert [(host, "ACTIVE", 1) for host in sorted(crowd)] == sorted(alerts)
    assert [f"newcomer,alice [new: 1, see `{look}`]"] == [
        line.partition("discovery): ")[2] for line in newcomer.splitlines()
    ]
    assert sorted([*alerts, ("newcomer", "ACTIVE", 1)]) == sorted(later)
    assert [] == over
    assert {("COMPLETED", 1)} == {(state, count) for _, state, count in ended}
    assert CROWD + 1 == len(ended)
