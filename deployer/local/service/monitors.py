"""The monitors' endpoints: create, change, read, search, delete, execute."""

from __future__ import annotations

import copy
import json
import re
from typing import Any
from urllib.parse import quote

from deployer.local.service.cluster_indices import resolve
from deployer.local.service.errors import (
    Json,
    ServerError,
    alerting_error,
    cannot_cast,
    illegal_argument,
    null_pointer,
    status_error,
    validation_error,
    wrap,
)
from deployer.local.service.indices import ALL_ALERTS, CONFIG
from deployer.local.service.jobs_form import DATA_SOURCES, kinds, parse_monitor, standard_type
from deployer.local.service.mappings import CONFIG_SCHEMA
from deployer.local.service.rest import Call, Reply
from deployer.local.service.runner import is_pattern, run_monitor
from deployer.local.service.scheduler import Scheduler
from deployer.local.service.schedules import period_ending_at
from deployer.local.service.store import Job, compact
from deployer.local.service.times import now_ms
from deployer.local.service.tokens import START_OBJECT
from deployer.local.service.tools import Tools

_MINUTE_MS = 60_000
_BAD_NAMES = "^*?<>|#"
_DASHBOARDS = "OpenSearch-Dashboards"


class Monitors:
    """Answers the monitors' endpoints."""

    def __init__(self, tools: Tools, scheduler: Scheduler) -> None:
        self._tools = tools
        self._scheduler = scheduler

    async def create(self, call: Call) -> Reply:
        """POST monitors."""
        body, params = await self._parsed(call)
        await self._check(body)
        limit = await self._tools.settings.number("monitor.max_monitors")
        query = {"bool": {"filter": [{"term": {"monitor.type": "monitor"}}]}}
        try:
            found = await self._tools.store.search({"query": query, "size": 0})
            if found["hits"]["total"]["value"] >= limit:
                message = f"This request would create more than the allowed monitors [{limit}]."
                raise illegal_argument(message)
            done = await self._tools.store.write("monitor", body, refresh=params["refresh"])
        except ServerError as error:
            raise wrap(error) from error
        monitor = Job("monitor", body, done.id, done.version, done.seq_no, done.primary_term)
        try:
            metadata, _ = await self._tools.doc_metadata.get_or_create(monitor)
            if standard_type(body) == "doc_level_monitor":
                await self._tools.indices.queries()
                await self._tools.doc_queries.write(monitor, metadata, params["refresh"])
            await self._tools.doc_metadata.write(metadata)
        except ServerError as error:
            await self.delete_monitor(monitor, "true")
            raise wrap(error) from error
        self._scheduler.changed(monitor)
        return Reply(201, monitor.answered(), location=f"/_plugins/_alerting/monitors/{done.id}")

    async def update(self, call: Call) -> Reply:
        """PUT monitors/{id}."""
        monitor_id = call.word("monitorID", "")
        body, params = await self._parsed(call)
        await self._check(body)
        try:
            current = await self._tools.store.job(monitor_id)
            if current is None:
                raise status_error(f"Monitor with {monitor_id} is not found", 404)
            if current.kind != "monitor":
                raise cannot_cast("Workflow", "Monitor")
            if body["enabled"] and current.body["enabled"]:
                body["enabled_time"] = current.body["enabled_time"]
            body["schema_version"] = CONFIG_SCHEMA
            done = await self._tools.store.write("monitor", body, id=monitor_id, **params)
            monitor = Job("monitor", body, done.id, done.version, done.seq_no, done.primary_term)
            self._scheduler.changed(monitor)
            await self._update_metadata(monitor, current, params["refresh"])
        except ServerError as error:
            raise wrap(error) from error
        return Reply(200, monitor.answered())

    async def _update_metadata(self, monitor: Job, current: Job, refresh: str) -> None:
        documents = standard_type(monitor.body) == "doc_level_monitor"
        restarted = documents and monitor.body["enabled"] and not current.body["enabled"]
        metadata, created = await self._tools.doc_metadata.get_or_create(monitor, restarted=restarted)
        if created or standard_type(current.body) != "doc_level_monitor":
            return
        metadata = await self._tools.doc_metadata.with_new_indices(metadata, current)
        resolved = await resolve(self._tools.node, DATA_SOURCES["query_index"])
        for index in resolved.names:
            await self._tools.doc_queries.delete_from(index, {"match": {"monitor_id": current.id}})
        await self._tools.indices.queries()
        await self._tools.doc_queries.write(monitor, metadata, refresh)
        await self._tools.doc_metadata.write(metadata)

    async def _parsed(self, call: Call) -> tuple[Json, dict[str, str]]:
        """Gives the monitor in the body and the parameters of writing it, with the REST layer's refusals."""
        call.text("monitorID")
        parser = await call.parser()
        parser.next()
        parser.expect(START_OBJECT)
        try:
            body = parse_monitor(parser)
            parser.restarted().map()
            _check_sources(body)
            _check_query_names(body)
        except ServerError as error:
            raise wrap(error) from error
        params = write_params(call)
        call.done()
        found = body["inputs"][0].get("doc_level_input") if body["inputs"] else None
        watched = standard_type(body) == "doc_level_monitor" and found is not None
        if watched and any(is_pattern(index) for index in (found or {})["indices"]):
            raise validation_error("Index patterns are not supported for doc level monitors.")
        return body, params

    async def _check(self, body: Json) -> None:
        """Raises ServerError for indices that cannot be searched, and throttles that are too short or too long."""
        names: list[str] = []
        for found in body["inputs"]:
            names += found.get("search", found.get("doc_level_input", {})).get("indices", [])
        try:
            await self._check_indices(names)
            await self._tools.indices.config()
            most = await self._tools.settings.milliseconds("action_throttle_max_value")
            for _, trigger in kinds(body["triggers"]):
                for action in trigger["actions"]:
                    throttle = action.get("throttle")
                    if throttle is not None and throttle["value"] * _MINUTE_MS > most:
                        shown = await self._tools.settings.text("action_throttle_max_value")
                        raise illegal_argument(f"Can only set throttle period less than or equal to {shown}")
                    if throttle is not None and throttle["value"] < 1:
                        raise illegal_argument("Can only set throttle period greater than or equal to 1m")
        except ServerError as error:
            raise wrap(error) from error

    async def _check_indices(self, names: list[str]) -> None:
        """Searches indices for anything, of aliases and data streams only the one that is written to."""
        searched = []
        for name in names:
            plain = name and not any(character in name for character in "*,<:") and not name.startswith("-")
            resolved = await resolve(self._tools.node, name) if plain else None
            searched.append(resolved.written or name if resolved is not None else name)
        await self.search_any(searched)

    async def search_any(self, indices: list[str]) -> None:
        """Searches indices for anything. Raises ServerError if the node refuses."""
        body = {"size": 1, "query": {"match_all": {}}}
        await self._tools.node.module("search", {"indices": indices, "source": body, "params": {}})

    async def get(self, call: Call) -> Reply:
        """GET and HEAD monitors/{id}."""
        monitor_id = call.word("monitorID", "")
        version = call.integer("version", -3, bits=64)
        call.done()
        try:
            monitor = await self._tools.store.job(monitor_id, version=None if version == -3 else version)
            if monitor is None:
                raise status_error("Monitor not found.", 404)
            if monitor.kind != "monitor":
                raise await self._tools.store.foreign()
        except ServerError as error:
            if error.failure.kind == "index_not_found":
                raise wrap(status_error("Monitor not found. Backing index is missing.", 404)) from error
            raise wrap(await self._tools.store.unread(error)) from error
        if call.method == "HEAD":
            return Reply(200, {})
        workflows = await self._tools.store.workflows_with(monitor_id)
        named = [{"id": workflow.id, "name": workflow.body["name"]} for workflow in workflows]
        shown = Job("monitor", shown_body(monitor.body, call), *_place(monitor))
        return Reply(200, shown.answered() | {"associated_workflows": named})

    async def search(self, call: Call) -> Reply:
        """GET and POST monitors/_search."""
        index = call.word("index", CONFIG)
        if index not in (CONFIG, ALL_ALERTS):
            raise illegal_argument("Invalid index name.")
        source = await call.search_source()
        call.done()
        source.pop("_source", None)
        if _DASHBOARDS not in call.headers.get("user-agent", ""):
            source["_source"] = {"includes": [], "excludes": ["monitor.ui_metadata"]}
        query: Json = {"bool": {"must": [source["query"]] if "query" in source else []}}
        if index == CONFIG:
            jobs = [{"exists": {"field": "monitor"}}, {"exists": {"field": "workflow"}}]
            query["bool"]["must"].append({"bool": {"should": jobs}})
        if "monitor.owner" not in compact(query):
            nobody = {"bool": {"must_not": [{"exists": {"field": "monitor.owner"}}]}}
            own = {"bool": {"must": [{"match": {"monitor.owner": "alerting"}}]}}
            query = {"bool": {"must": [query], "filter": [{"bool": {"should": [nobody, own]}}]}}
        source |= {"query": query, "version": True, "seq_no_primary_term": True}
        return await self.searched(f"/{quote(index, safe='*')}/_search", source)

    async def searched(self, path: str, source: Json) -> Reply:
        """Searches and gives the answer with jobs in the form in which they are shown."""
        answer = await self._tools.node.ask("POST", path, source)
        try:
            body = answer.checked()
        except ServerError as error:
            if error.failure.kind == "index_not_found":
                return Reply(200, empty_search())
            raise wrap(error) from error
        for hit in body["hits"]["hits"]:
            job = next(
                (hit["_source"][kind] for kind in ("monitor", "workflow") if kind in hit.get("_source", {})), None
            )
            if job is None:
                break
            hit["_source"] = {name: value for name, value in job.items() if name != "user"}
        return Reply(200, body)

    async def delete(self, call: Call) -> Reply:
        """DELETE monitors/{id}."""
        monitor_id = call.word("monitorID", "")
        refresh = call.refresh()
        call.done()
        try:
            monitor = await self._tools.store.job(monitor_id)
            if monitor is None:
                return _deleted_twice(monitor_id)
            if monitor.kind != "monitor":
                raise cannot_cast("Workflow", "Monitor")
            if await self._tools.store.workflows_with(monitor_id):
                message = "Monitor can't be deleted because it is a part of workflow(s)"
                raise alerting_error(message, 403, "java.lang.IllegalStateException", None)
            return Reply(200, await self.delete_monitor(monitor, refresh))
        except ServerError as error:
            own = error.failure.java_class.endswith("AlertingException") and error.failure.status == 403
            raise (error if own else wrap(error)) from error

    async def delete_monitor(self, monitor: Job, refresh: str) -> Json:
        """Deletes a monitor with its queries and records, and moves its alerts to the past ones."""
        answer = await self._tools.store.delete(monitor.id, refresh)
        self._scheduler.deleted(monitor.id)
        metadata = await self._tools.doc_metadata.get(monitor)
        if monitor.body["delete_query_index_in_every_run"]:
            await self._tools.doc_queries.delete_all()
        else:
            await self._tools.doc_queries.delete(monitor.id, metadata)
        await self._tools.store.delete(f"{monitor.id}-metadata", "true", routing=monitor.id)
        return {"_id": answer["_id"], "_version": answer["_version"]}

    async def execute(self, call: Call) -> Reply:
        """POST monitors/{id}/_execute and monitors/_execute."""
        monitor_id = call.text("monitorID")
        body: Json | None = None
        # The server asks for these only once it has the answer to give.
        call.done("dryrun", "period_end", "monitorID")
        dry = call.flag("dryrun", default=False)
        end = call.milliseconds("period_end", now_ms())
        if monitor_id is None:
            parser = await call.parser()
            parser.next()
            parser.expect(START_OBJECT)
            try:
                body = parse_monitor(parser)
            except ServerError as error:
                raise wrap(error) from error
            monitor = Job("monitor", body)
        else:
            monitor = await self._stored(monitor_id)
        start, end = period_ending_at(monitor.body["schedule"], end)
        try:
            run = await run_monitor(self._tools, monitor, start, end, dry=dry)
        except ServerError as error:
            raise wrap(error) from error
        return Reply(200, run.json())

    async def _stored(self, monitor_id: str) -> Job:
        try:
            monitor = await self._tools.store.job(monitor_id)
            if monitor is None:
                raise status_error(f"Can't find monitor with id: {monitor_id}", 404)
            if monitor.kind != "monitor":
                raise await self._tools.store.foreign()
        except ServerError as error:
            raise wrap(await self._tools.store.unread(error)) from error
        return monitor


