"""Monitors, workflows and their metadata as documents of the plugin's config index."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from deployer.local.service.cluster_metrics import cluster_metrics_input
from deployer.local.service.errors import Json, ServerError, failure, from_answer
from deployer.local.service.indices import CONFIG
from deployer.local.service.node import Answer, Node

# Without security every job gets this user.
USER: Json = {
    "name": "",
    "backend_roles": [],
    "roles": [],
    "custom_attribute_names": [],
    "user_requested_tenant": None,
    "user_requested_tenant_access": None,
}
_KINDS = ("monitor", "workflow")


@dataclass(frozen=True, slots=True)
class Job:
    """A monitor or workflow: `body` in its stored form, without its user. A job that is not stored has no id."""

    kind: str
    body: Json
    id: str = ""
    version: int = 1
    seq_no: int = 0
    primary_term: int = 0

    def answered(self) -> Json:
        """Gives the answer to writing or reading it."""
        return {
            "_id": self.id,
            "_version": self.version,
            "_seq_no": self.seq_no,
            "_primary_term": self.primary_term,
            self.kind: self.body,
        }


@dataclass(frozen=True, slots=True)
class Written:
    """What writing a document says."""

    id: str
    version: int
    seq_no: int
    primary_term: int


class Store:
    """Reads and writes the config index. Every method raises ServerError with the node's own refusal."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self._place: str | None = None

    async def job(self, job_id: str, *, version: int | None = None) -> Job | None:
        """Gives a job, None if there is no document of that id. Raises ServerError for a document that is no job."""
        found = await self.document(job_id, version=version)
        if found is None:
            return None
        source = found["_source"]
        kind = next((name for name in _KINDS if name in source), None)
        if kind is None:
            name = next(iter(source), "")
            java_class = "org.opensearch.core.xcontent.NamedObjectNotFoundException"
            message = f"[1:{len(name) + 5}] unknown field [{name}]"
            raise ServerError(failure(java_class, message, kind="argument", status=400))
        job = read_job(found, kind)
        for given in job.body.get("inputs", []):
            if "uri" in given:
                # The plugin reads what it wrote with all its checks, which not everything it wrote passes.
                uri = given["uri"]
                cluster_metrics_input(uri["path"], uri["path_params"], uri["url"], uri["clusters"])
        return job

    async def document(self, document_id: str, routing: str | None = None, version: int | None = None) -> Json | None:
        """Gives a document as the node answers it, None if there is none."""
        params = {name: str(value) for name, value in (("routing", routing), ("version", version)) if value is not None}
        path = f"/{CONFIG}/_doc/{quote(document_id, safe='')}?{urlencode(params)}"
        answer = await self.node.ask("GET", path)
        if answer.status == 404 and isinstance(answer.body, dict) and answer.body.get("found") is False:
            return None
        return answer.checked()

    async def write(self, kind: str, body: Json, **params: str) -> Written:
        """Writes a job: under the id in `params`, if any, else under a new one."""
        document_id = params.pop("id", None)
        path = f"/{CONFIG}/_doc" + (f"/{quote(document_id, safe='')}" if document_id is not None else "")
        content = {kind: {**_with_user(body)}}
        answer = await self.node.ask(
            "PUT" if document_id is not None else "POST", f"{path}?{urlencode(params)}", content
        )
        return written(answer)

    async def delete(self, document_id: str, refresh: str, routing: str | None = None) -> Json:
        """Deletes a document and gives what the node answers, also where there was none."""
        params = {"refresh": refresh, **({"routing": routing} if routing is not None else {})}
        answer = await self.node.ask("DELETE", f"/{CONFIG}/_doc/{quote(document_id, safe='')}?{urlencode(params)}")
        if isinstance(answer.body, dict) and answer.body.get("result") == "not_found":
            return answer.body
        return answer.checked()

    async def jobs(self, query: Json, *, size: int = 10) -> list[Job]:
        """Gives the jobs a query finds."""
        body = {"query": query, "size": size, "version": True, "seq_no_primary_term": True}
        hits = (await self.search(body))["hits"]["hits"]
        found = []
        for hit in hits:
            kind = next((name for name in _KINDS if name in hit["_source"]), None)
            if kind is not None:
                found.append(read_job(hit, kind))
        return found

    async def search(self, body: Json) -> Json:
        """Searches the config index."""
        return (await self.node.ask("POST", f"/{CONFIG}/_search", body)).checked()

    async def workflows_with(self, monitor_id: str, *, size: int = 10) -> list[Job]:
        """Gives the workflows that run a monitor."""
        path = "workflow.inputs.composite_input.sequence.delegates"
        match = {"match": {f"{path}.monitor_id": monitor_id}}
        query = {"nested": {"path": path, "query": {"bool": {"must": [match]}}, "score_mode": "none"}}
        return await self.jobs(query, size=size)

    async def unread(self, error: ServerError) -> ServerError:
        """Gives the error for a document that could not be read, where the plugin reads it within the search for it."""
        unreadable = error.failure.kind == "argument" and "ValidationException" not in error.failure.java_class
        return await self.foreign() if unreadable else error

    async def foreign(self) -> ServerError:
        """Gives the error the plugin answers where it reads a job of the other kind: that of its own transport."""
        if self._place is None:
            nodes = (
                await self.node.ask("GET", "/_nodes/_local?filter_path=nodes.*.name,nodes.*.transport_address")
            ).checked()
            found: Any = next(iter(nodes["nodes"].values()))
            self._place = f"[{found['name']}][{found['transport_address']}]"
        message = f"{self._place}[indices:data/read/get[s]]"
        return ServerError(failure("org.opensearch.transport.RemoteTransportException", message))


def read_job(hit: Json, kind: str) -> Job:
    """Reads a job from a document as the node answers it."""
    body = {name: value for name, value in hit["_source"][kind].items() if name != "user"}
    return Job(
        kind,
        body,
        id=hit["_id"],
        version=hit.get("_version", 1),
        seq_no=hit.get("_seq_no", 0),
        primary_term=hit.get("_primary_term", 0),
    )


def written(answer: Answer) -> Written:
    """Reads the node's answer to writing a document. Raises ServerError if it refused."""
    if not answer.ok:
        raise ServerError(from_answer(answer.status, answer.body))
    body = answer.checked()
    return Written(body["_id"], body["_version"], body["_seq_no"], body["_primary_term"])


def compact(value: Any) -> str:
    """Gives JSON as the server writes it into a text."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _with_user(body: Json) -> Json:
    """Puts the user where the plugin writes it: after the job's kind."""
    result: Json = {}
    for name, value in body.items():
        result[name] = value
        if name in ("monitor_type", "workflow_type"):
            result["user"] = USER
    return result
