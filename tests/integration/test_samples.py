"""`deployer test` on a real node: what it measures of samples that are right, wrong, or prove nothing."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import pytest

from deployer import __version__
from deployer.cli import cli, common
from deployer.deploy.tree import read_tree
from deployer.desired.read import fresh
from deployer.plan import evidence
from tests.clones import committed
from tests.node import Node
from tests.unit.repo import write

pytestmark = pytest.mark.integration

TUNABLES = """\
  Idle: {type: strings, description: Read where nothing depends on it., default: [nobody], min_items: 0}
  Pair: {type: strings, description: Changed only along with another., default: [nobody], min_items: 0}
events:
"""

CONDITION = """\
        - {field: process.command_line, matches: {tunable: Patterns}}
        - {not: {all: [{field: user.name, in: {tunable: Idle}}, {field: user.name, in: [somebody-else]}]}}
        - {not: {field: user.name, in: {tunable: Pair}}}
"""

SAMPLES = """\
cases:
  - name: twice
    clock: "2026-03-02T10:05:00Z"
    events:
      - {source: x.plain, raw: {"@timestamp": "2026-03-02T10:03:00Z", host: {name: h1}, user: {name: bob}, process: {command_line: netstat -an, title: netstat}}, repeat: 2}
    expect: {discovery: [{host: h1, user: bob}]}
    variants:
      - {tunables: {Threshold: 3}, expect: {}}
      - {tunables: {Patterns: [arp]}, expect: {}}
      - {tunables: {Idle: [bob]}, expect: {discovery: [{host: h1, user: bob}]}}
      - {tunables: {Pair: [bob], Threshold: 5}, expect: {}}
      - {tunables: {Scope: some}, expect: {discovery: [{host: h1, user: bob}]}}
      - {tunables: {Window: 1m}, expect: {correlated: [{host: h1}]}}
  - name: another command
    clock: "2026-03-03T10:05:00Z"
    events:
      - {source: x.plain, raw: {"@timestamp": "2026-03-03T10:03:00Z", host: {name: h1}, user: {name: bob}, process: {command_line: ls}}, repeat: 5}
    expect: {}
"""


EXCEPTIONS = """\
exceptions:
  - {id: EX1, analytic: XX0001, where: {field: process.title, like: "net*"}, owner: o, reason: r, expires: "2999-01-01"}
  - {id: EX2, analytic: XX0001, where: {field: process.title, like: "arp*"}, owner: o, reason: r, expires: "2999-01-01"}
"""


@pytest.fixture(scope="module")
def folder(cluster_url: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small repository with samples of which some are right."""
    made = write(
        tmp_path_factory.mktemp("samples"),
        analytic=("events:\n", TUNABLES),
        local=('"http://127.0.0.1:9"', f'"{cluster_url}"'),
    )
    environment = made / "environments/local.yml"
    environment.write_text(environment.read_text() + EXCEPTIONS)
    path = made / "detections/DET9999/XX0001/analytic.yml"
    old = "        - {field: process.command_line, matches: {tunable: Patterns}}\n"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, CONDITION))
    path.with_name("samples.yml").write_text(SAMPLES)
    committed(made)
    return made


@pytest.fixture(scope="module")
def report(folder: Path) -> tuple[int, dict[str, Any]]:
    """The exit code and the JSON of one run."""
    file, other = folder / "report.json", folder / "evidence.json"
    forms = ["--output", "json", "--output-file", str(file), "--report", str(other)]
    code = common.run(cli, ["test", "--root", str(folder), *forms], "deployer")
    return code, json.loads(file.read_text()) | {"evidence": other.read_bytes()}


def test_coverage_is_what_was_measured(report: tuple[int, dict[str, Any]]) -> None:
    """A tunable whose variants change nothing is dead, whatever they declare; one changed along with others is not proven."""
    code, result = report
    (analytic,) = result["analytics"]

    assert (1, 1, False) == (code, result["format_version"], analytic["passed"])
    assert {
        "Patterns": "proven",
        "Threshold": "proven",
        "Window": "dead",  # the variant says that the sequence alerts, and it does not
        "Scope": "proven",  # the variant says that nothing changes, and it does
        "Idle": "dead",
        "Pair": "together",
    } == {item["tunable"]: item["proof"] for item in analytic["proofs"]}
    assert 50 == analytic["coverage"]
    assert (1, 1, 1, 1) == tuple(
        analytic[key] for key in ("positives", "positives_found", "negatives", "negatives_silent")
    )


def test_what_is_not_proven_is_named_with_its_line_and_reason(report: tuple[int, dict[str, Any]]) -> None:
    """Findings have a code and the line of the tunable or monitor; variants that prove nothing are told as such."""
    (analytic,) = report[1]["analytics"]

    assert [
        ("DAC040", 14, "the tunable Window is dead: it changes no outcome"),
        ("DAC040", 16, "the tunable Idle is dead: it changes no outcome"),
        ("DAC040", 17, "the tunable Pair is not proven: it is changed only along with others"),
        ("DAC041", 38, "the monitor correlated alerted on no sample event"),
        ("DAC031", 8, "with the exception EX1 none of the 1 positive cases of XX0001/discovery alerts any more"),
    ] == [(item["code"], item["line"], item["message"]) for item in analytic["findings"]]
    assert [({"Idle": ["bob"]}, 10), ({"Pair": ["bob"], "Threshold": 5}, 11), ({"Window": "1m"}, 13)] == [
        (item["tunables"], item["line"]) for item in analytic["idle_variants"]
    ]


