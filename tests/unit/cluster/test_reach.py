"""Questions about fields, searches and compilers, to a server that answers by script."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from deployer.cluster import Cluster
from deployer.cluster.reach import (
    Failure,
    ShortOfCompilationsError,
    compile_script,
    compile_templates,
    read_mapped,
    run_searches,
)
from deployer.model.environment import Connection
from tests.faults import Reply, Request, Script, serving

LIMIT = {
    "error": {
        "type": "general_script_exception",
        "reason": "Failed to compile inline script",
        "caused_by": {"type": "circuit_breaking_exception", "reason": "[script] Too many dynamic script compilations within, max: [75/5m]"},
    },
    "status": 429,
}  # fmt: skip
BROKEN = {"error": {"type": "script_exception", "reason": "Failed to close 'x' tag"}, "status": 400}


@contextmanager
def asked(script: Script) -> Iterator[tuple[Cluster, list[Request]]]:
    with serving(script) as (url, seen):
        cluster = Cluster.connect(Connection((url,)))
        yield cluster, seen
        cluster.close()


def test_many_templates_are_one_compilation_and_a_broken_one_is_found_by_halving() -> None:
    """Of 64 texts one is broken: the rest is not asked one by one."""

    def script(request: Request) -> Reply:
        return Reply(400, BROKEN) if "{{#x}}" in request.body else Reply(200, {"template_output": {}})

    with asked(script) as (cluster, seen):
        refused = compile_templates(cluster, [*(f"text {number} {{{{a}}}}" for number in range(63)), "{{#x}}"])

    assert ["{{#x}}"] == list(refused)
    assert "Failed to close 'x' tag" in refused["{{#x}}"]
    assert len(seen) <= 13


def test_templates_stay_below_the_servers_limit_of_a_script() -> None:
    """Long texts are asked in several requests, none above the 65,535 bytes that the server compiles."""
    with asked(lambda request: Reply(200, {"template_output": {}})) as (cluster, seen):
        compile_templates(cluster, [f"{number}{'x' * 15_000}" for number in range(8)])

    assert all(len(request.body) < 65_535 for request in seen)
    assert 8 == sum(len(json.loads(request.body)["source"]) for request in seen)


@pytest.mark.parametrize("question", [lambda c: compile_templates(c, ["{{a}}"]), lambda c: compile_script(c, "1", {})])
def test_a_node_short_of_compilations_is_asked_once_and_says_nothing_of_the_text(question: object) -> None:
    """A refusal for the limit is no finding, and is not repeated: that would take compilations from monitors."""
    assert callable(question)
    with asked(lambda request: Reply(429, LIMIT)) as (cluster, seen), pytest.raises(ShortOfCompilationsError):
        question(cluster)

    assert 1 == len(seen)


def test_a_search_that_cannot_be_parsed_does_not_hide_its_neighbours() -> None:
    """The server refuses the whole request for one of its searches; then each is asked alone."""

    def script(request: Request) -> Reply:
        broken = "nonsense" in request.body
        if request.path.startswith("/_msearch"):
            return Reply(400, {"error": {"type": "parsing_exception", "reason": "unknown query [nonsense]"}})
        error = {"error": {"type": "parsing_exception", "reason": "unknown query [nonsense]"}}
        return Reply(400, error) if broken else Reply(200, {"hits": {}, "_shards": {"failed": 0}})

    with asked(script) as (cluster, _):
        good, bad = run_searches(cluster, [("a", {"query": {}}), ("b", {"query": {"nonsense": {}}})])

    assert not isinstance(good, Failure)
    assert isinstance(bad, Failure)
    assert (False, "parsing_exception: unknown query [nonsense]") == (bad.compiling, bad.reason)


def test_a_shard_that_failed_is_a_failure() -> None:
    """An answer of 200 with failed shards is only a part of the truth."""
    reason = {"type": "script_exception", "reason": "compile error"}
    answer = {"_shards": {"total": 2, "failed": 1, "failures": [{"shard": 0, "reason": reason}]}, "hits": {}}

    with asked(lambda request: Reply(200, {"responses": [answer]})) as (cluster, _):
        (found,) = run_searches(cluster, [("a", {})])

    assert isinstance(found, Failure)
    assert found.compiling


def test_the_fields_of_a_pattern_come_with_their_types_and_indices() -> None:
    """A field with two types says which indices have which."""
    answer = {
        "indices": ["a", "b"],
        "fields": {"n": {"text": {"type": "text", "indices": ["a"]}, "keyword": {"type": "keyword", "indices": ["b"]}}},
    }

    with asked(lambda request: Reply(200, answer)) as (cluster, _):
        found = read_mapped(cluster, "logs-*")

    assert (("a", "b"), {"n": {"text": ("a",), "keyword": ("b",)}}) == (found.indices, found.types)
