"""Comments that people leave on alerts."""

from __future__ import annotations

from urllib.parse import quote

from deployer.local.service.alerts import read_alert
from deployer.local.service.errors import Json, illegal_argument, illegal_state, status_error, wrap
from deployer.local.service.indices import ALL_ALERTS, ALL_COMMENTS, COMMENTS, Indices
from deployer.local.service.node import Node
from deployer.local.service.settings import Settings
from deployer.local.service.store import Written, written
from deployer.local.service.times import now_ms


class Comments:
    """Reads and writes comments. Every method raises ServerError with the node's own refusal."""

    def __init__(self, node: Node, indices: Indices, settings: Settings) -> None:
        self._node = node
        self._indices = indices
        self._settings = settings

    async def of_alerts(self, alert_ids: list[str]) -> dict[str, list[Json]]:
        """Gives the latest comments of each alert, as many as a notification may show."""
        if not alert_ids:
            return {}
        most = await self._settings.number("max_comments_per_notification")
        found = [hit["_source"] for hit in await self._search({"terms": {"entity_id": alert_ids}})]
        comments: dict[str, list[Json]] = {}
        for comment in sorted(found, key=lambda one: int(one["created_time"]), reverse=True):
            known = comments.setdefault(comment["entity_id"], [])
            # The first is taken whatever the limit is.
            if not known or len(known) < most:
                known.append(comment)
        return comments

    async def check_enabled(self) -> None:
        """Raises ServerError where comments are switched off."""
        if not await self._settings.flag("comments_enabled"):
            raise wrap(status_error("Comments for Alerting is currently disabled", 403))

    async def check_length(self, content: str) -> None:
        """Raises ServerError for a comment that is too long."""
        most = await self._settings.number("max_comment_character_length")
        if len(content.encode("utf-16-le")) // 2 > most:
            raise wrap(illegal_argument(f"Comment content exceeds max length of {most} characters"))

    async def create(self, alert_id: str, content: str) -> tuple[Written, Json]:
        """Writes a comment on an alert."""
        await self._indices.comments()
        await self._alert(alert_id)
        most = await self._settings.number("max_comments_per_alert")
        if len(await self._search({"terms": {"entity_id": [alert_id]}})) >= most:
            message = f"This request would create more than the allowed number of Commentsfor this Alert: {most}"
            raise wrap(illegal_argument(message))
        comment: Json = {
            "entity_id": alert_id,
            "entity_type": "alert",
            "content": content,
            "created_time": now_ms(),
            "last_updated_time": None,
            "user": None,
        }
        answer = await self._node.ask("POST", f"/{COMMENTS}/_doc?refresh=true", comment)
        return written(answer), comment

    async def update(self, comment_id: str, content: str) -> tuple[Written, Json]:
        """Changes what a comment says."""
        await self._indices.comments()
        hit = await self._comment(comment_id)
        comment = {**hit["_source"], "content": content, "last_updated_time": now_ms()}
        answer = await self._node.ask("PUT", f"/{COMMENTS}/_doc/{quote(comment_id, safe='')}?refresh=true", comment)
        return written(answer), comment

    async def delete(self, comment_id: str) -> str:
        """Deletes a comment and gives its id."""
        hit = await self._comment(comment_id)
        answer = await self._node.ask("DELETE", f"/{hit['_index']}/_doc/{quote(comment_id, safe='')}")
        return str(answer.checked()["_id"])

    async def _search(self, query: Json) -> list[Json]:
        body = {"version": True, "seq_no_primary_term": True, "query": {"bool": {"must": [query]}}}
        answer = await self._node.ask("POST", f"/{ALL_COMMENTS}/_search", body)
        hits: list[Json] = answer.checked()["hits"]["hits"]
        return hits

    async def _comment(self, comment_id: str) -> Json:
        return _only(await self._search({"terms": {"_id": [comment_id]}}), "Comment")

    async def _alert(self, alert_id: str) -> Json:
        body = {"version": True, "query": {"bool": {"must": [{"terms": {"_id": [alert_id]}}]}}}
        hits = (await self._node.ask("POST", f"/{ALL_ALERTS}/_search", body)).checked()["hits"]["hits"]
        return read_alert(_only(hits, "Alert"))


def _only(hits: list[Json], what: str) -> Json:
    if not hits:
        raise wrap(status_error(f"{what} not found", 404))
    if len(hits) > 1:
        raise wrap(illegal_state(f"Multiple {what.lower()}s were found with the same ID"))
    return hits[0]
