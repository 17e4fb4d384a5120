"""The record of a deployment in the tool's own index.

One document a deployment holds the entries, so it is read and replaced whole; the bodies stand in documents of their own
under the digest of their content, so that a deploy of one monitor writes one body and not nine hundred. Both are read by
id, which sees every write at once.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from deployer.cluster import errors
from deployer.cluster.client import Cluster
from deployer.model.errors import RefusedError
from deployer.model.permissions import RECORDS
from deployer.model.resource import Kind
from deployer.plan.canonical import canonical, digest
from deployer.plan.history import Deployment, State
from deployer.plan.record import Entry, Intent, Record

INDEX = RECORDS
FORMAT = 1

_DEPLOYMENT_FIELDS = tuple(field.name for field in dataclasses.fields(Deployment))
_BULK_BYTES = 5_000_000
_SETTINGS = {
    "settings": {"index": {"hidden": True, "number_of_shards": 1, "auto_expand_replicas": "0-1"}},
    "mappings": {
        "dynamic": False,
        "properties": {
            "type": {"type": "keyword"},
            "deployment": {"type": "keyword"},
            "generation": {"type": "long"},
            "at": {"type": "date"},
            "who": {"type": "keyword"},
            "host": {"type": "keyword"},
            "commit": {"type": "keyword"},
            "tool": {"type": "keyword"},
        },
    },
}


def read_record(cluster: Cluster, deployment: str) -> Record:
    """The record of a deployment; an empty one if nothing was ever deployed, or the record is lost.

    Raises RefusedError for a record that somebody edited.
    """
    answer = _found(cluster, deployment)
    if answer is None:
        return Record(deployment)
    record = record_of(answer["_source"])
    return dataclasses.replace(record, seq_no=answer["_seq_no"], primary_term=answer["_primary_term"])


def with_documents(cluster: Cluster, record: Record, ids: Iterable[str]) -> Record:
    """The record with the bodies of these documents, as far as they are there and whole."""
    wanted = sorted(set(ids) - set(record.documents))
    if not wanted:
        return record
    answer = cluster.request("POST", f"/{INDEX}/_mget", {"ids": [body_id(record.deployment, name) for name in wanted]})
    found = {
        name: _unpacked(item["_source"]) for name, item in zip(wanted, answer["docs"], strict=True) if item.get("found")
    }
    whole = {name: document for name, document in found.items() if document is not None and digest(document) == name}
    return dataclasses.replace(record, documents={**record.documents, **whole})


def ensure_index(cluster: Cluster) -> bool:
    """Create the index unless it is there; whether it was not."""
    try:
        cluster.request("HEAD", f"/{INDEX}")
    except errors.AnswerError as error:
        if error.status != 404:
            raise
    else:
        return False
    try:
        cluster.request("PUT", f"/{INDEX}", _SETTINGS)
    except errors.AnswerError as error:
        if error.type != "resource_already_exists_exception":
            raise
        return False
    return True


def write_documents(
    cluster: Cluster,
    deployment: str,
    at: str,
    documents: Mapping[str, Mapping[str, Any]],
    ended: Sequence[Deployment] = (),
) -> None:
    """Store contents under their digests, and deployments under their numbers. It may be repeated: that changes nothing.

    Raises IncompleteError if the cluster refused one.
    """
    sources = {
        body_id(deployment, name): {"type": "body", "deployment": deployment, "at": at, "content": _packed(document)}
        for name, document in documents.items()
    }
    sources |= {history_id(deployment, one.number): history_source(one) for one in ended}
    lines: list[str] = []
    size = 0
    for identity, source in sources.items():
        text = json.dumps({"index": {"_id": identity}}) + "\n" + json.dumps(source) + "\n"
        lines.append(text)
        size += len(text)
        if size > _BULK_BYTES:
            _bulk(cluster, lines)
            lines, size = [], 0
    if lines:
        _bulk(cluster, lines)


def write_record(cluster: Cluster, record: Record) -> Record:
    """Replace the record; it comes back with its new sequence number. One that was deleted meanwhile is made anew.

    Raises AnswerError with status 409 if somebody else wrote it since it was read.
    """
    params: dict[str, Any] = {"op_type": "create"}
    if record.seq_no is not None:
        params = {"if_seq_no": record.seq_no, "if_primary_term": record.primary_term}
    source = source_of(record)
    try:
        # Safe: the write is conditional, and a repetition that is refused finds its own digest below.
        answer = cluster.request("PUT", f"/{INDEX}/_doc/{record.deployment}", source, params, safe=True)
    except (errors.LostAnswerError, errors.AnswerError) as error:
        if error.status not in (None, 409):
            raise
        found = _found(cluster, record.deployment)
        if found is None and record.seq_no is not None:
            ensure_index(cluster)
            return write_record(cluster, dataclasses.replace(record, seq_no=None, primary_term=None))
        if found is None or found["_source"].get("digest") != source["digest"]:
            raise error from None
        answer = found
    return dataclasses.replace(record, seq_no=answer["_seq_no"], primary_term=answer["_primary_term"])


def source_of(record: Record) -> dict[str, Any]:
    """The record as the JSON that is stored; `digest` covers all the rest."""
    source = {
        "type": "record",
        "format": FORMAT,
        "deployment": record.deployment,
        "generation": record.generation,
        "at": record.at,
        "who": record.who,
        "host": record.host,
        "commit": record.commit,
        "tool": record.tool,
        "dirty": record.dirty,
        "plan": record.plan,
        "verb": record.verb,
        "target": record.target,
        "job": record.job,
        "environment": record.environment,
        "ended": record.ended,
        "chain": record.chain,
        "entries": [_plain(entry) for entry in record.entries.values()],
        "pending": [_plain(intent) for intent in record.pending.values()],
    }
    return {**source, "digest": digest(source)}


def record_of(source: Mapping[str, Any]) -> Record:
    """The record that a stored JSON holds.

    Raises RefusedError if its digest does not fit, or a later version of the tool wrote it.
    """
    form = source.get("format")
    if isinstance(form, int) and form > FORMAT:
        raise RefusedError(
            "the record was written by a later version of this tool",
            why=f"it has format {form}, this version knows {FORMAT}",
            todo="Use the version that deployed last, or a later one.",
        )
    if digest({name: value for name, value in source.items() if name != "digest"}) != source.get("digest"):
        raise RefusedError(
            f"the record of {source.get('deployment')} was edited",
            why="its digest does not fit its content, so what it says of the cluster cannot be trusted",
            todo=f"Restore the document in {INDEX}; or delete it and deploy with --accept live or --accept desired.",
        )
    return Record(
        deployment=source["deployment"],
        entries={item["key"]: _entry(item) for item in source["entries"]},
        pending={item["key"]: _intent(item) for item in source["pending"]},
        generation=source["generation"],
        at=source["at"],
        who=source["who"],
        host=source["host"],
        commit=source["commit"],
        tool=source["tool"],
        dirty=source.get("dirty", False),
        plan=source.get("plan", ""),
        verb=source.get("verb", "deploy"),
        target=source.get("target", 0),
        job=source.get("job", ""),
        environment=source.get("environment", ""),
        ended=source.get("ended", True),
        chain=source.get("chain", ""),
    )


def history_id(deployment: str, number: int) -> str:
    """The id of a deployment's document."""
    return f"{deployment}@{number}"


