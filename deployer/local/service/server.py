"""The service put together: its parts, its routes, and what it does while it runs."""

from __future__ import annotations

import asyncio

from deployer.local.service.actions import Actions
from deployer.local.service.alert_store import AlertStore
from deployer.local.service.alerts_api import AlertsApi
from deployer.local.service.channels import Channels
from deployer.local.service.comments import Comments
from deployer.local.service.composite import run_workflow
from deployer.local.service.delivery import Delivery
from deployer.local.service.doc_metadata import DocMetadata
from deployer.local.service.doc_queries import DocQueries
from deployer.local.service.errors import ServerError
from deployer.local.service.indices import Indices
from deployer.local.service.inputs import InputReader
from deployer.local.service.monitors import Monitors
from deployer.local.service.node import Node
from deployer.local.service.odd_api import OddApi
from deployer.local.service.routes import Routes, make_routes
from deployer.local.service.runner import run_monitor
from deployer.local.service.scheduler import Scheduler
from deployer.local.service.settings import Settings
from deployer.local.service.store import Job, Store
from deployer.local.service.tools import Tools
from deployer.local.service.workflows import Workflows

_A, _N = "/_plugins/_alerting", "/_plugins/_notifications"
_LEGACY = (
    f"{_A}/monitors",
    f"{_A}/monitors/_search",
    f"{_A}/monitors/_execute",
    f"{_A}/monitors/alerts",
    f"{_A}/monitors/{{monitorID}}",
    f"{_A}/monitors/{{monitorID}}/_execute",
    f"{_A}/monitors/{{monitorID}}/_acknowledge/alerts",
    f"{_A}/destinations",
    f"{_A}/destinations/{{destinationID}}",
    f"{_A}/destinations/email_accounts/_search",
    f"{_A}/destinations/email_accounts/{{emailAccountID}}",
    f"{_A}/destinations/email_groups/_search",
    f"{_A}/destinations/email_groups/{{emailGroupID}}",
    f"{_A}/stats",
    f"{_A}/stats/{{metric}}",
    f"{_A}/{{nodeId}}/stats",
    f"{_A}/{{nodeId}}/stats/{{metric}}",
)


