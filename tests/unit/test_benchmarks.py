"""The arithmetic of the benchmarks, what they make, and that a figure of a failed run is none."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import click
import pytest

from benchmarks import figures
from benchmarks.deploy import bare, counted, repository, state
from benchmarks.deploy.measure import Size
from benchmarks.deploy.report import targets
from benchmarks.deploy.tool import Ran, Tool
from benchmarks.numbers import NUMBERS
from benchmarks.query_cost import events, others
from benchmarks.query_cost import report as query_cost_report
from benchmarks.query_cost.fill import Rate
from benchmarks.query_cost.measure import OPEN, OURS, WILD, Cost, searches
from benchmarks.schedule import report as schedule_report
from benchmarks.schedule.measure import every_minute
from benchmarks.schedule.tally import Load, Tally
from deployer.catalogue import load_repository
from deployer.model.analytic import Repository
from deployer.model.finding import Findings
from deployer.model.resource import Kind
from deployer.render import monitors
from deployer.render.naming import Naming
from deployer.render.target import Target
from deployer.render.templating import Templates
from tests.conftest import ROOT
from tests.sources import piped


@cache
def loaded() -> Repository:
    """This project's own repository."""
    findings = Findings()
    found = load_repository(ROOT, findings)
    findings.raise_errors()
    return found


@pytest.mark.parametrize(
    ("target", "verdict"),
    [
        (figures.Target("t", 1.2, most=1.2), "met"),
        (figures.Target("t", 1.201, most=1.2), "not met"),
        (figures.Target("t", 10, least=10), "met"),
        (figures.Target("t", 9.99, least=10), "not met"),
        (figures.Target("t", None, least=10), "not measured"),
    ],
)
def test_a_target_is_met_up_to_its_bound(target: figures.Target, verdict: str) -> None:
    """The bound itself meets it; what was not measured is neither met nor missed."""
    assert verdict == target.verdict


def test_a_percentile_is_the_nearest_rank() -> None:
    """Of a hundred values the 95th, of few the largest, of none an error."""
    assert 95 == figures.percentile(range(1, 101), 0.95)
    assert 3 == figures.percentile([3, 1, 2], 0.95)
    assert 2 == figures.percentile([3, 1, 2], 0.5)
    with pytest.raises(ValueError, match="no values"):
        figures.percentile([], 0.5)


def test_numbers_are_read_from_a_list_with_commas() -> None:
    """What is no positive whole number is refused with an example."""
    assert (50, 200) == NUMBERS.convert("50,200", None, None)
    for wrong in ("", "0", "5,x", "-3"):
        with pytest.raises(click.BadParameter, match="such as 50,200"):
            NUMBERS.convert(wrong, None, None)


@pytest.mark.parametrize("monitors", [1, 2, 3, 8])
def test_the_repository_is_valid_and_has_as_many_monitors_as_asked(tmp_path: Path, monitors: int) -> None:
    """Also where their number is no multiple of three; the bare loop sends one call for each of its objects."""
    repository.make(ROOT, tmp_path, monitors, "http://127.0.0.1:1", "bench-t")

    made = state.resources(tmp_path)

    assert monitors == sum(one.kind is Kind.MONITOR for one in made)
    assert len(made) == sum(map(len, state.creates(made)))


def test_an_edit_changes_one_monitor_of_each_analytic(tmp_path: Path) -> None:
    """Each generation gives another body, so that run after run has something to change."""
    repository.make(ROOT, tmp_path, 6, "http://127.0.0.1:1", "bench-t")
    bodies = [{one.key: json.dumps(one.body) for one in state.resources(tmp_path)}]
    for generation in (1, 2):
        repository.edit(tmp_path, 2, generation)
        bodies.append({one.key: json.dumps(one.body) for one in state.resources(tmp_path)})

    for before, after in itertools.pairwise(bodies):
        changed = {key for key in before if before[key] != after[key]}
        assert {"monitor/BE0001/repeated", "monitor/BE0002/repeated"} == changed


def test_a_command_that_fails_gives_no_figure(tmp_path: Path) -> None:
    """Nothing listens at the address: the code is not the one expected, and what was told stands in the error."""
    repository.make(ROOT, tmp_path, 1, "http://127.0.0.1:9", "bench-t")
    (tmp_path / "cache").mkdir()

    with pytest.raises(AssertionError, match=r"plan ended with 1: error: no connection to http://127[.]0[.]0[.]1:9"):
        Tool(tmp_path, tmp_path / "cache").run("plan")


