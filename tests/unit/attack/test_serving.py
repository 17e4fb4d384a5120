"""Which log sources serve one that ATT&CK names: by name, channel, and the values that a channel lists."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from deployer.attack.serving import Register
from deployer.catalogue.repository import load_shared
from deployer.check import validate_repository
from deployer.model.attack import NamedLogSource
from deployer.model.finding import Findings
from tests.unit.repo import shown, write

ATTACK = """\
    attack:
      - {name: "x:log", channel: "EventCode=1", where: {field: process.name, equals: one}}
      - {name: "x:log", channel: "EventCode=*", values: {field: process.name, form: "[0-9]+"}}
      - {name: "x:log", channel: "*", where: {field: process.name, exists: true}}
      - {name: "x:calls", channel: "*", where: {field: user.name, exists: true}, values: {field: process.name, form: "open|openat|(?:re)name"}}
      - {name: "x:calls", channel: "*"}
"""


def register(folder: Path, attack: str = ATTACK) -> Register:
    """The small repository's log source under names of ATT&CK's."""
    write(folder, x=("    pipeline: plain\n", f"    pipeline: plain\n{attack}"))
    findings = Findings()
    found = load_shared(folder, findings)
    assert [] == findings.items
    return Register(found.sources)


def test_the_channel_that_is_known_best_is_taken(tmp_path: Path) -> None:
    """Spelled out before listed values, these before the name alone; in any case and with any blanks."""
    known = register(tmp_path)

    def where(name: str, channel: str) -> list[tuple[Any, bool]]:
        return [(item.where, item.exact) for item in known.serving(NamedLogSource(name, channel))]

    numbers = {"field": "process.name", "in": ["3", "22"]}
    calls = {"all": [{"field": "user.name", "exists": True}, {"field": "process.name", "in": ["openat", "rename"]}]}
    assert [({"field": "process.name", "equals": "one"}, True)] == where("x:log", "EventCode=1")
    assert [({"field": "process.name", "equals": "one"}, True)] == where(" X:LOG", "eventcode=1 ")
    assert [(numbers, True)] == where("x:log", "EventCode=3, 22, 3")
    assert [({"field": "process.name", "exists": True}, False)] == where("x:log", "lines about 443")
    assert [(calls, True)] == where("x:calls", "openat/rename of reopened files")
    assert [(None, False)] == where("x:calls", "None")
    assert [] == where("y:log", "EventCode=1")


def test_brackets_in_a_channel_are_brackets(tmp_path: Path) -> None:
    """Only the star stands for other characters."""
    known = register(tmp_path, '    attack: [{name: n, channel: "a[bc]?*"}]\n')

    assert [True] == [item.exact for item in known.serving(NamedLogSource("n", "a[bc]? and more"))]
    assert () == known.serving(NamedLogSource("n", "abd and more"))


@pytest.mark.parametrize(
    ("attack", "expected"),
    [
        ('{name: n, channel: c, where: {field: process.nam, equals: a}}', "DAC007 mappings/sources/x.yml:8:10 the field 'process.nam' is not in the mapping of x.plain"),
        ('{name: n, channel: c, where: {any: [{not: {field: nothing, exists: true}}]}}', "DAC007 mappings/sources/x.yml:8:10 the field 'nothing' is not in the mapping of x.plain"),
        ('{name: n, channel: c, values: {field: event.nothing, form: x}}', "DAC007 mappings/sources/x.yml:8:10 the field 'event.nothing' is not in the mapping of x.plain"),
        ('{name: n, channel: c, values: {field: process.name, form: "("}}', "DAC005 mappings/sources/x.yml:8:68 the form of values cannot be read"),
        ('{name: n, channel: c, where: {field: process.name}}', "DAC005 mappings/sources/x.yml:8:47 a field needs exactly one operator; this has none"),
    ],
)  # fmt: skip
def test_what_cannot_be_found_is_a_finding(attack: str, expected: str, tmp_path: Path) -> None:
    """A filter on a field that nothing maps would find nothing, for ever."""
    write(tmp_path, x=("    pipeline: plain\n", f"    pipeline: plain\n    attack:\n       - {attack}\n"))

    found = shown(validate_repository(tmp_path).findings)

    assert any(text.startswith(expected) for text in found), found


def test_a_source_has_a_pipeline_or_says_that_it_has_none(tmp_path: Path) -> None:
    """Neither, and both, are findings; without one the events are somebody else's, and nothing is deployed for them."""
    told = {}
    for name, text in {"neither": "", "both": "    pipeline: plain\n    mapped: index and filter\n"}.items():
        write(tmp_path / name, x=("    pipeline: plain\n", text))
        told[name] = [item.message for item in validate_repository(tmp_path / name).findings.errors]

    assert "'pipeline' or 'mapped' is missing in sources.x.plain" in told["neither"]
    assert ["x.plain has a pipeline, and says that there is none"] == told["both"]
