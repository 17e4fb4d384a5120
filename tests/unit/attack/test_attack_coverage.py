"""`deployer attack coverage`: which of ATT&CK's log sources are known, and which missing ones would help most."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from deployer.attack.coverage import AttackCoverage, Missing, OfPlatform, coverage
from deployer.attack.stix import read
from deployer.catalogue.repository import load_shared
from deployer.cli import cli, common
from deployer.model.attack import AttackData
from deployer.model.finding import Findings
from deployer.report.attack_coverage import coverage_markdown, coverage_text
from tests import attack
from tests.attack import analytic, bundle, named
from tests.unit.repo import write


def found(folder: Path, *log_sources: tuple[str, list[str]]) -> AttackCoverage:
    """The coverage of analytics on platforms that name these log sources (``name/channel``)."""
    objects = [
        analytic(
            9100 + number,
            platform,
            x_mitre_log_source_references=[named(*one.split("/", 1)) for one in names],
        )
        for number, (platform, names) in enumerate(log_sources)
    ]
    write(folder / "repository", x=attack.KNOWN)
    shared = load_shared(folder / "repository", Findings())
    return coverage(
        read(attack.write(folder, bundle(*objects, analytic(9999, x_mitre_deprecated=True)))), shared.sources
    )


def test_analytics_count_by_how_many_of_their_log_sources_are_known(tmp_path: Path) -> None:
    """All, some, none, or none named; by platform, and channels by whether a condition stands for them."""
    got = found(
        tmp_path,
        ("Linux", ["x:plain/EventCode=1", "x:plain/words"]),
        ("Linux", ["x:plain/EventCode=1", "y/words"]),
        ("Linux", ["y/words", "z/words"]),
        ("PRE", []),
    )

    assert (3, 1, "18.1") == (got.names, got.names_known, got.version)
    assert (
        OfPlatform("Linux", 3, 1, 1, 1, 0, channels=4, known=2, filtered=1, piped=2),
        OfPlatform("PRE", 1, 0, 0, 0, 1, channels=0, known=0, filtered=0, piped=0),
    ) == got.platforms
    assert OfPlatform("all", 4, 1, 1, 1, 1, channels=4, known=2, filtered=1, piped=2) == got.total


def test_missing_log_sources_stand_in_the_order_in_which_they_help(tmp_path: Path) -> None:
    """The one that completes most comes first; then the one that does with it, though another is named more often."""
    got = found(
        tmp_path,
        ("Linux", ["a/1"]),
        ("macOS", ["a/2", "x:plain/words"]),
        ("Linux", ["a/1", "b/1"]),
        ("Linux", ["c/1", "d/1"]),
        ("Linux", ["c/2", "d/1", "e/1"]),
        ("Linux", ["c/2", "e/1"]),
    )

    assert (
        Missing("a", ("Linux", "macOS"), analytics=3, channels=2, alone=2, together=2),
        Missing("b", ("Linux",), analytics=1, channels=1, alone=0, together=3),
        Missing("c", ("Linux",), analytics=3, channels=2, alone=0, together=3),
        Missing("d", ("Linux",), analytics=2, channels=1, alone=0, together=4),
        Missing("e", ("Linux",), analytics=2, channels=1, alone=0, together=6),
    ) == got.missing


def test_where_nothing_is_missing_nothing_is_listed(tmp_path: Path) -> None:
    """No table of nothing."""
    got = found(tmp_path, ("Linux", ["x:plain/EventCode=1"]))

    assert () == got.missing
    assert "missing" not in coverage_text(got) + coverage_markdown(got)


def test_the_forms_say_the_same(tmp_path: Path) -> None:
    """Sums first, a line a platform, then what is missing, no more than asked for; names cannot do anything there."""
    got = found(tmp_path, ("Linux", ["x:plain/EventCode=1"]), ("<b>OS</b>", ["ev|il\x1b[31m`code`/1", "zz/1"]))

    text, markdown = coverage_text(got, 1), coverage_markdown(got, 1)
    for form in (text, markdown):
        assert "Of 2 analytics of ATT&CK 18.1, 1 name log sources all of which are known here." in form
        assert "mappings/sources knows 1 of 3 log sources by name: 1 of 3 pairs of name and channel, 1 of them" in form
        assert "The 1 of 2 missing log sources that would unlock most analytics" in form
        assert "\x1b" not in form
        assert "zz" not in form
    assert re.search(r"^Linux +1 +1 +0 +0 +0 +1 +1 +1 +1$", text, re.MULTILINE)
    assert "<b>" not in markdown
    assert "| <code>Linux</code> | <code>1</code> |" in markdown


@pytest.mark.parametrize("output", ["text", "json", "markdown"])
def test_the_command_prints_each_form(output: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 0, whatever is missing; the file may be named by the environment's variable."""
    root = write(tmp_path / "repository", x=attack.KNOWN)
    file = attack.write(tmp_path, attack.bundle())

    code = common.run(
        cli, ["attack", "coverage", "--root", str(root), "--stix", str(file), "--output", output], "deployer"
    )

    told = capsys.readouterr()
    assert (0, "") == (code, told.err)
    if output == "json":
        value = json.loads(told.out)
        assert ["format_version", "attack_version", "log_sources", "total", "platforms", "missing"] == list(value)
        assert (1, "18.1", {"named": 2, "known": 1}) == (
            value["format_version"],
            value["attack_version"],
            value["log_sources"],
        )
        assert {"all": 4, "every_log_source_known": 1, "some_known": 1, "none_known": 1, "name_none": 1} == value[
            "total"
        ]["analytics"]
        assert {"named": 4, "known": 2, "with_filter": 1, "with_pipeline": 2} == value["total"]["channels"]
        assert [
            {
                "name": "saas:nobody",
                "analytics": 2,
                "channels": 2,
                "alone": 2,
                "together": 2,
                "platforms": ["Identity Provider", "Windows"],
            }
        ] == value["missing"]
    else:
        assert "saas:nobody" in told.out.replace("&#58;", ":")


def test_this_project_knows_the_log_sources_that_most_analytics_name(root: Path) -> None:
    """Of ATT&CK v18.1: all of DET0320 with a condition, and of the most frequent names all that are logs."""
    if not attack.WHOLE.is_file():
        pytest.skip("the real data of ATT&CK does not lie beside this checkout (shared/attack)")
    data = read(attack.WHOLE)
    findings = Findings()
    shared = load_shared(root, findings)

    got = coverage(data, shared.sources)

    own = coverage(_only(data, "DET0320"), shared.sources)
    assert [] == findings.items
    assert (6, own.total.channels, own.total.channels) == (own.total.whole, own.total.known, own.total.filtered)
    assert got.total.whole > 1200
    assert {"fs:fsusage"} == {item.name for item in got.missing if item.analytics >= 28}


def _only(data: AttackData, strategy: str) -> AttackData:
    """The analytics of one strategy."""
    chosen = {name: item for name, item in data.analytics.items() if item.strategy == strategy}
    return replace(data, analytics=chosen)
