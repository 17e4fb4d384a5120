"""Runs of document-level monitors: findings for the documents that match its queries, and alerts for those that trigger."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from deployer.local.service.alerts import alert_error, first_result, new_alert
from deployer.local.service.bucket_query import prints_samples, sample_fields
from deployer.local.service.cluster_indices import ConcreteIndex, Resolved, resolve
from deployer.local.service.contexts import alert_arg, template_context
from deployer.local.service.doc_fetch import DocFetch, Watched, queries_found
from deployer.local.service.doc_metadata import NO_NUMBER, Metadata, first_input
from deployer.local.service.doc_queries import conflicting_fields, still_watched
from deployer.local.service.errors import (
    Failure,
    Json,
    ServerError,
    alerting_error,
    detailed,
    failure,
    illegal_argument,
    wrap,
)
from deployer.local.service.findings import new_finding
from deployer.local.service.ids import long_id
from deployer.local.service.indices import ALERTS, FINDINGS
from deployer.local.service.jobs_form import kinds
from deployer.local.service.results import DocTriggerRun, Inputs, MonitorRun
from deployer.local.service.store import Job
from deployer.local.service.times import now_ms
from deployer.local.service.tools import Tools, WorkflowRun
from deployer.local.service.triggers import run_documents

_REREAD = 10


async def run_doc_level(
    tools: Tools, monitor: Job, run: MonitorRun, execution_id: str, *, dry: bool, workflow: WorkflowRun | None = None
) -> MonitorRun:
    """Runs the monitor over the period of `run`, which is filled and given back.

    Raises ServerError where the plugin answers with an error instead of a result.
    """
    try:
        await tools.indices.alerts()
        await tools.indices.findings()
    except ServerError as error:
        run.error = wrap(error).failure
    _validate(monitor, run)
    workflow_metadata_id = workflow.metadata_id if workflow else ""
    temporary = dry or not monitor.id
    metadata, _ = await tools.doc_metadata.get_or_create(
        monitor, workflow_metadata_id=workflow_metadata_id, saved=not temporary
    )
    first_input(monitor)
    doc_run = _DocRun(tools, monitor, run, execution_id, dry, workflow)
    try:
        return await doc_run.run(metadata)
    except ServerError as error:
        line = detailed(error.failure)
        if not dry:
            await _report(tools, monitor, line, execution_id, workflow)
        what = alerting_error(line, 500, error.failure.java_class, error.failure.message).failure
        return MonitorRun(run.name, run.start, run.end, what, Inputs([], what))


def _validate(monitor: Job, run: MonitorRun) -> None:
    inputs = monitor.body["inputs"]
    what: ServerError | None = None
    if not inputs:
        what = ServerError(
            failure("java.lang.IndexOutOfBoundsException", "Empty list doesn't contain element at index 0.")
        )
    elif "doc_level_input" not in inputs[0]:
        what = ServerError(failure("java.io.IOException", "Invalid input with document-level-monitor."))
    elif not inputs[0]["doc_level_input"]["indices"]:
        what = illegal_argument("DocLevelMonitorInput has no indices")
    if what is not None:
        run.error = wrap(what).failure


async def _report(tools: Tools, monitor: Job, line: str, execution_id: str, workflow: WorkflowRun | None) -> None:
    if not monitor.id:
        message = f"routing is required for [{ALERTS}]/[error-alert--{long_id()}]"
        raise ServerError(failure("org.opensearch.action.RoutingMissingException", message, status=400))
    of = (workflow.id, workflow.audited) if workflow else None
    await tools.alerts.report_error(monitor, line, execution_id, of)


@dataclass(frozen=True, slots=True)
class _DocRun:
    tools: Tools
    monitor: Job
    result: MonitorRun
    execution_id: str
    dry: bool
    workflow: WorkflowRun | None
    findings_queries: dict[str, list[Json]] = field(default_factory=dict)

    @property
    def temporary(self) -> bool:
        """Whether the run leaves nothing behind."""
        return self.dry or not self.monitor.id

    @property
    def queries(self) -> list[Json]:
        """The monitor's queries."""
        found: list[Json] = self.monitor.body["inputs"][0]["doc_level_input"]["queries"]
        return found

    async def run(self, metadata: Metadata) -> MonitorRun:
        """Reads every index of the monitor."""
        names = self.monitor.body["inputs"][0]["doc_level_input"]["indices"]
        resolved = {name: await resolve(self.tools.node, name) for name in names}
        everything = [index for name in names for index in resolved[name].names]
        if not everything:
            joined = ",".join(names)
            what = failure("org.opensearch.index.IndexNotFoundException", f"no such index [{joined}]", status=404)
            raise ServerError(replace(what, kind="index_not_found", index=f"[{joined}]"))
        await self.tools.indices.queries()
        await self.tools.doc_queries.write(self.monitor, metadata)
        context = {index: known for index, known in metadata.context.items() if index in everything}
        updated = dict(context)
        reads: list[Watched] = []
        failures: list[Failure] = []
        seen: list[str] = []
        updated_names: list[str] = []
        for name in names:
            indices = still_watched(resolved[name], metadata.context)
            last_written = next((index for index in resolved[name].names if index in metadata.context), None)
            seen += [index.name for index in indices]
            updated_names.append(name.replace("*", "_"))
            for index in indices:
                watched = await self._watched(metadata, index, indices, updated_names, seen)
                self._note(updated, resolved[name], last_written, watched)
                try:
                    await self._read(metadata, watched)
                    reads.append(watched)
                except ServerError as error:
                    failures.append(error.failure)
        if failures and not reads:
            raise _all_of(failures)
        if not self.temporary:
            for watched in reads:
                if watched.index in updated:
                    numbers = {shard: number for shard, number in watched.updated.items() if shard in watched.shards}
                    updated[watched.index] |= {shard: number for shard, number in numbers.items() if number >= 0}
            await self.tools.doc_metadata.write(replace(metadata, context=updated))
        else:
            await self.tools.doc_queries.delete_of_dry_run(metadata)
        found: dict[str, list[str]] = {}
        for watched in reads:
            for query_id, documents in watched.found.items():
                found[query_id] = list(dict.fromkeys([*found.get(query_id, []), *documents]))
        self.result.inputs = Inputs([found])
        return self.result

    async def _watched(
        self, metadata: Metadata, index: ConcreteIndex, indices: list[ConcreteIndex], names: list[str], seen: list[str]
    ) -> Watched:
        last = metadata.context.get(index.name)
        if last is None:
            since = self.result.start if self.result.start != self.result.end else self.monitor.body["last_update_time"]
            last = await self.tools.doc_metadata.index_context(index.name, from_start=index.created > since)
        updated = dict(last)
        for shard in range(index.shards):
            updated.setdefault(str(shard), NO_NUMBER)
        updated |= {"shards_count": index.shards, "index": index.name}
        last = dict(last)
        if self.temporary:
            # Nothing is remembered of such a run: it looks at the last few documents.
            for number in map(str, range(last["shards_count"])):
                last[number] = max(-1, updated[number] - _REREAD) if isinstance(last.get(number), int) else -1
        documents = self.workflow.documents.get(index.name) if self.workflow else None
        conflicting = conflicting_fields(indices)
        return Watched(names[-1], index.name, list(names), list(seen), conflicting, last, updated, documents)

    def _note(self, updated: Json, resolved: Resolved, last_written: str | None, watched: Watched) -> None:
        """Notes that an index was read: of an alias or data stream only the one that is written to."""
        known = {**watched.updated}
        if not resolved.several:
            updated[watched.index] = known
        elif watched.index == resolved.written:
            updated.pop(last_written or "", None)
            updated[watched.index] = known

    async def _read(self, metadata: Metadata, watched: Watched) -> None:
        """Reads an index and does what its documents trigger."""
        try:
            await DocFetch(self.tools.node, self.tools.settings).read(self.monitor, metadata, watched)
            runs = await self._trigger(watched)
            if not self.temporary:
                await self._remember_errors(runs)
        except ServerError as error:
            raise wrap(error) from error
        for trigger_id, run in runs.items():
            known = self.result.triggers.get(trigger_id)
            self.result.triggers[trigger_id] = run if known is None else _merged(known, run)

    async def _trigger(self, watched: Watched) -> dict[str, DocTriggerRun]:
        triggers = [trigger for _, trigger in kinds(self.monitor.body["triggers"])]
        runs = {}
        if not triggers and not self.temporary:
            await self._write_findings(watched, None)
        for trigger in triggers:
            if self.monitor.body["should_create_single_alert_for_findings"]:
                runs[trigger["id"]] = await self._one_alert(trigger, watched)
            else:
                runs[trigger["id"]] = await self._alert_each(trigger, watched)
        return runs

    async def _one_alert(self, trigger: Json, watched: Watched) -> DocTriggerRun:
        """Makes a single alert of all documents that trigger."""
        run = run_documents(trigger, watched.found, self.queries)
        if run.documents:
            findings = self.workflow.findings if self.workflow else []
            alert = self._alert(trigger, findings, run.documents, run)
            ctx = self._context(trigger, [alert_arg(alert)], None)
            for action in trigger["actions"]:
                await self.tools.actions.run(action, ctx, dry=self.dry)
            if not self.temporary:
                await self.tools.alerts.save([alert], self.monitor.id)
        return DocTriggerRun(trigger["name"], [], self.result.error)

    async def _alert_each(self, trigger: Json, watched: Watched) -> DocTriggerRun:
        """Makes an alert of each document that triggers."""
        run = run_documents(trigger, watched.found, self.queries)
        findings = await self._write_findings(watched, self.execution_id)
        chosen = [(finding, document) for finding, document in findings if document in run.documents]
        samples: dict[str, Any] = {}
        if chosen and prints_samples(trigger, "alerts"):
            samples = await self._samples(findings)
        alerts, shown = [], []
        for finding, document in chosen:
            alert = self._alert(trigger, [finding], [document], run)
            sample = samples.get(finding)
            alerts.append(alert)
            queries = self.findings_queries.get(finding, [])
            shown.append(alert_arg(alert, queries=queries, samples=[] if sample is None else [sample]))
        error = self.result.error or run.error
        together = error is not None or await self._too_many(alerts)
        for action in trigger["actions"]:
            await self._tell(trigger, action, run, alerts, shown, error, together=together)
        if not self.temporary:
            done = [
                {
                    **alert,
                    "action_execution_results": [
                        first_result(key, result) for key, result in run.actions.get(alert["id"], {}).items()
                    ],
                }
                for alert in alerts
            ]
            await self.tools.alerts.save(done, self.monitor.id)
        return run

    async def _tell(
        self,
        trigger: Json,
        action: Json,
        run: DocTriggerRun,
        alerts: list[Json],
        shown: list[Json],
        error: Failure | None,
        *,
        together: bool,
    ) -> None:
        scope = action.get("action_execution_policy", {}).get("action_execution_scope", {"per_alert": {}})
        if "per_alert" in scope and not together:
            for alert, arg in zip(alerts, shown, strict=True):
                result = await self.tools.actions.run(action, self._context(trigger, [arg], error), dry=self.dry)
                run.actions.setdefault(alert["id"], {})[action["id"]] = result
        elif alerts:
            result = await self.tools.actions.run(action, self._context(trigger, shown, error), dry=self.dry)
            for alert in alerts:
                run.actions.setdefault(alert["id"], {})[action["id"]] = result

    async def _too_many(self, alerts: list[Json]) -> bool:
        most = await self.tools.settings.number("max_actionable_alert_count")
        return 0 <= most < len(alerts)

    def _context(self, trigger: Json, alerts: list[Json], error: Failure | None) -> Json:
        # These templates see the time of the run, not its period, and no results.
        now = now_ms()
        plain = MonitorRun(self.result.name, now, now)
        return template_context(self.monitor, "document_level_trigger", trigger, plain, error, alerts=alerts)

    def _alert(self, trigger: Json, findings: list[str], documents: list[str], run: DocTriggerRun) -> Json:
        text = self.result.failure_text() or run.failure_text()
        error = None if text is None else alert_error(text)
        state = "ACTIVE" if error is None else "ERROR"
        return new_alert(
            self.monitor,
            trigger,
            "AUDIT" if self.workflow is not None and self.workflow.audited else state,
            self.execution_id,
            id=long_id(),
            finding_ids=findings,
            related_doc_ids=documents,
            error_message=None if error is None else error["message"],
            workflow_id=self.workflow.id if self.workflow else "",
        )

    async def _write_findings(self, watched: Watched, execution_id: str | None) -> list[tuple[str, str]]:
        """Writes a finding for each document that any query found; gives their ids with the documents (`id|index`)."""
        pairs, lines = [], []
        for document in watched.queries_of:
            document_id, index = document.split("|")[:2]
            queries = queries_found(watched, self.queries, document)
            finding = new_finding(self.monitor, index, [document_id], queries, execution_id, correlated=True)
            pairs.append((finding["id"], document))
            self.findings_queries[finding["id"]] = queries
            lines += [{"create": {"_index": FINDINGS, "_id": finding["id"]}}, finding]
        if lines and not self.temporary and not self.monitor.body["should_create_single_alert_for_findings"]:
            await self.tools.node.bulk(lines)
        return pairs

    async def _samples(self, findings: list[tuple[str, str]]) -> dict[str, Any]:
        """Gives the document of each finding, if messages print only some of its fields then those."""
        wanted = sample_fields([trigger for _, trigger in kinds(self.monitor.body["triggers"])])
        source = {"_source": {"includes": sorted(wanted)}} if wanted else {}
        documents = [document.split("|")[:2] for _, document in findings]
        docs = [{"_index": index, "_id": document_id, **source} for document_id, index in documents]
        answer = (await self.tools.node.ask("POST", "/_mget", {"docs": docs})).checked()
        # A document of the same id in another index takes the other's place, as with the plugin.
        by_id = {document.split("|")[0]: finding for finding, document in findings}
        return {by_id[item["_id"]]: item for item in answer["docs"] if item["_id"] in by_id}

    async def _remember_errors(self, runs: dict[str, DocTriggerRun]) -> None:
        told = [f"[{key}]: [{run.error.user_message}] | " for key, run in runs.items() if run.error is not None]
        if told:
            line = f"Trigger errors: {''.join(told)}"
            await _report(self.tools, self.monitor, line, self.execution_id, self.workflow)
        else:
            await self.tools.alerts.clear_errors(self.monitor)


def _all_of(failures: list[Failure]) -> ServerError:
    """Gives the error of a run in which no index could be read."""
    message = ", ".join(what.message or "" for what in failures)
    causes = ", ".join(str(what.body["error"]["caused_by"]["reason"]) for what in failures)
    return alerting_error(message, failures[0].status, "java.lang.Exception", causes)


def _merged(known: DocTriggerRun, run: DocTriggerRun) -> DocTriggerRun:
    return DocTriggerRun(
        known.name, [*known.documents, *run.documents], known.error or run.error, {**known.actions, **run.actions}
    )
