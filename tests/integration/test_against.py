"""`deployer test --against` on a real node: its counts are what the schedule's runs, each executed, would have opened."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from deployer.catalogue import load_environment, load_repository
from deployer.cli import cli, common
from deployer.model.episodes import Period
from deployer.model.finding import Findings
from deployer.model.resource import Resource
from deployer.render.environment import of_analytic, target_of
from deployer.render.schedules import run_times
from deployer.replay import against
from tests.bench import Bench
from tests.commands import append, deployment, environment, run, stream
from tests.faults import proxied

pytestmark = pytest.mark.integration

UNTIL = datetime(2026, 3, 3, 0, 40, tzinfo=UTC)
MINUTES = 60
"""The period ends forty minutes after a midnight, and begins twenty before it."""

MONITORS = """\
  varied:
    title: Different programs
    template: entity
    events: discovery
    entity: [host]
    window: 5m
    threshold: 2
    distinct: {field: process.name, threshold: 2}
  own:
    title: A template of one's own
    template: own
    events: discovery
    entity: [user]
    window: 5m
    threshold: {tunable: Threshold}
false_positives:"""

OVERRIDES = """\
monitors:
  XX0001/varied: {schedule: {cron: "*/7 * * * *", timezone: Asia/Kolkata}}
exceptions:
  - id: EX-1
    analytic: XX0001
    where: {field: user.name, equals: robot}
    owner: team@example.com
    reason: Counts connections.
    expires: "2099-01-01"
"""

Alerts = dict[tuple[tuple[str, str], ...], list[int]]
"""Each entity with the numbers of the runs that found it."""


@pytest.fixture(scope="module")
def bench(cluster_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A deployment with four monitors of different forms, and events of three hours in its data stream."""
    with deployment(cluster_url, tmp_path_factory.mktemp("against")) as on:
        path = on.folder / "detections/DET9999/XX0001/analytic.yml"
        path.write_text(path.read_text().replace("false_positives:", MONITORS))
        (on.folder / "templates/monitors/own.json.j2").write_text(
            (on.folder / "templates/monitors/entity.json.j2")
            .read_text()
            .replace('"params.count >= params.threshold"', '"Math.max(params.count, 0) >= params.threshold"')
        )
        append(on, OVERRIDES)
        samples = path.with_name("samples.yml")
        samples.write_text(SAMPLES)
        on.also.insert(0, f"/_data_stream/{stream(on)}")
        assert run(on, "deploy", "--yes") == 0
        lines = [json.dumps(line) for event in events() for line in ({"create": {}}, event)]
        answer = on.node.request("POST", f"/{stream(on)}/_bulk", "\n".join(lines) + "\n", {"refresh": "true"})
        assert not answer["errors"], answer
        yield on


SAMPLES = """\
cases:
  - name: all
    clock: "2026-03-02T10:05:00Z"
    events: [{source: x.plain, raw: {"@timestamp": "2026-03-02T10:03:00Z"}}]
    expect: {discovery: [{host: h1, user: alice}], correlated: [{host: h1}], varied: [{host: h1}], own: [{user: alice}]}
  - name: another command
    clock: "2026-03-03T10:05:00Z"
    events: [{source: x.plain, raw: {"@timestamp": "2026-03-03T10:03:00Z"}}]
    expect: {}
"""


def event(at: datetime, host: str, user: str | None, command: str, program: Any = None) -> dict[str, Any]:
    process: dict[str, Any] = {"command_line": command} | ({"name": program} if program else {})
    who = {"user": {"name": user}} if user else {}
    return {"@timestamp": at.isoformat(), "host": {"name": host}, "process": process, **who}


def events() -> Iterator[dict[str, Any]]:
    """Two episodes made by hand; then many events of a few entities, in bursts, at whole minutes and in between."""
    for minute in (20, 50):
        for second in (0, 120):
            yield event(UNTIL - timedelta(minutes=minute, seconds=30 - second), "by-hand", "carol", "netstat -an")
    chance = random.Random(7)
    for host in ("h1", "h2", "{{x}}", 'q"\n'):
        at = UNTIL - timedelta(minutes=MINUTES + 60)
        while at < UNTIL + timedelta(minutes=3):
            at += timedelta(milliseconds=chance.choice([0, 1, 999, 20_000, 60_000, 300_000, 480_000, 900_000]))
            exact = at.replace(second=0, microsecond=0) if chance.random() < 0.3 else at
            command = chance.choice(["netstat", "net use", "psexec x", "ls", "netstat; psexec y"])
            user = chance.choice(["alice", "bob", None, "robot"])
            yield event(exact, host, user, command, chance.choice(["a", "b", ["a", "c"], None]))


