"""New documents of an index, shard by shard, held against a document-level monitor's queries."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from deployer.local.service.doc_metadata import Metadata
from deployer.local.service.errors import Json, ServerError, illegal_state, null_pointer, status_error, wrap
from deployer.local.service.node import Node
from deployer.local.service.settings import Settings
from deployer.local.service.store import Job

_NOTHING_READ = -1


@dataclass(slots=True)
class Watched:
    """An index that is read: `names` are those the monitor calls it by, `indices` all that the run has read so far.

    `last` is how far each shard was read, `updated` how far it is read now; `documents` narrows the reading to some.
    """

    name: str
    index: str
    names: list[str]
    indices: list[str]
    conflicting: set[str]
    last: Json
    updated: Json
    documents: list[str] | None = None
    found: dict[str, list[str]] = field(default_factory=dict)
    queries_of: dict[str, list[str]] = field(default_factory=dict)

    @property
    def shards(self) -> list[str]:
        """The shards' numbers."""
        return sorted((key for key in self.updated if key not in ("index", "shards_count")), key=int)


@dataclass(frozen=True, slots=True)
class _Document:
    id: str
    index: str
    source: Json


class DocFetch:
    """Reads documents and finds the queries that match them."""

    def __init__(self, node: Node, settings: Settings) -> None:
        self._node = node
        self._settings = settings

    async def read(self, monitor: Job, metadata: Metadata, watched: Watched) -> None:
        """Reads what is new and notes in `watched` which documents (`id|index`) each query found, and the other way round.

        Raises ServerError as the plugin words it.
        """
        fields = await self._fields(monitor)
        at_once = await self._settings.number("monitor.percolate_query_max_num_docs_in_memory")
        documents: list[_Document] = []
        for shard in watched.shards:
            start = watched.last.get(shard)
            start = start if isinstance(start, int) else _NOTHING_READ
            try:
                end = await self._last_number(monitor, watched, shard)
                if end is None or end <= start:
                    watched.updated[shard] = start
                    continue
                while start < end:
                    hits = await self._hits(monitor, watched, shard, start, end, fields)
                    if not hits:
                        break
                    documents += [_renamed(hit, watched, monitor.id) for hit in hits]
                    start = hits[-1]["_seq_no"]
                    watched.updated[shard] = start
                    if len(documents) >= at_once:
                        await self._match(monitor, metadata, watched, documents)
                        documents = []
            except ServerError as error:
                # The plugin goes on with the next shard but for an index that is closed.
                if error.failure.java_class.endswith("IndexClosedException"):
                    raise
        if documents:
            await self._match(monitor, metadata, watched, documents)

    async def _fields(self, monitor: Job) -> list[str]:
        """Gives the fields to read: only those of the queries, if every query says which ones it needs."""
        if not await self._settings.flag("monitor.doc_level_monitor_query_field_names_enabled"):
            return []
        queries = monitor.body["inputs"][0]["doc_level_input"]["queries"]
        if not all(query["query_field_names"] for query in queries):
            return []
        return list(dict.fromkeys(name for query in queries for name in query["query_field_names"]))

    def _narrowing(self, monitor: Job, watched: Watched) -> list[Json]:
        # A monitor that makes one alert of all findings reads only the documents it is given.
        if watched.documents or monitor.body["should_create_single_alert_for_findings"]:
            return [{"terms": {"_id": watched.documents or []}}]
        return []

    async def _last_number(self, monitor: Job, watched: Watched, shard: str) -> int | None:
        body = {
            "size": 1,
            "sort": [{"_seq_no": {"order": "desc"}}],
            "seq_no_primary_term": True,
            "query": {"bool": {"filter": self._narrowing(monitor, watched)}},
        }
        hits = await self._search(watched.index, shard, body)
        return int(hits[0]["_seq_no"]) if hits else None

    async def _hits(
        self, monitor: Job, watched: Watched, shard: str, start: int, end: int, fields: list[str]
    ) -> list[Json]:
        numbers = {"range": {"_seq_no": {"gt": start, "lte": end}}}
        body: Json = {
            "version": True,
            "seq_no_primary_term": True,
            "size": await self._settings.number("monitor.doc_level_monitor_shard_fetch_size"),
            "sort": [{"_seq_no": {"order": "asc"}}],
            "query": {"bool": {"filter": [numbers, *self._narrowing(monitor, watched)]}},
        }
        if fields:
            body |= {"_source": False, "fields": [{"field": name} for name in fields]}
        return await self._search(watched.index, shard, body)

    async def _search(self, index: str, shard: str, body: Json) -> list[Json]:
        path = f"/{quote(index, safe='')}/_search?{urlencode({'preference': f'_shards:{shard}'})}"
        hits: list[Json] = (await self._node.ask("POST", path, body)).checked()["hits"]["hits"]
        return hits

    async def _match(self, monitor: Job, metadata: Metadata, watched: Watched, documents: list[_Document]) -> None:
        target = metadata.query_indices.get(watched.name + monitor.id)
        if target is None:
            message = (
                f"Monitor {monitor.id}: Failed to resolve query Indices from source indices during monitor execution!"
                f" sourceIndices: [{', '.join(watched.names)}]"
            )
            raise wrap(status_error(message, 500))
        must: list[Json] = [{"bool": {"should": [{"match": {"index": {"query": watched.name}}}]}}]
        if monitor.id:
            must.append({"match": {"monitor_id": {"query": monitor.id, "operator": "and"}}})
        percolate = {"percolate": {"field": "query", "documents": [document.source for document in documents]}}
        # The plugin asks for no more than the server gives unasked: ten queries.
        body = {"query": {"bool": {"must": must, "filter": [percolate]}}}
        path = f"/{target}/_search?preference=_primary_first"
        answer = await self._node.ask("POST", path, body)
        try:
            hits = answer.checked()["hits"]["hits"]
        except ServerError as error:
            message = (
                f"Monitor {monitor.id}: Failed to run percolate search for sourceIndex [{', '.join(watched.indices)}] "
                f"and queryIndex [{target}] for {len(documents)} document(s)"
            )
            raise illegal_state(message) from error
        for hit in hits:
            query_id = _query_id(hit["_id"], [*watched.indices, *watched.names], monitor.id)
            for slot in hit["fields"]["_percolator_document_slot"]:
                document = f"{documents[slot].id}|{documents[slot].index}"
                known = watched.found.setdefault(query_id, [])
                if document not in known:
                    known.append(document)
                watched.queries_of.setdefault(document, []).append(query_id)