def test_peak_memory_is_the_process_s_own(tmp_path: Path) -> None:
    """A small process started by a large one is small; the kernel's high-water mark is read where there is one."""
    (tmp_path / "status").write_text("Name:\tx\nVmPeak:\t 900 kB\nVmHWM:\t     512 kB\n", "ascii")
    large = bytearray(200 << 20)
    code = "from benchmarks.deploy.counted import peak_bytes; print(peak_bytes())"
    small = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert 512 * 1024 == counted.peak_bytes(tmp_path / "status")
    assert 0 < int(small.stdout) < len(large)


def test_a_ratio_is_taken_within_a_run() -> None:
    """Run by run, so that a busy minute slows both sides; then the median."""
    size = Size(9)
    size.steps["first deploy"] = [Ran(seconds, 0.1, 1, 1, {}) for seconds in (2.0, 30.0, 6.0)]
    size.bases["bare loop"] = [1.0, 20.0, 5.0]

    assert 1.5 == size.times("first deploy", "bare loop")


def test_the_targets_are_judged_by_the_largest_size() -> None:
    """Small sizes are shown, and prove nothing about nine hundred monitors."""
    sizes = []
    for number, seconds in ((900, 2.0), (50, 0.5)):
        size = Size(number)
        for step in ("first deploy", "plan, nothing changed", "deploy, nothing changed", "10 changed"):
            size.steps[step] = [Ran(seconds, 0.1, 1, 1, {})]
        size.bases = {"bare loop": [2.0], "GET and PUT": [30.0]}
        sizes.append(size)

    verdicts = {target.name: target.verdict for target in targets(sizes, [0.03], [0.02])}

    assert "not met" == verdicts["plan of 900, nothing changed"]
    assert "met" == verdicts["first deploy of 900, against the bare loop"]
    assert "met" == verdicts["GET and PUT of each, against a plan with nothing changed"]
    assert "met" == verdicts["deployer --help, against python -c pass"]


def test_copies_are_spread_over_time_hosts_and_users() -> None:
    """From the first to just before the last moment, every host and user, one rare event in so many; what has no host stays so."""
    common = events.templates([{"@timestamp": 1, "host": {"name": "a"}, "user": {"name": "b"}}, {"n": [1]}])
    rare = events.templates([{"@timestamp": 1, "rare": True}])

    made = [json.loads(text) for text in events.copies(common, rare, 2000, 1_000, 2_000, 5, 3)]

    times = [int(one["@timestamp"]) for one in made]
    assert (1_000, 1_999) == (min(times), max(times))
    assert times == sorted(times)
    assert 2000 // events.RARE == sum("rare" in one for one in made)
    assert {f"host-{number:04}" for number in range(5)} == {one["host"]["name"] for one in made if "host" in one}
    assert {f"user-{number:04}" for number in range(3)} == {one["user"]["name"] for one in made if "user" in one}


def test_where_there_are_no_real_events_our_own_samples_stand_in(tmp_path: Path) -> None:
    """Every log source has events; a line of a file that is there is taken for the log source that it is of."""
    line = "Mar  2 10:00:00 combo sshd(pam_unix)[19939]: authentication failure; logname= uid=0"
    (tmp_path / "auth.log").write_text(f"{line}\n\n", "utf-8")
    repository = loaded()

    found = {base.source: base for base in events.bases(tmp_path, repository)}

    assert set(piped(repository)) == set(found)
    assert ("bulk", 1) == (found["linux.auth"].origin, len(found["linux.auth"].common))
    assert {"samples"} == {base.origin for base in found.values() if base.source != "linux.auth"}


def test_others_write_the_same_commands_as_leading_wildcards() -> None:
    """Words as contains, escaped; a regular expression as one; a monitor without commands gives the values of its fields."""
    analytics = loaded().analytics

    commands = others.query_string(analytics["AN0906"], analytics["AN0906"].monitors["connections"])
    trap = others.query_string(analytics["AN0907"], analytics["AN0907"].monitors["snmp-refused"])

    assert commands.startswith("process.command_line.as_keyword:(*")
    assert "network\\ ip\\ connection\\ list*" in commands
    assert "snmp.trap_name:(*authenticationFailure*)" == trap


def test_the_search_without_a_clause_differs_by_the_clause_alone() -> None:
    """The same range at the same clock and the same aggregation; the third has the same range too."""
    repository = loaded()
    analytic = repository.analytics["AN0904"]
    target = Target(repository, Naming("d"), Templates(repository.templates))
    rendered = monitors.render(analytic, analytic.monitors["discovery"], target, Findings(), {})
    assert rendered is not None
    query = rendered.body["inputs"][0]["search"]["query"]

    found = searches(analytic, analytic.monitors["discovery"], query, 1_772_445_600)

    time = found[OURS]["query"]["bool"]["filter"][0]
    assert "1772445600000||-780s" == time["range"]["@timestamp"]["gt"]
    assert {**found[OURS], "query": {"bool": {"filter": [time]}}} == found[OPEN]
    assert [time] == found[WILD]["query"]["bool"]["filter"]


