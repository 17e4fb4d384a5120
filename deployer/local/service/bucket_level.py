"""Runs of bucket-level monitors: one alert for each bucket that a trigger's condition chooses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from deployer.local.service.actions import actionable, held_back
from deployer.local.service.alerts import action_results, alert_error, bucket_hash, completed, new_alert, with_error
from deployer.local.service.bucket_query import prints_samples, sampling
from deployer.local.service.contexts import alert_arg, template_context
from deployer.local.service.errors import Json, ServerError, illegal_state
from deployer.local.service.findings import bucket_findings
from deployer.local.service.inputs import narrowed
from deployer.local.service.jobs_form import kinds
from deployer.local.service.results import BucketTriggerRun, Inputs, MonitorRun
from deployer.local.service.store import Job
from deployer.local.service.times import now_ms
from deployer.local.service.tools import Tools, WorkflowRun
from deployer.local.service.triggers import java_text, run_buckets

_DEFAULT_CATEGORIES = ("DEDUPED", "NEW")


@dataclass(slots=True)
class _Next:
    """A trigger's alerts after the run, by what became of them; `known` are those that may still prove completed."""

    known: dict[str, Json]
    all_known: dict[str, Json]
    deduped: list[Json] = field(default_factory=list)
    new: list[Json] = field(default_factory=list)
    completed: list[Json] = field(default_factory=list)

    def of(self, category: str) -> list[Json]:
        """Gives the alerts of a category."""
        return {"DEDUPED": self.deduped, "NEW": self.new, "COMPLETED": self.completed}[category]


async def run_bucket_level(
    tools: Tools, monitor: Job, run: MonitorRun, execution_id: str, *, dry: bool, workflow: WorkflowRun | None = None
) -> MonitorRun:
    """Runs the monitor over the period of `run`, which is filled and given back."""
    return await _BucketRun(tools, monitor, run, execution_id, dry, workflow).run()


