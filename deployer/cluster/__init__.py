"""The only package that speaks to OpenSearch: connection, inventory, record, writes."""

from __future__ import annotations

from deployer.cluster.client import Cluster, is_read
from deployer.cluster.inventory import read_inventory
from deployer.cluster.monitors import read_monitors
from deployer.cluster.records import read_record
from deployer.cluster.secrets import SecretError, Vault
from deployer.model.environment import Connection
from deployer.model.resource import Kind
from deployer.plan.match import Matched, match

__all__ = [
    "Cluster",
    "SecretError",
    "Vault",
    "connect",
    "deployed_monitors",
    "is_read",
    "read_inventory",
    "read_monitors",
    "read_record",
    "sorted_by_owner",
]


def connect(connection: Connection, vault: Vault | None = None) -> Cluster:
    """A client of a cluster. Secrets are read now, with `vault` if given; nothing is sent yet."""
    return Cluster.connect(connection, vault)


def deployed_monitors(cluster: Cluster, deployment: str) -> dict[str, str]:
    """The server's id of each monitor that a deployment owns, by key (``monitor/AN0903/discovery``); copies are left out."""
    owned = sorted_by_owner(cluster, deployment).owned
    return {key: live.id for key, live in owned.items() if live.kind is Kind.MONITOR}


def sorted_by_owner(cluster: Cluster, deployment: str) -> Matched:
    """The monitors that carry a deployment's owner or are in its record: its own, and copies of them."""
    record = read_record(cluster, deployment)
    ids = [entry.id for entry in record.entries.values() if entry.kind is Kind.MONITOR]
    lives, _ = read_monitors(cluster, deployment, ids)
    return match(deployment, lives, record)