def test_costs_are_compared_by_their_medians_and_the_dearest_is_judged() -> None:
    """`took` is whole milliseconds, so nothing counts as less than half of one; the target names the dearest monitor."""
    cheap, dear = Cost("A/cheap", 9), Cost("A/dear", 9)
    cheap.took = {OURS: [0, 0, 9], OPEN: [5, 5, 5], WILD: [50, 50, 50]}
    dear.took = {OURS: [6, 7, 8], OPEN: [5, 5, 5], WILD: [50, 60, 100]}
    rates = [Rate("x", "p", 100, 40.0, 100.0), Rate("y", "p", 100, 60.0, 100.0)]

    first, second, third = query_cost_report.targets([cheap, dear], rates)

    assert 0.1 == cheap.against(OPEN)
    assert ("A/cheap", 9) == (cheap.plain()["monitor"], cheap.plain()["searches"][OURS]["p95_ms"])
    assert 1.4 == first.value
    assert "dearest: A/dear; 1 of 2 within" in first.name
    assert ("not met", "not met") == (first.verdict, second.verdict)
    assert (0.4, "not met") == (third.value, third.verdict)


def test_runs_are_counted_once_in_the_minute_of_their_monitor() -> None:
    """However often an alert is looked at; neither before nor after the minutes that are watched, nor of other monitors."""
    tally = Tally({"a": 500, "b": 59_900, "never": 0}, 60_000, 2)

    for seen in (
        {"a": 60_400},
        {"a": 60_500, "b": 120_100, "other": 61_000},
        {"a": 60_500, "b": 180_000},
        {"a": 180_500},
    ):
        tally.see(seen)

    assert [2, 1] == tally.by_minute()
    assert 1 == tally.silent()
    assert [0, 100, 200] == sorted(tally.late())


def test_a_load_is_told_by_its_minutes_and_its_worst_one_is_judged() -> None:
    """Default limits are shown and not judged; where nothing ran, nothing was late."""
    none = Load(2, "default", Tally({"a": 0, "b": 0}, 60_000, 1), 0, 7, [0.1])
    some = Load(2, "raised", Tally({"a": 0, "b": 0}, 60_000, 2), 2, 0, [0.1, 0.3])
    for seen in ({"a": 60_100, "b": 62_000}, {"a": 121_000}):
        some.tally.see(seen)

    (target,) = schedule_report.targets([none, some])

    assert none.late_seconds(0.5) is None
    assert 2.0 == some.late_seconds(1)
    assert (0.5, "not met") == (target.value, target.verdict)
    assert [2, 1] == some.plain()["ran_by_minute"]


def test_monitors_run_every_minute_look_back_a_day_and_tell_nobody(tmp_path: Path) -> None:
    """So that each has something to find in every run, and a run costs what a run costs."""
    repository.make(ROOT, tmp_path, 3, "http://127.0.0.1:1", "bench-t")

    for resource in state.resources(tmp_path):
        if resource.kind is Kind.MONITOR:
            body = every_minute(resource)
            assert {"period": {"interval": 1, "unit": "MINUTES"}} == body["schedule"]
            assert body["enabled"]
            assert "{{period_end}}||-86400s" in json.dumps(body)
            assert [[]] == [item["query_level_trigger"]["actions"] for item in body["triggers"]]


class _Answers(BaseHTTPRequestHandler):
    """Takes every POST, in an answer of two chunks; knows nothing that could be deleted."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.server.seen.append((self.path, self.rfile.read(int(self.headers["content-length"]))))  # type: ignore[attr-defined]
        self.send_response(201)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"1\r\n{\r\n1\r\n}\r\n0\r\n\r\n")

    def do_DELETE(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(404)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing."""


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    """A server that only counts."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answers) as found:
        found.seen = []  # type: ignore[attr-defined]
        thread = threading.Thread(target=found.serve_forever, daemon=True)
        thread.start()
        yield found
        found.shutdown()
        thread.join()


def test_the_bare_loop_sends_each_call_once_and_stops_at_a_refusal(server: ThreadingHTTPServer) -> None:
    """Each over one of its connections, whose answers may come in chunks; what is refused is an error and no figure."""
    url = f"http://127.0.0.1:{server.server_port}"
    calls = [bare.Call("POST", f"{bare.MONITORS}?n={number}", {"n": number}) for number in range(9)]

    taken = bare.post_all(url, [calls], 3)

    assert taken > 0
    sent = sorted((call.path, json.dumps(call.body).encode()) for call in calls)
    assert sent == sorted(server.seen)  # type: ignore[attr-defined]
    with pytest.raises(AssertionError, match=r"DELETE .*/a: HTTP/1.1 404"):
        bare.post_all(url, state.deletes(["a"]), 1)
