"""Errors as the server words them: a Java exception, what the Alerting plugin makes of it, and its JSON."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from deployer.model.errors import DeployerError

Json = dict[str, Any]

ALERTING = "org.opensearch.commons.alerting.util.AlertingException"
_ARGUMENT = "java.lang.IllegalArgumentException"
STATUS = "org.opensearch.OpenSearchStatusException"

# Classes of exceptions that reach the service as the JSON of an answer, where only their short name stands.
_PACKAGES = {
    "version_conflict_engine_exception": "org.opensearch.index.engine.VersionConflictEngineException",
    "index_not_found_exception": "org.opensearch.index.IndexNotFoundException",
    "action_request_validation_exception": "org.opensearch.action.ActionRequestValidationException",
    "search_phase_execution_exception": "org.opensearch.action.search.SearchPhaseExecutionException",
    "illegal_argument_exception": _ARGUMENT,
    "invalid_index_name_exception": "org.opensearch.indices.InvalidIndexNameException",
    "mapper_parsing_exception": "org.opensearch.index.mapper.MapperParsingException",
    "cluster_block_exception": "org.opensearch.cluster.block.ClusterBlockException",
    "index_closed_exception": "org.opensearch.indices.IndexClosedException",
    "parsing_exception": "org.opensearch.core.common.ParsingException",
}
_KINDS = {
    "version_conflict_engine_exception": "version_conflict",
    "index_not_found_exception": "index_not_found",
    "action_request_validation_exception": "argument",
    "illegal_argument_exception": "argument",
    "invalid_index_name_exception": "invalid_index_name",
}


@dataclass(frozen=True, slots=True)
class Failure:
    """A Java exception.

    `kind` is what the plugin's wording depends on: argument, status, index_not_found, version_conflict,
    invalid_index_name, security or other. `body` is the whole answer the server gives for it, `{"error": .., "status": ..}`.
    `user_message` is the text that goes into an alert, `json` the text of a script's error in a run's result.
    """

    java_class: str
    message: str | None
    kind: str
    status: int
    body: Json
    user_message: str | None = None
    text: str = ""
    index: str = ""
    json: str | None = None


class ServerError(DeployerError):
    """What the plugin would throw, to be answered as its JSON."""

    code = "local-alerting"

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message or failure.java_class)
        self.failure = failure


def type_name(java_class: str) -> str:
    """Gives the type in an answer's JSON for an exception's class: `java.lang.IllegalStateException` is illegal_state_exception.

    Each capital begins a word, so MalformedURLException is malformed_u_r_l_exception.
    """
    simple = java_class.rpartition(".")[2].removeprefix("OpenSearch")
    return re.sub(r"(?<!^)(?=[A-Z])", "_", simple).lower()


def failure(
    java_class: str,
    message: str | None,
    *,
    kind: str = "other",
    status: int = 500,
    cause: Json | None = None,
    **extra: Any,
) -> Failure:
    """Makes a failure whose answer has one root cause: itself. `extra` goes beside the reason, `cause` under caused_by."""
    what: Json = {"type": type_name(java_class), "reason": message, **extra}
    error = {"root_cause": [what], **what, **({"caused_by": cause} if cause else {})}
    text = f"{java_class}: {message}" if message is not None else java_class
    body = {"error": error, "status": status}
    # The server's own exceptions are told with their causes, others by their message alone.
    own = java_class.startswith("org.opensearch.") and kind != "argument"
    user_message = _detailed(java_class, message, cause) if own else message
    return Failure(java_class, message, kind, status, body, user_message, text)


def detailed(what: Failure) -> str:
    """Gives an exception with its causes in a line, as the server writes it for a reader."""
    error = what.body.get("error")
    cause = error.get("caused_by") if isinstance(error, dict) else None
    return _detailed(what.java_class, what.message, cause)


def _detailed(java_class: str, message: str | None, cause: Json | None) -> str:
    simple = java_class.rpartition(".")[2]
    if not cause:
        return f"{simple}[{'null' if message is None else message}]"
    parts = []
    while True:
        parts.append(f"{simple}[{message}]; " if message is not None else f"{simple}; ")
        if not cause:
            return "nested: ".join(parts)
        simple, message = _camel(str(cause.get("type"))), cause.get("reason")
        cause = cause.get("caused_by")


def _camel(kind: str) -> str:
    """Gives the simple name of an exception's class from its type in an answer."""
    if kind in ("status_exception", "security_exception", "parse_exception"):
        kind = f"open_search_{kind}"
    return "".join(part.capitalize() for part in kind.split("_"))


def illegal_argument(message: str) -> ServerError:
    """Gives an IllegalArgumentException (400)."""
    return ServerError(failure(_ARGUMENT, message, kind="argument", status=400))


