"""The plugin's settings in force, as the node's module gives them."""

from __future__ import annotations

import re
import time

from deployer.local.service.node import Node

_KEPT_S = 1.0
_UNITS_MS = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1}


class Settings:
    """Settings by name, without `plugins.alerting.`; asked for anew when older than a second or said to be changed."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._values: dict[str, str] = {}
        self._asked = float("-inf")

    def changed(self) -> None:
        """Says that somebody may have changed settings."""
        self._asked = float("-inf")

    async def text(self, name: str) -> str:
        """Gives a setting as the server writes it. Raises ServerError if the node does not answer."""
        return (await self._all())[f"plugins.alerting.{name}"]

    async def jobs_enabled(self) -> bool:
        """Says whether anything runs on schedule."""
        return (await self._all())["plugins.scheduled_jobs.enabled"] == "true"

    async def _all(self) -> dict[str, str]:
        if time.monotonic() - self._asked > _KEPT_S:
            self._values = (await self._node.ask("GET", "/_local/settings")).checked()
            self._asked = time.monotonic()
        return self._values

    async def number(self, name: str) -> int:
        """Gives a setting that is a whole number."""
        return int(await self.text(name))

    async def flag(self, name: str) -> bool:
        """Gives a setting that is true or false."""
        return await self.text(name) == "true"

    async def milliseconds(self, name: str) -> float:
        """Gives a setting that is a length of time, in milliseconds."""
        match = re.fullmatch(r"(-?[\d.]+)(d|h|ms|m|s)", await self.text(name))
        return float(match[1]) * _UNITS_MS[match[2]] if match else -1.0
