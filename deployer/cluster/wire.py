"""One request over one connection: the adapter of opensearch-py, without the retries of its transport.

The transport repeats a POST four times on a dropped connection (FACTS.md, "Identity and idempotency"), and hides the
headers of an answer. So its connections are used directly, and `client` decides what is repeated.
"""

from __future__ import annotations

import hashlib
import json
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import urllib3
import urllib3.exceptions
from opensearchpy import Urllib3HttpConnection
from opensearchpy.exceptions import ConnectionError as WireConnectionError
from opensearchpy.exceptions import ConnectionTimeout, SSLError

from deployer.cluster import credentials, errors
from deployer.cluster.secrets import Vault
from deployer.model.environment import Connection
from deployer.model.errors import DeployerError

CONNECTIONS = 32
"""Connections kept open to a host: as many as a deploy has threads that write."""

_ANY_STATUS = range(100, 600)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of whatever status. `body` is parsed JSON; of an error that is none, the text."""

    status: int
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as a form sends it (multipart/form-data)."""

    name: str
    content: bytes


class _Quiet(Urllib3HttpConnection):
    """A connection that logs nothing: opensearch-py logs whole bodies, and a channel's body holds its secret address."""

    def log_request_success(self, *args: Any, **kwargs: Any) -> None:
        """Nothing."""

    def log_request_fail(self, *args: Any, **kwargs: Any) -> None:
        """Nothing."""

    def _raise_warnings(self, warning_headers: Any) -> None:
        """Nothing: deprecation warnings of the server are for its administrator."""

    def go_through(self, proxy: str, headers: Mapping[str, str], context: ssl.SSLContext | None) -> None:
        """Send by way of a proxy: through a tunnel where the cluster speaks TLS, which stays between us and the cluster."""
        manager = urllib3.ProxyManager(
            proxy, proxy_headers=dict(headers), maxsize=CONNECTIONS, timeout=self.timeout, ssl_context=context
        )
        self.pool = _Proxied(manager, self.host)


class _Proxied:
    """What a connection uses of a pool, by way of a proxy."""

    def __init__(self, manager: urllib3.ProxyManager, host: str) -> None:
        self._manager, self._host = manager, host

    def urlopen(self, method: str, url: str, body: Any = None, **options: Any) -> Any:
        """The answer to a request; the manager wants the whole address."""
        return self._manager.urlopen(method, self._host + url, body=body, redirect=False, **options)

    def close(self) -> None:
        """Close what is open."""
        self._manager.clear()


