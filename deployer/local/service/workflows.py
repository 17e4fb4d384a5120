"""The workflows' endpoints: create, change, read, delete, execute."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from deployer.local.service.composite import delegates_of, monitors_by_id, run_workflow, workflow_metadata
from deployer.local.service.doc_metadata import Metadata, metadata_id
from deployer.local.service.errors import (
    Json,
    ServerError,
    alerting_error,
    cannot_cast,
    illegal_argument,
    status_error,
    validation_error,
    wrap,
)
from deployer.local.service.ids import execution_id
from deployer.local.service.indices import CONFIG
from deployer.local.service.jobs_form import parse_workflow, standard_type
from deployer.local.service.mappings import CONFIG_SCHEMA
from deployer.local.service.monitors import Monitors, write_params
from deployer.local.service.rest import Call, Reply
from deployer.local.service.scheduler import Scheduler
from deployer.local.service.schedules import period_ending_at
from deployer.local.service.store import Job
from deployer.local.service.times import now_ms
from deployer.local.service.tokens import START_OBJECT
from deployer.local.service.tools import Tools

_MOST_DELEGATES = 25


class Workflows:
    """Answers the workflows' endpoints."""

    def __init__(self, tools: Tools, scheduler: Scheduler, monitors: Monitors) -> None:
        self._tools = tools
        self._scheduler = scheduler
        self._monitors = monitors

    async def create(self, call: Call) -> Reply:
        """POST workflows."""
        body, params = await self._parsed(call)
        await self._check(body)
        try:
            await self._tools.indices.config()
            done = await self._tools.store.write("workflow", body, refresh=params["refresh"])
            workflow = Job("workflow", body, done.id, done.version, done.seq_no, done.primary_term)
            own_metadata = await workflow_metadata(self._tools, workflow, execution_id(workflow.id), saved=True)
            for monitor in await self._delegates(workflow):
                metadata, _ = await self._tools.doc_metadata.get_or_create(monitor, workflow_metadata_id=own_metadata)
                await self._copy_query_indices(monitor, metadata)
        except ServerError as error:
            raise wrap(error) from error
        self._scheduler.changed(workflow)
        return Reply(201, workflow.answered(), location=f"/_plugins/_alerting/workflows/{done.id}")

    async def _copy_query_indices(self, monitor: Job, metadata: Metadata) -> None:
        """Writes a monitor's record within a workflow: it knows where the monitor's queries are."""
        if standard_type(monitor.body) == "doc_level_monitor":
            own = await self._tools.doc_metadata.get(monitor)
            if own is not None:
                metadata = replace(metadata, query_indices=own.query_indices)
        await self._tools.doc_metadata.write(metadata)

    async def update(self, call: Call) -> Reply:
        """PUT workflows/{id}."""
        workflow_id = call.word("workflowID", "")
        body, params = await self._parsed(call)
        await self._check(body)
        try:
            await self._tools.indices.config()
            current = await self._tools.store.job(workflow_id)
            if current is None:
                raise status_error(f"Workflow with {workflow_id} is not found", 404)
            if current.kind != "workflow":
                raise cannot_cast("Monitor", "Workflow")
            if body["enabled"] and current.body["enabled"]:
                body["enabled_time"] = current.body["enabled_time"]
            body["schema_version"] = CONFIG_SCHEMA
            done = await self._tools.store.write("workflow", body, id=workflow_id, **params)
            workflow = Job("workflow", body, done.id, done.version, done.seq_no, done.primary_term)
            own_metadata = await workflow_metadata(self._tools, workflow, execution_id(workflow.id), saved=True)
            restarted = body["enabled"] and not current.body["enabled"]
            for monitor in await self._delegates(workflow):
                metadata, created = await self._tools.doc_metadata.get_or_create(
                    monitor, workflow_metadata_id=own_metadata, restarted=restarted
                )
                if not created and standard_type(monitor.body) == "doc_level_monitor":
                    metadata = await self._tools.doc_metadata.with_new_indices(metadata, monitor)
                    await self._copy_query_indices(monitor, metadata)
        except ServerError as error:
            raise wrap(error) from error
        self._scheduler.changed(workflow)
        return Reply(200, workflow.answered())

    async def _delegates(self, workflow: Job) -> Iterable[Job]:
        return (await monitors_by_id(self._tools, delegates_of(workflow))).values()

    async def _parsed(self, call: Call) -> tuple[Json, dict[str, str]]:
        """Gives the workflow in the body and the parameters of writing it, with the REST layer's refusals."""
        call.text("workflowID")
        parser = await call.parser()
        parser.next()
        parser.expect(START_OBJECT)
        body = parse_workflow(parser)
        parser.restarted().map()
        params = write_params(call)
        call.done()
        _validate(body)
        return body, params

    async def _check(self, body: Json) -> None:
        """Raises ServerError unless all the workflow's monitors exist, chain as they may, and can be searched."""
        delegates = body["inputs"][0]["composite_input"]["sequence"]["delegates"]
        ids = [delegate["monitor_id"] for delegate in delegates]
        try:
            # The plugin gives no size here: it never sees more than ten.
            found = await self._tools.store.jobs({"bool": {"filter": [{"terms": {"_id": ids}}]}})
        except ServerError as error:
            if error.failure.kind == "index_not_found":
                raise status_error("Monitors not found", 404) from error
            raise
        if any(job.kind != "monitor" for job in found):
            raise cannot_cast("Workflow", "Monitor")
        monitors = {job.id: job for job in found}
        if not monitors:
            message = f"User doesn't have read permissions for one or more configured monitors {', '.join(ids)}"
            raise wrap(status_error(message, 403))
        missing = list(ids)
        for monitor_id in monitors:
            missing.remove(monitor_id)
        if missing:
            raise wrap(illegal_argument(f"{', '.join(missing)} are not valid monitor ids"))
        for delegate in delegates:
            _check_chained(delegate, monitors)
        indices = [index for monitor in monitors.values() for index in _searched(monitor)]
        try:
            await self._monitors.search_any(indices)
        except ServerError as error:
            message = f"User doesn't have read permissions for one or more configured index {', '.join(indices)}"
            raise wrap(status_error(message, 403)) from error

    async def get(self, call: Call) -> Reply:
        """GET workflows/{id}."""
        workflow_id = call.word("workflowID", "")
        call.done()
        try:
            workflow = await self._tools.store.job(workflow_id)
            if workflow is None or workflow.kind != "workflow":
                raise status_error("Workflow not found.", 404)
        except ServerError as error:
            if error.failure.kind == "index_not_found":
                raise status_error("Workflow not found", 404) from error
            raise wrap(await self._tools.store.unread(error)) from error
        return Reply(200, workflow.answered())

    async def delete(self, call: Call) -> Reply:
        """DELETE workflows/{id}."""
        workflow_id = call.word("workflowID", "")
        with_monitors = call.flag("deleteDelegateMonitors", default=False)
        call.refresh()
        call.done()
        try:
            workflow = await self._tools.store.job(workflow_id)
            if workflow is None:
                raise status_error("Workflow not found.", 404)
            if workflow.kind != "workflow":
                raise cannot_cast("Monitor", "Workflow")
            deletable = await self._only_here(workflow)
            if with_monitors:
                kept = [
                    delegate["monitor_id"]
                    for delegate in delegates_of(workflow)
                    if delegate["monitor_id"] not in deletable
                ]
                if kept:
                    message = f"Not allowed to delete {', '.join(kept)} monitors"
                    raise alerting_error(message, 403, "java.lang.IllegalStateException", None)
            answer = await self._tools.store.delete(workflow_id, "true")
            self._scheduler.deleted(workflow_id)
            for monitor in deletable.values() if with_monitors else []:
                await self._monitors.delete_monitor(monitor, "true")
            own = f"{workflow_id}-metadata"
            records = [own, *(metadata_id(monitor_id, own) for monitor_id in deletable)]
            path = f"/{CONFIG}/_delete_by_query?conflicts=proceed&refresh=true"
            (await self._tools.node.ask("POST", path, {"query": {"ids": {"values": records}}})).checked()
        except ServerError as error:
            if error.failure.kind == "index_not_found":
                raise status_error("Workflow not found.", 404) from error
            own_error = error.failure.java_class.endswith("AlertingException") and error.failure.status == 403
            raise (error if own_error else wrap(error)) from error
        kept_monitors: list[str] | None = [] if with_monitors else None
        return Reply(200, {"_id": answer["_id"], "_version": answer["_version"], "NON_DELETED_MONITORS": kept_monitors})

    async def _only_here(self, workflow: Job) -> dict[str, Job]:
        """Gives the workflow's monitors that no other workflow runs."""
        ids = [delegate["monitor_id"] for delegate in delegates_of(workflow)]
        path = "workflow.inputs.composite_input.sequence.delegates"
        terms = {"bool": {"must": [{"terms": {f"{path}.monitor_id": ids}}]}}
        nested = {"nested": {"path": path, "query": terms, "score_mode": "none"}}
        query = {"bool": {"must_not": [{"term": {"_id": workflow.id}}], "filter": [nested]}}
        others = await self._tools.store.jobs(query)
        elsewhere = {delegate["monitor_id"] for other in others for delegate in delegates_of(other)}
        only = [monitor_id for monitor_id in ids if monitor_id not in elsewhere]
        found = await self._tools.store.jobs({"bool": {"filter": [{"terms": {"_id": only}}]}})
        return {job.id: job for job in found}

    async def execute(self, call: Call) -> Reply:
        """POST workflows/{id}/_execute."""
        workflow_id = call.word("workflowID", "")
        call.done("dryrun", "period_end", "workflowID")
        dry = call.flag("dryrun", default=False)
        end = call.milliseconds("period_end", now_ms())
        try:
            workflow = await self._tools.store.job(workflow_id)
            if workflow is None:
                raise status_error(f"Can't find workflow with id: {workflow_id}", 404)
            if workflow.kind != "workflow":
                raise await self._tools.store.foreign()
            start, end = period_ending_at(workflow.body["schedule"], end)
            result = await run_workflow(self._tools, workflow, start, end, dry=dry)
        except ServerError as error:
            raise wrap(error) from error
        return Reply(200, result.json())


