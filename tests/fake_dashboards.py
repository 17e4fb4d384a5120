"""A fake of OpenSearch Dashboards over a real socket: the four routes of saved objects that the tool uses, as its source has them.

It is a fake: nothing here shows that a real Dashboards draws what it was sent.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from deployer.check.saved_objects import ATTRIBUTES
from tests.faults import Reply, Request, serving


@dataclass
class FakeDashboards:
    """`stored` are its objects by type and id. `user` is what it authenticates, if anything; `instead` may answer before it does."""

    url: str = ""
    base: str = ""
    user: tuple[str, str] | None = None
    stored: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    seen: list[Request] = field(default_factory=list)
    instead: Callable[[Request], Reply | None] = lambda request: None

    @property
    def imports(self) -> int:
        """How many imports arrived."""
        return sum("/_import" in request.path for request in self.seen)

    def answer(self, request: Request) -> Reply:
        """What it answers."""
        special = self.instead(request)
        if special is not None:
            return special
        if self.user and request.headers.get("authorization") != _basic(*self.user):
            return _error(401, "Unauthorized")
        parts = urlsplit(request.path)
        if not parts.path.startswith(f"{self.base}/api/saved_objects/"):
            return _error(404, "Not Found")
        if request.method == "POST" and request.headers.get("osd-xsrf") is None:
            return _error(400, "Bad Request", "Request must contain a osd-xsrf header.")
        route = parts.path.rpartition("/")[2]
        if (request.method, route) == ("POST", "_bulk_get"):
            return Reply(body={"saved_objects": [self._one(item) for item in json.loads(request.body)]})
        if (request.method, route) == ("GET", "_find"):
            return self._find({name: values[0] for name, values in parse_qs(parts.query).items()})
        if (request.method, route) == ("POST", "_import"):
            return self._import(request, parse_qs(parts.query).get("overwrite") == ["true"])
        return _error(404, "Not Found")

    def _one(self, asked: dict[str, str]) -> dict[str, Any]:
        there = self.stored.get((asked["type"], asked["id"]))
        error = {"statusCode": 404, "error": "Not Found", "message": f"Saved object [{asked['type']}/{asked['id']}] not found"}
        return there or {**asked, "error": error}

    def _find(self, asked: dict[str, str]) -> Reply:
        found = [item for (kind, _), item in sorted(self.stored.items()) if kind == asked["type"]]
        size, page = int(asked["per_page"]), int(asked["page"])
        rows = found[size * (page - 1) : size * page]
        return Reply(body={"page": page, "per_page": size, "total": len(found), "saved_objects": rows})

    def _import(self, request: Request, overwrite: bool) -> Reply:
        kind, _, boundary = request.headers["content-type"].partition("; boundary=")
        if kind != "multipart/form-data":
            return _error(415, "Unsupported Media Type")
        _, part, end = request.body.split(f"--{boundary}")
        head, _, content = part.removeprefix("\r\n").partition("\r\n\r\n")
        if end != "--\r\n" or 'name="file"' not in head or '.ndjson"' not in head:
            return _error(400, "Bad Request", "Invalid file extension")
        objects = [json.loads(line) for line in content.removesuffix("\r\n").split("\n") if line]
        ids = {(item["type"], item["id"]) for item in objects}
        errors, done = [], 0
        for item in objects:
            place = (item["type"], item["id"])
            missing = [one for one in item["references"] if (one["type"], one["id"]) not in {*ids, *self.stored}]
            if place in self.stored and not overwrite:
                errors.append({"type": place[0], "id": place[1], "error": {"type": "conflict"}})
            elif missing:
                errors.append({"type": place[0], "id": place[1], "error": {"type": "missing_references", "references": missing}})
            elif place[0] != "index-pattern" and set(item["attributes"]) - set(ATTRIBUTES[place[0]]):
                errors.append({"type": place[0], "id": place[1], "error": {"type": "unknown", "message": "strict_dynamic_mapping_exception"}})
            else:
                self.stored[place] = {**item, "version": f"v{len(self.seen)}"}
                done += 1
        return Reply(body={"success": not errors, "successCount": done, **({"errors": errors} if errors else {})})


@contextmanager
def fake_dashboards(**options: Any) -> Iterator[FakeDashboards]:
    """One that runs on 127.0.0.1."""
    fake = FakeDashboards(**options)
    with serving(lambda request: fake.answer(request)) as (url, seen):
        fake.url, fake.seen = url + fake.base, seen
        yield fake


def _basic(user: str, password: str) -> str:
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


def _error(status: int, name: str, message: str = "") -> Reply:
    return Reply(status, {"statusCode": status, "error": name, "message": message or name})
