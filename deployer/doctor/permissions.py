"""What the user may not do there, asked of the security plugin before a deploy finds out half-way. Nothing is changed.

What reads is tried. What writes is asked with ``perform_permission_check``, to which the security plugin (3.4.0) answers
what is missing instead of doing it; a server that does not know the parameter refuses the request. The plugins of Alerting
and Notifications break on that answer, so for theirs the request is about an id that no object has.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from deployer.cluster import Cluster, errors
from deployer.doctor.patient import Patient
from deployer.model.errors import AuthError
from deployer.model.permissions import CONFIG, NOBODY, PERMISSIONS, RECORDS, Permission, Scope, Who, named, role

AUTH_INFO = "/_plugins/_security/authinfo"
SIMULATE = {"perform_permission_check": "true"}
REQUESTS = 6
"""Requests at once."""

SHOWN = 5
"""Actions that the finding names; the role has all."""

def check_permissions(patient: Patient, who: Who) -> dict[str, Any] | None:
    """Find what the user lacks to be `who` (DAC038); gives a role that allows it, None if nothing is missing."""
    data = [patient.place(source)[0] for source in patient.sources()]
    found = allowance(patient.cluster, patient.environment.deployment, data, who)
    if found is None:
        return None
    if found.unknown:
        names = ", ".join(sorted({item.action for item in found.unknown}))
        patient.unseen.append(f"whether the user may do this, which the cluster does not say: {names}")
    if not found.missing:
        return None
    names = ", ".join(sorted({item.action for item in found.missing})[:SHOWN])
    more = f" and {len(found.missing) - SHOWN} more" if len(found.missing) > SHOWN else ""
    patient.tell(
        "",
        "DAC038",
        f"the user {found.user} lacks {len(found.missing)} permissions of a {who}: {names}{more}",
        patient.environment.location,
        f"map the user to the role below, or ask for less (--as) if this user is no {who}",
    )
    return found.patch(data)


_MONITOR = {
    "type": "monitor",
    "name": NOBODY,
    "monitor_type": "query_level_monitor",
    "enabled": False,
    "schedule": {"period": {"interval": 1, "unit": "HOURS"}},
    "inputs": [{"search": {"indices": [NOBODY], "query": {"size": 0, "query": {"match_none": {}}}}}],
    "triggers": [],
}
_WORKFLOW = {
    "type": "workflow",
    "name": NOBODY,
    "workflow_type": "composite",
    "enabled": False,
    "schedule": {"period": {"interval": 1, "unit": "HOURS"}},
    "inputs": [{"composite_input": {"sequence": {"delegates": [{"order": 1, "monitor_id": NOBODY}]}}}],
    "triggers": [],
}
_CHANNEL = {
    "name": NOBODY,
    "description": "",
    "config_type": "email",
    "is_enabled": False,
    # Of an account that is not there: the server refuses it after it has looked at the permission.
    "email": {"email_account_id": NOBODY, "recipient_list": [], "email_group_id_list": []},
}
_EVERYTHING = {"query": {"match_all": {}}, "size": 0}

_Asked = tuple[str, str, Any, Mapping[str, str]]
"""Method, path, body and parameters of the request that shows whether something is allowed."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What `user` lacks, and what could not be asked. `roles` are those that the cluster gives the user."""

    user: str
    roles: tuple[str, ...]
    missing: tuple[Permission, ...]
    unknown: tuple[Permission, ...]

    def patch(self, data: Sequence[str]) -> dict[str, Any]:
        """A role that allows what is missing, and nothing else."""
        return role(self.missing, data, f"What {self.user} lacks.")


def allowance(cluster: Cluster, deployment: str, data: Sequence[str], who: Who) -> Allowance | None:
    """What the user of `cluster` lacks to be `who`; None on a cluster without the security plugin.

    `data` are the index patterns of events. Raises what `Cluster.request` raises where nobody answers.
    """
    try:
        info = cluster.request("GET", AUTH_INFO)
    except (errors.AnswerError, errors.MissingPluginError):
        return None
    wanted = [item for item in PERMISSIONS if who in item.who]
    with ThreadPoolExecutor(REQUESTS) as pool:
        found = list(pool.map(lambda item: _allowed(cluster, _asked(item, deployment, data), item), wanted))
    return Allowance(
        str(info.get("user_name", "")),
        tuple(info.get("roles", ())),
        tuple(item for item, allowed in zip(wanted, found, strict=True) if allowed is False),
        tuple(item for item, allowed in zip(wanted, found, strict=True) if allowed is None),
    )