def _validate(body: Json) -> None:
    """Raises ServerError for inputs that cannot make a workflow, all that is wrong in one error."""
    if not body["inputs"]:
        raise validation_error("Input list can not be empty.")
    delegates = body["inputs"][0]["composite_input"]["sequence"]["delegates"]
    if not delegates:
        raise validation_error("Delegates list can not be empty.")
    wrong = []
    if len(delegates) > _MOST_DELEGATES:
        wrong.append(f"Delegates list can not be larger then {_MOST_DELEGATES}.")
    orders = {delegate["monitor_id"]: delegate["order"] for delegate in delegates}
    if len(orders) != len(delegates):
        wrong.append("Duplicate delegates not allowed")
    if len({delegate["order"] for delegate in delegates}) != len(delegates):
        wrong.append("Sequence ordering of delegate monitor shouldn't contain duplicate order values")
    for delegate in delegates:
        chained = delegate.get("chained_monitor_findings")
        if not chained:
            continue
        first = chained["monitor_id"]
        for monitor_id in chained["monitor_ids"] if first is None else [first]:
            if monitor_id not in orders:
                raise validation_error(*wrong, f"Chained Findings Monitor {monitor_id} doesn't exist in sequence")
            order = orders[monitor_id]
            if order < delegate["order"]:
                continue
            what = f"Chained Findings Monitor {first} should be executed before monitor {delegate['monitor_id']}"
            if first is None:
                order_rule = (
                    f"Order of monitor being chained [{order}] should be smaller than order of monitor using findings as "
                    f"source data [{delegate['order']}] in sequence"
                )
                raise validation_error(*wrong, f"{what.replace('None', 'null', 1)}. {order_rule}")
            wrong.append(what)
    if wrong:
        raise validation_error(*wrong)


def _check_chained(delegate: Json, monitors: dict[str, Job]) -> None:
    chained = delegate.get("chained_monitor_findings")
    if not chained:
        return
    ids = [chained["monitor_id"]] if (chained.get("monitor_id") or "").strip() else chained["monitor_ids"]
    for monitor_id in ids:
        before = monitors.get(monitor_id)
        if before is None:
            raise wrap(illegal_argument(f"Chained finding monitor {monitor_id} doesn't exist"))
        if standard_type(before.body) == "query_level_monitor":
            raise wrap(illegal_argument("Query level monitor can't be part of chained findings"))
        own, theirs = _searched(monitors[delegate["monitor_id"]]), _searched(before)
        if not set(theirs) <= set(own):
            message = (
                f"Delegate monitor indices {', '.join(own)} doesn't query all of chained findings monitor's indices "
                f"{', '.join(theirs)}}}"
            )
            raise wrap(illegal_argument(message))


def _searched(monitor: Job) -> list[str]:
    inputs = monitor.body["inputs"]
    return [
        index for found in inputs for index in found.get("search", found.get("doc_level_input", {})).get("indices", [])
    ]