class Service:
    """All parts of the service before a node."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.settings = Settings(node)
        indices = Indices(node)
        store = Store(node)
        self._delivery = Delivery()
        self._channels = Channels(node, indices, self._delivery)
        self._tools = Tools(
            node=node,
            settings=self.settings,
            indices=indices,
            store=store,
            alerts=AlertStore(node, indices, self.settings),
            comments=Comments(node, indices, self.settings),
            inputs=InputReader(node, self.settings),
            actions=Actions(node, self._channels),
            doc_metadata=DocMetadata(node, store, indices),
            doc_queries=DocQueries(node, indices),
        )
        self.scheduler = Scheduler(store, self._run, self._moved)
        self.routes = self._routes()

    def settings_changed(self) -> None:
        """Says that somebody may have changed settings."""
        self.settings.changed()

    async def run_until_stopped(self, stopped: asyncio.Event) -> None:
        """Runs what is due until `stopped`."""
        await asyncio.gather(self.scheduler.run_until_stopped(stopped), self._watch_switch(stopped))

    async def close(self) -> None:
        """Closes all connections."""
        await self._delivery.close()
        await self.node.close()

    async def _watch_switch(self, stopped: asyncio.Event) -> None:
        """Follows the setting that switches all schedules on and off."""
        while not stopped.is_set():
            try:
                enabled = await self.settings.jobs_enabled()
                self.scheduler.switched(enabled=enabled)
            except ServerError:
                enabled = self.scheduler.enabled
            try:
                await asyncio.wait_for(stopped.wait(), 5.0)
            except TimeoutError:
                continue

    async def _run(self, job: Job, start: int, end: int) -> None:
        """Runs a job that is due, as it is stored now."""
        current = await self._tools.store.job(job.id)
        if current is None:
            return
        if current.kind == "workflow":
            await run_workflow(self._tools, current, start, end, dry=False)
        else:
            await run_monitor(self._tools, current, start, end, dry=False)

    async def _moved(self, job: Job | None, job_id: str) -> None:
        """Moves the alerts of a job, or of triggers it no longer has, to the past ones."""
        kept = None
        if job is not None:
            kept = [next(iter(trigger.values()))["id"] for trigger in job.body["triggers"]]
        if job is None or job.kind == "workflow":
            await self._tools.alerts.move("workflow_id", job_id, kept)
        if job is None or job.kind == "monitor":
            await self._tools.alerts.move("monitor_id", job_id, kept)

    def _routes(self) -> Routes:
        monitors = Monitors(self._tools, self.scheduler)
        workflows = Workflows(self._tools, self.scheduler, monitors)
        alerts, odd, channels = AlertsApi(self._tools), OddApi(self._tools, self.scheduler), self._channels
        monitor, workflow = f"{_A}/monitors/{{monitorID}}", f"{_A}/workflows/{{workflowID}}"
        return make_routes(
            {
                f"{_A}/monitors": {"POST": monitors.create},
                f"{_A}/monitors/_search": {"GET": monitors.search, "POST": monitors.search},
                f"{_A}/monitors/_execute": {"POST": monitors.execute},
                f"{_A}/monitors/alerts": {"GET": alerts.list_alerts},
                monitor: {
                    "GET": monitors.get,
                    "HEAD": monitors.get,
                    "PUT": monitors.update,
                    "DELETE": monitors.delete,
                },
                f"{monitor}/_execute": {"POST": monitors.execute},
                f"{monitor}/_acknowledge/alerts": {"POST": alerts.acknowledge},
                f"{_A}/workflows": {"POST": workflows.create},
                f"{_A}/workflows/alerts": {"GET": alerts.list_workflow_alerts},
                workflow: {"GET": workflows.get, "PUT": workflows.update, "DELETE": workflows.delete},
                f"{workflow}/_execute": {"POST": workflows.execute},
                f"{workflow}/_acknowledge/alerts": {"POST": alerts.acknowledge_chained},
                f"{_A}/findings/_search": {"GET": alerts.list_findings},
                f"{_A}/comments/_search": {"GET": odd.search_comments, "POST": odd.search_comments},
                f"{_A}/comments/{{id}}": {"POST": odd.comment, "PUT": odd.comment, "DELETE": odd.delete_comment},
                f"{_A}/stats": {"GET": odd.stats},
                f"{_A}/stats/{{metric}}": {"GET": odd.stats},
                f"{_A}/{{nodeId}}/stats": {"GET": odd.stats},
                f"{_A}/{{nodeId}}/stats/{{metric}}": {"GET": odd.stats},
                f"{_A}/destinations": {"GET": odd.destinations},
                f"{_A}/destinations/{{destinationID}}": {"GET": odd.destinations},
                f"{_A}/destinations/email_accounts/_search": {"GET": odd.search_email, "POST": odd.search_email},
                f"{_A}/destinations/email_accounts/{{emailAccountID}}": {"GET": odd.email, "HEAD": odd.email},
                f"{_A}/destinations/email_groups/_search": {"GET": odd.search_email, "POST": odd.search_email},
                f"{_A}/destinations/email_groups/{{emailGroupID}}": {"GET": odd.email, "HEAD": odd.email},
                f"{_A}/remote/indexes": {"GET": odd.remote_indexes},
                f"{_N}/configs": {"POST": channels.create, "GET": channels.get, "DELETE": channels.delete},
                f"{_N}/configs/{{config_id}}": {
                    "GET": channels.get,
                    "PUT": channels.update,
                    "DELETE": channels.delete,
                },
                f"{_N}/channels": {"GET": channels.list_channels},
                f"{_N}/features": {"GET": channels.features},
                f"{_N}/feature/test/{{config_id}}": {"POST": channels.test, "GET": channels.test},
            },
            _LEGACY,
        )