def _allowed(cluster: Cluster, asked: _Asked, item: Permission) -> bool | None:
    """Whether it is allowed; None if the cluster does not say."""
    method, path, body, params = asked
    try:
        answer = cluster.request(method, path, body, params, safe=False)
    except AuthError as error:
        if error.status != 403:
            raise
        # A request may need more than one action: the refusal names the one that was asked first and is missing.
        return not (_names(item, error.why) or "no permissions for" not in error.why)
    except errors.MissingPluginError:
        return None
    except errors.AnswerError as error:
        # With the parameter, an error of the server's own is no verdict; without it, whoever is let in so far is allowed.
        return None if params is SIMULATE or (error.status or 500) >= 500 else True
    if params is SIMULATE:
        return _verdict(answer, item)
    return not _refused(answer)


def _verdict(answer: Any, item: Permission) -> bool | None:
    if not isinstance(answer, Mapping) or "accessAllowed" not in answer:
        return None
    if answer["accessAllowed"]:
        return True
    return not _names(item, " ".join(answer.get("missingPrivileges", ())))


def _names(item: Permission, text: str) -> bool:
    """Whether a text names the action."""
    return re.search(re.escape(item.action).replace(r"\*", r"[^\s,]*") + r"(?=[\s,\]]|$)", text) is not None


def _refused(answer: Any) -> bool:
    """Whether an answer of several parts (a search of several) has one that was refused."""
    parts = answer.get("responses", answer.get("docs", ())) if isinstance(answer, Mapping) else ()
    return any("security_exception" in str(part.get("error", "")) for part in parts)


def _asked(item: Permission, deployment: str, data: Sequence[str]) -> _Asked:
    """The request that needs this permission."""
    if item.scope is Scope.CLUSTER:
        return _of_cluster(item.action, deployment)
    if item.scope is Scope.EVERY:
        streams = "data_stream" in item.action
        return "GET", "/_data_stream" if streams else "/_all/_settings/index.default_pipeline", None, _SMALL
    if item.scope is Scope.CONFIG:
        return "GET", f"/{CONFIG}/_stats/docs", None, SIMULATE
    index = RECORDS if item.scope is Scope.RECORDS else ",".join(_concrete(name) for name in named(data))
    return _of_index(item.action.removesuffix("*"), index)


_SMALL = {"filter_path": "none"}


def _concrete(pattern: str) -> str:
    """An index that a pattern takes: what is not there yet must be allowed as well."""
    return pattern.replace("*", NOBODY)


