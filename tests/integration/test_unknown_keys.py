"""Keys that no mapping knows: no event adds a field to an index, none is lost, and what they say can be searched in one field."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from deployer.model.analytic import Repository
from deployer.replay.stage import stage
from tests.node import Node
from tests.sources import piped

pytestmark = pytest.mark.integration

KEYS = 3000
DEEP = 40
CONFLICTS: list[Any] = [
    "text",
    7,
    -1.5,
    True,
    {"inner": "x"},
    {"inner": {"deeper": 1}},
    [1, "a", {"b": 2}],
    [[{"c": 3}]],
    [],
    {},
    "2026-03-02T10:00:00Z",
]
"""Values of one key in one event after the other, which no field of a type could take all."""


def deep(leaf: str, levels: int) -> Any:
    """A value under so many keys called n."""
    value: Any = leaf
    for _ in range(levels):
        value = {"n": value}
    return value


def fields(node: Node, stream: str) -> int:
    """How many fields the indices of a data stream have."""

    def count(properties: Mapping[str, Any]) -> int:
        return sum(
            1 + count(field.get("properties", {})) + count(field.get("fields", {})) for field in properties.values()
        )

    mappings = node.request("GET", f"/{stream}/_mapping")
    return max(count(index["mappings"]["properties"]) for index in mappings.values())


def found(node: Node, stream: str, field: str, value: str) -> int:
    """How many events a term query on the flattened field finds."""
    body = {"size": 0, "query": {"term": {field: value}}}
    total: int = node.request("POST", f"/{stream}/_search", body)["hits"]["total"]["value"]
    return total


@pytest.fixture(scope="module")
def streams(node: Node, repository: Repository) -> Iterator[dict[str, str]]:
    """A data stream for each log source, by its id."""
    with stage(node, repository, piped(repository)) as naming:
        yield {name: f"{naming.streams}-{source.dataset}-keys" for name, source in piped(repository).items()}


def send(node: Node, stream: str, documents: list[Any]) -> list[dict[str, Any]]:
    """Index documents and give them back as they were kept; each must be taken."""
    lines = "".join(f'{{"create":{{}}}}\n{json.dumps(document)}\n' for document in documents)
    items = [item["create"] for item in node.request("POST", f"/{stream}/_bulk?refresh=true", lines)["items"]]
    assert [] == [item["error"] for item in items if item["status"] > 299]
    docs = [{"_index": item["_index"], "_id": item["_id"]} for item in items]
    return [hit["_source"] for hit in node.request("POST", "/_mget", {"docs": docs})["docs"]]


def test_no_event_adds_a_field_and_unknown_keys_are_found(node: Node, streams: dict[str, str]) -> None:
    """Thousands of random keys, keys forty levels deep, and one key with every type of value: every source keeps and finds them."""
    chance = random.Random(10)
    for source, stream in streams.items():
        first, *_ = send(node, stream, [{"message": "x"}])
        before = fields(node, stream)
        many = {f"k{chance.randrange(10**12)}": f"v{chance.randrange(10**12)}" for _ in range(KEYS)}
        documents: list[Any] = [
            many,
            {"message": json.dumps(many)},
            {"odd": deep("deepest", DEEP)},
            *({"quarrel": value} for value in CONFLICTS),
        ]

        kept = send(node, stream, documents)

        assert before == fields(node, stream), source
        assert "event" in first
        path = "".join(".n" for _ in range(DEEP))
        where = found_paths(kept[0], next(iter(many)))
        assert where, f"{source}: a key of the event is gone"
        root = where.removesuffix(next(iter(many)))
        for key in chance.sample(sorted(many), 10):
            assert 2 == found(node, stream, f"{root}{key}", many[key]), f"{source}: {root}{key}"
        assert 1 == found(node, stream, f"{root}odd{path}", "deepest"), source
        for field, value in (
            ("quarrel", "text"),
            ("quarrel", "7"),
            ("quarrel.inner", "x"),
            ("quarrel.b", "2"),
            ("quarrel.c", "3"),
        ):
            assert 1 == found(node, stream, f"{root}{field}", value), f"{source}: {field}"


def found_paths(document: Mapping[str, Any], key: str, path: str = "") -> str:
    """Where in `unmapped` of a document a key stands, or ''."""
    for name, value in (document if path else {"unmapped": document.get("unmapped", {})}).items():
        here = f"{path}.{name}" if path else name
        if name == key:
            return here
        if isinstance(value, dict) and (deeper := found_paths(value, key, here)):
            return deeper
    return ""


def test_an_unknown_key_of_a_known_set_is_found_and_stays(node: Node, streams: dict[str, str]) -> None:
    """An event datum, a field of ECS that no detection uses stay in place, and can be searched by their path; what an agent says of itself just stays."""
    event = {
        "winlog": {"event_id": "1", "event_data": {"CommandLine": "a b", "Oddity": "data"}},
        "dns": {"question": {"name": "host.example"}},
        "agent": {"version": "8.19"},
        "process": {"thread": {"name": "worker"}, "pid": {"not": "a pid"}},
    }

    (kept,) = send(node, streams["windows.sysmon"], [event])

    assert "data" == kept["winlog"]["event_data"]["Oddity"]
    assert {"version": "8.19"} == kept["agent"]
    for field, value in (
        ("winlog.event_data.Oddity", "data"),
        ("dns.question.name", "host.example"),
        ("process.thread.name", "worker"),
        ("process.pid.not", "a pid"),
    ):
        assert 1 == found(node, streams["windows.sysmon"], f"unmapped.{field}", value), field


def test_what_is_too_much_or_too_deep_is_kept_and_said(node: Node, streams: dict[str, str]) -> None:
    """Beyond ten thousand values and sixty-four levels nothing is lost: it stands in unmapped_rest, with a tag; deep values are found."""
    stream = streams["aws.cloudtrail"]
    many = {f"k{number}": f"w{number}" for number in range(12_000)}

    wide, steep = send(node, stream, [many, {"steep": deep("bottom", 900)}])

    for event in (wide, steep):
        assert "unmapped_truncated" in event["tags"]
    assert many == {**wide["unmapped"], **wide["unmapped_rest"]}
    value = next(iter(steep["unmapped_rest"].values()))
    while isinstance(value, dict):
        value = value["n"]
    assert "bottom" == value
    assert 1 == found(node, stream, "unmapped", "bottom")


def test_a_long_text_or_key_is_kept_in_pieces(node: Node, streams: dict[str, str]) -> None:
    """A path and its value are one term of at most 32,766 bytes in the index: longer ones would lose the event."""
    event = {"long": "\u00e9" * 30_000, "k" * 5000: "short", "p" * 256: {"q" * 256: {"\u20ac" * 256: "x" * 20_000}}}

    (kept,) = send(node, streams["macos.osquery"], [event])

    assert event["long"] == "".join(kept["unmapped"]["long"])
    assert "short" == kept["unmapped"]["k" * 256]
    assert 1 == found(node, streams["macos.osquery"], f"unmapped.{'k' * 256}", "short")