def write_params(call: Call) -> dict[str, str]:
    """Gives the parameters of writing a job that the request asks for."""
    seq_no = call.integer("if_seq_no", -2, bits=64)
    term = call.integer("if_primary_term", 0, bits=64)
    params = {"refresh": call.refresh()}
    if call.method == "PUT":
        params |= {"if_seq_no": str(seq_no)} if seq_no != -2 else {}
        params |= {"if_primary_term": str(term)} if term != 0 or seq_no != -2 else {}
    return params


def shown_body(body: Json, call: Call) -> Json:
    """Gives a monitor's body as it is shown: what Dashboards keeps in it only to Dashboards."""
    shown = copy.copy(body)
    if _DASHBOARDS not in call.headers.get("user-agent", ""):
        shown.pop("ui_metadata", None)
    return shown


def empty_search() -> Json:
    """Gives the answer to a search where there is no index yet."""
    return {
        "took": 0,
        "timed_out": False,
        "_shards": {"total": 0, "successful": 0, "skipped": 0, "failed": 0},
        "hits": {"total": {"value": 0, "relation": "eq"}, "max_score": 0.0, "hits": []},
        "suggest": {},
        "profile": {"shards": []},
    }


def _place(job: Job) -> tuple[str, int, int, int]:
    return job.id, job.version, job.seq_no, job.primary_term


