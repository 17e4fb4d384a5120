"""Alerts in their indices: those in force, and those of the past (completed, deleted, kept for the record)."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlencode

from deployer.local.service.alerts import alert_error, new_alert, read_alert, with_error
from deployer.local.service.errors import Json, illegal_state
from deployer.local.service.ids import long_id, short_id
from deployer.local.service.indices import ALERT_HISTORY, ALERTS, Indices
from deployer.local.service.node import Node
from deployer.local.service.settings import Settings
from deployer.local.service.store import Job
from deployer.local.service.times import now_ms

_BUCKET_ALERTS = 500
_ALL = 10_000
# The plugin gives no size here: the server's default.
_MOVED_AT_ONCE = 10


class AlertStore:
    """Reads and writes alerts. Every method raises ServerError with the node's own refusal."""

    def __init__(self, node: Node, indices: Indices, settings: Settings) -> None:
        self._node = node
        self._indices = indices
        self._settings = settings

    async def current(self, monitor: Job, workflow_id: str | None, *, buckets: bool = False) -> list[Json]:
        """Gives a monitor's alerts in force; of a workflow's run only those of that workflow."""
        size = _BUCKET_ALERTS if buckets else 2 * len(monitor.body["triggers"])
        terms: list[Json] = [{"term": {"monitor_id": monitor.id}}]
        if workflow_id is not None:
            terms.append({"term": {"workflow_id": workflow_id}})
        return await self.search({"size": size, "query": {"bool": {"must": terms}}}, routing=monitor.id)

    async def current_chained(self, workflow: Job) -> list[Json]:
        """Gives a workflow's own alerts in force."""
        terms = [{"term": {"workflow_id": workflow.id}}, {"term": {"monitor_id": ""}}]
        size = 2 * len(workflow.body["triggers"])
        return await self.search({"size": size, "query": {"bool": {"must": terms}}}, routing=workflow.id)

    async def search(self, body: Json, *, index: str = ALERTS, routing: str = "") -> list[Json]:
        """Gives the alerts that a search finds."""
        where = f"?{urlencode({'routing': routing})}" if routing else ""
        answer = await self._node.ask("POST", f"/{index}/_search{where}", body)
        return [read_alert(hit) for hit in answer.checked()["hits"]["hits"]]

    async def save(self, alerts: Iterable[Json], routing: str, *, acknowledged: bool = False) -> None:
        """Writes alerts: completed ones go to the past ones, those for the record too.

        Raises ServerError for an acknowledged alert unless `acknowledged` says that it may be renewed.
        """
        lines: list[Json] = []
        history = await self._settings.flag("alert_history_enabled")
        for alert in alerts:
            state = alert["state"]
            if state == "DELETED" or (state == "ACKNOWLEDGED" and not acknowledged):
                raise illegal_state(f"Unexpected attempt to save {state} alert: {alert}")
            if state == "COMPLETED":
                lines.append({"delete": {"_index": ALERTS, "_id": alert["id"], "routing": routing}})
                if history:
                    lines += _index(ALERT_HISTORY, alert, routing)
            else:
                lines += _index(ALERT_HISTORY if state == "AUDIT" and history else ALERTS, alert, routing)
        if lines:
            await self._node.bulk(lines)

    async def save_new(self, alerts: list[Json]) -> list[Json]:
        """Writes new alerts of buckets and gives those that were written, with their ids."""
        if not alerts:
            return []
        history = await self._settings.flag("alert_history_enabled")
        lines: list[Json] = []
        for alert in alerts:
            index = ALERT_HISTORY if alert["state"] == "AUDIT" and history else ALERTS
            lines += _index(index, alert, alert["monitor_id"])
        items = (await self._node.bulk(lines))["items"]
        outcomes = [next(iter(item.values())) for item in items]
        return [
            {**alert, "id": outcome["_id"]}
            for alert, outcome in zip(alerts, outcomes, strict=True)
            if outcome["status"] < 300
        ]

    async def report_error(
        self, monitor: Job, message: str, execution_id: str, workflow: tuple[str, bool] | None
    ) -> None:
        """Writes the alert of a document-level monitor that failed, or renews the one there is.

        `workflow` is the id of the workflow whose run it was, and whether its alerts are for the record only.
        """
        body: Json = {"sort": [{"start_time": {"order": "desc"}}], "query": _errors_of(monitor.id)}
        known = await self.search(body)
        error = alert_error(message)
        trigger = {"id": short_id(), "name": "NoOp trigger", "severity": ""}
        alert = new_alert(
            monitor,
            trigger,
            "AUDIT" if workflow is not None and workflow[1] else "ERROR",
            execution_id,
            id=f"error-alert-{monitor.id}-{long_id()}",
            workflow_id=workflow[0] if workflow is not None else "",
            error_message=error["message"],
        )
        if known:
            last, now = known[0], now_ms()
            if alert["error_message"] == last["error_message"]:
                alert = {**last, "last_notification_time": now}
            else:
                before = {"timestamp": last["start_time"], "message": last["error_message"]}
                history = with_error(last["alert_history"], before)
                alert |= {"id": last["id"], "alert_history": history}
        await self._node.bulk(_index(ALERTS, alert, monitor.id))

    async def clear_errors(self, monitor: Job) -> None:
        """Ends the alerts of a document-level monitor's failures, and moves them to the past ones."""
        found = await self.search({"size": _ALL, "version": True, "query": _errors_of(monitor.id)})
        now = now_ms()
        lines: list[Json] = []
        for alert in found:
            lines.append({"delete": {"_index": ALERTS, "_id": alert["id"], "routing": monitor.id}})
            # The plugin writes the end first and moves the alert then.
            lines += _index(ALERT_HISTORY, {**alert, "end_time": now}, monitor.id, version=alert["version"] + 1)
        if lines:
            await self._node.bulk(lines)

    async def move(self, field: str, job_id: str, kept_triggers: list[str] | None) -> None:
        """Moves a job's alerts to the past ones as deleted, but for those of the triggers it still has (`kept_triggers`).

        `field` says whose alerts: those with that `monitor_id` or `workflow_id`.
        """
        if not await self._indices.alerts_exist():
            return
        query: Json = {"bool": {"filter": [{"term": {field: job_id}}]}}
        if kept_triggers is not None:
            query["bool"]["must_not"] = [{"terms": {"trigger_id": kept_triggers}}]
        body = {"size": _MOVED_AT_ONCE, "version": True, "query": query}
        lines: list[Json] = []
        for alert in await self.search(body, routing=job_id):
            lines += _index(ALERT_HISTORY, {**alert, "state": "DELETED"}, job_id, version=alert["version"])
            lines.append({"delete": {"_index": ALERTS, "_id": alert["id"], "routing": job_id}})
        if lines:
            # Both indices are refreshed at once: each at its own moment of the next second, a search between the two
            # would find an alert in neither of them, or in both.
            await self._node.bulk(lines)


def _index(index: str, alert: Json, routing: str, *, version: int | None = None) -> list[Json]:
    where = {"_index": index, "routing": routing, **({"_id": alert["id"]} if alert["id"] else {})}
    if version is not None:
        where |= {"version": version, "version_type": "external_gte"}
    return [{"index": where}, alert]


def _errors_of(monitor_id: str) -> Json:
    return {"bool": {"must": [{"term": {"monitor_id": monitor_id}}, {"term": {"state": "ERROR"}}]}}
