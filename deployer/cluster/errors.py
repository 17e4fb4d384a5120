"""What can go wrong between here and a cluster, each as an error that says what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deployer.model.errors import AuthError, ClusterError


class UnreachableError(ClusterError):
    """No connection came about, so the request was not sent."""

    code = "unreachable"
    status: int | None = None


class UntrustedError(UnreachableError):
    """TLS failed before anything was sent; trying again would not help."""

    code = "untrusted"
    exit_code = 4


class LostAnswerError(ClusterError):
    """The request went out and no usable answer came back: it may or may not have been carried out."""

    code = "lost-answer"
    status: int | None = None


class AnswerError(ClusterError):
    """The cluster answered with an error. `status` is HTTP's, `type` and `reason` are the server's."""

    code = "answer"

    def __init__(self, what: str, *, status: int, type: str = "", reason: str = "", todo: str = "") -> None:
        super().__init__(what, why=reason, todo=todo)
        self.status, self.type, self.reason = status, type, reason
        self.retry_after: float | None = None

    @property
    def lasting(self) -> bool:
        """Whether the same request would be refused again: an index of a full disk answers 429, as if that passed in a moment."""
        return self.status == 429 and _blocked(self.type, self.reason)


class CredentialsError(AuthError):
    """The cluster does not know us (401) or does not let us (403)."""

    def __init__(self, what: str, *, status: int, why: str, todo: str) -> None:
        super().__init__(what, why=why, todo=todo)
        self.status = status


class MissingPluginError(ClusterError):
    """The cluster has no Alerting or Notifications plugin."""

    code = "no-plugin"


class IncompleteError(ClusterError):
    """What was read is not everything; a plan made on it would be wrong."""

    code = "incomplete"


def unreachable(address: str, cause: str) -> UnreachableError:
    """Nobody answers at an address."""
    return UnreachableError(
        f"no connection to {address}",
        why=cause,
        todo="Check the address under cluster.hosts, that the cluster runs, and the network between. A local one: `deployer local up`.",
    )


def proxy_failed(address: str, cause: str) -> UnreachableError | CredentialsError:
    """The proxy cannot be reached, or makes no tunnel: nothing came to the cluster."""
    if "407" in cause:
        return CredentialsError(
            "the proxy wants other credentials", status=407, why=f"for {address}: {cause}", todo=_PROXY_USER
        )
    return UnreachableError(
        f"no connection to {address} by way of the proxy",
        why=cause,
        todo="Check the address that cluster.proxy names, and that the proxy lets through to that host and port.",
    )


_PROXY_USER = "Put user and password into the address that cluster.proxy refers to."

_TLS_CAUSES = (
    ("certificate has expired", "The server's certificate is too old: whoever runs the cluster has to renew it."),
    (
        "certificate is not yet valid",
        "The server's certificate begins later: compare the clocks of this computer and of the server.",
    ),
    (
        "match",
        "The certificate was made for another name: write the name that it bears under cluster.hosts, or have it made anew.",
    ),
    ("certificate required", "The cluster wants a client certificate: cluster.auth, type certificate."),
    (
        "alert",
        "The cluster refused the client's certificate: check that it is valid, and signed by an authority that the cluster trusts.",
    ),
    (
        "eof",
        "The server ended the handshake: it may want a client certificate (cluster.auth, type certificate), or speak no TLS there.",
    ),
    (
        "record layer failure",
        "The server does not speak TLS there: write http:// if that is meant, or check the port.",
    ),
    ("wrong version number", "The server does not speak TLS there: write http:// if that is meant, or check the port."),
)
"""What OpenSSL says when a handshake fails, and what to do; the first that is found in its text."""


def untrusted(address: str, cause: str) -> UntrustedError:
    """TLS failed, before anything was sent."""
    todo = "Nobody who is trusted signed the server's certificate: name the file of the cluster's own authority under cluster.tls.ca."
    return UntrustedError(
        f"no trusted connection to {address}",
        why=cause,
        todo=next((mend for words, mend in _TLS_CAUSES if words in cause.lower()), todo),
    )


BLOCKED = (
    "The cluster takes no writes there. If its disks are full, make room (the block then goes by itself); else take the block "
    "away (index.blocks.*, cluster.blocks.read_only), then run again."
)


def from_answer(
    method: str, path: str, status: int, body: Any, retry_after: float | None = None
) -> ClusterError | AuthError:
    """The error that an answer of 300 and above stands for."""
    kind, reason = _cause(body)
    asked = f"{method} {path}"
    if status == 401:
        return CredentialsError(
            "the cluster does not accept the credentials",
            status=status,
            why=f"{asked}: 401{f' ({reason})' if reason and reason != 'Unauthorized' else ''}",
            todo="Check cluster.auth of the environment: its type, and what its references lead to (a wrong password, a token or "
            "certificate that has expired, a user that does not exist, or no credentials at all).",
        )
    if status == 407:
        return CredentialsError(
            "the proxy wants other credentials",
            status=status,
            why=f"{asked}: 407",
            todo=_PROXY_USER,
        )
    if status == 403 and (kind == "security_exception" or "no permissions for" in reason):
        return CredentialsError(
            "the user lacks a permission",
            status=status,
            why=f"{asked}: {reason}",
            todo="Give the user's role the permission that the reason names; security/roles.yml has roles that suffice.",
        )
    if status == 403 and not kind:
        # The body of no OpenSearch error: a gateway before the cluster refused, such as that of AWS.
        return CredentialsError(
            "what stands before the cluster refuses the request",
            status=status,
            why=f"{asked}: {reason or 403}",
            todo="Check cluster.auth of the environment, the policy of the domain, and this computer's clock.",
        )
    if status in (400, 404, 405) and "no handler found for uri" in reason and "/_plugins/" in path:
        name = "Notifications" if "/_notifications/" in path else "Alerting"
        return MissingPluginError(
            f"the cluster has no {name} plugin",
            why=f"{asked}: {reason}",
            todo=f"Install the {name} plugin (the full OpenSearch distribution has it), or use `deployer local up` to try.",
        )
    todo = BLOCKED if _blocked(kind, reason) else ""
    error = AnswerError(f"{asked} was answered {status}", status=status, type=kind, reason=reason, todo=todo)
    error.retry_after = retry_after
    return error


def _blocked(kind: str, reason: str) -> bool:
    """Whether an index or the cluster takes no writes; plugins wrap the error in one of their own."""
    return kind == "cluster_block_exception" or "blocked by: [" in reason


def _cause(body: Any) -> tuple[str, str]:
    """Type and reason of an error's body, the innermost cause last."""
    error = body.get("error", body) if isinstance(body, Mapping) else body
    if not isinstance(error, Mapping):
        # Dashboards puts the name of the status there, and says more beside it.
        told = body.get("message") if isinstance(body, Mapping) and error else None
        return "", (f"{error}: {told}" if told and told != error else str(error or ""))[:1000]
    gateway = error.get("message", error.get("Message"))
    if gateway and "type" not in error:
        return "", str(gateway)[:1000]
    kind, reasons = str(error.get("type", "")), [str(error.get("reason", ""))]
    # Of a failed search, the first shard's reason tells more than "all shards failed", and the error may have no other.
    shards = error.get("failed_shards") or [{}]
    cause = error.get("caused_by") or shards[0].get("reason")
    while isinstance(cause, Mapping):
        reasons.append(str(cause.get("reason", "")))
        cause = cause.get("caused_by")
    unique: list[str] = []
    for reason in filter(None, reasons):
        # A plugin repeats the cause's text, with the name of its class before it.
        if not any(known in reason for known in unique):
            unique.append(reason)
    return kind, ": ".join(unique)[:1500]
