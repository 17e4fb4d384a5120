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


def untrusted(address: str, cause: str) -> UntrustedError:
    """TLS failed, before anything was sent."""
    return UntrustedError(
        f"no trusted connection to {address}",
        why=cause,
        todo="If the cluster has a certificate authority of its own, name its file under cluster.tls.ca; check https against http.",
    )


_BLOCKED = (
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
            why=f"{asked}: 401",
            todo="Check the user and password that cluster.auth of the environment refers to.",
        )
    if status == 403 and (kind == "security_exception" or "no permissions for" in reason):
        return CredentialsError(
            "the user lacks a permission",
            status=status,
            why=f"{asked}: {reason}",
            todo="Give the user's role the permission that the reason names.",
        )
    if status in (400, 404, 405) and "no handler found for uri" in reason and "/_plugins/" in path:
        name = "Notifications" if "/_notifications/" in path else "Alerting"
        return MissingPluginError(
            f"the cluster has no {name} plugin",
            why=f"{asked}: {reason}",
            todo=f"Install the {name} plugin (the full OpenSearch distribution has it), or use `deployer local up` to try.",
        )
    todo = _BLOCKED if kind == "cluster_block_exception" else ""
    error = AnswerError(f"{asked} was answered {status}", status=status, type=kind, reason=reason, todo=todo)
    error.retry_after = retry_after
    return error


def _cause(body: Any) -> tuple[str, str]:
    """Type and reason of an error's body, the innermost cause last."""
    error = body.get("error", body) if isinstance(body, Mapping) else body
    if not isinstance(error, Mapping):
        return "", str(error)[:1000]
    kind, reasons = str(error.get("type", "")), [str(error.get("reason", ""))]
    # Of a failed search, the first shard's reason tells more than "all shards failed", and the error may have no other.
    shards = error.get("failed_shards") or [{}]
    cause = error.get("caused_by") or shards[0].get("reason")
    while isinstance(cause, Mapping):
        reasons.append(str(cause.get("reason", "")))
        cause = cause.get("caused_by")
    unique = [reason for number, reason in enumerate(reasons) if reason and reason not in reasons[:number]]
    return kind, ": ".join(unique)[:1500]
