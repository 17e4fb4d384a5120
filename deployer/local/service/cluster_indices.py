"""What the cluster says of indices: what a name stands for, which of them is written to, their mappings and shards."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from deployer.local.service.errors import Json
from deployer.local.service.node import Node

_LENIENT = "ignore_unavailable=true&allow_no_indices=true&expand_wildcards=open,closed"


@dataclass(frozen=True, slots=True)
class ConcreteIndex:
    """An index: when it was made, its primary shards, how many fields it may have, and what its mapping says."""

    name: str
    created: int
    shards: int
    field_limit: int
    properties: Json


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a name stands for: `several` says that it is an alias or data stream, `written` which index it writes to."""

    indices: list[ConcreteIndex]
    several: bool
    written: str | None

    @property
    def names(self) -> list[str]:
        """The names of the indices."""
        return [index.name for index in self.indices]


async def resolve(node: Node, name: str) -> Resolved:
    """Gives what a name, alias, data stream or pattern stands for; nothing for one that is not there."""
    answer = await node.ask("GET", f"/{quote(name, safe='*,')}?{_LENIENT}")
    if not answer.ok:
        answer.checked()
    found: Json = answer.body
    indices = [_concrete(index, found[index]) for index in sorted(found)]
    holders = {index: body["aliases"][name] for index, body in found.items() if name in body.get("aliases", {})}
    if holders:
        return Resolved(indices, several=True, written=_written(holders))
    if found and name not in found and "*" not in name:
        streams = await node.ask("GET", f"/_data_stream/{quote(name, safe='')}")
        if streams.ok and streams.body["data_streams"]:
            backing = streams.body["data_streams"][0]["indices"]
            return Resolved(indices, several=True, written=str(backing[-1]["index_name"]))
    return Resolved(indices, several=False, written=None)


def newest(indices: list[ConcreteIndex], since: int) -> list[ConcreteIndex]:
    """Gives the indices made at a time or later."""
    return [index for index in indices if index.created >= since]


def _concrete(name: str, body: Json) -> ConcreteIndex:
    settings = body["settings"]["index"]
    limit = settings.get("mapping", {}).get("total_fields", {}).get("limit", 1000)
    return ConcreteIndex(
        name,
        created=int(settings["creation_date"]),
        shards=int(settings["number_of_shards"]),
        field_limit=int(limit),
        properties=body.get("mappings", {}).get("properties", {}),
    )


def _written(holders: dict[str, Json]) -> str | None:
    flagged = [index for index, alias in holders.items() if alias.get("is_write_index")]
    if flagged:
        return flagged[0]
    only = next(iter(holders))
    return only if len(holders) == 1 and holders[only].get("is_write_index") is not False else None
