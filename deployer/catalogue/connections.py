"""The clusters of an environment's file: where they are, and how to reach and to authenticate to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deployer.catalogue.yamlfile import Document
from deployer.model import durations
from deployer.model.environment import Auth, Connection, Dashboards, SecretRef, Tls
from deployer.model.finding import Findings

AUTH_KEYS: Mapping[str, tuple[str, ...]] = {
    "none": (),
    "basic": ("username", "password"),
    "certificate": ("certificate", "key", "key_password"),
    "bearer": ("token",),
    "sigv4": ("region", "service", "access_key_id", "secret_access_key", "session_token"),
}
"""What each type of authentication reads, besides `type`."""

_PLAIN = ("region", "service")


def read(document: Document, findings: Findings) -> list[Connection]:
    """The cluster, or the clusters, of an environment's file that has the form of its schema."""
    reader = _Reader(document, findings)
    value: dict[str, Any] = document.value
    if "cluster" in value and "clusters" in value:
        findings.add(
            "DAC004",
            "there are both 'cluster' and 'clusters'",
            document.where("clusters", key=True),
            "name the one, or all, under clusters",
        )
    if "cluster" in value:
        return [reader.connection(value["cluster"], "cluster")]
    found = [reader.connection(raw, "clusters", index) for index, raw in enumerate(value["clusters"])]
    for index, connection in enumerate(found):
        if connection.name in [other.name for other in found[:index]]:
            findings.add(
                "DAC004",
                f"two clusters are called '{connection.name}'",
                document.where("clusters", index, "name"),
                "give each a name of its own",
            )
    return found


def read_dashboards(document: Document, findings: Findings) -> Dashboards | None:
    """The OpenSearch Dashboards of an environment's file that has the form of its schema; None if it names none."""
    raw = document.value.get("dashboards")
    if raw is None:
        return None
    connection = _Reader(document, findings).connection({**raw, "hosts": [raw["url"]]}, "dashboards", hosts="url")
    return Dashboards(connection, raw.get("tenant", ""))


def secret_or_text(document: Document, text: str, *path: str | int) -> SecretRef | str:
    """A value that may stand in place, or be a reference."""
    return SecretRef(text, document.where(*path)) if text.startswith(("env:", "file:")) else text


class _Reader:
    def __init__(self, document: Document, findings: Findings) -> None:
        self.document, self.findings = document, findings
        self.production = bool(document.value.get("production"))

    def connection(self, raw: dict[str, Any], *at: str | int, hosts: str = "hosts") -> Connection:
        """The connection at a path; `hosts` is the key that its addresses stand under."""
        auth = self._auth(raw.get("auth", {"type": "none"}), *at)
        plain = any(host.startswith("http://") for host in raw["hosts"])
        tls = Tls(verify=raw.get("tls", {}).get("verify", True), ca=raw.get("tls", {}).get("ca"))
        if self.production and not tls.verify:
            self.findings.add(
                "DAC013",
                "a production environment must verify the server's certificate",
                self.document.where(*at, "tls", "verify"),
                "name the certificates to trust in tls.ca",
            )
        if self.production and auth.type != "none" and plain:
            self.findings.add(
                "DAC013",
                "a production environment must not send credentials over plain http",
                self.document.where(*at, hosts),
                "use https",
            )
        elif auth.type == "certificate" and plain:
            self.findings.add(
                "DAC004",
                "a client certificate is shown over TLS only, and a host is plain http",
                self.document.where(*at, hosts),
                "use https",
            )
        return Connection(
            tuple(host.rstrip("/") for host in raw["hosts"]),
            auth,
            tls,
            float(durations.seconds(raw.get("timeout", "30s"))),
            raw.get("name", ""),
            secret_or_text(self.document, raw["proxy"], *at, "proxy") if "proxy" in raw else None,
        )

    def _auth(self, raw: Mapping[str, Any], *at: str | int) -> Auth:
        """How to authenticate; with a finding for a key that belongs to another type."""
        wanted = AUTH_KEYS[raw["type"]]
        for key in [key for key in raw if key != "type" and key not in wanted]:
            owner = next(kind for kind, keys in AUTH_KEYS.items() if key in keys)
            self.findings.add(
                "DAC004",
                f"'{key}' does nothing with the type {raw['type']}",
                self.document.where(*at, "auth", key, key=True),
                f"it belongs to the type {owner}",
            )
        references = {
            key: SecretRef(raw[key], self.document.where(*at, "auth", key))
            for key in wanted
            if key in raw and key not in _PLAIN
        }
        return Auth(raw["type"], references, raw.get("region", ""), raw.get("service", "es"))