@dataclass(frozen=True, slots=True)
class _BucketRun:
    tools: Tools
    monitor: Job
    result: MonitorRun
    execution_id: str
    dry: bool
    workflow: WorkflowRun | None
    alerts: dict[str, _Next] = field(default_factory=dict)

    @property
    def saved(self) -> bool:
        """Whether the run leaves alerts behind."""
        return not self.dry and bool(self.monitor.id)

    def triggers(self) -> list[Json]:
        """Gives the monitor's triggers."""
        return [trigger for _, trigger in kinds(self.monitor.body["triggers"])]

    async def run(self) -> MonitorRun:
        """Reads all pages, then tells people."""
        workflow_id = self.workflow.id if self.workflow else None
        try:
            await self.tools.indices.alerts()
            if self.monitor.body["data_sources"]["findings_enabled"]:
                await self.tools.indices.findings()
            known = await self.tools.alerts.current(self.monitor, workflow_id, buckets=True)
        except ServerError as error:
            self.result.error = error.failure
            return self.result
        for trigger in self.triggers():
            own = {
                bucket_hash(alert): alert
                for alert in known
                if alert["trigger_id"] == trigger["id"] and alert.get("agg_alert_content")
            }
            self.alerts[trigger["id"]] = _Next(own, own)
        first = await self._read_pages()
        for trigger in self.triggers():
            found = self.alerts[trigger["id"]]
            if self.result.triggers[trigger["id"]].error is None:
                found.completed += [completed(alert) for alert in found.known.values()]
        for trigger in self.triggers():
            await self._tell(trigger)
        self.result.inputs = first
        return self.result

    async def _read_pages(self) -> Inputs:
        first: Inputs | None = None
        documents = self.workflow.documents if self.workflow else None
        while first is None or self.result.inputs.more():
            inputs = await self.tools.inputs.collect(
                self.monitor,
                self.result.start,
                self.result.end,
                previous=None if first is None else self.result.inputs,
                documents=documents,
            )
            first = first or inputs
            self.result.inputs = inputs
            for trigger in self.triggers():
                await self._evaluate(trigger)
        return first

    async def _evaluate(self, trigger: Json) -> None:
        """Evaluates a trigger on a page and sorts what it chose into new alerts and those there were."""
        page = run_buckets(trigger, self.result)
        combined = _combined(self.result.triggers.get(trigger["id"]), page)
        self.result.triggers[trigger["id"]] = combined
        if combined.error is not None:
            return
        findings: list[str] = []
        if len(self.triggers()) == 1 and self.monitor.body["data_sources"]["findings_enabled"]:
            findings = await bucket_findings(
                self.tools, self.monitor, page, self.result, self.execution_id, saved=self.saved
            )
        found = self.alerts[trigger["id"]]
        known = dict(found.known)
        deduped, new = [], []
        audited = self.workflow is not None and self.workflow.audited
        for key, bucket in page.buckets.items():
            alert = known.pop(key, None)
            if alert is not None:
                deduped.append({**alert, "agg_alert_content": bucket})
                continue
            new.append(
                new_alert(
                    self.monitor,
                    trigger,
                    "AUDIT" if audited else "ACTIVE",
                    self.execution_id,
                    agg_alert_content=bucket,
                    finding_ids=findings,
                    workflow_id=self.workflow.id if self.workflow else "",
                )
            )
        found.known = known
        if self.saved:
            await self.tools.alerts.save(deduped, self.monitor.id, acknowledged=True)
            new = await self.tools.alerts.save_new(new)
        found.deduped += deduped
        found.new += new

    async def _tell(self, trigger: Json) -> None:
        """Runs a trigger's actions and writes what became of its alerts."""
        found = self.alerts[trigger["id"]]
        result: BucketTriggerRun = self.result.triggers[trigger["id"]]
        # Nobody is told again of what somebody acknowledged.
        found.deduped = [alert for alert in found.deduped if alert["state"] != "ACKNOWLEDGED"]
        samples = await self._samples(trigger, found)
        error = self.result.error or result.error
        together = error is not None or await self._too_many(found)
        updated: dict[str, Json] = {}
        for action in trigger["actions"]:
            scope = action.get("action_execution_policy", {}).get("action_execution_scope")
            per_alert = scope["per_alert"]["actionable_alerts"] if scope and "per_alert" in scope else None
            if scope is None:
                per_alert = list(_DEFAULT_CATEGORIES)
            if per_alert is not None and not together:
                told = await self._tell_each(trigger, action, per_alert, samples)
            else:
                told = await self._tell_all(trigger, action, samples)
            updated |= {_identity(alert): alert for alert in told}
        await self._write(result, found, updated)

    async def _too_many(self, found: _Next) -> bool:
        most = await self.tools.settings.number("max_actionable_alert_count")
        return 0 <= most < len(found.deduped) + len(found.new) + len(found.completed)

    async def _tell_each(
        self, trigger: Json, action: Json, categories: list[str], samples: dict[str, list[Any]] | None
    ) -> list[Json]:
        result: BucketTriggerRun = self.result.triggers[trigger["id"]]
        told = []
        for category in categories:
            alerts = self.alerts[trigger["id"]].of(category)
            comments = await self.tools.comments.of_alerts([alert["id"] for alert in alerts if alert["id"]])
            for alert in alerts:
                shown = _shown(alert, comments, samples if category == "NEW" else None, new=category == "NEW")
                lists = {name: [shown] if name == category else [] for name in ("DEDUPED", "NEW", "COMPLETED")}
                ctx = self._context(trigger, lists, result)
                if actionable(action, alert):
                    run = await self.tools.actions.run(action, ctx, dry=self.dry)
                else:
                    run = held_back(action)
                result.actions.setdefault(bucket_hash(alert), {})[action["id"]] = run
                told.append(alert)
        return told

    async def _tell_all(self, trigger: Json, action: Json, samples: dict[str, list[Any]] | None) -> list[Json]:
        result: BucketTriggerRun = self.result.triggers[trigger["id"]]
        found = self.alerts[trigger["id"]]
        error = self.result.error or result.error
        if error is None and not (found.deduped or found.new or found.completed):
            return []
        everyone = [*found.deduped, *found.new, *found.completed]
        comments = await self.tools.comments.of_alerts([alert["id"] for alert in everyone if alert["id"]])
        lists = {
            "DEDUPED": [_shown(alert, comments, None, new=False) for alert in found.deduped],
            "NEW": [_shown(alert, comments, samples, new=True) for alert in found.new],
            "COMPLETED": [_shown(alert, comments, None, new=False) for alert in found.completed],
        }
        run = await self.tools.actions.run(action, self._context(trigger, lists, result), dry=self.dry)
        told = everyone if error is None else list(found.known.values())
        for alert in told:
            result.actions.setdefault(bucket_hash(alert), {})[action["id"]] = run
        return told

    def _context(self, trigger: Json, lists: dict[str, list[Json]], result: BucketTriggerRun) -> Json:
        return template_context(
            self.monitor,
            "bucket_level_trigger",
            trigger,
            self.result,
            self.result.error or result.error,
            dedupedAlerts=lists["DEDUPED"],
            newAlerts=lists["NEW"],
            completedAlerts=lists["COMPLETED"],
        )

    async def _write(self, result: BucketTriggerRun, found: _Next, updated: dict[str, Json]) -> None:
        if not self.saved:
            return
        text = self.result.failure_text() or result.failure_text()
        error = None if text is None else alert_error(text)
        now = now_ms()
        alerts = []
        for alert in updated.values():
            runs = result.actions.get(bucket_hash(alert), {})
            renewed = {
                **alert,
                "last_notification_time": now,
                "action_execution_results": action_results(alert["action_execution_results"], runs),
                "alert_history": with_error(alert["alert_history"], error),
            }
            if error is not None:
                renewed |= {"state": "ERROR", "error_message": error["message"]}
            alerts.append(renewed)
        await self.tools.alerts.save(alerts, self.monitor.id)
        rest = [alert for alert in found.completed if _identity(alert) not in updated]
        await self.tools.alerts.save(rest, self.monitor.id)

    async def _samples(self, trigger: Json, found: _Next) -> dict[str, list[Any]] | None:
        """Gives documents of each bucket, if a message prints any and there are new alerts; None if it cannot."""
        if not found.new or not prints_samples(trigger, "newAlerts"):
            return None
        search = self.monitor.body["inputs"][0]["search"]
        try:
            query = sampling(search["query"], trigger, self.result.inputs)
            response = await self.tools.inputs.search(search, narrowed(query, None), self.result.start, self.result.end)
            return _read_samples(response)
        except ServerError:
            # The plugin only logs that there are none.
            return None