@pytest.fixture(scope="module")
def monitors(bench: Bench) -> dict[str, Resource]:
    """The rendered monitors, by their keys."""
    findings = Findings()
    repository = load_repository(bench.folder, findings)
    loaded = load_environment(bench.folder, "local", repository.analytics, repository.sources, findings)
    assert loaded is not None
    made = of_analytic(repository.analytics["XX0001"], target_of(repository, loaded), findings)
    findings.raise_errors()
    return {resource.key.rsplit("/", 1)[-1]: resource for resource in made}


@pytest.fixture(scope="module")
def executed(bench: Bench, monitors: dict[str, Resource]) -> dict[str, tuple[Sequence[int], Alerts]]:
    """Each monitor run at each time of its schedule, by the server, with the clock set; the run before the period is the first."""
    found = {}
    for key, monitor in monitors.items():
        end = int(UNTIL.timestamp())
        times = run_times(monitor.written["schedule"], end - 60 * MINUTES, end)

        def alerting(at: int, body: Any = monitor.body) -> set[tuple[tuple[str, str], ...]]:
            answer = bench.node.request(
                "POST",
                "/_plugins/_alerting/monitors/_execute",
                {**body, "enabled": False},
                {"dryrun": "true", "period_end": f"{at}000ms"},
            )
            (result,) = answer["trigger_results"].values()
            assert [None] * 3 == [found.get("error") for found in (answer, result, answer["input_results"])], answer
            buckets = result["agg_result_buckets"].values()
            return {tuple(sorted(bucket["agg_alert_content"]["bucket"]["key"].items())) for bucket in buckets}

        with ThreadPoolExecutor(4) as pool:
            outcomes = list(pool.map(alerting, times))
        alerts: Alerts = {}
        for number, entities in enumerate(outcomes):
            for entity in entities:
                alerts.setdefault(entity, []).append(number)
        found[key] = times, alerts
    return found


def opened(times: Sequence[int], alerts: Alerts) -> dict[str, Any]:
    """The episodes that the executed runs would have opened, counted the plain way."""
    per_day: dict[str, int] = {}
    before = after = 0
    top = {}
    for entity, runs in alerts.items():
        begins = [run for run in runs if run - 1 not in runs]
        began = [run for run in begins if run > 0]
        for begin in began:
            day = datetime.fromtimestamp(times[begin], UTC).date().isoformat()
            per_day[day] = per_day.get(day, 0) + 1
        within = [run for run in runs if run > 0]
        before += 0 in runs and 1 in runs
        after += len(times) - 1 in runs
        if within:
            top[entity] = (len(began), len(within))
    return {"per_day": per_day, "before": before, "after": after, "top": top}