def queries_found(watched: Watched, queries: list[Json], document: str) -> list[Json]:
    """Gives the queries that found a document. Raises ServerError if one is not the monitor's."""
    known = {query["id"]: query for query in queries}
    ids = watched.queries_of[document]
    if any(query_id not in known for query_id in ids):
        raise null_pointer(None)
    return [known[query_id] for query_id in ids]


def _query_id(document_id: str, names: Iterable[str], monitor_id: str) -> str:
    for name in names:
        document_id = document_id.replace(f"_{name}_{monitor_id}", "")
    return document_id


def _renamed(hit: Json, watched: Watched, monitor_id: str) -> _Document:
    source = hit.get("_source")
    if source is None:
        values: dict[str, list[Any]] = hit.get("fields", {})
        source = {name: found[0] if len(found) == 1 else found for name, found in values.items() if found}
    common, own = f"_{watched.name}_{monitor_id}", f"_{watched.index}_{monitor_id}"
    return _Document(hit["_id"], watched.index, _rename(source, "", watched.conflicting, common, own))


def _rename(node: Json, prefix: str, conflicting: set[str], common: str, own: str) -> Json:
    result: Json = {}
    renamed: Json = {}
    for name, value in node.items():
        path = f"{prefix}.{name}" if prefix else name
        if isinstance(value, dict):
            result[name] = _rename(value, path, conflicting, common, own)
        elif name.endswith((common, own)):
            result[name] = value
        else:
            renamed[name + (own if path in conflicting else common)] = value
    return result | renamed