def _of_cluster(action: str, deployment: str) -> _Asked:
    monitors, workflows = "/_plugins/_alerting/monitors", "/_plugins/_alerting/workflows"
    channels, name = "/_plugins/_notifications/configs", f"{deployment}-{NOBODY}"
    unmatched = {"if_seq_no": "0", "if_primary_term": "1"}
    shapes: dict[str, tuple[str, Any]] = {
        "cluster:admin/component_template": ("/_component_template", {"template": {}}),
        "cluster:admin/ingest/pipeline": ("/_ingest/pipeline", {"processors": []}),
        "indices:admin/index_template": ("/_index_template", {"index_patterns": [NOBODY]}),
    }
    kind, _, verb = action.rpartition("/")
    if kind in shapes:
        path, body = shapes[kind]
        if verb == "get":
            return "GET", f"{path}/{deployment}-*", None, _SMALL
        return (verb.upper(), f"{path}/{name}", body if verb == "put" else None, SIMULATE)
    table: dict[str, _Asked] = {
        "cluster:monitor/main": ("GET", "/", None, _SMALL),
        "cluster:monitor/health": ("GET", "/_cluster/health", None, _SMALL),
        "cluster:monitor/nodes/stats": ("GET", "/_nodes/stats/jvm", None, _SMALL),
        "cluster:monitor/shards": ("GET", f"/_cat/shards/{CONFIG}", None, {"format": "json"}),
        "cluster:monitor/state": ("GET", "/_cluster/settings", None, _SMALL),
        "cluster:admin/opendistro/_scheduled_jobs/stats": ("GET", "/_plugins/_alerting/stats", None, {}),
        "cluster:admin/opendistro/alerting/alerts/get": ("GET", f"{monitors}/alerts", None, {"size": "1"}),
        "cluster:admin/opendistro/alerting/alerts/ack": (
            "POST",
            f"{monitors}/{NOBODY}/_acknowledge/alerts",
            {"alerts": [NOBODY]},
            SIMULATE,
        ),
        "cluster:admin/opendistro/alerting/monitor/get": ("GET", f"{monitors}/{NOBODY}", None, {}),
        "cluster:admin/opendistro/alerting/monitor/search": ("POST", f"{monitors}/_search", _EVERYTHING, {}),
        "cluster:admin/opendistro/alerting/monitor/delete": ("DELETE", f"{monitors}/{NOBODY}", None, SIMULATE),
        "cluster:admin/opendistro/alerting/monitor/execute": ("POST", f"{monitors}/{NOBODY}/_execute", {}, SIMULATE),
        "cluster:admin/opendistro/alerting/monitor/write": ("PUT", f"{monitors}/{NOBODY}", _MONITOR, unmatched),
        "cluster:admin/opensearch/alerting/workflow/get": ("GET", f"{workflows}/{NOBODY}", None, {}),
        "cluster:admin/opensearch/alerting/workflow/delete": ("DELETE", f"{workflows}/{NOBODY}", None, SIMULATE),
        "cluster:admin/opensearch/alerting/workflow/write": ("PUT", f"{workflows}/{NOBODY}", _WORKFLOW, unmatched),
        "cluster:admin/opensearch/notifications/configs/get": ("GET", channels, None, {"max_items": "1"}),
        "cluster:admin/opensearch/notifications/configs/create": ("POST", channels, {"config": _CHANNEL}, {}),
        "cluster:admin/opensearch/notifications/configs/update": (
            "PUT",
            f"{channels}/{NOBODY}",
            {"config": _CHANNEL},
            {},
        ),
        "cluster:admin/opensearch/notifications/configs/delete": ("DELETE", f"{channels}/{NOBODY}", None, {}),
        "cluster:admin/scripts/painless/execute": (
            "POST",
            "/_scripts/painless/_execute",
            {"script": {"source": "true"}},
            {},
        ),
        "indices:data/read/search/template/render": ("POST", "/_render/template", {"source": "true"}, {}),
        "indices:data/read/mget": ("POST", f"/{RECORDS}/_mget", {"ids": [NOBODY]}, SIMULATE),
        "indices:data/read/msearch": ("POST", "/_msearch", '{"index":"' + RECORDS + '"}\n{"size":0}\n', SIMULATE),
        "indices:data/write/bulk": ("POST", "/_bulk", '{"delete":{"_index":"' + RECORDS + '","_id":"' + NOBODY + '"}}\n', SIMULATE),
    }
    return table[action]


def _of_index(action: str, index: str) -> _Asked:
    body: Any
    method, path, body = {
        "indices:data/read/get": ("GET", f"_doc/{NOBODY}", None),
        "indices:data/read/mget": ("POST", "_mget", {"ids": [NOBODY]}),
        "indices:data/read/search": ("POST", "_search", _EVERYTHING),
        "indices:data/read/field_caps": ("GET", "_field_caps?fields=none", None),
        "indices:data/write/bulk": ("POST", "_bulk", '{"delete":{"_id":"' + NOBODY + '"}}\n'),
        "indices:data/write/delete": ("DELETE", f"_doc/{NOBODY}", None),
        "indices:data/write/index": ("PUT", f"_doc/{NOBODY}", {}),
        "indices:admin/create": ("PUT", "", {}),
        "indices:admin/get": ("GET", "", None),
        "indices:admin/validate/query": ("POST", "_validate/query", {"query": {"match_none": {}}}),
        "indices:admin/mapping/put": ("PUT", "_mapping", {"properties": {}}),
        "indices:admin/settings/update": ("PUT", "_settings", {"index.hidden": False}),
        "indices:admin/rollover": ("POST", "_rollover", None),
        "indices:admin/data_stream/get": ("GET", "", None),
    }[action]
    if action == "indices:admin/data_stream/get":
        return method, f"/_data_stream/{index}", None, SIMULATE
    if action == "indices:admin/rollover":
        index = index.split(",")[0]
    where, _, query = path.partition("?")
    target = f"/{index}/{where}".rstrip("/") + (f"?{query}" if query else "")
    reads = action.startswith("indices:data/read/") or action in ("indices:admin/get", "indices:admin/validate/query")
    return method, target, body, {} if reads else SIMULATE