def history_source(one: Deployment) -> dict[str, Any]:
    """A deployment as the JSON that is stored; its fields are not mapped, but those that are searched for are."""
    return {"type": "deployment", "generation": one.number, **one.plain(), "digest": one.digest}


def history_of(source: Mapping[str, Any]) -> Deployment | None:
    """The deployment that a stored JSON holds; None if its digest does not fit."""
    try:
        plain = {"job": "", **source}
        plain = {name: plain[name] for name in _DEPLOYMENT_FIELDS}
        one = Deployment(**{**plain, "state": State(plain["state"])})
        return one if history_source(one) == dict(source) else None
    except (KeyError, TypeError, ValueError):
        return None


def _plain(value: Entry | Intent) -> dict[str, Any]:
    """The fields that are not as by default, JSON-ready."""
    found = ((field, getattr(value, field.name)) for field in dataclasses.fields(value))
    fields = {field.name: inner for field, inner in found if inner != field.default}
    fields["kind"] = str(value.kind)
    if "depends_on" in fields:
        fields["depends_on"] = list(value.depends_on)
    return fields


def _entry(item: Mapping[str, Any]) -> Entry:
    return Entry(**_typed(item))


def _intent(item: Mapping[str, Any]) -> Intent:
    return Intent(**_typed(item))


def _typed(item: Mapping[str, Any]) -> dict[str, Any]:
    return {**item, "kind": Kind(item["kind"]), "depends_on": tuple(item.get("depends_on", ()))}


def _found(cluster: Cluster, deployment: str) -> Any:
    """The answer with the stored record, or None."""
    try:
        return cluster.request("GET", f"/{INDEX}/_doc/{deployment}")
    except errors.AnswerError as error:
        if error.status == 404:
            return None
        raise


def body_id(deployment: str, name: str) -> str:
    """The id of the document of a content."""
    return f"{deployment}:{name}"


def _packed(document: Mapping[str, Any]) -> str:
    return base64.b64encode(zlib.compress(canonical(document), 6)).decode("ascii")


def _unpacked(source: Mapping[str, Any]) -> Any:
    """The content of a document, or None if somebody made something else of it."""
    try:
        return json.loads(zlib.decompress(base64.b64decode(source["content"])))
    except (KeyError, TypeError, ValueError, zlib.error, RecursionError):
        return None


def _bulk(cluster: Cluster, lines: Iterable[str]) -> None:
    # Safe: the ids are digests of the contents.
    answer = cluster.request("POST", f"/{INDEX}/_bulk", "".join(lines), safe=True)
    if answer.get("errors"):
        failed = [item["index"] for item in answer["items"] if item["index"].get("status", 500) >= 300]
        cause = failed[0].get("error", failed[0])
        why = str(cause.get("reason", cause))
        raise errors.IncompleteError(
            f"{len(failed)} bodies could not be recorded",
            why=why[:500],
            todo=errors.BLOCKED
            if "blocked by: [" in why
            else "Look at the cluster's health and the user's permissions on its index.",
        )
