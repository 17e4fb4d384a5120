"""The endpoints of alerts and findings: list, acknowledge."""

from __future__ import annotations

import asyncio
from urllib.parse import quote, urlencode

from deployer.local.service.alerts import public, read_alert
from deployer.local.service.errors import (
    ALERTING,
    Json,
    ServerError,
    alerting_error,
    around,
    failure,
    illegal_argument,
    wrap,
)
from deployer.local.service.indices import ALERT_HISTORY, ALERTS, ALL_ALERTS, ALL_FINDINGS
from deployer.local.service.node import Answer
from deployer.local.service.rest import Call, Reply
from deployer.local.service.times import now_ms
from deployer.local.service.tokens import END_OBJECT, START_OBJECT
from deployer.local.service.tools import Tools
from deployer.local.service.triggers import java_text

_REASONS = {
    "ERROR": "Alert is in an error state and can not be acknowledged.",
    "COMPLETED": "Alert has already completed and can not be acknowledged.",
    "ACKNOWLEDGED": "Alert has already been acknowledged.",
}


class AlertsApi:
    """Answers the endpoints of alerts and findings."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def list_alerts(self, call: Call) -> Reply:
        """GET monitors/alerts."""
        table = _table(call, "monitor_name.keyword")
        severity, state = call.word("severityLevel", "ALL"), call.word("alertState", "ALL")
        monitor_id, workflow_id = call.text("monitorId"), call.text("workflowIds") or ""
        call.done()
        body = _sorted(table)
        query: Json = {"bool": {"filter": [], "must": []}}
        filters, must = query["bool"]["filter"], query["bool"]["must"]
        if severity != "ALL":
            filters.append({"term": {"severity": severity}})
        if state == "ALL":
            filters.append({"bool": {"must_not": [{"terms": {"state": ["AUDIT"]}}]}})
        else:
            filters.append({"term": {"state": state}})
        if monitor_id is not None:
            filters.append({"term": {"monitor_id": monitor_id}})
            if not workflow_id:
                absent = {"bool": {"must_not": [{"exists": {"field": "workflow_id"}}]}}
                must.append({"bool": {"should": [absent, {"terms": {"workflow_id": [""]}}]}})
        if workflow_id:
            must.append({"terms": {"workflow_id": [workflow_id]}})
        must += _searching(table)
        answer = await self._search(ALL_ALERTS, body | {"query": query})
        found = once(answer.checked()["hits"])
        return Reply(200, {"alerts": _alerts(found), "totalAlerts": _total(found)})

    async def list_workflow_alerts(self, call: Call) -> Reply:
        """GET workflows/alerts."""
        table = _table(call, "monitor_name.keyword")
        severity, state = call.word("severityLevel", "ALL"), call.word("alertState", "ALL")
        workflow_id, alert_id = call.text("workflowIds"), call.text("alertIds")
        associated = call.word("getAssociatedAlerts", "false").lower() == "true"
        call.done()
        body = _sorted(table)
        query: Json = {"bool": {"filter": [], "must": []}}
        filters, must = query["bool"]["filter"], query["bool"]["must"]
        if severity != "ALL":
            filters.append({"term": {"severity": severity}})
        if state != "ALL":
            filters.append({"term": {"state": state}})
        if alert_id:
            filters.append({"terms": {"_id": [alert_id]}})
            body["from"] = 0
        if workflow_id:
            must += [{"terms": {"workflow_id": [workflow_id]}}, {"term": {"monitor_id": ""}}]
        must += _searching(table)
        try:
            found = once((await self._search(ALL_ALERTS, body | {"query": query})).checked()["hits"])
        except ServerError as error:
            raise around(ALERTING, "Failed to get alerts", 500, error.failure) from error
        alerts = [read_alert(hit) for hit in found["hits"]]
        others = await self._associated(alerts, table if alert_id else None) if associated and alerts else []
        return Reply(200, {"alerts": _alerts(found), "associatedAlerts": others, "totalAlerts": _total(found)})

    async def _associated(self, alerts: list[Json], table: Json | None) -> list[Json]:
        ids = list(dict.fromkeys(other for alert in alerts for other in alert["associated_alert_ids"]))
        if not ids:
            return []
        body = {} if table is None else {**_sorted(table), "from": table["from"]}
        body["query"] = {"bool": {"must": [{"terms": {"_id": ids}}, {"term": {"state": "AUDIT"}}]}}
        answer = await self._search(ALL_ALERTS, body)
        # The plugin only logs what goes wrong here.
        return _alerts(answer.body["hits"]) if answer.ok else []

    async def _search(self, index: str, body: Json) -> Answer:
        return await self._tools.node.ask("POST", f"/{index}/_search", body)

    async def acknowledge(self, call: Call) -> Reply:
        """POST monitors/{id}/_acknowledge/alerts."""
        monitor_id = call.word("monitorID", "")
        ids = await _alert_ids(call)
        refresh = call.refresh()
        call.done()
        try:
            monitor = await self._tools.store.job(monitor_id)
        except ServerError as error:
            raise wrap(error) from error
        if monitor is None or monitor.kind != "monitor":
            # The plugin gives no answer at all here.
            what = failure("org.opensearch.ResourceNotFoundException", f"No monitor found with id [{monitor_id}]")
            raise wrap(ServerError(what))
        query = {"bool": {"filter": [{"term": {"monitor_id": monitor_id}}, {"terms": {"_id": ids}}]}}
        return await self._acknowledge(query, ids, monitor_id, refresh)

    async def acknowledge_chained(self, call: Call) -> Reply:
        """POST workflows/{id}/_acknowledge/alerts."""
        workflow_id = call.word("workflowID", "")
        ids = await _alert_ids(call)
        call.done()
        try:
            workflow = await self._tools.store.job(workflow_id)
            if workflow is None:
                message = f"No workflow found with id [{workflow_id}]"
                raise ServerError(failure("org.opensearch.ResourceNotFoundException", message))
            if workflow.kind != "workflow":
                document = await self._tools.store.document(workflow_id)
                source = java_text((document or {}).get("_source"))
                raise alerting_error(f"Unable to parse workflow from {source}", 500, "java.lang.Exception", None)
        except ServerError as error:
            raise wrap(error) from error
        query = {"bool": {"must": [{"wildcard": {"workflow_id": workflow_id}}, {"terms": {"_id": ids}}]}}
        return await self._acknowledge(query, ids, workflow_id, "true")

    async def _acknowledge(self, query: Json, ids: list[str], routing: str, refresh: str) -> Reply:
        body = {"size": len(ids), "version": True, "seq_no_primary_term": True, "query": query}
        where = urlencode({"routing": routing})
        history = await self._tools.settings.flag("alert_history_enabled")
        try:
            answer = await self._tools.node.ask("POST", f"/{ALERTS}/_search?{where}", body)
            hits = answer.checked()["hits"]["hits"]
        except ServerError as error:
            raise wrap(error) from error
        now = now_ms()
        success: list[str] = []
        failed: list[Json] = []
        for hit in hits:
            alert = read_alert(hit)
            if alert["state"] != "ACTIVE":
                reason = _REASONS.get(alert["state"], "Alert state unknown and can not be acknowledged")
                failed.append({alert["id"]: {"failed_reason": reason}})
            elif await self._acknowledge_one(alert, hit, routing, now, refresh, moved=history):
                success.append(alert["id"])
            else:
                failed.append({alert["id"]: {"failed_reason": "Alert state unknown and can not be acknowledged"}})
        known = {hit["_id"] for hit in hits}
        for alert_id in dict.fromkeys(ids):
            if alert_id not in known:
                reason = f"Alert: {alert_id} does not exist (it may have already completed)."
                failed.append({alert_id: {"failed_reason": reason}})
        return Reply(200, {"success": success, "failed": failed})

    async def _acknowledge_one(
        self, alert: Json, hit: Json, routing: str, now: int, refresh: str, *, moved: bool
    ) -> bool:
        """Acknowledges an alert; one of a finding is moved to the past ones thereby."""
        done = {"state": "ACKNOWLEDGED", "acknowledged_time": now}
        if not alert["finding_ids"] or not moved:
            params = urlencode(
                {
                    "routing": routing,
                    "refresh": refresh,
                    "if_seq_no": hit["_seq_no"],
                    "if_primary_term": hit["_primary_term"],
                }
            )
            path = f"/{ALERTS}/_update/{quote(alert['id'], safe='')}?{params}"
            return (await self._tools.node.ask("POST", path, {"doc": done})).ok
        where = {"_id": alert["id"], "routing": routing}
        lines = [
            {"index": {"_index": ALERT_HISTORY, **where}},
            {**alert, **done},
            {"delete": {"_index": ALERTS, **where}},
        ]
        return not (await self._tools.node.bulk(lines, refresh=refresh))["errors"]

    async def list_findings(self, call: Call) -> Reply:
        """GET findings/_search."""
        finding_id = call.text("findingId")
        table = _table(call, "id")
        call.done()
        body = _sorted(table) | {"track_total_hits": True}
        query: Json = {"bool": {}}
        if (finding_id or "").strip():
            query["bool"]["filter"] = [{"term": {"_id": finding_id}}]
        if table["search"].strip():
            inner = {
                "query_string": {
                    "query": table["search"],
                    "default_operator": "and",
                    "fields": ["queries.tags", "queries.name"],
                }
            }
            nested = {"nested": {"path": "queries", "query": {"bool": {"must": [inner]}}, "score_mode": "avg"}}
            query["bool"]["should"] = [{"query_string": {"query": table["search"]}}, nested]
        try:
            found = (await self._search(ALL_FINDINGS, body | {"query": query})).checked()["hits"]
            findings = [hit["_source"] for hit in found["hits"]]
            documents = await self._documents(findings)
        except ServerError as error:
            raise wrap(error) from error
        shown = [
            {
                "finding": finding,
                "document_list": [documents[place] for place in _places(finding) if place in documents],
            }
            for finding in findings
        ]
        return Reply(200, {"total_findings": _total(found), "findings": shown})

    async def _documents(self, findings: list[Json]) -> dict[tuple[str, str], Json]:
        places = [place for finding in findings for place in _places(finding)]
        if not places:
            return {}
        unique = list(dict.fromkeys(places))
        texts = await asyncio.gather(*(self._document(index, document_id) for index, document_id in unique))
        return {
            place: {"index": place[0], "id": place[1], "found": text is not None, "document": text or ""}
            for place, text in zip(unique, texts, strict=True)
        }

    async def _document(self, index: str, document_id: str) -> str | None:
        """Gives a document's source as it was sent, None if it is not there."""
        path = f"/{quote(index, safe='')}/_source/{quote(document_id, safe='')}"
        response = await self._tools.node.raw("GET", path, b"", {})
        return response.text if response.status_code == 200 else None