class Wire:
    """Sends requests to the hosts of a connection, one at a time per call; the next host when one cannot be reached."""

    def __init__(self, connection: Connection, vault: Vault, more: Mapping[str, str] | None = None) -> None:
        """`more` are headers that go with every request."""
        headers = {
            "accept-encoding": "gzip",
            "user-agent": "detection-deployer",
            **(more or {}),
            **credentials.headers(connection.auth, vault),
        }
        self.addresses = tuple(_address(host) for host in connection.hosts)
        self._timeout = connection.timeout
        self._connections = [_connection(host, connection, headers, vault) for host in connection.hosts]
        self._current = 0
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"Wire({', '.join(self.addresses)})"

    def send(self, method: str, path: str, body: Any, params: Mapping[str, Any] | None) -> Answer:
        """The answer of one attempt.

        Raises UnreachableError if no host could be connected to (nothing was sent), LostAnswerError if the request went out
        and no answer came.
        """
        data, headers = _encoded(body)
        for tried in range(len(self._connections)):
            number = self._current
            try:
                status, answer_headers, text = self._connections[number].perform_request(
                    method,
                    _with_query(path, params),
                    body=data,
                    timeout=self._timeout,
                    ignore=_ANY_STATUS,
                    headers=headers,
                )
            except (SSLError, ConnectionTimeout, WireConnectionError) as error:
                self._next(number)
                translated = self._translated(error, self.addresses[number], method, path)
                if isinstance(translated, errors.LostAnswerError) or tried + 1 == len(self._connections):
                    raise translated from None
            else:
                return self._answer(status, answer_headers, text, f"{method} {path}")
        raise AssertionError("a connection has at least one host")

    def _answer(self, status: int, headers: Mapping[str, str], text: str, asked: str) -> Answer:
        try:
            body = json.loads(text) if text else None
        except ValueError:
            if status < 300:
                raise errors.LostAnswerError(
                    f"the answer to {asked} is no JSON, or was cut short",
                    why=f"it has {len(text)} characters and begins with {text[:60]!r}",
                    todo="Check what stands between here and the cluster, then run again.",
                ) from None
            body = text
        return Answer(status, {name.lower(): value for name, value in headers.items()}, body)

    def close(self) -> None:
        """Close all connections."""
        for connection in self._connections:
            connection.close()

    def _next(self, number: int) -> None:
        with self._lock:
            if self._current == number:
                self._current = (number + 1) % len(self._connections)

    def _translated(self, error: Any, address: str, method: str, path: str) -> DeployerError:
        cause = error.info
        text = str(cause) if not isinstance(cause, urllib3.exceptions.HTTPError) else _plain(cause)
        if isinstance(error, SSLError) or isinstance(cause, ssl.SSLError):
            return errors.untrusted(address, text)
        if isinstance(cause, urllib3.exceptions.ConnectTimeoutError | urllib3.exceptions.NewConnectionError):
            return errors.unreachable(address, text)
        if isinstance(cause, urllib3.exceptions.ProxyError):
            return errors.proxy_failed(address, _plain(cause.original_error))
        if isinstance(error, ConnectionTimeout):
            text = f"no answer within {self._timeout:g} s"
        return errors.LostAnswerError(
            f"no answer from {address} to {method} {path}",
            why=text,
            todo="Look at the cluster's health and log, then run again: what was carried out is found, and not done twice.",
        )


def _connection(host: str, connection: Connection, headers: Mapping[str, str], vault: Vault) -> _Quiet:
    parts = urlsplit(host)
    secure = parts.scheme == "https"
    options: dict[str, Any] = {"use_ssl": secure, "http_auth": credentials.signer(connection.auth, vault)}
    if secure:
        options |= credentials.tls_options(connection.tls, connection.auth, vault)
    made = _Quiet(
        host=parts.hostname or "localhost",
        port=parts.port or (443 if secure else 80),
        url_prefix=parts.path.strip("/"),
        scheme=parts.scheme,
        timeout=connection.timeout,
        pool_maxsize=CONNECTIONS,
        headers=dict(headers),
        **options,
    )
    if connection.proxy is not None:
        made.go_through(*credentials.proxy_address(connection.proxy, vault), options.get("ssl_context"))
    return made


def _with_query(path: str, params: Mapping[str, Any] | None) -> str:
    """The path with its query, blanks as %20: a signature is made of the text that is sent, and + would be read as a plus."""
    return f"{path}?{urlencode(params, quote_via=quote)}" if params else path


def _encoded(body: Any) -> tuple[bytes | None, dict[str, str]]:
    if body is None:
        return None, {}
    if isinstance(body, Upload):
        return _form(body)
    if isinstance(body, str):
        return body.encode("utf-8", "surrogatepass"), {"content-type": "application/x-ndjson"}
    return json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass"), {"content-type": "application/json"}


def _form(upload: Upload) -> tuple[bytes, dict[str, str]]:
    """A form with one field, `file`. Its boundary is made of the content, so the same upload is the same bytes."""
    boundary = hashlib.sha256(upload.content).hexdigest()
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{upload.name}"\r\nContent-Type: application/ndjson\r\n\r\n'
    data = head.encode() + upload.content + f"\r\n--{boundary}--\r\n".encode()
    return data, {"content-type": f"multipart/form-data; boundary={boundary}"}


def _address(host: str) -> str:
    """A host without user and password, should somebody have put them there."""
    parts = urlsplit(host)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path.rstrip('/')}"


def _plain(cause: Exception) -> str:
    """The cause in words, without the object addresses that urllib3 puts in."""
    text = str(cause)
    return text.split(">: ", 1)[-1].split("): ", 1)[-1]
