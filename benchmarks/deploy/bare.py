"""What the API itself takes: the same bodies sent by a bare asynchronous loop, and the loop that people write with opensearch-py."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from opensearchpy import OpenSearch

MONITORS = "/_plugins/_alerting/monitors"


@dataclass(frozen=True, slots=True)
class Call:
    """A request that is ready to be sent."""

    method: str
    path: str
    body: Any


def post_all(url: str, stages: Sequence[Sequence[Call]], connections: int) -> float:
    """Send the calls of each stage at once over that many connections, one stage after the other; the seconds it took.

    The first monitor is sent alone: it makes the index of all, and creates that meet it half-made fail.
    Raises AssertionError if one is refused.
    """
    begin = time.perf_counter()
    asyncio.run(_stages(url, stages, connections))
    return time.perf_counter() - begin


async def _stages(url: str, stages: Sequence[Sequence[Call]], connections: int) -> None:
    for calls in stages:
        first = calls[:1] if calls and calls[0].path.startswith(MONITORS) else []
        for part in (first, calls[len(first) :]):
            await _at_once(url, part, min(connections, len(part)))


async def _at_once(url: str, calls: Sequence[Call], connections: int) -> None:
    """Connections are opened where they are used at once: a server closes those that wait for some seconds."""
    parts = urlsplit(url)
    waiting = iter(calls)

    async def work() -> None:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        try:
            for call in waiting:
                await _send(f"{parts.hostname}:{parts.port}", call, reader, writer)
        finally:
            writer.close()

    await asyncio.gather(*(work() for _ in range(connections)))


async def _send(host: str, call: Call, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    data = json.dumps(call.body, ensure_ascii=False).encode()
    head = f"{call.method} {call.path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\ncontent-length: {len(data)}\r\n\r\n"  # fmt: skip
    writer.write(head.encode("ascii") + data)
    try:
        answer = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        raise AssertionError(f"{call.method} {call.path}: the connection was closed") from None
    headers = dict(line.lower().split(": ", 1) for line in answer.split("\r\n")[1:] if ": " in line)
    if "content-length" in headers:
        text = await reader.readexactly(int(headers["content-length"]))
    else:
        text = await _chunks(reader)
    assert answer.split(" ", 2)[1] in ("200", "201"), f"{call.method} {call.path}: {answer[:60]} {text[:400]!r}"


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    text = b""
    while size := int(await reader.readuntil(b"\r\n"), 16):
        text += await reader.readexactly(size)
        await reader.readexactly(2)
    await reader.readuntil(b"\r\n")
    return text


def get_and_put(url: str, bodies: Mapping[str, Any]) -> float:
    """One monitor after the other, as people write it: read it, compare nothing, write it. The seconds it took.

    `bodies` are by id.
    """
    parts = urlsplit(url)
    search = OpenSearch([{"host": parts.hostname, "port": parts.port}], timeout=120)
    begin = time.perf_counter()
    for identity, body in bodies.items():
        search.plugins.alerting.get_monitor(identity)
        search.plugins.alerting.update_monitor(identity, body)
    taken = time.perf_counter() - begin
    search.close()
    return taken
