"""Runs of workflows: their monitors one after the other, then the triggers that look at which of them alerted."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

from deployer.local.service.alerts import action_results, chained_alert, completed
from deployer.local.service.bucket_level import run_bucket_level
from deployer.local.service.contexts import workflow_arg
from deployer.local.service.doc_level import run_doc_level
from deployer.local.service.errors import Failure, Json, ServerError, illegal_state, wrap
from deployer.local.service.expressions import chained_holds, monitors_in
from deployer.local.service.ids import execution_id, long_id
from deployer.local.service.indices import ALERT_HISTORY, ALERTS, CONFIG, FINDINGS
from deployer.local.service.jobs_form import kinds, standard_type
from deployer.local.service.mappings import ALERT_SCHEMA
from deployer.local.service.query_level import run_query_level
from deployer.local.service.results import MonitorRun, TriggerRun
from deployer.local.service.schedules import utc_text
from deployer.local.service.store import Job
from deployer.local.service.times import now_ms
from deployer.local.service.tools import Tools, WorkflowRun

_ALL_ALERTS = 9999


@dataclass(slots=True)
class WorkflowResult:
    """What a workflow's run gives back."""

    workflow: Job
    execution_id: str
    started: int
    ended: int | None = None
    monitors: list[MonitorRun] = field(default_factory=list)
    triggers: dict[str, TriggerRun] = field(default_factory=dict)
    error: Failure | None = None

    def json(self) -> Json:
        """Gives it as answers show it."""
        return {
            "execution_id": self.execution_id,
            "workflow_name": self.workflow.body["name"],
            "workflow_id": self.workflow.id,
            "trigger_results": {key: run.json() for key, run in self.triggers.items()},
            "monitor_run_results": [run.json() for run in self.monitors],
            "execution_start_time": utc_text(self.started),
            "execution_end_time": None if self.ended is None else utc_text(self.ended),
            "error": None if self.error is None else self.error.message,
        }

    def failed(self, error: ServerError) -> WorkflowResult:
        """Gives the result of a run that an error ended."""
        return WorkflowResult(self.workflow, self.execution_id, self.started, now_ms(), error=wrap(error).failure)


async def run_workflow(tools: Tools, workflow: Job, start: int, end: int, *, dry: bool) -> WorkflowResult:
    """Runs the workflow over a period. Raises ServerError where the plugin answers with an error instead of a result."""
    temporary = dry or not workflow.id
    result = WorkflowResult(workflow, execution_id("" if temporary else workflow.id), now_ms())
    metadata_id = await workflow_metadata(tools, workflow, result.execution_id, saved=not temporary)
    delegates = delegates_of(workflow)
    try:
        monitors = await monitors_by_id(tools, delegates)
    except ServerError as error:
        return result.failed(error)
    missing = [delegate["monitor_id"] for delegate in delegates if delegate["monitor_id"] not in monitors]
    if len(monitors) != len(delegates):
        # The plugin prints the whole workflow here, and then its field's name.
        message = f"Delegate monitors don't exist {', '.join(missing)} for the workflow {workflow.body['name']}.id"
        raise wrap(illegal_state(message))
    for delegate in delegates:
        try:
            documents, findings = await _chained(tools, delegate, result.execution_id)
        except ServerError as error:
            return result.failed(error)
        run = WorkflowRun(
            workflow.id, metadata_id, bool(workflow.body["audit_delegate_monitor_alerts"]), documents, findings
        )
        try:
            monitor = monitors[delegate["monitor_id"]]
            result.monitors.append(await _delegate(tools, monitor, start, end, result.execution_id, run, dry=dry))
        except ServerError as error:
            result.error = wrap(error).failure
            break
    if not temporary:
        await _note_run(tools, workflow, delegates, result)
    try:
        await tools.indices.alerts()
        known = await tools.alerts.current_chained(workflow)
    except ServerError as error:
        result.error = error.failure
        return result
    try:
        await _evaluate(tools, result, known, dry=dry)
    except ServerError as error:
        return result.failed(error)
    result.ended = now_ms()
    return result


