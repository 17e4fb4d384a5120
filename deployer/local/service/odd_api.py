"""The endpoints nobody here needs, answered as the plugin answers where nothing of their kind exists; comments; statistics."""

from __future__ import annotations

from urllib.parse import quote

from deployer.local.service.errors import Json, ServerError, failure, illegal_argument, status_error, wrap
from deployer.local.service.indices import ALL_COMMENTS, CONFIG
from deployer.local.service.rest import Call, Reply
from deployer.local.service.scheduler import Scheduler
from deployer.local.service.schedules import utc_text
from deployer.local.service.times import now_ms
from deployer.local.service.tools import Tools

_METRICS = ("job_scheduling_metrics", "jobs_info")


class OddApi:
    """Answers these endpoints."""

    def __init__(self, tools: Tools, scheduler: Scheduler) -> None:
        self._tools = tools
        self._scheduler = scheduler

    async def stats(self, call: Call) -> Reply:
        """GET stats, stats/{metric}, {nodeId}/stats, {nodeId}/stats/{metric}."""
        version = call.text("version")
        if version not in (None, "v1", "v2"):
            raise illegal_argument("Version parameter must be one of v1 or v2")
        node_id, asked = call.text("nodeId"), call.word("metric", "_all")
        call.milliseconds("timeout", 0)
        metrics = set(asked.split(","))
        if metrics != {"_all"}:
            if "_all" in metrics and len(metrics) > 1:
                message = f"request [{call.path}] contains _all and individual metrics [{asked}]"
                raise illegal_argument(message)
            unknown = sorted(metrics - set(_METRICS))
            if unknown:
                listed = ", ".join(f"[{name}]" for name in unknown)
                plural = "s" if len(unknown) > 1 else ""
                raise illegal_argument(f"request [{call.path}] contains unrecognized metric{plural}: {listed}")
        call.done()
        where = f"/{quote(node_id, safe=',*')}" if node_id else ""
        nodes = await self._tools.node.ask(
            "GET", f"/_nodes{where}?filter_path=_nodes,cluster_name,nodes.*.name,nodes.*.roles"
        )
        answer = nodes.checked()
        jobs = {} if version == "v2" else self._scheduler.metrics()
        on_time = all(job["running_on_time"] for job in jobs.values())
        exists = await self._tools.indices.exists(CONFIG)
        health = None
        if exists:
            path = f"/_cluster/health/{CONFIG}?filter_path=status"
            health = (await self._tools.node.ask("GET", path)).checked()["status"]
        enabled = self._scheduler.enabled
        shown: Json = {}
        for key, node in answer.get("nodes", {}).items():
            body: Json = {
                "name": node["name"],
                "schedule_status": "green" if on_time else "red",
                "roles": [role.upper() for role in node["roles"]],
            }
            if metrics & {"_all", "job_scheduling_metrics"}:
                elapsed = now_ms() - self._scheduler.swept
                body["job_scheduling_metrics"] = {"last_full_sweep_time_millis": elapsed, "full_sweep_on_time": True}
            if metrics & {"_all", "jobs_info"}:
                body["jobs_info"] = {job_id: _shown_job(job, call) for job_id, job in jobs.items()}
            shown[key] = body
        return Reply(
            200,
            {
                "_nodes": answer["_nodes"],
                "cluster_name": answer["cluster_name"],
                "opendistro.scheduled_jobs.enabled": enabled,
                "plugins.scheduled_jobs.enabled": enabled,
                "scheduled_job_index_exists": exists,
                "scheduled_job_index_status": health,
                "nodes_on_schedule": len(shown) if on_time else 0,
                "nodes_not_on_schedule": 0 if on_time else len(shown),
                "nodes": shown,
            },
        )

    async def destinations(self, call: Call) -> Reply:
        """GET destinations and destinations/{id}: there are none since the Notifications plugin took their place."""
        for name in ("destinationID", "missing", "searchString", "destinationType"):
            call.text(name)
        sort, order = call.word("sortString", "destination.name.keyword"), call.word("sortOrder", "asc")
        size, start = call.integer("size", 20), call.integer("startIndex", 0)
        call.integer("version", -3, bits=64)
        call.done()
        if order.upper() not in ("ASC", "DESC"):
            raise illegal_argument(f"No enum constant org.opensearch.search.sort.SortOrder.{order.upper()}")
        body = {
            "query": {"bool": {"must": [{"exists": {"field": "destination"}}]}},
            "sort": [{sort: {"order": order.lower()}}],
            "size": size,
            "from": start,
        }
        answer = await self._tools.node.ask("POST", f"/{CONFIG}/_search", body)
        if not answer.ok:
            try:
                answer.checked()
            except ServerError as error:
                if error.failure.kind != "index_not_found":
                    raise wrap(error) from error
        return Reply(200, {"totalDestinations": 0, "destinations": []})

    async def email(self, call: Call) -> Reply:
        """GET destinations/email_accounts/{id} and destinations/email_groups/{id}: there are none."""
        what = "Account" if call.text("emailAccountID") is not None else "Group"
        call.text("emailGroupID")
        call.integer("version", -3, bits=64)
        call.done()
        raise wrap(status_error(f"Email {what} not found.", 404))

    async def search_email(self, call: Call) -> Reply:
        """GET and POST destinations/email_accounts/_search and destinations/email_groups/_search."""
        source = await call.search_source()
        call.done()
        kind = "email_account" if "email_accounts" in call.path else "email_group"
        must = [source["query"]] if "query" in source else []
        source["query"] = {"bool": {"must": must, "filter": [{"exists": {"field": kind}}]}}
        source["seq_no_primary_term"] = True
        answer = await self._tools.node.ask("POST", f"/{CONFIG}/_search", source)
        try:
            return Reply(200, answer.checked())
        except ServerError as error:
            raise wrap(error) from error

    async def remote_indexes(self, call: Call) -> Reply:
        """GET remote/indexes: no other clusters are known, so only patterns that match none can be asked for."""
        indexes = [name for name in call.word("indexes", "").split(",") if name]
        call.flag("include_mappings", default=False)
        call.done()
        if not indexes:
            raise wrap(status_error("Indexes includes an invalid pattern.", 400))
        return Reply(200, {})

    async def comment(self, call: Call) -> Reply:
        """POST comments/{alert id} and PUT comments/{id}."""
        target = call.word("id", "")
        content = (await call.parser()).map().get("content")
        if content is not None and not isinstance(content, str):
            raise class_cast(content)
        if not content:
            raise wrap(illegal_argument("Missing comment content"))
        for name in ("if_seq_no", "if_primary_term"):
            call.integer(name, 0, bits=64)
        call.done()
        comments = self._tools.comments
        await comments.check_enabled()
        await comments.check_length(content)
        if call.method == "POST":
            done, comment = await comments.create(target, content)
        else:
            done, comment = await comments.update(target, content)
        body = {
            "_id": done.id,
            "_seq_no": done.seq_no,
            "_primary_term": done.primary_term,
            "comment": {**comment, "user": None},
        }
        if call.method == "PUT":
            return Reply(200, body)
        return Reply(201, body, location=f"/_plugins/_alerting/comments/{done.id}")

    async def delete_comment(self, call: Call) -> Reply:
        """DELETE comments/{id}."""
        comment_id = call.word("id", "")
        call.done()
        await self._tools.comments.check_enabled()
        try:
            return Reply(200, {"_id": await self._tools.comments.delete(comment_id)})
        except ServerError as error:
            known = error.failure.java_class.endswith("AlertingException")
            raise (error if known else wrap(error)) from error

    async def search_comments(self, call: Call) -> Reply:
        """GET and POST comments/_search."""
        source = await call.search_source()
        call.done()
        await self._tools.comments.check_enabled()
        must = [source["query"]] if "query" in source else []
        source |= {"query": {"bool": {"must": must}}, "seq_no_primary_term": True, "version": True}
        source.pop("_source", None)
        answer = await self._tools.node.ask("POST", f"/{ALL_COMMENTS}/_search", source)
        try:
            body = answer.checked()
        except ServerError as error:
            raise wrap(error) from error
        for hit in body["hits"]["hits"]:
            hit["_source"] = {**hit["_source"], "user": None}
        return Reply(200, body)


def class_cast(value: object) -> ServerError:
    """Gives the error for a value that should have been a text."""
    names = {bool: "java.lang.Boolean", int: "java.lang.Integer", float: "java.lang.Double"}
    have = names.get(type(value), "java.util.ArrayList" if isinstance(value, list) else "java.util.HashMap")
    want = "java.lang.String"
    message = (
        f"class {have} cannot be cast to class {want} ({have} and {want} are in module java.base of loader 'bootstrap')"
    )
    return ServerError(failure("java.lang.ClassCastException", message))


def _shown_job(job: Json, call: Call) -> Json:
    """Gives a job's statistics; its time also as text where such are asked for (the plugin has the names turned round)."""
    human = call.query.get("human", "false") in ("", "true")
    if not human or "last_execution_time" not in job:
        return job
    return {"last_execution_time_in_millis": utc_text(job["last_execution_time"]), **job}
