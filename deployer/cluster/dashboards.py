"""OpenSearch Dashboards: its saved objects, read and imported over its own API.

Sources: the routes of saved objects in the repository opensearch-project/OpenSearch-Dashboards
(src/core/server/saved_objects/routes). It wants the header ``osd-xsrf`` of whatever writes; the security plugin takes the tenant from
the header ``securitytenant``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from deployer.cluster import errors
from deployer.cluster.client import Cluster
from deployer.cluster.secrets import Vault
from deployer.cluster.wire import Upload, Wire
from deployer.model.environment import Dashboards
from deployer.model.errors import ClusterError, DeployerError
from deployer.model.saved_object import Reference, SavedObject, ndjson

PAGE = 1000
SHOWN = 5
"""Objects that an error names of those that were not imported."""

_WORDS = (
    ("cluster.hosts", "dashboards.url"),
    ("cluster.auth", "dashboards.auth"),
    ("cluster.tls", "dashboards.tls"),
    ("cluster.proxy", "dashboards.proxy"),
    ("the cluster's", "its"),
    ("The cluster", "Dashboards"),
    ("the cluster", "Dashboards"),
    (" A local one: `deployer local up`.", ""),
)
"""What errors say of a cluster, and what that is called here."""


class DashboardsClient:
    """A client of one Dashboards. Requests go out with the TLS, credentials and time limits that its environment gives it."""

    def __init__(self, dashboards: Dashboards, vault: Vault) -> None:
        headers = {"osd-xsrf": "true"}
        if dashboards.tenant:
            headers["securitytenant"] = dashboards.tenant
        self._client = Cluster(Wire(dashboards.connection, vault, headers), vault)
        self.address = self._client.address

    def read(self, wanted: Sequence[SavedObject]) -> dict[tuple[str, str], SavedObject]:
        """Those of the objects that are there, by type and id. Raises IncompleteError for an answer that lacks some."""
        if not wanted:
            return {}
        asked = [{"type": item.type, "id": item.id} for item in wanted]
        answer = self._asked("POST", "/api/saved_objects/_bulk_get", asked)
        found = answer.get("saved_objects") if isinstance(answer, Mapping) else None
        if not isinstance(found, list) or len(found) != len(asked):
            raise errors.IncompleteError(
                "Dashboards did not answer for all saved objects",
                why=f"{len(asked)} were asked for",
                todo="Check what stands before Dashboards, then run again.",
            )
        there = {}
        for item in found:
            error = item.get("error")
            if error and error.get("statusCode") != 404:
                raise ClusterError(
                    f"Dashboards does not give {item.get('type')}/{item.get('id')}", why=str(error.get("message", error))
                )
            if not error:
                there[item["type"], item["id"]] = _object(item)
        return there

    def others(self, deployment: str, wanted: Sequence[SavedObject]) -> list[SavedObject]:
        """The dashboards of a deployment, by their ids, that are not wanted."""
        known = {item.id for item in wanted}
        found: list[SavedObject] = []
        page = 1
        while True:
            params = {"type": "dashboard", "per_page": PAGE, "page": page, "fields": "title"}
            answer = self._asked("GET", "/api/saved_objects/_find", params=params)
            items = answer.get("saved_objects") or []
            found += [_object(item) for item in items]
            if not items or len(found) >= int(answer.get("total", 0)):
                break
            page += 1
        name = re.compile(rf"{re.escape(deployment)}-[A-Z]+[0-9]+-dashboard")
        ours = [item for item in found if name.fullmatch(item.id)]
        return sorted((item for item in ours if item.id not in known), key=lambda item: item.id)

    def load(self, objects: Sequence[SavedObject]) -> None:
        """Import objects, over those of the same ids. Raises ClusterError, naming those that Dashboards did not take."""
        upload = Upload("detections.ndjson", ndjson(objects).encode("ascii"))
        answer = self._asked("POST", "/api/saved_objects/_import", upload, {"overwrite": "true"})
        if isinstance(answer, Mapping) and answer.get("success") is True and answer.get("successCount") == len(objects):
            return
        refused = answer.get("errors") or [] if isinstance(answer, Mapping) else []
        named = [
            f"{item.get('type')}/{item.get('id')}: {(item.get('error') or {}).get('type', 'unknown')}" for item in refused
        ]
        more = f" and {len(named) - SHOWN} more" if len(named) > SHOWN else ""
        raise ClusterError(
            "Dashboards did not take all saved objects",
            why="; ".join(named[:SHOWN]) + more or f"its answer is {str(answer)[:300]}",
            todo="Those that it names are not imported, the others may be. Mend the cause, then run again: what is there already is left as it is.",
        )

    def _asked(self, method: str, path: str, body: Any = None, params: Mapping[str, Any] | None = None) -> Any:
        """The answer; errors say what they mean here."""
        try:
            return self._client.request(method, path, body, params)
        except DeployerError as error:
            raise _here(error) from None


def _here(error: DeployerError) -> DeployerError:
    """An error of the cluster's client, told of Dashboards."""
    status = getattr(error, "status", None)
    if status == 403:
        error.what = "the user may not read or write saved objects"
        error.todo = "Check dashboards.auth and dashboards.tenant: the user's role must let it write in that tenant."
    elif status == 404:
        error.todo = "Check dashboards.url: it is the address of Dashboards, with its base path if it has one; that of the nodes is another."
    for old, new in _WORDS:
        error.what, error.why, error.todo = (text.replace(old, new) for text in (error.what, error.why, error.todo))
    error.args = (error.what,)
    return error


def _object(item: Mapping[str, Any]) -> SavedObject:
    references = tuple(
        Reference(str(one.get("name", "")), str(one.get("type", "")), str(one.get("id", "")))
        for one in item.get("references") or ()
    )
    return SavedObject(str(item["type"]), str(item["id"]), item.get("attributes") or {}, references)
