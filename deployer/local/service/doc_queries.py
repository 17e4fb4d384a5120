"""The queries of document-level monitors in the plugin's index of queries, where documents are held against them.

Each query is kept once for every index it watches, and all fields are renamed so that they belong to that index and monitor
alone: `user` in `logs` of monitor `m` becomes `user_logs_m`, in the mapping, in the query and in each document.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from deployer.local.service.cluster_indices import ConcreteIndex, Resolved, newest, resolve
from deployer.local.service.doc_metadata import Metadata, first_input
from deployer.local.service.errors import Json, ServerError, alerting_error, null_pointer, status_error, wrap
from deployer.local.service.indices import QUERIES, Indices
from deployer.local.service.node import Node
from deployer.local.service.store import Job

_OWN_FIELDS = 8
_NO_PROPERTIES = "null cannot be cast to non-null type kotlin.collections.MutableMap<kotlin.String, kotlin.Any>"


@dataclass(slots=True)
class _Source:
    """What an index that is watched brings: the mapping of its renamed fields, and the paths of the fields as they were."""

    name: str
    conflicting: set[str]
    properties: Json = field(default_factory=dict)
    paths: dict[tuple[str, str], None] = field(default_factory=dict)
    field_limit: int = 0


class DocQueries:
    """Writes and deletes the queries. Every method raises ServerError as the plugin words it."""

    def __init__(self, node: Node, indices: Indices) -> None:
        self._node = node
        self._indices = indices

    async def write(self, monitor: Job, metadata: Metadata, refresh: str = "true") -> None:
        """Writes a monitor's queries for all indices it watches, and notes in its record where they are kept."""
        body = first_input(monitor)
        for name in body["indices"]:
            resolved = await resolve(self._node, name)
            indices = still_watched(resolved, metadata.context)
            source = _Source(name.replace("*", "_"), conflicting_fields(indices))
            for index in indices:
                _add(source, index, monitor)
            target = await self._update_mapping(monitor, metadata, source)
            await self._write_all(target, source, monitor.id, body["queries"], refresh)

    async def _update_mapping(self, monitor: Job, metadata: Metadata, source: _Source) -> str:
        key = source.name + monitor.id
        target = metadata.query_indices.get(key)
        if target is None or (target != QUERIES and monitor.body["delete_query_index_in_every_run"]):
            target = await self._write_index()
            metadata.query_indices[key] = target
        mapping = {"properties": source.properties}
        try:
            await self._raise_limit(target, source.field_limit)
            (await self._node.ask("PUT", f"/{target}/_mapping", mapping)).checked()
            return target
        except ServerError as error:
            if "Limit of total fields" not in (error.failure.message or ""):
                raise wrap(error) from error
        try:
            target = await self._indices.roll_over_queries()
            await self._raise_limit(target, source.field_limit)
            (await self._node.ask("PUT", f"/{target}/_mapping", mapping)).checked()
        except ServerError as error:
            if "Limit of total fields" not in (error.failure.message or ""):
                raise wrap(error) from error
            message = f"Monitor [{metadata.monitor_id}] can't process index [{source.name}] due to field mapping limit"
            raise alerting_error(message, 500, error.failure.java_class, error.failure.message) from error
        metadata.query_indices[key] = target
        return target

    async def _write_index(self) -> str:
        resolved = await resolve(self._node, QUERIES)
        if resolved.written is None:
            raise wrap(status_error(f"Failed to get write index for queryIndex alias:{QUERIES}", 500))
        return resolved.written

    async def _raise_limit(self, index: str, needed: int) -> None:
        """Lets the index of queries have as many fields as the index that is watched."""
        resolved = await resolve(self._node, index)
        limit = resolved.indices[0].field_limit if resolved.indices else 1000
        if needed > limit - _OWN_FIELDS:
            setting = {"index.mapping.total_fields.limit": needed + _OWN_FIELDS}
            (await self._node.ask("PUT", f"/{index}/_settings", setting)).checked()

    async def _write_all(self, index: str, source: _Source, monitor_id: str, queries: list[Json], refresh: str) -> None:
        lines: list[Json] = []
        for query in _per_index(queries, source, monitor_id):
            text = query["query"]
            for path, _ in source.paths:
                if path not in source.conflicting:
                    text = _exists_renamed(text, path, source.name, monitor_id)
                    text = text.replace(f"{path}:", f"{path}_{source.name}_{monitor_id}:")
            document = {
                "query": {"query_string": {"query": text, "fields": query["fields"]}},
                "monitor_id": monitor_id,
                "index": source.name,
            }
            lines += [{"index": {"_index": index, "_id": f"{query['id']}_{monitor_id}"}}, document]
        if lines:
            # A query that the server cannot read is left out, as the plugin does.
            await self._node.bulk(lines, refresh=refresh)

    async def delete(self, monitor_id: str, metadata: Metadata | None) -> None:
        """Deletes a monitor's queries; an index of queries that is of no use to others goes with them."""
        for index in dict.fromkeys((metadata.query_indices if metadata is not None else {}).values()):
            if not await self._indices.exists(index):
                return
            others = {"size": 0, "query": {"bool": {"must_not": [{"match": {"monitor_id": monitor_id}}]}}}
            found = (await self._node.ask("POST", f"/{index}/_search", others)).checked()
            if found["hits"]["total"]["value"] == 0:
                (await self._node.ask("DELETE", f"/{index}")).checked()
            else:
                await self.delete_from(index, {"match": {"monitor_id": monitor_id}})

    async def delete_all(self) -> None:
        """Deletes the index of queries."""
        await self._node.ask("DELETE", f"/{quote((await resolve(self._node, QUERIES)).written or QUERIES)}")

    async def delete_from(self, index: str, query: Json) -> None:
        """Deletes the queries that a query finds."""
        path = f"/{index}/_delete_by_query?refresh=true&conflicts=proceed"
        (await self._node.ask("POST", path, {"query": query})).checked()

    async def delete_of_dry_run(self, metadata: Metadata) -> None:
        """Deletes the queries that belong to no monitor: those of runs of monitors that are not stored."""
        nobody = {
            "bool": {"must": [{"exists": {"field": "monitor_id"}}], "must_not": [{"wildcard": {"monitor_id": "*"}}]}
        }
        for index in dict.fromkeys(metadata.query_indices.values()):
            if not await self._indices.exists(index):
                return
            await self.delete_from(index, nobody)


