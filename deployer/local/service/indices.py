"""The plugin's own indices: made when first needed."""

from __future__ import annotations

import asyncio
from urllib.parse import quote

from deployer.local.service import mappings
from deployer.local.service.errors import Json, ServerError, from_answer
from deployer.local.service.node import Node

CONFIG = ".opendistro-alerting-config"
ALERTS = ".opendistro-alerting-alerts"
ALERT_HISTORY = ".opendistro-alerting-alert-history-write"
ALL_ALERTS = ".opendistro-alerting-alert*"
FINDINGS = ".opensearch-alerting-finding-history-write"
ALL_FINDINGS = ".opensearch-alerting-finding*"
QUERIES = ".opensearch-alerting-queries"
COMMENTS = ".opensearch-alerting-comments-history-write"
ALL_COMMENTS = ".opensearch-alerting-comments*"
CHANNELS = ".opensearch-notifications-config"

_HISTORY_PATTERN = "<.opendistro-alerting-alert-history-{now/d}-1>"
_FINDINGS_PATTERN = "<.opensearch-alerting-finding-history-{now/d}-1>"
_COMMENTS_PATTERN = "<.opensearch-alerting-comments-history-{now/d}-1>"


class Indices:
    """Makes the plugin's indices. Every method may be called at any time by any number of tasks."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._lock = asyncio.Lock()

    async def config(self) -> None:
        """Makes sure of the index of monitors and workflows."""
        await self._ensure(CONFIG, CONFIG, mappings.CONFIG)

    async def alerts(self) -> None:
        """Makes sure of the indices of alerts, those in force and past ones."""
        await self._ensure(ALERTS, ALERTS, mappings.ALERTS)
        await self._ensure(ALERT_HISTORY, _HISTORY_PATTERN, mappings.ALERTS)

    async def alerts_exist(self) -> bool:
        """Says whether both indices of alerts exist."""
        return await self.exists(ALERTS) and await self.exists(ALERT_HISTORY)

    async def findings(self) -> None:
        """Makes sure of the index of findings."""
        await self._ensure(FINDINGS, _FINDINGS_PATTERN, mappings.FINDINGS)

    async def comments(self) -> None:
        """Makes sure of the index of comments."""
        await self._ensure(COMMENTS, _COMMENTS_PATTERN, mappings.COMMENTS)

    async def channels(self) -> None:
        """Makes sure of the index of notification channels."""
        await self._ensure(CHANNELS, CHANNELS, mappings.CHANNELS, {"index.auto_expand_replicas": "0-2"})

    async def queries(self) -> None:
        """Makes sure of the index of document-level queries."""
        settings = {"index.mapping.total_fields.limit": 10000}
        await self._ensure(QUERIES, f"{QUERIES}-000001", mappings.QUERIES, settings)

    async def roll_over_queries(self) -> str:
        """Begins a new index of queries and gives its name."""
        body = {
            "mappings": mappings.QUERIES,
            "settings": {"index.hidden": True, "index.mapping.total_fields.limit": 10000},
        }
        return str((await self._node.ask("POST", f"/{QUERIES}/_rollover", body)).checked()["new_index"])

    async def exists(self, name: str) -> bool:
        """Says whether an index, alias or data stream of that name exists."""
        return (await self._node.ask("HEAD", f"/{quote(name)}?expand_wildcards=all")).ok

    async def _ensure(self, name: str, index: str, mapping: Json, settings: Json | None = None) -> None:
        if await self.exists(name):
            return
        async with self._lock:
            body: Json = {"mappings": mapping, "settings": {"index.hidden": True, **(settings or {})}}
            if name != index:
                body["aliases"] = {name: {}}
            answer = await self._node.ask("PUT", f"/{quote(index, safe='')}", body)
            if not answer.ok:
                what = from_answer(answer.status, answer.body)
                if "already exists" not in (what.message or ""):
                    raise ServerError(what)