def test_variants_that_declare_another_outcome_than_the_measured_one_fail(report: tuple[int, dict[str, Any]]) -> None:
    """Each failure names the variant's line, what should have alerted and what should not."""
    (analytic,) = report[1]["analytics"]

    samples = "detections/DET9999/XX0001/samples.yml"
    assert [
        (f"{samples}:12:9", "discovery", [{"host": "h1", "user": "bob"}], []),
        (f"{samples}:13:9", "correlated", [{"host": "h1"}], []),
        (f"{samples}:13:9", "discovery", [], [{"host": "h1", "user": "bob"}]),
    ] == sorted((f["where"], f["monitor"], f["missing"], f["unexpected"]) for f in analytic["failures"])


def test_a_report_for_deploys_says_what_failed(folder: Path, report: tuple[int, dict[str, Any]]) -> None:
    """It is written although tests failed, with the commit, and speaks for no deploy of the analytic."""
    found, _ = evidence.load(report[1]["evidence"], "evidence.json")
    made = {"XX0001": "0" * 64, "XX0002": "0" * 64}
    refused = evidence.refusals(
        found, "it", environment="local", commit=read_tree(folder).commit, made_of=made, tool=__version__
    )

    assert ["XX0001 did not pass its tests", "XX0002 is not in it"] == [error.what for error in refused]
    assert "3 of its " in refused[0].why
    assert "5 findings" in refused[0].why


def test_what_is_proven_passes_in_every_form(
    folder: Path, cluster_url: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the parts that prove nothing the exit code is 0, and JUnit has no failure; nothing stays on the node.

    The report for deploys is signed, and speaks for a deploy of what was tested.
    """
    analytic = folder / "detections/DET9999/XX0001/analytic.yml"
    text = analytic.read_text().replace(TUNABLES, "events:\n")
    text = text.replace(CONDITION, CONDITION.splitlines(keepends=True)[0])
    text = text[: text.index("  correlated:")] + text[text.index("false_positives:") :]
    text = text.replace("  Window: {type", "  # {type").replace("  follow:\n    source: x.plain\n", "")
    text = text.replace("    where: {field: process.command_line, matches: [psexec]}\n", "")
    (tmp_path / "repo").mkdir()
    write(tmp_path / "repo", local=('"http://127.0.0.1:9"', f'"{cluster_url}"'))
    (tmp_path / "repo/detections/DET9999/XX0001/analytic.yml").write_text(text)
    kept = [line for line in SAMPLES.splitlines() if not any(word in line for word in ("Idle", "Pair", "Window"))]
    samples = "\n".join(kept).replace(
        "{Scope: some}, expect: {discovery: [{host: h1, user: bob}]}", "{Scope: some}, expect: {}"
    )
    (tmp_path / "repo/detections/DET9999/XX0001/samples.yml").write_text(samples)

    commit = committed(tmp_path / "repo")
    monkeypatch.setenv("H_REPORT_KEY", "a key of enough letters")
    signed = ["--report", str(tmp_path / "evidence.json"), "--report-key", "env:H_REPORT_KEY"]

    code = common.run(cli, ["test", "--root", str(tmp_path / "repo"), "--output", "junit", *signed], "deployer")

    output = capsys.readouterr()
    root = Xml.fromstring(output.out.encode())
    assert (0, "9", "0", "0") == (code, root.get("tests"), root.get("failures"), root.get("errors")), output
    for path in ("/_data_stream", "/_index_template", "/_component_template", "/_ingest/pipeline"):
        assert "dactest-" not in json.dumps(Node(cluster_url).found(path)), path
    found, value = evidence.load((tmp_path / "evidence.json").read_bytes(), "it")
    made = evidence.contents(fresh(tmp_path / "repo", "local")[1].resources)
    assert {"XX0001"} == set(made)
    assert [] == evidence.refusals(found, "it", environment="local", commit=commit, made_of=made, tool=__version__)
    assert evidence.unsigned(found, value, "it", "a key of enough letters") is None


def test_a_cancelled_job_leaves_nothing_behind(folder: Path, cluster_url: str) -> None:
    """SIGTERM, as a CI server sends it, ends a run as Ctrl-C does: the throw-away indices go, and the code is 130."""
    command = [sys.executable, "-c", "from deployer.cli import main; main()", "test", "--root", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        stage = process.stderr.readline().split()[-1]
        process.send_signal(signal.SIGTERM)
        rest = process.stderr.read()

    assert stage.startswith("dactest-"), rest
    assert (130, True) == (process.returncode, "interrupted" in rest), rest
    for path in ("/_data_stream", "/_index_template", "/_component_template", "/_ingest/pipeline"):
        assert stage not in json.dumps(Node(cluster_url).found(path)), path
