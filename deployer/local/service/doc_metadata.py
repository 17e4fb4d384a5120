"""How far a document-level monitor has read: for each shard the number of the last document, kept beside the monitor."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from urllib.parse import quote, urlencode

from deployer.local.service.cluster_indices import resolve
from deployer.local.service.errors import Json, ServerError, cannot_cast, failure, status_error, wrap
from deployer.local.service.indices import CONFIG, Indices
from deployer.local.service.jobs_form import standard_type
from deployer.local.service.node import Node
from deployer.local.service.store import Job, Store, written

NO_NUMBER = -2


@dataclass(frozen=True, slots=True)
class Metadata:
    """A monitor's record: what was read of each index (`context`), and where its queries are kept, by source."""

    id: str
    monitor_id: str
    context: Json = field(default_factory=dict)
    query_indices: dict[str, str] = field(default_factory=dict)
    seq_no: int = NO_NUMBER
    primary_term: int = 0


def metadata_id(monitor_id: str, workflow_metadata_id: str = "") -> str:
    """Gives the id of a monitor's record, or of the one it has within a workflow."""
    own = f"{monitor_id}-metadata"
    return f"{workflow_metadata_id}-{own}" if workflow_metadata_id else own


class DocMetadata:
    """Reads and writes the records. Every method raises ServerError as the plugin words it."""

    def __init__(self, node: Node, store: Store, indices: Indices) -> None:
        self._node = node
        self._store = store
        self._indices = indices

    async def get(self, monitor: Job, workflow_metadata_id: str = "") -> Metadata | None:
        """Gives a monitor's record, None if it has none."""
        document_id = metadata_id(monitor.id, workflow_metadata_id)
        try:
            found = await self._store.document(document_id, routing=monitor.id or None)
        except ServerError as error:
            if "no such index" in (error.failure.message or ""):
                return None
            raise wrap(error) from error
        if found is None:
            return None
        body = found["_source"]["metadata"]
        return Metadata(
            document_id,
            body["monitor_id"],
            body.get("last_run_context", {}),
            body.get("source_to_query_index_mapping", {}),
            found["_seq_no"],
            found["_primary_term"],
        )

    async def get_or_create(
        self, monitor: Job, *, workflow_metadata_id: str = "", saved: bool = True, restarted: bool = False
    ) -> tuple[Metadata, bool]:
        """Gives a monitor's record and whether it was made now: one that begins where each index ends.

        `restarted` says that the monitor begins anew also where there is a record.
        """
        try:
            known = await self.get(monitor, workflow_metadata_id)
            if known is not None:
                return (replace(known, context=await self._full_context(monitor, {})) if restarted else known), False
            context = await self._full_context(monitor, {})
            made = Metadata(metadata_id(monitor.id, workflow_metadata_id), monitor.id, context)
            return (await self.write(made, new=True) if saved else made), True
        except ServerError as error:
            raise wrap(error) from error

    async def with_new_indices(self, metadata: Metadata, monitor: Job) -> Metadata:
        """Gives the record with a place for each index it does not know yet."""
        try:
            return replace(metadata, context=await self._full_context(monitor, metadata.context))
        except ServerError as error:
            raise wrap(error) from error

    async def write(self, metadata: Metadata, *, new: bool = False) -> Metadata:
        """Writes a record and gives it with its new place in the order of writes."""
        try:
            if not await self._indices.exists(CONFIG):
                raise status_error(f"Job index {CONFIG} does not exist to update monitor metadata", 500)
            params = {"refresh": "true", "routing": metadata.monitor_id}
            if new:
                params["op_type"] = "create"
            elif metadata.seq_no != NO_NUMBER:
                params |= {"if_seq_no": str(metadata.seq_no), "if_primary_term": str(metadata.primary_term)}
            body: Json = {"monitor_id": metadata.monitor_id, "last_action_execution_times": []}
            if metadata.context:
                body["last_run_context"] = metadata.context
            if metadata.query_indices:
                body["source_to_query_index_mapping"] = metadata.query_indices
            path = f"/{CONFIG}/_doc/{quote(metadata.id, safe='')}?{urlencode(params)}"
            done = written(await self._node.ask("PUT", path, {"metadata": body}))
        except ServerError as error:
            raise wrap(error) from error
        return replace(metadata, seq_no=done.seq_no, primary_term=done.primary_term)

    async def index_context(self, index: str, *, from_start: bool = False) -> Json:
        """Gives where an index ends now, shard by shard, or where it begins."""
        answer = await self._node.ask("GET", f"/{quote(index, safe='')}/_stats/docs?level=shards")
        shards = answer.checked()["indices"][index]["shards"]
        context: Json = {"index": index}
        for number, copies in shards.items():
            primary = next((copy for copy in copies if copy["routing"]["primary"]), None)
            if primary is None or primary["routing"]["state"] not in ("STARTED", "RELOCATING"):
                continue
            last = primary.get("seq_no", {}).get("global_checkpoint", NO_NUMBER)
            context[number] = -1 if from_start else last
        context["shards_count"] = len(context) - 1
        return context

    async def _full_context(self, monitor: Job, known: Json) -> Json:
        if standard_type(monitor.body) != "doc_level_monitor":
            return {}
        indices = first_input(monitor)["indices"]
        if not indices:
            raise _no_first()
        name = indices[0]
        context = dict(known)
        try:
            resolved = await resolve(self._node, name)
            names = [resolved.written] if resolved.several else resolved.names
            if not resolved.indices:
                # Asked for strictly, so that the node says what is wrong with the name.
                names = list((await self._node.ask("GET", f"/{quote(name, safe='')}")).checked())
            for index in names:
                if index is not None and index not in context:
                    context[index] = await self.index_context(index)
        except ServerError as error:
            cause = {"type": "exception", "reason": error.failure.message}
            java_class = "org.opensearch.commons.alerting.util.AlertingException"
            raise ServerError(failure(java_class, "Failed fetching index stats", cause=cause)) from error
        return context


def first_input(monitor: Job) -> Json:
    """Gives what a document-level monitor looks at. Raises ServerError where it has nothing of that kind."""
    inputs = monitor.body["inputs"]
    if not inputs:
        message = "Empty list doesn't contain element at index 0."
        raise ServerError(failure("java.lang.IndexOutOfBoundsException", message))
    if "doc_level_input" not in inputs[0]:
        names = {"search": "SearchInput", "uri": "ClusterMetricsInput"}
        raise cannot_cast(names[next(iter(inputs[0]))], "DocLevelMonitorInput")
    body: Json = inputs[0]["doc_level_input"]
    return body


def _no_first() -> ServerError:
    return ServerError(failure("java.lang.IndexOutOfBoundsException", "Index 0 out of bounds for length 0"))
