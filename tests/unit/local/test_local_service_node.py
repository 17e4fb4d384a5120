"""The service's client of its node, against answers that a real node gives only for a moment (httpx's mock transport)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import httpx

from deployer.local.service.node import Answer, Node


def ask(path: str, statuses: Sequence[int]) -> tuple[Answer, list[str]]:
    """Gives the answer of a search, and what was asked, when searches get these statuses in turn."""
    asked: list[str] = []
    left = list(statuses)

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(f"{request.method} {request.url.path}")
        return httpx.Response(left.pop(0) if request.url.path.endswith("_search") else 200, json={})

    async def run() -> Answer:
        node = Node("http://node")
        await node.http.aclose()
        node.http = httpx.AsyncClient(base_url="http://node", transport=httpx.MockTransport(answer))
        try:
            return await node.ask("POST", path, {})
        finally:
            await node.close()

    return asyncio.run(run()), asked


def test_a_search_of_an_own_index_just_made_waits_for_its_shards() -> None:
    """A 503 of an own index is asked again once its shards are there."""
    answer, asked = ask("/.opendistro-alerting-alert*/_search", [503, 200])

    health = "GET /_cluster/health/.opendistro-alerting-alert*"
    search = "POST /.opendistro-alerting-alert*/_search"
    assert (200, [search, health, search]) == (answer.status, asked)


def test_an_own_index_that_stays_away_is_not_asked_for_ever() -> None:
    """A second 503 is the answer."""
    answer, asked = ask("/.opendistro-alerting-alerts/_search?routing=x", [503, 503])

    assert (503, 3) == (answer.status, len(asked))


def test_a_search_of_other_indices_is_not_repeated() -> None:
    """What a person's own index answers is passed on as it is."""
    answer, asked = ask("/logs-test/_search", [503])

    assert (503, ["POST /logs-test/_search"]) == (answer.status, asked)
