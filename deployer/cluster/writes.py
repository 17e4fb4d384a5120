"""The writes: how each kind of object is created, updated and deleted. Nothing here is repeated."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deployer.cluster import errors
from deployer.cluster.client import Cluster
from deployer.model.resource import Kind, Resource
from deployer.plan.canonical import digest, stable
from deployer.plan.live import Live

_ALERTING = {Kind.MONITOR: "/_plugins/_alerting/monitors", Kind.WORKFLOW: "/_plugins/_alerting/workflows"}
_CHANNELS = "/_plugins/_notifications/configs"
_NAMED = {
    Kind.COMPONENT_TEMPLATE: "/_component_template",
    Kind.INGEST_PIPELINE: "/_ingest/pipeline",
    Kind.INDEX_TEMPLATE: "/_index_template",
}


@dataclass(frozen=True, slots=True)
class Written:
    """What an answer to a write tells. Only monitors and workflows have more than the id; `stored` is the digest of the body."""

    id: str
    seq_no: int | None = None
    primary_term: int | None = None
    version: int | None = None
    stored: str = ""
    body: Mapping[str, Any] | None = None


def create(cluster: Cluster, resource: Resource, ids: Mapping[str, str]) -> Written:
    """Create an object that is not there. `ids` gives the ids of monitors by key, for workflows."""
    kind, name = resource.kind, resource.name
    if kind in _ALERTING:
        return _written(kind, cluster.request("POST", _ALERTING[kind], body_of(resource, ids)))
    if kind is Kind.CHANNEL:
        cluster.request("POST", _CHANNELS, resource.body)
        return Written(name)
    # With create=true a template made by somebody else meanwhile is an error; pipelines have no such parameter.
    params = {} if kind is Kind.INGEST_PIPELINE else {"create": "true"}
    cluster.request("PUT", f"{_NAMED[kind]}/{name}", resource.body, params)
    return Written(name)


def update(
    cluster: Cluster, resource: Resource, live: Live, ids: Mapping[str, str], *, refresh: bool = True
) -> Written:
    """Write over the object as it was read; a monitor only if nobody wrote it since (else AnswerError, 409).

    Without `refresh` a monitor's update is four times as fast, and searches see it with the next refresh (within a second,
    or with the next write that refreshes).
    """
    kind = resource.kind
    if kind in _ALERTING:
        params: dict[str, Any] = {"if_seq_no": live.seq_no, "if_primary_term": live.primary_term}
        if not refresh:
            params["refresh"] = "false"
        return _written(kind, cluster.request("PUT", f"{_ALERTING[kind]}/{live.id}", body_of(resource, ids), params))
    if kind is Kind.CHANNEL:
        _update_channel(cluster, resource, live)
    else:
        cluster.request("PUT", f"{_NAMED[kind]}/{resource.name}", resource.body)
    return Written(resource.name)


def read_one(cluster: Cluster, kind: Kind, identity: str) -> Written:
    """A monitor or workflow as it is at this moment; a read by id sees writes that searches do not see yet."""
    return _written(kind, cluster.request("GET", f"{_ALERTING[kind]}/{identity}"))


def delete(cluster: Cluster, kind: Kind, identity: str) -> None:
    """Delete an object; one that is not there any more is deleted."""
    path = _ALERTING.get(kind) or _NAMED.get(kind) or _CHANNELS
    try:
        answer = cluster.request("DELETE", f"{path}/{identity}")
    except errors.AnswerError as error:
        if error.status == 404:
            return
        raise
    outcome = answer.get("delete_response_list", {}).get(identity, "OK") if kind is Kind.CHANNEL else "OK"
    if outcome not in ("OK", "NOT_FOUND"):
        raise errors.AnswerError(f"the channel {identity} was not deleted", status=500, reason=str(outcome))


def body_of(resource: Resource, ids: Mapping[str, str]) -> Any:
    """The body to send: where a workflow names a monitor by its key, as a delegate or in a condition, the monitor's id stands."""
    if resource.kind is not Kind.WORKFLOW:
        return resource.body
    return _resolved(resource.body, ids)


_NAMED_IN_CONDITION = re.compile(r"monitor\[id=([^\]]+)\]")


def _resolved(value: Any, ids: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        return {name: _named(name, inner, ids) for name, inner in value.items()}
    return [_resolved(inner, ids) for inner in value] if isinstance(value, list) else value


def _named(name: str, value: Any, ids: Mapping[str, str]) -> Any:
    if not isinstance(value, str):
        return _resolved(value, ids)
    if name == "monitor_id":
        return ids.get(value, value)
    if name == "source":
        return _NAMED_IN_CONDITION.sub(lambda match: f"monitor[id={ids.get(match[1], match[1])}]", value)
    return value


def _update_channel(cluster: Cluster, resource: Resource, live: Live) -> None:
    config = resource.body["config"]
    if live.body.get("config", {}).get("config_type") != config["config_type"]:
        # The type of a channel cannot be changed (409); the id stays the same, so monitors go on using it.
        delete(cluster, Kind.CHANNEL, live.id)
        cluster.request("POST", _CHANNELS, resource.body)
        return
    # An id in the body would win over the one in the path.
    cluster.request("PUT", f"{_CHANNELS}/{live.id}", {"config": config})


def _written(kind: Kind, answer: Mapping[str, Any]) -> Written:
    body = stable(kind, answer["workflow" if kind is Kind.WORKFLOW else "monitor"])
    return Written(answer["_id"], answer["_seq_no"], answer["_primary_term"], answer["_version"], digest(body), body)
