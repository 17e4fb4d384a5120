"""Findings: the documents that made a monitor trigger, written down one by one."""

from __future__ import annotations

from deployer.local.service.errors import Json
from deployer.local.service.ids import long_id
from deployer.local.service.indices import FINDINGS
from deployer.local.service.results import BucketTriggerRun, MonitorRun
from deployer.local.service.store import Job
from deployer.local.service.times import now_ms
from deployer.local.service.tools import Tools


def new_finding(
    monitor: Job, index: str, documents: list[str], queries: list[Json], execution_id: str | None, *, correlated: bool
) -> Json:
    """Gives a finding of a monitor in an index."""
    return {
        "id": long_id(),
        "related_doc_ids": documents,
        "correlated_doc_ids": documents if correlated else [],
        "monitor_id": monitor.id,
        "monitor_name": monitor.body["name"],
        "index": index,
        "queries": queries,
        "timestamp": now_ms(),
        "execution_id": execution_id,
    }


async def bucket_findings(
    tools: Tools, monitor: Job, page: BucketTriggerRun, run: MonitorRun, execution_id: str, *, saved: bool
) -> list[str]:
    """Writes down documents of the buckets a trigger chose, and gives the ids of the findings: one for each index.

    The plugin does so only for buckets of a single field.
    """
    search = monitor.body["inputs"][0]["search"]
    field = _grouping_field(search["query"].get("aggregations", {}))
    if not field or not saved:
        return []
    must = [search["query"]["query"]] if "query" in search["query"] else []
    terms = {"terms": {field: list(page.buckets)}}
    query = {"query": {"bool": {"must": must, "filter": [terms]}}, "sort": [{"_seq_no": {"order": "desc"}}]}
    response = await tools.inputs.search(search, query, run.start, run.end)
    by_index: dict[str, list[str]] = {}
    for hit in response["hits"]["hits"]:
        by_index.setdefault(hit["_index"], []).append(hit["_id"])
    findings = [new_finding(monitor, index, ids, [], execution_id, correlated=False) for index, ids in by_index.items()]
    lines: list[Json] = []
    for finding in findings:
        lines += [{"index": {"_index": FINDINGS, "_id": finding["id"], "routing": finding["id"]}}, finding]
    if lines:
        await tools.node.bulk(lines)
    return [finding["id"] for finding in findings]


def _grouping_field(aggregations: Json) -> str:
    """Gives the field by which a search groups; an empty text if that is not one field."""
    field = ""
    for aggregation in aggregations.values():
        if "composite" in aggregation:
            sources = aggregation["composite"].get("sources", [])
            if len(sources) > 1:
                return ""
            for source in sources:
                field = next(iter(next(iter(source.values())).values())).get("field") or ""
        elif "terms" in aggregation:
            field = aggregation["terms"].get("field") or ""
        else:
            return ""
    return field