def illegal_state(message: str) -> ServerError:
    """Gives an IllegalStateException (500)."""
    return ServerError(failure("java.lang.IllegalStateException", message))


def not_set(name: str) -> ServerError:
    """Gives what Kotlin throws when a required property was never set (500)."""
    message = f"lateinit property {name} has not been initialized"
    return ServerError(failure("kotlin.UninitializedPropertyAccessException", message))


def null_pointer(message: str | None) -> ServerError:
    """Gives a NullPointerException (500)."""
    return ServerError(failure("java.lang.NullPointerException", message))


def cannot_cast(have: str, want: str) -> ServerError:
    """Gives a ClassCastException (500) between two of the plugin's classes."""
    have, want = (f"org.opensearch.commons.alerting.model.{name}" for name in (have, want))
    loader = "are in unnamed module of loader java.net.URLClassLoader @1442f788"
    message = f"class {have} cannot be cast to class {want} ({have} and {want} {loader})"
    return ServerError(failure("java.lang.ClassCastException", message))


def status_error(message: str, status: int) -> ServerError:
    """Gives an OpenSearchStatusException: an error that carries its own HTTP status."""
    return ServerError(failure(STATUS, message, kind="status", status=status))


def parsing_error(message: str, line: int, column: int) -> ServerError:
    """Gives a ParsingException (400), which says where."""
    what = failure("org.opensearch.core.common.ParsingException", message, status=400, line=line, col=column)
    return ServerError(what)


def validation_error(*messages: str) -> ServerError:
    """Gives an ActionRequestValidationException (400) with numbered messages."""
    text = "Validation Failed: " + "".join(f"{number}: {message};" for number, message in enumerate(messages, 1))
    java_class = _PACKAGES["action_request_validation_exception"]
    return ServerError(failure(java_class, text, kind="argument", status=400))


def alerting_error(message: str, status: int, cause_class: str, cause_message: str | None) -> ServerError:
    """Gives an AlertingException as the plugin throws it with a cause of its own."""
    cause = {"type": type_name(cause_class), "reason": cause_message}
    return ServerError(failure(ALERTING, message, kind="other", status=status, cause=cause))


def around(java_class: str, message: str, status: int, inner: Failure) -> ServerError:
    """Gives an exception around the node's own, which stays as it is: its root causes are those of the whole."""
    given = failure(java_class, message, status=status)
    cause = dict(inner.body["error"])
    root = cause.pop("root_cause", [cause])
    # Only the server's own exceptions are looked through for their causes.
    if inner.kind == "argument":
        root = [{"type": type_name(java_class), "reason": message}]
    error = {"root_cause": root, "type": type_name(java_class), "reason": message, "caused_by": cause}
    return ServerError(replace(given, body={"error": error, "status": status}))


def wrap(error: ServerError) -> ServerError:
    """Gives what the plugin makes of an exception before it answers: AlertingException.wrap, status and wording by kind."""
    inner = error.failure
    message, status = inner.message or "Unknown error", 500
    if inner.kind == "index_not_found":
        message, status = f"Configured indices are not found: {inner.index}", inner.status
    elif inner.kind == "security":
        message, status = "User doesn't have permissions to execute this action. Contact administrator.", inner.status
    elif inner.kind in ("status", "version_conflict"):
        status = inner.status
    elif inner.kind in ("argument", "invalid_index_name"):
        status = 400
    cause = {"type": "exception", "reason": f"{inner.java_class}: {'null' if inner.message is None else inner.message}"}
    return ServerError(failure(ALERTING, message, status=status, cause=cause))


def from_module(value: Json) -> Failure:
    """Reads a failure as the node's module writes it (java/Failure.java)."""
    return Failure(
        java_class=value["class"],
        message=value["message"],
        kind=value["kind"],
        status=value["status"],
        body=value["body"],
        user_message=value["user_message"],
        text=value["text"],
        index=value.get("index", ""),
        json=value.get("json"),
    )


def from_answer(status: int, body: Any) -> Failure:
    """Reads a failure from an answer of the node's REST API, which names the exception's class only in short."""
    error = body.get("error", {}) if isinstance(body, dict) else {}
    if not isinstance(error, dict):
        error = {"type": "exception", "reason": str(error)}
    kind = error.get("type", "exception")
    camel = _camel(kind)
    java_class = _PACKAGES.get(kind, f"org.opensearch.OpenSearch{camel}" if camel == "Exception" else camel)
    message = error.get("reason")
    return Failure(
        java_class=java_class,
        message=message,
        kind=_KINDS.get(kind, "other"),
        status=status,
        body={"error": error, "status": status},
        user_message=_detailed(java_class, message, error.get("caused_by")),
        text=f"{java_class}: {message}",
        index=f"[{error['index']}]" if "index" in error else "",
    )
