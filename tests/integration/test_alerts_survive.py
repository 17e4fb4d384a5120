"""What becomes of real alerts when monitors are updated, adopted and deleted."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from deployer.cluster import sorted_by_owner
from deployer.cluster.alerts import open_alerts, read_alerts
from deployer.model.resource import Resource
from deployer.plan import Purpose, Verb
from deployer.plan.outcome import Fate
from deployer.report import plan_text
from tests import deployments as made
from tests.bench import MONITORS, RECORDS, Bench, bench
from tests.faults import Fault, Reply, proxied

pytestmark = pytest.mark.integration

MANY = 13
"""More alerts than the server moves to the history when a monitor or trigger goes."""


@pytest.fixture
def on(cluster_url: str, tmp_path: Path) -> Iterator[Bench]:
    """A deployment of its own for each test, with an index for its events."""
    with bench(cluster_url, tmp_path) as found:
        with_events(found)
        yield found


def with_events(on: Bench) -> None:
    """Make the index of a deployment's events."""
    index = f"{on.deployment}-events-1"
    on.also.append(f"/{index}")
    fields = {"@timestamp": {"type": "date"}, "event.code": {"type": "keyword"}, "host.name": {"type": "keyword"}}
    on.node.request("PUT", f"/{index}", {"mappings": {"properties": fields}})


def happen(on: Bench, hosts: int) -> None:
    """An event on each of so many hosts, now."""
    lines = [
        f'{{"index":{{}}}}\n{{"@timestamp":{int(time.time() * 1000)},"event.code":"1","host.name":"h{number}"}}\n'
        for number in range(hosts)
    ]
    on.node.request("POST", f"/{on.deployment}-events-1/_bulk", "".join(lines), {"refresh": "true"})


def execute(on: Bench, identity: str) -> None:
    on.node.request("POST", f"{MONITORS}/{identity}/_execute", {}, {"dryrun": "false"})


def alerts(on: Bench, identity: str) -> dict[str, tuple[str, str]]:
    """All alerts of a monitor, past ones too: id to state and trigger."""
    answer = on.node.request("GET", f"{MONITORS}/alerts", params={"monitorId": identity, "size": 1000})
    return {item["id"]: (item["state"], item["trigger_id"]) for item in answer["alerts"]}


def plain(on: Bench, **changes: Any) -> Resource:
    return made.monitor(on.deployment, needs=(), **changes)


def by_hand(on: Bench, names: Sequence[str], actions: Sequence[Any] = ()) -> dict[str, Any]:
    """A monitor that somebody made in Dashboards: the name of ours, another owner, triggers with ids of their own."""
    body = dict(plain(on).body)
    trigger = body["triggers"][0]["bucket_level_trigger"]
    triggers = [{"bucket_level_trigger": {**trigger, "id": f"hand-{on.deployment}-{name}", "name": name, "actions": list(actions)}} for name in names]  # fmt: skip
    return {**body, "owner": "alerting", "triggers": triggers}


def test_an_update_keeps_active_and_acknowledged_alerts(on: Bench) -> None:
    """Severity, threshold, schedule, title and messages change; the same alerts stay open, in the same states."""
    on.deploy([plain(on)])
    identity = on.monitor_id("discovery")
    happen(on, 2)
    execute(on, identity)
    first = sorted(alerts(on, identity))[0]
    on.node.request("POST", f"{MONITORS}/{identity}/_acknowledge/alerts", {"alerts": [first]})
    before = alerts(on, identity)
    changed = made.renamed(plain(on, window="40m", interval=30), f"renamed {on.deployment}")
    trigger = {**changed.body["triggers"][0]["bucket_level_trigger"], "severity": "1", "name": "another text"}
    changed = made.with_body(changed, triggers=[{"bucket_level_trigger": trigger}])

    result = on.deploy([changed])
    execute(on, identity)

    assert {"ACTIVE", "ACKNOWLEDGED"} == {state for state, _ in before.values()}
    assert (1, None) == (len(result.of(Fate.APPLIED)), result.plan.actions[0].closing)
    assert before == alerts(on, identity)


