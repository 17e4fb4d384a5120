"""Who we are to a cluster: headers, a client certificate, or a signature for each request. Read when a connection is made."""

from __future__ import annotations

import base64
import os
import ssl
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import urllib3
import urllib3.exceptions

from deployer.cluster import errors
from deployer.cluster.secrets import Vault
from deployer.model.environment import Auth, SecretRef, Tls
from deployer.model.errors import AuthError

Signer = Callable[[str, str, bytes | None], dict[str, str]]
"""Makes the headers that sign a request, of its method, its whole address and its body."""


def headers(auth: Auth, vault: Vault) -> dict[str, str]:
    """The headers that go with every request; none unless `auth` is a user with a password, or a token.

    Raises SecretError if a reference leads to nothing.
    """
    if auth.type == "basic":
        user, password = vault.read(auth.secrets["username"]), vault.read(auth.secrets["password"])
        encoded = base64.b64encode(f"{user}:{password}".encode()).decode("ascii")
        vault.remember(encoded)
        return {"authorization": f"Basic {encoded}"}
    if auth.type == "bearer":
        return {"authorization": f"Bearer {_printable(vault, auth.secrets['token'])}"}
    return {}


def signer(auth: Auth, vault: Vault) -> Signer | None:
    """What signs requests for AWS (Signature Version 4), or None for the other ways.

    Sources: docs.aws.amazon.com, "Create a signed AWS API request"; the digest of the body is a header of its own only where
    the serverless service wants it.
    """
    if auth.type != "sigv4":
        return None
    try:
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials
    except ImportError:
        raise AuthError(
            "signing for AWS needs a package that is not installed",
            why="cluster.auth.type is sigv4",
            todo="Install it: pip install 'detection-deployer[aws]'.",
        ) from None
    found = {name: _printable(vault, reference) for name, reference in auth.secrets.items()}
    keys = Credentials(found["access_key_id"], found["secret_access_key"], found.get("session_token"))
    digest = auth.service == "aoss"

    def sign(method: str, url: str, body: bytes | None) -> dict[str, str]:
        request = AWSRequest(method=method, url=url, data=body or b"")
        signature = SigV4Auth(keys, auth.service, auth.region)
        if digest:
            request.headers["X-Amz-Content-SHA256"] = signature.payload(request)
        signature.add_auth(request)
        return {name.lower(): value for name, value in request.headers.items()}

    return sign


def tls_options(tls: Tls, auth: Auth, vault: Vault) -> dict[str, Any]:
    """The options of opensearch-py's connection: whom it trusts, and the certificate that it shows."""
    context = _unverified() if not tls.verify else _trusting(tls, vault)
    if auth.type == "certificate":
        _show(context, auth.secrets, vault)
    return {"ssl_context": context}


def _unverified() -> ssl.SSLContext:
    # The environment's file says so, and production refuses it: a warning at each request would tell nothing more.
    urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _trusting(tls: Tls, vault: Vault) -> ssl.SSLContext:
    if tls.ca is None:
        return ssl.create_default_context()
    path = vault.path(tls.ca)
    if not path.is_file():
        raise errors.UntrustedError(
            f"there is no file {tls.ca}",
            why="cluster.tls.ca names it",
            todo="Put the authority's certificate there (PEM).",
        )
    try:
        return ssl.create_default_context(cafile=str(path))
    except ssl.SSLError as error:
        raise errors.UntrustedError(
            f"{tls.ca} holds no certificate", why=str(error), todo="cluster.tls.ca wants PEM text."
        ) from None


def _show(context: ssl.SSLContext, secrets: Mapping[str, SecretRef], vault: Vault) -> None:
    """Show a client certificate. Python reads it from a path only: it gets that of a pipe, so that no key lies in a file."""
    certificate, key = vault.read(secrets["certificate"]), vault.read(secrets["key"])
    password = vault.read(secrets["key_password"]) if "key_password" in secrets else ""
    with _Pipe(certificate) as first, _Pipe(key) as second:
        try:
            context.load_cert_chain(first.path, second.path, lambda: password)
        except (OSError, ValueError) as error:
            reference = secrets["certificate"]
            # A pipe cannot be wound back, and Python tells that instead of what OpenSSL said of a key of another certificate.
            told = str(error) if isinstance(error, ssl.SSLError | ValueError) else "OpenSSL does not take the two together"
            raise AuthError(
                f"{reference.reference} and {secrets['key'].reference} are no certificate with its key",
                why=told,
                todo="Both want PEM text, and belong together; a key with a password wants cluster.auth.key_password.",
                where=reference.where,
            ) from None


class _Pipe:
    """A text that may be read once from `path`, and is nowhere on the disk."""

    def __init__(self, text: str) -> None:
        self._reader, self._writer = os.pipe()
        # A thread, because a pipe may hold less than a long chain of certificates.
        self._thread = threading.Thread(target=self._write, args=(text.encode(),), daemon=True)
        self.path = Path(f"/dev/fd/{self._reader}")

    def __enter__(self) -> _Pipe:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._reader)
        self._thread.join()

    def _write(self, data: bytes) -> None:
        try:
            with os.fdopen(self._writer, "wb") as pipe:
                pipe.write(data)
        except BrokenPipeError:
            return


def _printable(vault: Vault, reference: SecretRef) -> str:
    """A secret that goes into a header: what cannot stand there is an error that shows nothing of it."""
    value = vault.read(reference).strip()
    if not value.isascii() or not value.isprintable() or " " in value:
        raise AuthError(
            f"what stands at {reference.reference} cannot be sent",
            why="it has blanks, line ends or letters that a header does not take",
            todo="Check that it is the token or key alone.",
            where=reference.where,
        )
    return value


def proxy_address(proxy: SecretRef | str, vault: Vault) -> tuple[str, dict[str, str]]:
    """A proxy's address without its user, and the headers that authenticate to it."""
    text = (vault.read(proxy) if isinstance(proxy, SecretRef) else proxy).strip().rstrip("/")
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise errors.UnreachableError(
            "the proxy has no usable address",
            why="cluster.proxy wants http://HOST:PORT",
            todo="Mend it, or what its reference leads to.",
        )
    given = parts.netloc.rpartition("@")[0]
    if not given:
        return text, {}
    # In an address a user's name and password are quoted (`p%40ss`); in the header they are not.
    user, _, password = given.partition(":")
    plain = f"{unquote(user)}:{unquote(password)}"
    made = urllib3.make_headers(proxy_basic_auth=plain)
    for secret in (password, unquote(password), *(value.removeprefix("Basic ") for value in made.values())):
        vault.remember(secret)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}", made
