"""The state and the limits of a cluster that decide what a plan may do."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

from deployer.cluster import errors
from deployer.cluster.client import Cluster
from deployer.model.errors import ClusterError
from deployer.model.permissions import CONFIG
from deployer.plan.capacity import CACHE, MAX_MONITORS, RATE
from deployer.plan.live import ClusterFacts

CONFIG_INDEX = CONFIG
"""The system index of monitors: the nodes with a copy of its one shard run them."""

OLDEST = (2, 0)
"""The oldest version that speaks this API; measured is 3.4.0."""

_RATE = re.compile(r"(\d+)/(\d+)([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DEFAULT_RATE, _DEFAULT_CACHE = "75/5m", 100


def read_identity(cluster: Cluster) -> ClusterFacts:
    """Who answers: the first request of a run, so that a wrong address or password fails once and at once.

    Raises ClusterError for a server that is not OpenSearch 2.0 or later, and any error of `Cluster.request`.
    """
    root = cluster.request("GET", "/")
    version = _checked_version(root)
    return ClusterFacts(uuid=str(root.get("cluster_uuid", "")), version=version)


def read_facts(cluster: Cluster, identity: ClusterFacts) -> ClusterFacts:
    """The facts without what the search for monitors counts.

    What the user may not read is taken as its default: it only serves warnings and a refusal that the server makes too.
    """
    health = _optional(cluster, "/_cluster/health") or {}
    flat = {"include_defaults": "true", "flat_settings": "true"}
    settings = _settings(_optional(cluster, "/_cluster/settings", flat) or {})
    shards = _optional(cluster, f"/_cat/shards/{CONFIG_INDEX}", {"format": "json", "h": "state"}) or []
    rate, window = parse_rate(settings)
    limit = settings.get(MAX_MONITORS)
    return dataclasses.replace(
        identity,
        status=str(health.get("status", "unknown")),
        max_monitors=None if limit is None else int(limit),
        rate=rate,
        window=window,
        cache=int(settings.get(CACHE, _DEFAULT_CACHE)),
        # Before there is an index of monitors: it comes with one replica, if there is a node for it.
        runners=max(1, sum(1 for shard in shards if shard.get("state") == "STARTED"))
        if shards
        else min(2, max(1, int(health.get("number_of_data_nodes", 1)))),
    )


def parse_rate(settings: Mapping[str, Any]) -> tuple[float | None, float]:
    """How many templates may be compiled in how many seconds: ``75/5m`` is (75.0, 300.0), no limit is (None, 60.0)."""
    if str(settings.get("script.disable_max_compilations_rate", "false")) == "true":
        return None, 60.0
    general = str(settings.get("script.max_compilations_rate", "use-context"))
    text = str(settings.get(RATE, _DEFAULT_RATE)) if general == "use-context" else general
    match = _RATE.fullmatch(text)
    return (float(match[1]), float(match[2]) * _SECONDS[match[3]]) if match else (None, 60.0)


def _checked_version(root: Any) -> str:
    version = root.get("version", {}) if isinstance(root, Mapping) else {}
    number = str(version.get("number", ""))
    if version.get("distribution") != "opensearch":
        raise ClusterError(
            "the server is not OpenSearch",
            why=f"it calls itself {version.get('distribution') or 'something else'} {number}",
            todo="Check cluster.hosts of the environment: the address must be OpenSearch's REST API, not Dashboards'.",
        )
    if tuple(int(part) for part in re.findall(r"\d+", number)[:2]) < OLDEST:
        raise ClusterError(
            f"OpenSearch {number} is too old", why="this tool speaks to 2.0 and later", todo="Upgrade the cluster."
        )
    return number


def _settings(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**answer.get("defaults", {}), **answer.get("persistent", {}), **answer.get("transient", {})}


def _optional(cluster: Cluster, path: str, params: Mapping[str, Any] | None = None) -> Any:
    """An answer, or None if there is nothing or the user may not see it."""
    try:
        return cluster.request("GET", path, params=params)
    except (errors.AnswerError, errors.CredentialsError) as error:
        if error.status in (403, 404):
            return None
        raise
