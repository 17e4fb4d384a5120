"""Which handler answers which request: exact paths before those with a name in them, as the server finds its handlers."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from deployer.local.service.rest import Call, Reply, decode

Handler = Callable[[Call], Awaitable[Reply]]
_ALERTING, _LEGACY = "/_plugins/_alerting", "/_opendistro/_alerting"


@dataclass(frozen=True, slots=True)
class Route:
    """A path, with its names in braces, and the handlers of its methods."""

    path: str
    handlers: dict[str, Handler]

    def match(self, path: str) -> dict[str, str] | None:
        """Gives the parts of a path that the names stand for; None if it is another path."""
        pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(self.path))
        found = re.fullmatch(pattern, path)
        return None if found is None else {name: decode(part) for name, part in found.groupdict().items()}


@dataclass(frozen=True, slots=True)
class Routes:
    """All routes, in the order in which the server prefers them: a word in a path before a name that stands for any."""

    routes: tuple[Route, ...]

    def find(self, method: str, path: str) -> tuple[Handler | None, dict[str, str], list[str]]:
        """Gives the handler of a request with the names in its path, and the methods that its path takes."""
        path = path.rstrip("/") or "/"
        for route in self.routes:
            names = route.match(path)
            if names is not None:
                return route.handlers.get(method), names, sorted(route.handlers)
        return None, {}, []


def make_routes(table: dict[str, dict[str, Handler]], legacy: tuple[str, ...]) -> Routes:
    """Makes routes of paths with their handlers. `legacy` are those paths that have an old name too."""
    routes = [Route(path, handlers) for path, handlers in table.items()]
    routes += [Route(path.replace(_ALERTING, _LEGACY, 1), table[path]) for path in legacy]
    return Routes(tuple(sorted(routes, key=lambda route: [part.startswith("{") for part in route.path.split("/")])))
