"""The web application: the plugins' endpoints are answered here, everything else is handed on to the node unchanged."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Mount

from deployer.local.service.errors import ServerError
from deployer.local.service.plugins import list_plugins, lists_plugins
from deployer.local.service.rest import Call, RefusedError, Reply, in_form, split_query
from deployer.local.service.server import Service

_VERSION = {"x-opensearch-version": "OpenSearch/3.4.0 (opensearch)"}
_HOP = frozenset(
    (
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    )
)


class Front:
    """Answers every request that comes in."""

    def __init__(self, service: Service, node_url: str) -> None:
        self._service = service
        self._node_url = httpx.URL(node_url)
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=32)
        self._proxy = httpx.AsyncClient(timeout=httpx.Timeout(None, connect=10.0), limits=limits, trust_env=False)
        # The client's own headers must not join those that are handed on.
        self._proxy.headers.clear()

    async def close(self) -> None:
        """Closes the connections."""
        await self._proxy.aclose()

    async def answer(self, request: Request) -> Response:
        """Answers a request."""
        path = request.scope["raw_path"].decode("latin-1").partition("?")[0]
        if path == "/_local/health":
            return Response('{"status":"ready"}', media_type="application/json")
        handler, names, methods = self._service.routes.find(request.method, path)
        if handler is None and not methods and not lists_plugins(request.method, path):
            if request.method in ("PUT", "PATCH", "POST", "DELETE") and path.startswith("/_cluster"):
                response = await self._pass_on(request)
                self._service.settings_changed()
                return response
            return await self._pass_on(request)
        call = Call(
            node=self._service.node,
            method=request.method,
            path=path,
            query=split_query(request.scope["query_string"].decode("latin-1")),
            headers=dict(request.headers),
            content=await request.body(),
            query_text=request.scope["query_string"].decode("latin-1"),
            in_path=names,
        )
        if handler is None and not methods:
            listed = await list_plugins(self._service.node, call)
            return await self._pass_on(request) if listed is None else await _response(call, listed)
        if handler is None:
            return await _response(call, _no_method(call, methods))
        try:
            return await _response(call, await handler(call))
        except RefusedError as error:
            return await _response(call, error.reply)
        except ServerError as error:
            return await _response(call, Reply(error.failure.status, error.failure.body), failed=True)

    async def _pass_on(self, request: Request) -> Response:
        query = request.scope["query_string"]
        target = request.scope["raw_path"].partition(b"?")[0] + (b"?" + query if query else b"")
        headers = [(name, value) for name, value in request.headers.raw if name.decode().lower() not in (*_HOP, "host")]
        has_body = "content-length" in request.headers or "transfer-encoding" in request.headers
        outgoing = self._proxy.build_request(
            request.method,
            self._node_url.copy_with(raw_path=target),
            headers=headers,
            content=request.stream() if has_body else None,
        )
        try:
            answer = await self._proxy.send(outgoing, stream=True)
        except httpx.HTTPError as error:
            text = f'{{"error":"the node does not answer: {type(error).__name__}","status":503}}'
            return Response(text, status_code=503, media_type="application/json")
        response = StreamingResponse(_bytes(answer), status_code=answer.status_code)
        response.raw_headers = [
            (name.lower(), value) for name, value in answer.headers.raw if name.decode().lower() not in _HOP
        ]
        return response


async def _bytes(answer: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for chunk in answer.aiter_raw():
            yield chunk
    finally:
        await answer.aclose()


def _no_method(call: Call, methods: list[str]) -> Reply:
    if call.method == "OPTIONS":
        return Reply(200, "", allow=",".join(methods))
    message = f"Incorrect HTTP method for uri [{call.uri}] and method [{call.method}], allowed: [{', '.join(methods)}]"
    return Reply(405, {"error": message, "status": 405}, allow=",".join(methods))


async def _response(call: Call, reply: Reply, *, failed: bool = False) -> Response:
    status, content, kind = await in_form(call, reply, failed=failed)
    headers = {"content-type": kind, **_VERSION}
    if reply.location is not None:
        headers["location"] = reply.location
    if reply.allow is not None:
        headers["allow"] = reply.allow
    return Response(content, status_code=status, headers=headers)


def make_app(service: Service, node_url: str) -> Starlette:
    """Makes the application; while it runs, so do the schedules."""
    front = Front(service, node_url)
    stopped = asyncio.Event()

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        schedules = asyncio.create_task(service.run_until_stopped(stopped))
        try:
            yield
        finally:
            stopped.set()
            await schedules
            await front.close()
            await service.close()

    async def endpoint(scope: object, receive: object, send: object) -> None:
        request = Request(scope, receive, send)  # type: ignore[arg-type]
        response = await front.answer(request)
        await response(request.scope, request.receive, request._send)

    return Starlette(routes=[Mount("/", app=endpoint)], lifespan=lifespan)