def delegates_of(workflow: Job) -> list[Json]:
    """Gives the workflow's delegates in their order."""
    delegates: list[Json] = workflow.body["inputs"][0]["composite_input"]["sequence"]["delegates"]
    return sorted(delegates, key=lambda delegate: int(delegate["order"]))


async def monitors_by_id(tools: Tools, delegates: list[Json]) -> dict[str, Job]:
    """Gives the monitors of delegates. Raises ServerError if they cannot be read."""
    ids = [delegate["monitor_id"] for delegate in delegates]
    try:
        found = await tools.store.jobs({"bool": {"filter": [{"terms": {"_id": ids}}]}}, size=len(ids))
    except ServerError as error:
        raise wrap(error) from error
    return {job.id: job for job in found if job.kind == "monitor"}


async def workflow_metadata(tools: Tools, workflow: Job, run_id: str, *, saved: bool) -> str:
    """Gives the id of a workflow's record of runs, which is made if there is none."""
    known = None
    document_id = f"{workflow.id}-metadata"
    if workflow.id:
        known = await tools.store.document(document_id, routing=workflow.id)
    if known is not None:
        return document_id
    if not saved:
        return f"{utc_text(now_ms())}{long_id()}-metadata"
    await _write_metadata(tools, workflow, delegates_of(workflow), now_ms(), run_id)
    return document_id


async def _note_run(tools: Tools, workflow: Job, delegates: list[Json], result: WorkflowResult) -> None:
    await _write_metadata(tools, workflow, delegates, result.started, result.execution_id)


async def _write_metadata(tools: Tools, workflow: Job, delegates: list[Json], started: int, run_id: str) -> None:
    body = {
        "workflow_metadata": {
            "workflow_id": workflow.id,
            "monitor_ids": [delegate["monitor_id"] for delegate in delegates],
            "latest_run_time": started,
            "latest_execution_id": run_id,
        }
    }
    params = urlencode({"refresh": "true", "routing": workflow.id})
    path = f"/{CONFIG}/_doc/{quote(f'{workflow.id}-metadata', safe='')}?{params}"
    (await tools.node.ask("PUT", path, body)).checked()


async def _chained(tools: Tools, delegate: Json, run_id: str) -> tuple[dict[str, list[str]], list[str]]:
    """Gives the documents (by index) that the chained monitors found in this run, and the ids of the findings."""
    chained = delegate.get("chained_monitor_findings")
    if not chained:
        return {}, []
    ids = [chained["monitor_id"]] if (chained.get("monitor_id") or "").strip() else chained.get("monitor_ids", [])
    if not ids or not await tools.indices.exists(FINDINGS):
        return {}, []
    query = {"bool": {"filter": [{"terms": {"monitor_id": ids}}, {"term": {"execution_id": run_id}}]}}
    answer = await tools.node.ask("POST", f"/{FINDINGS}/_search", {"query": query})
    hits = answer.checked()["hits"]["hits"]
    documents: dict[str, list[str]] = {}
    for hit in hits:
        documents.setdefault(hit["_source"]["index"], []).extend(hit["_source"]["related_doc_ids"])
    return documents, [hit["_source"]["id"] for hit in hits]


async def _delegate(
    tools: Tools, monitor: Job, start: int, end: int, run_id: str, workflow: WorkflowRun, *, dry: bool
) -> MonitorRun:
    run = MonitorRun(monitor.body["name"], start, end)
    match standard_type(monitor.body):
        case "bucket_level_monitor":
            return await run_bucket_level(tools, monitor, run, run_id, dry=dry, workflow=workflow)
        case "doc_level_monitor":
            return await run_doc_level(tools, monitor, run, run_id, dry=dry, workflow=workflow)
        case "query_level_monitor":
            return await run_query_level(tools, monitor, run, run_id, dry=dry, workflow=workflow)
        case _:
            raise wrap(illegal_state(f"Unsupported monitor type {monitor.body['monitor_type']}"))


