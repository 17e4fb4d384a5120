"""The data streams that templates match, with the mappings and settings of the indices that take their events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

from deployer.cluster.client import Cluster
from deployer.plan.actions import Shape
from deployer.plan.live import Stream

ADDRESS = 3000
"""Characters of names in one request; a server takes lines of 4,096 bytes."""


def read_streams(cluster: Cluster, deployment: str, patterns: Sequence[str]) -> tuple[Stream, ...] | None:
    """The data streams of these patterns; None if these credentials may not see them.

    Two requests, and one more for the templates of streams that are shaped by none of the deployment's.
    """
    if not patterns:
        return ()
    asked = quote(",".join(sorted(set(patterns))), safe="*,")
    answer = cluster.seen("GET", f"/_data_stream/{asked}" if len(asked) <= ADDRESS else "/_data_stream")
    if answer is None:
        return None
    found = {item["name"]: item for item in answer["data_streams"] if item["indices"]}
    indices = read_indices(cluster, [item["indices"][-1]["index_name"] for item in found.values()])
    if indices is None:
        return None
    others = {str(item.get("template", "")) for item in found.values()}
    priorities = _priorities(cluster, sorted(name for name in others if name and not name.startswith(f"{deployment}-")))
    return tuple(
        Stream(
            name,
            template := str(item.get("template", "")),
            write := item["indices"][-1]["index_name"],
            indices[write]["mappings"],
            indices[write]["settings"],
            priorities.get(template),
        )
        for name, item in sorted(found.items())
        if item["indices"][-1]["index_name"] in indices
    )


def read_indices(cluster: Cluster, names: Sequence[str]) -> dict[str, Any] | None:
    """Indices by name, with their mappings and settings; one that is gone by now is left out."""
    found: dict[str, Any] = {}
    for part in _parts(names):
        answer = cluster.seen("GET", f"/{quote(','.join(part), safe=',')}", params={"ignore_unavailable": "true"})
        if answer is None:
            return None
        found |= answer
    return found


def extend(cluster: Cluster, shape: Shape) -> None:
    """Put mappings and settings on the index that takes a stream's events. What is there already is no error."""
    if shape.mappings:
        cluster.request("PUT", f"/{quote(shape.write_index)}/_mapping", shape.mappings)
    if shape.settings:
        settings = {f"index.{name}": value for name, value in shape.settings.items()}
        cluster.request("PUT", f"/{quote(shape.write_index)}/_settings", settings)


def roll_over(cluster: Cluster, stream: str) -> None:
    """Start a new backing index."""
    cluster.request("POST", f"/{quote(stream)}/_rollover")


def write_index(cluster: Cluster, stream: str) -> str:
    """The name of the index that takes a stream's events."""
    found = cluster.request("GET", f"/_data_stream/{quote(stream)}")["data_streams"]
    return str(found[0]["indices"][-1]["index_name"])


def _priorities(cluster: Cluster, names: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    if names:
        answer: Any = cluster.seen("GET", "/_index_template") or {"index_templates": []}
        for item in answer["index_templates"]:
            if item["name"] in names:
                found[item["name"]] = int(item["index_template"].get("priority") or 0)
    return found


def _parts(names: Sequence[str]) -> Iterator[list[str]]:
    part: list[str] = []
    for name in names:
        if part and sum(map(len, part)) + len(part) + len(name) > ADDRESS:
            yield part
            part = []
        part.append(name)
    if part:
        yield part