def _places(finding: Json) -> list[tuple[str, str]]:
    return [(finding["index"], document_id) for document_id in finding["related_doc_ids"]]


def _table(call: Call, sort: str) -> Json:
    """Gives what the lists have in common: order, page, text to search for."""
    return {
        "sort": call.word("sortString", sort),
        "order": call.word("sortOrder", "asc"),
        "missing": call.text("missing"),
        "size": call.integer("size", 20),
        "from": call.integer("startIndex", 0),
        "search": call.word("searchString", ""),
    }


def _sorted(table: Json) -> Json:
    order = table["order"].upper()
    if order not in ("ASC", "DESC"):
        raise illegal_argument(f"No enum constant org.opensearch.search.sort.SortOrder.{order}")
    if table["size"] < 0:
        raise illegal_argument(f"[size] parameter cannot be negative, found [{table['size']}]")
    if table["from"] < 0:
        raise illegal_argument(f"[from] parameter cannot be negative, found [{table['from']}]")
    sort = {"order": order.lower()}
    if (table["missing"] or "").strip():
        sort["missing"] = table["missing"]
    return {
        "version": True,
        "seq_no_primary_term": True,
        "sort": [{table["sort"]: sort}],
        "size": table["size"],
        "from": table["from"],
    }


def _searching(table: Json) -> list[Json]:
    if not table["search"].strip():
        return []
    fields = ["monitor_name", "trigger_name"]
    return [{"query_string": {"query": table["search"], "default_operator": "and", "fields": fields}}]


def once(found: Json) -> Json:
    """Hits without the alerts in force that are among the past ones too: an alert is moved by one request, but its two
    indices are refreshed one after the other, and a search between the two finds both."""
    past = {hit["_id"] for hit in found["hits"] if hit["_index"] != ALERTS}
    hits = [hit for hit in found["hits"] if hit["_index"] != ALERTS or hit["_id"] not in past]
    total = {**found["total"], "value": _total(found) - len(found["hits"]) + len(hits)}
    return {**found, "hits": hits, "total": total}


def _alerts(found: Json) -> list[Json]:
    return [public(read_alert(hit)) for hit in found["hits"]]


def _total(found: Json) -> int:
    return int(found["total"]["value"])


async def _alert_ids(call: Call) -> list[str]:
    """Gives the ids of the alerts in the body. Raises ServerError if there are none."""
    parser = await call.parser()
    parser.next()
    parser.expect(START_OBJECT)
    ids: list[str] = []
    while parser.next() != END_OBJECT:
        field = parser.name
        parser.next()
        if field == "alerts":
            ids += parser.texts()
    if not ids:
        raise illegal_argument("You must provide at least one alert id.")
    return ids