async def _evaluate(tools: Tools, result: WorkflowResult, known: list[Json], *, dry: bool) -> None:
    workflow = result.workflow
    alerts = await _alerts_of_run(tools, result)
    updated: list[Json] = []
    for _, trigger in kinds(workflow.body["triggers"]):
        alert = next((one for one in known if one["trigger_id"] == trigger["id"]), None)
        run, associated = _run_trigger(trigger, alerts)
        result.triggers[trigger["id"]] = run
        acknowledged = alert is not None and alert["state"] == "ACKNOWLEDGED"
        if run.triggered and not (acknowledged and run.error is None):
            ctx = _context(result, alerts)
            for action in trigger["actions"]:
                run.actions[action["id"]] = await tools.actions.run(action, ctx, dry=dry, alert=alert)
        renewed = _renewed(workflow, trigger, run, alert, result.execution_id, associated)
        if renewed is not None:
            updated.append(renewed)
    if not dry and workflow.id and updated:
        await tools.alerts.save(updated, workflow.id)


def _run_trigger(trigger: Json, alerts: dict[str, list[str]]) -> tuple[TriggerRun, list[str]]:
    script = trigger["condition"]["script"]
    source = script.get("source", script.get("id", ""))
    try:
        holds = chained_holds(source, alerts)
    except ServerError as error:
        return TriggerRun(trigger["name"], error.failure), []
    ids = [alert for monitor in monitors_in(source) for alert in alerts.get(monitor, [])] if holds else []
    return TriggerRun(trigger["name"], triggered=holds), list(dict.fromkeys(ids))


async def _alerts_of_run(tools: Tools, result: WorkflowResult) -> dict[str, list[str]]:
    """Gives the alerts that the monitors made in this run, by monitor: those without an error."""
    chained = bool(result.workflow.body["triggers"])
    history = chained and await tools.settings.flag("alert_history_enabled")
    no_error = [
        {"bool": {"must_not": [{"exists": {"field": "error_message"}}]}},
        {"terms": {"error_message": [""]}},
    ]
    must = [
        {"term": {"execution_id": result.execution_id}},
        {"term": {"state": "AUDIT" if chained else "ACTIVE"}},
        {"bool": {"should": no_error}},
    ]
    body = {"size": _ALL_ALERTS, "query": {"bool": {"must": must}}}
    alerts: dict[str, list[str]] = {}
    try:
        for alert in await tools.alerts.search(body, index=ALERT_HISTORY if history else ALERTS):
            alerts.setdefault(alert["monitor_id"], []).append(alert["id"])
    except ServerError:
        # The plugin takes it that there are none.
        return {}
    return alerts


def _context(result: WorkflowResult, alerts: dict[str, list[str]]) -> Json:
    return {
        "monitor": workflow_arg(result.workflow),
        "results": {
            "workflowId": result.workflow.id,
            "workflowName": result.workflow.body["name"],
            "executionId": result.execution_id,
            "monitorRunResults": [
                {"monitorName": run.name, "inputResults": {"results": run.inputs.results}} for run in result.monitors
            ],
        },
        "periodStart": result.started,
        "error": None,
        "alertGeneratingMonitors": list(alerts),
        "monitorIdToAlertIdsMap": alerts,
    }


def _renewed(
    workflow: Job, trigger: Json, run: TriggerRun, alert: Json | None, run_id: str, associated: list[str]
) -> Json | None:
    """Gives the trigger's alert after the run; None if there is nothing to write."""
    done = action_results(alert["action_execution_results"] if alert else [], run.actions)
    if not run.triggered:
        return None if alert is None else {**completed(alert), "action_execution_results": done}
    if alert is None:
        return chained_alert(workflow, trigger, run_id, associated)
    if alert["state"] == "ACKNOWLEDGED":
        return None
    return {
        **alert,
        "state": "ACTIVE",
        "last_notification_time": now_ms(),
        "error_message": None,
        "action_execution_results": done,
        "schema_version": ALERT_SCHEMA,
    }
