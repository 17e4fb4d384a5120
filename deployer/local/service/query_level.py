"""Runs of query-level and cluster-metrics monitors: one alert for each trigger."""

from __future__ import annotations

import dataclasses

from deployer.local.service.alerts import action_results, alert_error, completed, new_alert, with_error
from deployer.local.service.contexts import alert_arg, template_context
from deployer.local.service.errors import Json, ServerError
from deployer.local.service.jobs_form import kinds, standard_type
from deployer.local.service.mappings import ALERT_SCHEMA
from deployer.local.service.results import Inputs, MonitorRun, TriggerRun
from deployer.local.service.store import Job
from deployer.local.service.times import now_ms
from deployer.local.service.tools import Tools, WorkflowRun
from deployer.local.service.triggers import run_script


async def run_query_level(
    tools: Tools, monitor: Job, run: MonitorRun, execution_id: str, *, dry: bool, workflow: WorkflowRun | None = None
) -> MonitorRun:
    """Runs the monitor over the period of `run`, which is filled and given back."""
    try:
        await tools.indices.alerts()
        known = await tools.alerts.current(monitor, workflow.id if workflow else None)
    except ServerError as error:
        run.error = error.failure
        return run
    documents = workflow.documents if workflow else None
    run.inputs = await tools.inputs.collect(monitor, run.start, run.end, documents=documents)
    comments = await tools.comments.of_alerts([alert["id"] for alert in known])
    updated: list[Json] = []
    for kind, trigger in kinds(monitor.body["triggers"]):
        alert = next((one for one in known if one["trigger_id"] == trigger["id"]), None)
        result = await _run_trigger(tools, monitor, kind, trigger, run, alert)
        run.triggers[trigger["id"]] = result
        if _acts(result, run, alert, workflow):
            shown = None if alert is None else alert_arg(alert, comments=comments.get(alert["id"]))
            ctx = template_context(monitor, kind, trigger, run, run.error or result.error, alert=shown)
            for action in trigger["actions"]:
                result.actions[action["id"]] = await tools.actions.run(action, ctx, dry=dry, alert=alert)
        text = run.failure_text() or result.failure_text()
        told = None if text is None else alert_error(text)
        renewed = _renewed(monitor, trigger, result, alert, told, execution_id, workflow)
        if renewed is not None:
            updated.append(renewed)
    if not dry and monitor.id:
        await tools.alerts.save(updated, monitor.id)
    return run


async def _run_trigger(
    tools: Tools, monitor: Job, kind: str, trigger: Json, run: MonitorRun, alert: Json | None
) -> TriggerRun:
    metrics = standard_type(monitor.body) == "cluster_metrics_monitor"
    if not metrics or not await tools.settings.flag("cross_cluster_monitoring_enabled"):
        return await run_script(tools.node, monitor, kind, trigger, run, alert)
    own = await tools.inputs.cluster_name()
    if not _looks_elsewhere(monitor, own):
        result = await run_script(tools.node, monitor, kind, trigger, run, alert)
        result.clusters = [own] if result.triggered and result.error is None else []
        return result
    combined = TriggerRun(trigger["name"], clusters=[])
    for cluster, answer in (run.inputs.results[0] if run.inputs.results else {}).items():
        part = dataclasses.replace(run, inputs=Inputs([{cluster: answer}], run.inputs.error))
        result = await run_script(tools.node, monitor, kind, trigger, part, alert)
        if result.error is not None:
            return TriggerRun(trigger["name"], result.error, triggered=True, clusters=[])
        if result.triggered:
            combined.triggered = True
            combined.clusters = [*(combined.clusters or []), cluster]
    return combined


def _looks_elsewhere(monitor: Job, own: str) -> bool:
    """Says whether the monitor looks at other clusters. An index without a cluster's name counts as one elsewhere."""
    for found in monitor.body["inputs"]:
        if any(cluster != own for cluster in found.get("uri", {}).get("clusters", [])):
            return True
        if any(index.partition(":")[0] != own for index in found.get("search", {}).get("indices", [])):
            return True
    return False


def _acts(result: TriggerRun, run: MonitorRun, alert: Json | None, workflow: WorkflowRun | None) -> bool:
    """Says whether the trigger's actions run: not for the record only, not once somebody acknowledged the alert."""
    if workflow is not None and workflow.audited:
        return False
    quiet = (
        alert is not None and alert["state"] == "ACKNOWLEDGED" and result.error is None and run.script_error() is None
    )
    return result.triggered and not quiet


def _renewed(
    monitor: Job,
    trigger: Json,
    result: TriggerRun,
    alert: Json | None,
    error: Json | None,
    execution_id: str,
    workflow: WorkflowRun | None,
) -> Json | None:
    """Gives the trigger's alert after the run; None if there is nothing to write."""
    now = now_ms()
    done = action_results(alert["action_execution_results"] if alert else [], result.actions)
    history = with_error(alert["alert_history"] if alert else [], error)
    clusters = result.clusters or None
    if error is None and not result.triggered:
        if alert is None:
            return None
        return {
            **_without_clusters(completed(alert), clusters),
            "alert_history": history,
            "action_execution_results": done,
        }
    if error is None and alert is not None and alert["state"] == "ACKNOWLEDGED":
        return None
    message = None if error is None else error["message"]
    if alert is not None:
        return {
            **_without_clusters(alert, clusters),
            "state": "ACTIVE" if error is None else "ERROR",
            "last_notification_time": now,
            "error_message": message,
            "alert_history": history,
            "action_execution_results": done,
            "schema_version": ALERT_SCHEMA,
        }
    state = "ACTIVE" if error is None else "ERROR"
    return new_alert(
        monitor,
        trigger,
        "AUDIT" if workflow is not None and workflow.audited else state,
        execution_id,
        error_message=message,
        alert_history=history,
        action_execution_results=done,
        workflow_id=workflow.id if workflow else "",
        clusters=clusters,
    )


def _without_clusters(alert: Json, clusters: list[str] | None) -> Json:
    rest = {name: value for name, value in alert.items() if name != "clusters"}
    return rest if clusters is None else {**rest, "clusters": clusters}
