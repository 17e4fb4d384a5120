"""What each of the three who use the tool must be allowed, in the security plugin's names of actions.

Found by starting with no permission on a secured node with the real Alerting and Notifications plugins (3.4.0), and adding
what each refusal named, command by command. Alerting's own rule comes on top: whoever writes a monitor must be allowed
to search its indices, and the monitor runs with the roles of its last writer ever after.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

RECORDS = ".deployer-records"
CONFIG = ".opendistro-alerting-config"
NOBODY = "deployer-permission-check"
"""An id that no object has: a request about it is allowed or not, and changes nothing."""


class Scope(StrEnum):
    """Where an action must be allowed: the cluster's, or which indices'."""

    CLUSTER = "cluster"
    RECORDS = "records"
    CONFIG = "config"
    DATA = "data"
    EVERY = "every"


class Who(StrEnum):
    """A role: CI that only plans, CI that deploys, the analyst who reads alerts."""

    PLANNER = "planner"
    DEPLOYER = "deployer"
    ANALYST = "analyst"


ABOUT = {
    Who.PLANNER: "Reads all that plan, status, doctor, history, alerts and test --against ask for; writes nothing.",
    Who.DEPLOYER: "Plans and writes: deploy, rollback, destroy, unlock. The monitors that it writes run with its roles.",
    Who.ANALYST: "Reads and acknowledges alerts, and reads the events they are made of.",
}


@dataclass(frozen=True, slots=True)
class Permission:
    """One action of the security plugin, where it is needed, and by whom. `why` says for what."""

    action: str
    scope: Scope
    who: tuple[Who, ...]
    why: str


_ALL = (Who.PLANNER, Who.DEPLOYER, Who.ANALYST)
_CI = (Who.PLANNER, Who.DEPLOYER)
_WRITER = (Who.DEPLOYER,)
_ALERTING, _WORKFLOWS = "cluster:admin/opendistro/alerting", "cluster:admin/opensearch/alerting/workflow"
_CHANNELS = "cluster:admin/opensearch/notifications/configs"

PERMISSIONS: tuple[Permission, ...] = (
    Permission("cluster:monitor/main", Scope.CLUSTER, _ALL, "which cluster this is"),
    Permission(f"{_ALERTING}/alerts/get", Scope.CLUSTER, _ALL, "alerts"),
    Permission(f"{_ALERTING}/monitor/get", Scope.CLUSTER, _ALL, "a monitor as it is at this moment"),
    Permission(f"{_ALERTING}/monitor/search", Scope.CLUSTER, _ALL, "monitors and workflows"),
    Permission("indices:data/read/mget", Scope.CLUSTER, _ALL, "several documents in one request"),
    Permission("indices:data/read/msearch", Scope.CLUSTER, _ALL, "several searches in one request"),
    Permission("cluster:monitor/health", Scope.CLUSTER, _CI, "how many nodes run monitors"),
    Permission("cluster:monitor/nodes/stats", Scope.CLUSTER, _CI, "compilations that the nodes refused"),
    Permission("cluster:monitor/shards", Scope.CLUSTER, _CI, "which nodes run monitors"),
    Permission("cluster:monitor/state", Scope.CLUSTER, _CI, "the cluster's limits"),
    Permission("cluster:admin/component_template/get", Scope.CLUSTER, _CI, "component templates"),
    Permission("cluster:admin/ingest/pipeline/get", Scope.CLUSTER, _CI, "ingest pipelines"),
    Permission("indices:admin/index_template/get", Scope.CLUSTER, _CI, "index templates"),
    Permission("cluster:admin/opendistro/_scheduled_jobs/stats", Scope.CLUSTER, _CI, "when each monitor ran last"),
    Permission(f"{_WORKFLOWS}/get", Scope.CLUSTER, _CI, "a workflow as it is at this moment"),
    Permission(f"{_CHANNELS}/get", Scope.CLUSTER, _CI, "notification channels"),
    Permission("cluster:admin/scripts/painless/execute", Scope.CLUSTER, _CI, "doctor: does a script compile"),
    Permission("indices:data/read/search/template/render", Scope.CLUSTER, _CI, "doctor: does a message compile"),
    Permission("cluster:admin/component_template/delete", Scope.CLUSTER, _WRITER, "component templates"),
    Permission("cluster:admin/component_template/put", Scope.CLUSTER, _WRITER, "component templates"),
    Permission("cluster:admin/ingest/pipeline/delete", Scope.CLUSTER, _WRITER, "ingest pipelines"),
    Permission("cluster:admin/ingest/pipeline/put", Scope.CLUSTER, _WRITER, "ingest pipelines"),
    Permission("indices:admin/index_template/delete", Scope.CLUSTER, _WRITER, "index templates"),
    Permission("indices:admin/index_template/put", Scope.CLUSTER, _WRITER, "index templates"),
    Permission(f"{_ALERTING}/alerts/ack", Scope.CLUSTER, (Who.DEPLOYER, Who.ANALYST), "alerts that are dealt with"),
    Permission(f"{_ALERTING}/monitor/delete", Scope.CLUSTER, _WRITER, "monitors"),
    Permission(f"{_ALERTING}/monitor/execute", Scope.CLUSTER, _WRITER, "closing the alerts of a monitor that goes"),
    Permission(f"{_ALERTING}/monitor/write", Scope.CLUSTER, _WRITER, "monitors"),
    Permission(f"{_WORKFLOWS}/delete", Scope.CLUSTER, _WRITER, "workflows"),
    Permission(f"{_WORKFLOWS}/write", Scope.CLUSTER, _WRITER, "workflows"),
    Permission(f"{_CHANNELS}/create", Scope.CLUSTER, _WRITER, "notification channels"),
    Permission(f"{_CHANNELS}/delete", Scope.CLUSTER, _WRITER, "notification channels"),
    Permission(f"{_CHANNELS}/update", Scope.CLUSTER, _WRITER, "notification channels"),
    Permission("indices:data/write/bulk", Scope.CLUSTER, _WRITER, "the record of what is deployed"),
    Permission("indices:data/read/get", Scope.RECORDS, _ALL, "the record of what is deployed"),
    Permission("indices:data/read/mget*", Scope.RECORDS, _CI, "the record of what is deployed"),
    Permission("indices:data/read/search", Scope.RECORDS, _CI, "the history of deploys"),
    Permission("indices:admin/validate/query", Scope.RECORDS, _CI, "doctor: does a search parse, where no index of events is"),
    Permission("indices:admin/create", Scope.RECORDS, _WRITER, "the index of records, at the first deploy"),
    Permission("indices:admin/get", Scope.RECORDS, _WRITER, "whether there is an index of records"),
    Permission("indices:data/write/bulk*", Scope.RECORDS, _WRITER, "the record of what is deployed"),
    Permission("indices:data/write/delete", Scope.RECORDS, _WRITER, "the lock"),
    Permission("indices:data/write/index", Scope.RECORDS, _WRITER, "the record, and the lock"),
    Permission("indices:monitor/stats", Scope.CONFIG, _CI, "which nodes run monitors"),
    Permission("indices:data/read/search", Scope.DATA, _ALL, "events"),
    Permission("indices:data/read/mget*", Scope.DATA, _ALL, "the events of an alert"),
    Permission("indices:admin/data_stream/get", Scope.DATA, _CI, "data streams that follow their templates"),
    Permission("indices:admin/get", Scope.DATA, _CI, "the mappings and settings of data streams"),
    Permission("indices:admin/validate/query", Scope.DATA, _CI, "doctor: does a search parse"),
    Permission("indices:data/read/field_caps*", Scope.DATA, _CI, "doctor: are the fields there"),
    Permission("indices:admin/mapping/put", Scope.DATA, _WRITER, "a new field, for events to come"),
    Permission("indices:admin/rollover", Scope.DATA, _WRITER, "a changed field (deploy --allow-rollover)"),
    Permission("indices:admin/settings/update", Scope.DATA, _WRITER, "a changed setting, for events to come"),
    Permission("indices:admin/data_stream/get", Scope.EVERY, _WRITER, "whether a template is still in use"),
    Permission("indices:monitor/settings/get", Scope.EVERY, _WRITER, "whether a pipeline is still in use"),
)
"""Every permission that any command but `replay` and the local `test` needs."""


def named(data: Sequence[str]) -> list[str]:
    """The index patterns that texts such as ``logs-a-*,-logs-b-*`` name, each once, without those they leave out."""
    return sorted({part for name in data for part in name.split(",") if part and not part.startswith("-")})


def patterns(data: Sequence[str]) -> dict[Scope, list[str]]:
    """The index patterns of each scope; `data` are those of the events that monitors read."""
    return {
        Scope.RECORDS: [RECORDS],
        Scope.CONFIG: [CONFIG],
        Scope.DATA: named(data),
        Scope.EVERY: ["*"],
    }


def role(wanted: Sequence[Permission], data: Sequence[str], description: str) -> dict[str, Any]:
    """A role of the security plugin, as its API and its roles.yml take it, that allows what is wanted and nothing else."""
    where = patterns(data)
    return {
        "description": description,
        "cluster_permissions": sorted(item.action for item in wanted if item.scope is Scope.CLUSTER),
        "index_permissions": [
            {
                "index_patterns": where[scope],
                "allowed_actions": sorted(item.action for item in wanted if item.scope is scope),
            }
            for scope in (Scope.RECORDS, Scope.CONFIG, Scope.DATA, Scope.EVERY)
            if where[scope] and any(item.scope is scope for item in wanted)
        ],
    }


def roles(deployment: str, data: Sequence[str]) -> Mapping[str, dict[str, Any]]:
    """The roles of a deployment by name (``det0320-prod-planner``), for the events in `data`."""
    return {
        f"{deployment}-{who}": role([item for item in PERMISSIONS if who in item.who], data, ABOUT[who]) for who in Who
    }