def still_watched(resolved: Resolved, context: Json) -> list[ConcreteIndex]:
    """Gives the indices of a name that are read: of an alias or data stream none older than the one read last."""
    last = next((index for index in resolved.indices if index.name in context), None)
    if resolved.several and last is not None:
        return newest(resolved.indices, last.created)
    return resolved.indices


def conflicting_fields(indices: list[ConcreteIndex]) -> set[str]:
    """Gives the fields that several indices have with different mappings."""
    known: dict[str, Json] = {}
    conflicting = set()
    for index in indices:
        for path, properties in _leaves(index.properties, ""):
            if path in known and known[path] != properties:
                conflicting.add(path)
            known.setdefault(path, properties)
    return conflicting


def _leaves(node: Json, prefix: str) -> list[tuple[str, Json]]:
    found: list[tuple[str, Json]] = []
    for name, properties in node.items():
        path = f"{prefix}.{name}" if prefix else name
        if "type" in properties and properties["type"] != "nested":
            found.append((path, properties))
        elif "properties" not in properties:
            raise null_pointer(_NO_PROPERTIES)
        else:
            found += _leaves(properties["properties"], path)
    return found


def _add(source: _Source, index: ConcreteIndex, monitor: Job) -> None:
    """Adds an index's fields, renamed."""
    if not index.properties:
        return
    source.paths |= dict.fromkeys((path, index.name) for path, _ in _leaves(index.properties, ""))
    by_type = monitor.body["data_sources"]["query_index_mappings_by_type"]
    renamed = _renamed(index.properties, "", source, index.name, monitor.id, by_type)
    for name, properties in renamed.items():
        if properties.get("type") == "nested":
            continue
        known = source.properties.get(name)
        source.properties[name] = properties if known in (None, properties) else _merged(known, properties)
    source.field_limit += index.field_limit


def _renamed(node: Json, prefix: str, source: _Source, index: str, monitor_id: str, by_type: Json) -> Json:
    inner: Json = {}
    leaves: Json = {}
    for name, properties in node.items():
        path = f"{prefix}.{name}" if prefix else name
        if "type" in properties and properties["type"] != "nested":
            owner = index if path in source.conflicting else source.name
            new: dict[str, Any] = {**properties, **by_type.get(properties["type"], {})}
            if "path" in properties:
                new["path"] = f"{properties['path']}_{owner}_{monitor_id}"
            leaves[f"{name}_{owner}_{monitor_id}"] = new
        else:
            below = _renamed(properties["properties"], path, source, index, monitor_id, by_type)
            inner[name] = {**properties, "properties": below}
    return inner | leaves


def _merged(old: Json, new: Json) -> Json:
    merged = {}
    for name, value in old.items():
        both = isinstance(value, dict) and isinstance(new.get(name), dict)
        merged[name] = _merged(value, new[name]) if both else value
    return {**new, **merged}


def _per_index(queries: list[Json], source: _Source, monitor_id: str) -> list[Json]:
    """Gives the queries, one for each index that has a conflicting field of theirs, else one for all."""
    having: dict[str, list[str]] = {}
    for path, index in source.paths:
        if path in source.conflicting:
            having.setdefault(path, []).append(index)
    result = []
    for query in queries:
        text = query["query"]
        indices: dict[str, None] = {}
        for path in source.conflicting:
            if path in text:
                text = _exists_renamed(text, path, "<index>", monitor_id)
                text = text.replace(f"{path}:", f"{path}_<index>_{monitor_id}:")
                indices |= dict.fromkeys(having[path])
        if not indices:
            result.append({**query, "id": f"{query['id']}_{source.name}"})
        for index in indices:
            result.append({**query, "id": f"{query['id']}_{index}", "query": text.replace("<index>", index)})
    return result


def _exists_renamed(query: str, path: str, index: str, monitor_id: str) -> str:
    """Renames the field in `_exists_:field`."""
    parts = []
    for part in re.split(r"\s+", query.replace("_exists_: ", "_exists_:"), flags=re.ASCII):
        if "_exists_:" in part and part.strip("()").split(":", 1)[1] == path:
            part = part.replace(path, f"{path}_{index}_{monitor_id}")
        parts.append(part)
    return " ".join(parts)