@pytest.mark.parametrize("page", [10_000, 7])
def test_the_count_is_what_the_schedule_would_have_opened(
    bench: Bench,
    executed: dict[str, tuple[Sequence[int], Alerts]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    page: int,
) -> None:
    """For each form of monitor: episodes by day, entities with their runs, and what is open at both ends; whatever the pages."""
    monkeypatch.setattr("deployer.replay.slots.PAGE", page)
    counts = counted(bench, tmp_path)

    assert {"discovery", "correlated", "varied", "own"} == {item["monitor"] for item in counts["monitors"]}
    for item in counts["monitors"]:
        times, alerts = executed[item["monitor"]]
        expected = opened(times, alerts)
        assert expected["top"], "the events make each monitor alert"
        assert expected == {
            "per_day": item["per_day"],
            "before": item["open_before"],
            "after": item["open_after"],
            "top": {tuple(sorted(top["entity"].items())): (top["episodes"], top["runs"]) for top in item["top"]},
        }, item["monitor"]
        assert (len(times) - 1, []) == (item["runs"], item["estimate"])
        assert sum(item["per_day"].values()) == item["episodes"]


def test_known_episodes_are_counted(bench: Bench, tmp_path: Path) -> None:
    """Two events within two minutes, and two more half an hour later: two episodes of six runs each, on two days."""
    (discovery,) = [item for item in counted(bench, tmp_path)["monitors"] if item["monitor"] == "discovery"]

    (carol,) = [item for item in discovery["top"] if item["entity"] == {"host": "by-hand", "user": "carol"}]
    assert {"episodes": 2, "runs": 12, "open": False} == {name: carol[name] for name in ("episodes", "runs", "open")}
    assert {"2026-03-02", "2026-03-03"} == set(discovery["per_day"])


def test_counting_only_reads(bench: Bench, tmp_path: Path) -> None:
    """Nothing but searches goes over the wire, and no index is made."""
    before = sorted(bench.node.request("GET", "/_settings", params={"expand_wildcards": "all"}))
    text = environment(bench).read_text()
    try:
        with proxied(bench.url) as proxy:
            environment(bench).write_text(text.replace(bench.url, proxy.url))
            counted(bench, tmp_path)
    finally:
        environment(bench).write_text(text)

    assert [] == proxy.writes
    assert {("POST", True)} == {
        (request.method, request.path.split("?")[0].endswith("/_search")) for request in proxy.seen
    }
    # Two for each of three monitors, one more for the different values; two at most for each run of the one that is run.
    assert len(proxy.seen) <= 7 + 2 * (MINUTES + 1)
    assert before == sorted(bench.node.request("GET", "/_settings", params={"expand_wildcards": "all"}))


def test_an_estimate_says_so(
    bench: Bench,
    monitors: dict[str, Resource],
    executed: dict[str, tuple[Sequence[int], Alerts]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Too many entities and times to read: the count is right up to the time named; too many runs to look at one by one."""
    monkeypatch.setattr("deployer.replay.slots.PAGE", 7)
    end = int(UNTIL.timestamp())
    terms = against.Terms(Period(end - 60 * MINUTES, end), 5, 30.0, lambda line: None, most_rows=12, most_runs=40)
    wanted = [monitors["discovery"], monitors["varied"], monitors["own"]]

    discovery, varied, own = against.count(bench.client(), wanted, terms)

    times, alerts = executed["discovery"]
    last = datetime.fromtimestamp(times[discovery.runs], UTC).isoformat().replace("+00:00", "Z")
    assert (f"more than 12 pairs of an entity and a time: counted up to {last} only",) == discovery.estimate
    seen = {entity: [run for run in runs if run <= discovery.runs] for entity, runs in alerts.items()}
    assert opened(times[: discovery.runs + 1], seen)["per_day"] == discovery.per_day
    assert 0 < discovery.runs < MINUTES
    assert varied.estimate[0].startswith("more than 12 pairs")
    assert ("one run in 2 was looked at, of 61",) == own.estimate


def test_a_monitor_that_cannot_be_counted_says_why_and_the_rest_is_counted(
    bench: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A concrete index that is not there; the exit code is 1, and Markdown and text name the monitor and the reason."""
    text = environment(bench).read_text()
    try:
        environment(bench).write_text(text + "sources: {x.plain: {index: nowhere-1}}\n")
        codes = []
        for form in ("text", "markdown", "github"):
            codes.append(ask(bench, "--output", form))
            output = capsys.readouterr().out
            assert "not counted" in output
            assert "nowhere-1" in output
    finally:
        environment(bench).write_text(text)

    assert [1, 1, 1] == codes


def counted(on: Bench, folder: Path) -> Any:
    """The counts as JSON."""
    file = folder / "counts.json"
    assert ask(on, "--output", "json", "--output-file", str(file), "--top", "1000") == 0
    return json.loads(file.read_text())


def ask(on: Bench, *more: str) -> int:
    """Count over the period."""
    until = UNTIL.isoformat().replace("+00:00", "Z")
    arguments = ["test", "--root", str(on.folder), "--against", "local", "--since", f"{MINUTES}m", "--until", until]
    return common.run(cli, [*arguments, *more], "deployer")
