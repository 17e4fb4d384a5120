"""The client: what is repeated, what is not, and what each failure means."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import stamina
import stamina.instrumentation

from deployer.cluster import errors
from deployer.cluster.secrets import Vault
from deployer.cluster.wire import Answer, Wire
from deployer.model.environment import Connection
from deployer.model.errors import DeployerError

LOGGER = logging.getLogger(__name__)
ATTEMPTS = 5
PATIENCE = 60.0
"""Seconds within which a safe request must have succeeded, its repetitions included."""

_READ_ONLY_POSTS = re.compile(
    r"/_plugins/_alerting/(monitors|workflows)/_search|(/[^_/][^/]*)?/(_search|_count|_mget|_msearch|_field_caps|_validate/query)"
    r"|/_render/template|/_scripts/painless/_execute|/api/saved_objects/_bulk_get"
)
"""The POSTs that read: searches, reads of several documents or saved objects, compilers. A dry run is not among them (promise 1)."""

_TRANSIENT = frozenset({429, 502, 503, 504})

# stamina's default hook logs through structlog, whose default goes to stdout: that is the place of results.
stamina.instrumentation.set_on_retry_hooks(())


def is_read(method: str, path: str) -> bool:
    """Whether a request only reads."""
    return method in ("GET", "HEAD") or (method == "POST" and _READ_ONLY_POSTS.fullmatch(path) is not None)


class Cluster:
    """A thin client of one cluster. Threads may share it.

    `requests` counts requests by method and whether they read (``("POST", "read")``), each attempt once. `on_request`
    is called before each attempt with method and path; what it raises stops the request.
    """

    def __init__(self, wire: Wire, vault: Vault) -> None:
        self._wire, self._vault = wire, vault
        self._lock = threading.Lock()
        self.requests: Counter[tuple[str, str]] = Counter()
        self.on_request: Callable[[str, str], None] | None = None

    @classmethod
    def connect(cls, connection: Connection, vault: Vault | None = None) -> Cluster:
        """A client for a connection; secrets are read here, and nothing is sent yet.

        Raises SecretError for a reference that leads nowhere.
        """
        vault = vault or Vault()
        return cls(Wire(connection, vault), vault)

    def __repr__(self) -> str:
        return f"Cluster({self.address})"

    @property
    def address(self) -> str:
        """The hosts, without credentials."""
        return ", ".join(self._wire.addresses)

    @property
    def writes(self) -> int:
        """How many requests went out that may have written."""
        return sum(count for (_, kind), count in self.requests.items() if kind == "write")

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        params: Mapping[str, Any] | None = None,
        safe: bool | None = None,
    ) -> Any:
        """The parsed answer. `body` is a JSON value, or a text of newline-separated JSON.

        Requests that only read are repeated, with backoff, within `PATIENCE` seconds, on lost answers and on 429, 502, 503
        and 504; nothing else is, unless `safe` says that repeating does no harm. A Retry-After is honoured if it fits.

        Raises UnreachableError, LostAnswerError, MissingPluginError, AnswerError or CredentialsError; the last two have
        `status`.
        """
        repeat = is_read(method, path) if safe is None else safe
        if not repeat:
            return self._once(method, path, body, params)
        backoff = _Backoff(time.monotonic() + PATIENCE)
        for attempt in stamina.retry_context(
            on=backoff, attempts=ATTEMPTS, timeout=PATIENCE, wait_initial=0.2, wait_max=10.0, wait_jitter=0.2
        ):
            with attempt:
                return self._once(method, path, body, params)
        raise AssertionError("a retry context returns or raises")

    def seen(self, method: str, path: str, body: Any = None, params: Mapping[str, Any] | None = None) -> Any:
        """The answer of `request`, or None if the user may not see it (403)."""
        try:
            return self.request(method, path, body, params)
        except errors.CredentialsError as error:
            if error.status == 403:
                return None
            raise

    def close(self) -> None:
        """Close all connections."""
        self._wire.close()

    def _once(self, method: str, path: str, body: Any, params: Mapping[str, Any] | None) -> Any:
        if self.on_request is not None:
            self.on_request(method, path)
        with self._lock:
            self.requests[method, "read" if is_read(method, path) else "write"] += 1
        began = time.monotonic()
        try:
            answer = self._wire.send(method, path, body, params)
        except DeployerError as error:
            raise self._scrubbed(error) from None
        if LOGGER.isEnabledFor(logging.DEBUG):
            took = 1000 * (time.monotonic() - began)
            LOGGER.debug("%s", self._vault.scrub(f"{method} {path} {answer.status} in {took:.0f} ms"))
        if answer.status >= 300:
            raise self._scrubbed(errors.from_answer(method, path, answer.status, answer.body, _retry_after(answer)))
        return answer.body

    def _scrubbed(self, error: DeployerError) -> DeployerError:
        error.what, error.why = self._vault.scrub(error.what), self._vault.scrub(error.why)
        error.args = (error.what,)
        if isinstance(error, errors.AnswerError):
            error.reason = self._vault.scrub(error.reason)
        return error


class _Backoff:
    """Says whether an error is worth another attempt, or after how many seconds."""

    def __init__(self, deadline: float) -> None:
        self._deadline = deadline

    def __call__(self, error: Exception) -> bool | float:
        if isinstance(error, errors.LostAnswerError | errors.UnreachableError):
            return not isinstance(error, errors.UntrustedError)
        if not isinstance(error, errors.AnswerError) or error.status not in _TRANSIENT or error.lasting:
            return False
        if error.retry_after is None:
            return True
        # A wait that would not end in time is not begun: the operator hears of it now.
        return error.retry_after if time.monotonic() + error.retry_after < self._deadline else False


def _retry_after(answer: Answer) -> float | None:
    """The seconds that a Retry-After asks to wait, be it a number or a date."""
    value = answer.headers.get("retry-after", "").strip()
    if value.isdigit():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None
