"""What a monitor looks at when it runs: the answer to its search, or that of one of the server's own APIs."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from deployer.local.service import cluster_metrics
from deployer.local.service.bucket_query import after_keys, rewritten
from deployer.local.service.errors import Json, ServerError, failure, illegal_argument
from deployer.local.service.node import Node
from deployer.local.service.results import AfterKey, Inputs
from deployer.local.service.settings import Settings
from deployer.local.service.store import Job

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class InputReader:
    """Asks the node what a monitor's inputs ask."""

    def __init__(self, node: Node, settings: Settings) -> None:
        self._node = node
        self._settings = settings
        self._cluster: str | None = None

    async def collect(
        self,
        monitor: Job,
        start: int,
        end: int,
        *,
        previous: Inputs | None = None,
        documents: dict[str, list[str]] | None = None,
    ) -> Inputs:
        """Gives what the inputs give over a period, what went wrong included.

        `documents` are those (by index) to which a workflow narrows the search.
        """
        results: list[Any] = []
        after: dict[str, AfterKey] = {}
        try:
            for found in monitor.body["inputs"]:
                if "search" in found:
                    query = rewritten(found["search"]["query"], monitor.body["triggers"], previous)
                    response = await self.search(found["search"], narrowed(query, documents), start, end)
                    after |= after_keys(query, response, monitor.body["triggers"], previous)
                    results.append(response)
                elif "uri" in found:
                    results.append(await self._metrics(found["uri"]))
                else:
                    raise illegal_argument(f"Unsupported input type: {next(iter(found))}.")
        except ServerError as error:
            return Inputs([], error.failure)
        return Inputs(results, after=after)

    async def search(self, search: Json, query: Json, start: int, end: int) -> Json:
        """Searches with a query rendered for a period. Raises ServerError if the node refuses."""
        body = {
            "indices": await self._indices(search, end),
            "source": query,
            "params": {"period_start": start, "period_end": end},
        }
        response: Json = (await self._node.module("search", body))["response"]
        return response

    async def _indices(self, search: Json, end: int) -> list[str]:
        """Gives the indices to search: of an alias only those young enough for the range that the query asks for."""
        names: list[str] = [await self._without_cluster(name) for name in search["indices"]]
        since = _range_start(search["query"].get("query"), end)
        if since is None:
            return names
        resolved: list[str] = []
        for name in names:
            if not name or (await self._node.ask("HEAD", f"/_alias/{quote(name, safe='')}")).status != 200:
                resolved.append(name)
                continue
            path = f"/{quote(name, safe='')}/_settings?filter_path=*.settings.index.creation_date"
            answer = (await self._node.ask("GET", path)).checked()
            born = sorted((int(value["settings"]["index"]["creation_date"]), index) for index, value in answer.items())
            young = [index for date, index in born if date >= since]
            old = [index for date, index in born if date < since]
            resolved += old[-1:] + young
        return resolved

    async def _without_cluster(self, name: str) -> str:
        cluster, colon, index = name.partition(":")
        if not colon:
            return name
        return index if cluster == await self.cluster_name() else name

    async def cluster_name(self) -> str:
        """Gives the name of the node's cluster."""
        if self._cluster is None:
            self._cluster = str((await self._node.ask("GET", "/")).checked()["cluster_name"])
        return self._cluster

    async def _metrics(self, uri: Json) -> Json:
        """Asks one of the server's own APIs; where clusters are named, each of them."""
        clusters = uri["clusters"] if await self._settings.flag("cross_cluster_monitoring_enabled") else []
        for cluster in clusters:
            if cluster != await self.cluster_name():
                java_class = "org.opensearch.transport.NoSuchRemoteClusterException"
                raise ServerError(failure(java_class, f"no such remote cluster: [{cluster}]", status=404))
        answer = await self._node.ask("GET", cluster_metrics.request_path(uri))
        if not answer.ok:
            return answer.checked()
        result = cluster_metrics.result(uri, answer.body)
        return dict.fromkeys(clusters, result) if clusters else result


def narrowed(query: Json, documents: dict[str, list[str]] | None) -> Json:
    """Gives a query that finds only the given documents, if any are given."""
    if not documents or "query" not in query:
        return query
    some = [
        {"bool": {"must": [{"match": {"_index": {"query": index}}}, {"terms": {"_id": ids}}]}}
        for index, ids in documents.items()
    ]
    return {**query, "query": {"bool": {"must": [query["query"], {"bool": {"should": some}}]}}}


def _range_start(query: Json | None, end: int) -> int | None:
    """Gives where the time begins that a query's range looks back on from the period's end; None if it has none."""
    ranged = _find_range(query)
    if ranged is None:
        return None
    text = str(next(iter(ranged.values())).get("from"))
    match = re.search(r"(\d+)([a-zA-Z]+)", text.split("||-", 1)[-1])
    if match is None or match[2] not in _SECONDS:
        return None
    return end - int(match[1]) * _SECONDS[match[2]] * 1000


def _find_range(query: Json | None) -> Json | None:
    if not query:
        return None
    if "range" in query:
        found: Json = query["range"]
        return found
    for clause in ("must", "should"):
        for part in query.get("bool", {}).get(clause, []):
            ranged = _find_range(part)
            if ranged is not None:
                return ranged
    return None
