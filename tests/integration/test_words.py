"""Commands as words: the analyzer, its twin in Python and its twin in painless, asked on a real node."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from deployer.model.condition import Test as FieldTest
from deployer.model.errors import Location
from deployer.model.finding import Findings
from deployer.model.patterns import PROGRAM, normalise, parse
from deployer.render import intervals, painless
from deployer.render.scope import Scope
from tests.node import Node

pytestmark = pytest.mark.integration

COMMANDS = [
    "netstat",
    "netstat -ano",
    '"C:\\Windows\\System32\\NETSTAT.EXE"  -ano',
    'cmd.exe /c "n^etstat & net  use"',
    "net use",
    "net use 2>&1",
    "net use \\\\host\\share",
    "net use | find x",
    "sudo -u bob ss -t",
    "/usr/bin/ss -t",
    "cat /home/a/ss",
    "sh -c 'ss -t'",
    "timeout 5 ss",
    "less ss.txt",
    "sh tcp br",
    "show tcp brief",
    "show tcpx brief",
    "Get-NetTCPConnection -State Listen",
    "Get\u2013NetTCPConnection",
    "foo(Get-NetTCPConnection)",
    "Get-NetAdapter",
    "esxcli --formatter=csv network ip connection list",
    "esxcli network; ip connection list",
    "apt install lsof",
    "lsof -i :22",
    "",
    ";;",
    "a\nnetstat\nb",
    "netstatx",
    "NET1 SESSION",
    "reg save HKLM\\SAM x",
    "&('Get-NetTCP' + \"Connection\") -State Listen",
    "iex ('net'+'stat')",
    "sudo -i sudo ss",
    "docker exec -it web ss -t",
    "ssh -p 22 bob@db01 ss -t",
    "ssh ss",
    "grep -c ss file",
    "bash -xc 'ss -t'",
    "bash <<< 'ss -t'",
    "echo ss -t | sh",
    "echo ss | cat",
    "$(which ss) -t",
    "SS=$(which ss)",
    "ss=1; echo $ss",
]

PATTERNS = [
    "netstat",
    "net use $",
    "^ss",
    "sh[ow] tcp br[ief]",
    "get-nettcpconnection",
    "esxcli ... connection list",
    "reg save ... sam",
    "net1 session",
    "lsof -i",
]


@pytest.fixture(scope="module")
def index(node: Node, root: Path) -> Iterator[str]:
    """An index with the project's own analysis and mapping, holding each command once."""
    name = f"words-{secrets.token_hex(4)}"
    template = yaml.safe_load((root / "mappings/components/ecs.yml").read_text("utf-8"))["template"]
    node.request("PUT", f"/{name}", template)
    for number, command in enumerate(COMMANDS):
        node.request(
            "PUT",
            f"/{name}/_doc/{number}",
            {"@timestamp": "2026-03-02T10:00:00Z", "process": {"command_line": command}},
        )
    node.request("POST", f"/{name}/_refresh")
    yield name
    node.gone(f"/{name}")


def found(node: Node, index: str, query: dict[str, Any], **more: Any) -> set[str]:
    answer = node.request("POST", f"/{index}/_search", {"size": 100, "query": query, **more})
    return {COMMANDS[int(hit["_id"])] for hit in answer["hits"]["hits"]}


def matching(node: Node, index: str, pattern: str) -> set[str]:
    clauses = intervals.query("process.command_line", "process.command_line.words", [parse(pattern)])
    return found(node, index, {"bool": {"should": clauses, "minimum_should_match": 1}})


@pytest.mark.parametrize("command", COMMANDS)
def test_the_words_in_python_are_those_of_the_analyzer(node: Node, index: str, command: str) -> None:
    """Patterns are cut by Python, events by the server: both must see the same words."""
    answer = node.request("POST", f"/{index}/_analyze", {"field": "process.command_line.words", "text": command})

    words = [token["token"] for token in answer["tokens"] if not token["token"].startswith(PROGRAM)]
    # Edges may stand double where a separator meets the end; what lies between them is what counts.
    assert [word for word, _ in itertools.groupby(normalise(command))] == [word for word, _ in itertools.groupby(words)]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (
            "netstat",
            {"netstat", "netstat -ano", COMMANDS[2], COMMANDS[3], "a\nnetstat\nb", "iex ('net'+'stat')"},
        ),
        ("net use $", {"net use", "net use 2>&1", "net use | find x", COMMANDS[3]}),
        (
            "^ss",
            {
                "sudo -u bob ss -t",
                "/usr/bin/ss -t",
                "sh -c 'ss -t'",
                "timeout 5 ss",
                "sudo -i sudo ss",
                "docker exec -it web ss -t",
                "ssh -p 22 bob@db01 ss -t",
                "bash -xc 'ss -t'",
                "bash <<< 'ss -t'",
                "echo ss -t | sh",
                "$(which ss) -t",
            },
        ),
        (
            "^netstat",
            {"netstat", "netstat -ano", COMMANDS[2], COMMANDS[3], "a\nnetstat\nb", "iex ('net'+'stat')"},
        ),
        ("sh[ow] tcp br[ief]", {"sh tcp br", "show tcp brief"}),
        (
            "get-net*",
            {
                "Get-NetTCPConnection -State Listen",
                "foo(Get-NetTCPConnection)",
                "Get-NetAdapter",
                "&('Get-NetTCP' + \"Connection\") -State Listen",
            },
        ),
        (
            "get-nettcpconnection",
            {
                "Get-NetTCPConnection -State Listen",
                "Get\u2013NetTCPConnection",
                "foo(Get-NetTCPConnection)",
                "&('Get-NetTCP' + \"Connection\") -State Listen",
            },
        ),
        ("esxcli ... connection list", {"esxcli --formatter=csv network ip connection list"}),
        ("/.*use \\\\\\\\.*/", {"net use \\\\host\\share"}),
        ("^lsof", {"lsof -i :22"}),
    ],
)
def test_a_pattern_finds_what_its_syntax_promises(node: Node, index: str, pattern: str, expected: set[str]) -> None:
    """Each part of the pattern syntax, on commands as people and attackers write them."""
    assert expected == matching(node, index, pattern)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_painless_tells_the_kinds_as_the_query_does(node: Node, index: str, pattern: str) -> None:
    """The script that tells a sequence's second kind finds every event that the query finds (for `^`, the word anywhere)."""
    test = FieldTest("process.command_line", "matches", [pattern], Location("here"))
    predicate = painless.second_kind(test, Scope(None, None, {}, Findings()), [])  # type: ignore[arg-type]
    script = {"lang": "painless", "source": predicate.source, "params": {**predicate.params, "second": True}}

    by_script = found(
        node,
        index,
        {"range": {"then_at": {"gte": 0}}},
        derived={"then_at": {"type": "date", "format": "epoch_millis", "script": script}},
    )

    assert matching(node, index, pattern) - {""} <= by_script
    if not pattern.startswith("^"):
        assert matching(node, index, pattern) == by_script


def test_a_megabyte_of_anything_is_indexed(node: Node, index: str) -> None:
    """The analysis neither hangs nor overflows on hostile lines of a megabyte."""
    units = ("/", "a ", "sudo ", "sudo -u ", '"', "; ", '"a/', " -c", "\n", "echo ", "ssh -i a ")
    for number, unit in enumerate(units):
        text = unit * (1_000_000 // len(unit))
        answer = node.request("PUT", f"/{index}/_doc/big{number}", {"process": {"command_line": text}})
        assert answer["result"] == "created"
    for number in range(len(units)):
        node.gone(f"/{index}/_doc/big{number}")