def test_adoption_keeps_the_trigger_it_finds_and_its_alerts(on: Bench) -> None:
    """An adopted monitor keeps its trigger's id, now and in later updates; so its alert stays open and is shown as ours."""
    identity = on.create(by_hand(on, ["their name"]))
    happen(on, 1)
    execute(on, identity)
    before = alerts(on, identity)

    adopted = on.deploy([plain(on)], adopt=True)
    again = on.plan([plain(on)])
    updated = on.deploy([plain(on, window="45m")])
    shown = read_alerts(on.client(), on.deployment, adopted={identity: "monitor/XX0001/discovery"})

    assert [Verb.ADOPT] == [outcome.action.verb for outcome in adopted.of(Fate.APPLIED)]
    assert None is adopted.plan.actions[0].closing
    assert again.empty
    assert [Verb.UPDATE] == [outcome.action.verb for outcome in updated.of(Fate.APPLIED)]
    assert [("ACTIVE", f"hand-{on.deployment}-their name")] == list(before.values())
    assert before == alerts(on, identity)
    assert ["monitor/XX0001/discovery"] == [f"monitor/{alert.analytic}/{alert.monitor}" for alert in shown]


@pytest.mark.parametrize("told", [True, False], ids=["with a notification", "without"])
def test_an_adopted_monitor_is_known_again_when_the_record_is_lost(on: Bench, told: bool) -> None:
    """Its trigger tells nobody's name; its actions do, or else its owner and name: it is unverified, and never made twice."""
    base = [made.channel(on.deployment)] if told else []
    wanted = [*base, made.monitor(on.deployment, needs=("channel/soc",) if told else ())]
    identity = on.create(by_hand(on, ["theirs"]))
    on.deploy(wanted, adopt=True)
    on.node.request("DELETE", f"{RECORDS}/_doc/{on.deployment}")

    plan = on.plan(wanted)
    on.deploy(wanted, accept="live")

    assert {"unverified"} == {str(action.conflict) for action in plan.actions}
    assert () == plan.notes
    assert {identity} == set(on.monitors())
    assert on.plan(wanted).empty
    trigger = on.monitors()[identity]["_source"]["triggers"][0]["bucket_level_trigger"]
    assert f"hand-{on.deployment}-theirs" == trigger["id"]


def test_a_dropped_trigger_leaves_no_alert_active_and_the_plan_says_so(on: Bench) -> None:
    """Of two triggers one is adopted and keeps its alerts; those of the other, more than the server would move, are closed first."""
    identity = on.create(by_hand(on, ["hit", "other"]))
    happen(on, MANY)
    execute(on, identity)

    result = on.deploy([plain(on)], adopt=True)

    (action,) = result.plan.actions
    assert action.closing is not None
    assert MANY == action.closing.count
    assert f"closes {MANY} open alerts: it loses the trigger hand-{on.deployment}-other" in plan_text(result.plan)
    assert 0 == result.exit_code, result.outcomes
    execute(on, identity)
    active = [trigger for state, trigger in alerts(on, identity).values() if state == "ACTIVE"]
    assert [f"hand-{on.deployment}-hit"] * MANY == active
    assert on.plan([plain(on)]).empty


