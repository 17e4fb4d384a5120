"""Delivery to webhooks and to what speaks like them (Slack, Chime, Teams), over HTTP. Nothing else is sent from here."""

from __future__ import annotations

import asyncio
import socket
from urllib.parse import urlsplit

import httpx

from deployer.local.service.errors import Json
from deployer.local.service.store import compact

_GOOD = (200, 201, 202, 203, 204, 205, 206, 207)
_AGAIN = (429, 503)
_AGAIN_AFTER_S = 1.0
_KEYS = {"slack": "text", "chime": "Content", "microsoft_teams": "text"}
_TIMEOUT = httpx.Timeout(50.0, connect=5.0)

Status = tuple[str, str]


class Delivery:
    """Sends messages."""

    def __init__(self) -> None:
        self._http = httpx.AsyncClient(timeout=_TIMEOUT, follow_redirects=False, trust_env=False)

    async def close(self) -> None:
        """Closes the connections."""
        await self._http.aclose()

    async def send(self, config: Json, title: str, text: str) -> Status:
        """Sends to a channel of a kind that has a URL, and gives status code and text of the delivery."""
        kind = config["config_type"]
        body = config[kind]
        method, headers = "POST", {"content-type": "text/plain; charset=UTF-8"}
        content = text
        if kind == "webhook":
            method = body["method"]
            headers |= {name.lower(): value for name, value in body["header_params"].items()}
            if not body["header_params"]:
                headers["content-type"] = "application/json"
        else:
            content = compact({_KEYS[kind]: f"{title}\n\n{text}"})
        url = body["url"]
        if not await _resolves(url):
            return "500", "Failed to send webhook message Host could not be resolved to a valid Ip address"
        try:
            response = await self._http.request(method, url, content=content.encode(), headers=headers)
            if response.status_code in _AGAIN:
                await asyncio.sleep(_AGAIN_AFTER_S)
                response = await self._http.request(method, url, content=content.encode(), headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return "500", f"Failed to send webhook message {_reason(error, url)}"
        if response.status_code not in _GOOD:
            return "500", f"Failed to send webhook message Failed: {response.reason_phrase}"
        # An empty answer counts as an empty object.
        return "200", response.text or "{}"


async def _resolves(url: str) -> bool:
    parts = urlsplit(url)
    try:
        found = await asyncio.get_running_loop().getaddrinfo(parts.hostname or "", None, type=socket.SOCK_STREAM)
    except OSError:
        return False
    return bool(found)


def _reason(error: Exception, url: str) -> str:
    parts = urlsplit(url)
    if isinstance(error, httpx.ConnectError):
        port = f":{parts.port}" if parts.port is not None else ""
        host = "" if _is_address(parts.hostname or "") else parts.hostname
        return (
            f"Connect to {parts.scheme}://{parts.hostname}{port} [{host}/{parts.hostname}] failed: Connection refused"
        )
    if isinstance(error, httpx.ConnectTimeout):
        return f"Connect to {parts.scheme}://{parts.netloc} failed: Connect timed out"
    if isinstance(error, httpx.ReadTimeout):
        return "Read timed out"
    return str(error) or type(error).__name__


def _is_address(host: str) -> bool:
    return host.replace(".", "").isdigit() or ":" in host
