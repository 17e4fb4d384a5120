"""What the doctor found, in all its forms."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

from deployer.doctor import Examination
from deployer.model.errors import ClusterError, Location
from deployer.model.exclusion import Exclusion
from deployer.model.finding import Finding, Findings
from deployer.plan.outcome import Attempt
from deployer.report.doctor import doctors_github, doctors_json, doctors_markdown, doctors_text

GOLDEN = Path(__file__).parent / "golden"
ACCEPTED = Exclusion(
    "DAC023", "m", "alice@example.org", "few values here", date(2099, 3, 31), Location("a.yml", 9, 5), "XX0001"
)
FILES = Findings(
    [Finding("DAC025", "XX0001/m: the search looks back 5m", Location("templates/monitors/own.json.j2", 3, 9), "let it begin earlier")],
    excluded=[(Finding("DAC023", "XX0001/m: begins with a wildcard", Location("a.yml", 7, 1), "", "warning"), ACCEPTED)],
)  # fmt: skip


ROLE = {"description": "What bob lacks.", "cluster_permissions": ["cluster:monitor/main"], "index_permissions": []}


def attempt(
    *findings: Finding, unseen: tuple[str, ...] = (), cluster: str = "", role: dict[str, Any] | None = None
) -> Attempt[Examination]:
    found = Findings(list(findings))
    return Attempt(cluster, "http://127.0.0.1:9", Examination("http://127.0.0.1:9", "3.4.0", found, unseen, role))


SICK = attempt(
    Finding("DAC033", "the log source x | y stopped\x1b[31m", Location("mappings/sources/x.yml", 2, 3), "look at its shipper"),
    Finding("DAC034", "150 enabled monitors", Location("environments/prod.yml"), "both are dynamic"),
    unseen=("when monitors ran (permission p)",),
    role=ROLE,
)  # fmt: skip


def golden(name: str, text: str) -> None:
    """Compare with a file of `golden`."""
    assert (GOLDEN / name).read_text("utf-8") == f"{text}\n"


def test_the_forms_are_as_promised() -> None:
    """Text, JSON, Markdown and annotations of findings in the files and on the cluster, and of what was not seen."""
    golden("doctor.txt", doctors_text([SICK], "prod", FILES))
    golden("doctor.json", json.dumps(doctors_json([SICK], "prod", FILES), indent=2))
    golden("doctor.md", doctors_markdown([SICK], "prod", FILES))
    golden("doctor.github", doctors_github([SICK], FILES))


def test_without_findings_the_text_says_so() -> None:
    """A healthy cluster is one line, which says too if not everything was seen."""
    assert doctors_text([attempt()], "prod", Findings()).endswith("Healthy: no finding.")
    assert doctors_text([attempt(unseen=("x",))], "prod", Findings()).endswith("not everything could be looked at.")


def test_markdown_is_cut_and_says_so() -> None:
    """A thousand findings fit a comment, and how many were left out is told."""
    many = attempt(*(Finding("DAC032", f"{'x' * 200} {number}", Location("f", 1, 1)) for number in range(1000)))

    text = doctors_markdown([many], "prod", Findings())

    assert len(text) < 60_000
    assert "more. `deployer doctor --output json` has all." in text


def test_of_several_clusters_each_is_told_and_a_failed_one_too() -> None:
    """One with findings, one that does not answer."""
    east = Attempt("east", "http://127.0.0.1:9", SICK.value)
    west: Attempt[Examination] = Attempt("west", "http://127.0.0.1:8", error=ClusterError("no connection"))

    told = doctors_json([east, west], "prod", Findings())

    assert ["east", "west"] == [item["name"] for item in told["clusters"]]
    assert told["clusters"][0]["result"]["healthy"] is False
    assert "no connection" == told["clusters"][1]["error"]["what"]
    assert "no connection" in doctors_github([east, west], Findings())