def _read_samples(response: Json) -> dict[str, list[Any]]:
    """Gives the documents of each bucket: the first ones, then the last ones, none twice."""
    samples: dict[str, list[Any]] = {}
    # Only under this name does the plugin look for buckets.
    buckets = response.get("aggregations", {}).get("composite_agg", {}).get("buckets", [])
    for bucket in buckets:
        key = "#".join(java_text(value) for value in bucket.get("key", {}).values())
        if not key:
            raise illegal_state("Cannot format bucket keys.")
        first = bucket.get("top_hits", {}).get("hits", {}).get("hits", [])
        last = bucket.get("low_hits", {}).get("hits", {}).get("hits", [])
        once: dict[str, Any] = {}
        for hit in [*first, *reversed(last)]:
            once.setdefault(hit["_id"], hit)
        samples[key] = list(once.values())
    return samples


def _shown(alert: Json, comments: dict[str, list[Json]], samples: dict[str, list[Any]] | None, *, new: bool) -> Json:
    """Gives an alert as templates see it: new ones with documents, in whose company comments are not shown."""
    if not new:
        return alert_arg(alert, comments=comments.get(alert["id"]))
    found = (samples or {}).get(bucket_hash(alert))
    if found:
        return alert_arg(alert, samples=found)
    return alert_arg(alert, samples=[], comments=comments.get(alert["id"]))


def _identity(alert: Json) -> str:
    """Gives a text by which an alert is told from others, also before it has an id."""
    return str(alert["id"]) or bucket_hash(alert)


def _combined(earlier: BucketTriggerRun | None, page: BucketTriggerRun) -> BucketTriggerRun:
    if earlier is None:
        return page
    return BucketTriggerRun(
        page.name,
        page.error or earlier.error,
        {**earlier.buckets, **page.buckets},
        {**earlier.actions, **page.actions},
    )