def test_promise_10_a_pruned_monitor_leaves_no_alert_active(on: Bench) -> None:
    """Bucket level and document level, each with more alerts than the server moves by itself; the plan says how many end. So with destroy."""
    document = made.document_monitor(on.deployment, "XX0008", "each")
    kept = made.monitor(on.deployment, "XX0009", "kept", needs=())
    on.deploy([plain(on), document, kept])
    identities = [on.monitor_id("discovery"), on.monitor_id("each")]
    happen(on, MANY)
    for identity in identities:
        execute(on, identity)
    counts = [len(open_alerts(on.client(), identity)) for identity in identities]

    result = on.deploy([kept], prune=True, allow_mass_change=True)

    assert [MANY, MANY] == counts
    assert {"monitor/XX0001/discovery": MANY, "monitor/XX0008/each": MANY} == {
        action.key: action.closing.count for action in result.plan.actions if action.closing
    }
    assert (0, 2) == (result.exit_code, len(result.of(Fate.APPLIED))), result.outcomes
    assert [{}, {}] == [open_alerts(on.client(), identity) for identity in identities]
    assert [MANY, MANY] == [len(alerts(on, identity)) for identity in identities]

    last = on.monitor_id("kept")
    execute(on, last)
    assert MANY == len(open_alerts(on.client(), last))
    destroyed = on.deploy([], prune=True, purpose=Purpose.DESTROY)
    assert [MANY] == [action.closing.count for action in destroyed.plan.actions if action.closing]
    assert {} == open_alerts(on.client(), last)
    assert {} == on.monitors()


@pytest.mark.parametrize("restored", [True, False])
def test_promise_26_alerts_that_do_not_close_stop_the_delete_and_the_next_run_ends_it(
    on: Bench, restored: bool
) -> None:
    """If the alerts stay open the monitor is put back as it was; if not even that is possible, the next run still knows what it was about."""
    kept = made.monitor(on.deployment, "XX0009", "kept", needs=())
    on.deploy([plain(on), kept])
    identity = on.monitor_id("discovery")
    happen(on, 2)
    execute(on, identity)
    before = on.node.request("GET", f"{MONITORS}/{identity}")["monitor"]
    with proxied(on.url) as proxy:
        proxy.faults.append(Fault("POST", "/_execute", times=99, before=Reply(400, {"error": {"reason": "no"}})))
        if not restored:
            proxy.faults.append(Fault("PUT", f"{MONITORS}/{identity}", times=99, skip=1, before=Reply(400, {"error": {"reason": "no"}})))  # fmt: skip
        failed = on.deploy([kept], proxy.url, prune=True, allow_mass_change=True)
    now = on.node.request("GET", f"{MONITORS}/{identity}")["monitor"]
    wanted = on.plan([plain(on), kept])
    again = on.deploy([kept], prune=True, allow_mass_change=True)

    assert [Fate.FAILED] == [outcome.fate for outcome in failed.outcomes]
    assert restored == (before["inputs"] == now["inputs"])
    assert restored == (not wanted.actions)
    assert [] == [action.conflict for action in wanted.actions if action.conflict]
    assert [Fate.APPLIED] == [outcome.fate for outcome in again.outcomes]
    assert {} == open_alerts(on.client(), identity)
    assert identity not in on.monitors()
    assert [] == on.record()["pending"]


def test_alerts_are_of_this_deployment_only(on: Bench, cluster_url: str, tmp_path: Path) -> None:
    """Alerts of another deployment, and of a copy, are not shown; ours with entity, analytic, monitor and count."""
    on.deploy([plain(on)])
    original = on.monitor_id("XX0001")
    body = on.node.request("GET", f"{MONITORS}/{original}")["monitor"]
    copy = on.create({**body, "name": f"Copy of {body['name']}"})
    with bench(cluster_url, tmp_path) as other:
        other.deployment = f"{on.deployment}-two"
        with_events(other)
        other.deploy([plain(other)])
        happen(on, 1)
        happen(other, 2)
        for identity in (original, copy, other.monitor_id("XX0001")):
            execute(on, identity)

        copies = {live.id for _, live in sorted_by_owner(on.client(), on.deployment).copies}
        mine = read_alerts(on.client(), on.deployment, "ACTIVE", copies)
        theirs = read_alerts(on.client(), other.deployment)

    assert {copy} == copies
    assert [((("host", "h0"),), "XX0001", "discovery", 1)] == [
        (alert.entity, alert.analytic, alert.monitor, alert.count) for alert in mine
    ]
    assert [(("host", "h0"),), (("host", "h1"),)] == sorted(alert.entity for alert in theirs)
