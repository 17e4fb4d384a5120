"""Runs of monitors of any kind."""

from __future__ import annotations

import re

from deployer.local.service.bucket_level import run_bucket_level
from deployer.local.service.doc_level import run_doc_level
from deployer.local.service.errors import alerting_error, status_error
from deployer.local.service.ids import execution_id
from deployer.local.service.jobs_form import standard_type
from deployer.local.service.query_level import run_query_level
from deployer.local.service.results import MonitorRun
from deployer.local.service.store import Job
from deployer.local.service.tools import Tools

_PATTERN = re.compile(r"(?:\\.|[^*?+\[\](){}|\\.^$])*", re.DOTALL)
_NO_PATTERNS = "Index patterns are not supported in doc level monitors."


def is_pattern(index: str) -> bool:
    """Says whether the plugin takes an index's name for a pattern: also one with a dot in it."""
    if index in ("", "_all") or (index.startswith("<") and index.endswith(">")):
        return True
    return _PATTERN.fullmatch(index) is None


async def run_monitor(tools: Tools, monitor: Job, start: int, end: int, *, dry: bool) -> MonitorRun:
    """Runs a monitor over a period. Raises ServerError where the plugin answers with an error instead of a result."""
    run = MonitorRun(monitor.body["name"], start, end)
    kind = standard_type(monitor.body)
    if not kind:
        run.error = status_error(f"Monitor Type {monitor.body['monitor_type']} not known", 400).failure
        return run
    inputs = monitor.body["inputs"]
    if dry and inputs and any(is_pattern(index) for index in inputs[0].get("doc_level_input", {}).get("indices", [])):
        raise alerting_error(_NO_PATTERNS, 400, "java.lang.IllegalArgumentException", _NO_PATTERNS)
    run_id = execution_id(monitor.id)
    if kind == "bucket_level_monitor":
        return await run_bucket_level(tools, monitor, run, run_id, dry=dry)
    if kind == "doc_level_monitor":
        return await run_doc_level(tools, monitor, run, run_id, dry=dry)
    return await run_query_level(tools, monitor, run, run_id, dry=dry)