def _deleted_twice(monitor_id: str) -> Reply:
    """Gives the plugin's answer to deleting what is not there: it answers twice, the second text cut to the first's length."""
    first = wrap(status_error(f"Monitor with {monitor_id} is not found", 404)).failure
    missing = 'Cannot invoke "org.opensearch.core.common.bytes.BytesReference.length()" because "bytes" is null'
    second = wrap(null_pointer(missing)).failure
    texts: list[Any] = [json.dumps(what.body, separators=(",", ":")) for what in (first, second)]
    return Reply(404, texts[1][: len(texts[0])])


def _check_sources(body: Json) -> None:
    sources = body["data_sources"]
    for field in ("query_index", "findings_index", "alerts_index"):
        if sources[field] != DATA_SOURCES[field]:
            raise illegal_argument("Custom Data Sources are not allowed.")


def _check_query_names(body: Json) -> None:
    if standard_type(body) != "doc_level_monitor":
        return
    for found in body["inputs"]:
        for query in found.get("doc_level_input", {}).get("queries", []):
            if not re.fullmatch(r"(?![_+-])(?!.*\.\.)[^*?<>|#^]+", query["name"]):
                message = f"Doc level query name may not start with [_, +, -], contain '..', or contain: {_BAD_NAMES}"
                raise illegal_argument(message)
