"""Tokens, signatures and proxies: what goes over the wire."""

from __future__ import annotations

import base64
import select
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import time_machine
import trustme

from deployer.cluster import Cluster, Vault, credentials
from deployer.cluster.errors import CredentialsError, UnreachableError
from deployer.model.environment import Auth, Connection, SecretRef, Tls
from deployer.model.errors import AuthError, Location
from tests.faults import Reply, serving

HERE = Location("environments/prod.yml", 7, 30)


def reference(monkeypatch: pytest.MonkeyPatch, value: str, name: str = "H_SECRET") -> SecretRef:
    """A reference to a variable that holds the value."""
    monkeypatch.setenv(name, value)
    return SecretRef(f"env:{name}", HERE)


def test_a_token_is_sent_as_bearer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The token goes into the Authorization header; the line end of a file does not."""
    auth = Auth("bearer", {"token": reference(monkeypatch, "abc.def.ghi\n")})
    with serving(lambda request: Reply()) as (url, seen):
        Cluster.connect(Connection((url,), auth)).request("GET", "/")

    assert "Bearer abc.def.ghi" == seen[0].headers["authorization"]


@pytest.mark.parametrize("value", ["two words", "a\r\nX-Evil: 1", "töken"])
def test_a_token_that_no_header_takes_is_refused_unseen(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """Line ends would make headers of their own: refused at the line of the reference, the value not shown."""
    auth = Auth("bearer", {"token": reference(monkeypatch, value)})
    with pytest.raises(AuthError, match="env:H_SECRET") as error:
        Cluster.connect(Connection(("http://127.0.0.1:1",), auth))

    assert HERE == error.value.where
    assert value not in f"{error.value} {error.value.why} {error.value.todo}"


def aws(monkeypatch: pytest.MonkeyPatch, service: str, **more: str) -> Auth:
    """The made-up credentials of AWS' own examples."""
    values = {"access_key_id": "AKIDEXAMPLE", "secret_access_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", **more}
    secrets = {name: reference(monkeypatch, value, f"H_{name.upper()}") for name, value in values.items()}
    return Auth("sigv4", secrets, "us-east-1", service)


@time_machine.travel("2015-08-30T12:36:00Z", tick=False)
def test_the_signature_is_the_one_that_aws_published(monkeypatch: pytest.MonkeyPatch) -> None:
    """The vector get-vanilla of AWS' test suite for Signature Version 4 (docs.aws.amazon.com)."""
    sign = credentials.signer(aws(monkeypatch, "service"), Vault())

    assert sign is not None
    headers = sign("GET", "https://example.amazonaws.com/", None)
    assert "20150830T123600Z" == headers["x-amz-date"]
    assert (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, "
        "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31" == headers["authorization"]
    )


def test_a_signed_request_carries_what_was_signed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The address that arrives is the one that was signed: blanks are %20, and a session's token goes along."""
    auth = aws(monkeypatch, "aoss", session_token="a-session")
    with serving(lambda request: Reply()) as (url, seen), time_machine.travel("2026-01-02T03:04:05Z", tick=False):
        cluster = Cluster.connect(Connection((url,), auth))
        cluster.request("POST", "/logs-*/_search", {"size": 0}, {"q": "a b+c", "pretty": "true"})
        sign = credentials.signer(auth, Vault())
        assert sign is not None
        expected = sign("POST", f"{url}/logs-*/_search?q=a%20b%2Bc&pretty=true", b'{"size": 0}')

    assert "/logs-*/_search?q=a%20b%2Bc&pretty=true" == seen[0].path
    assert expected["authorization"] == seen[0].headers["authorization"]
    assert "a-session" == seen[0].headers["x-amz-security-token"]
    assert len(seen[0].headers["x-amz-content-sha256"]) == 64


@pytest.mark.parametrize(
    "body",
    [{"message": "The security token included in the request is expired"}, {"Message": "User is not authorized"}],
)
def test_a_gateway_that_refuses_is_an_authentication_error(body: dict[str, str]) -> None:
    """AWS answers 403 with a message of its own form."""
    with serving(lambda request: Reply(403, body)) as (url, _), pytest.raises(CredentialsError) as error:
        Cluster.connect(Connection((url,))).request("GET", "/")

    assert 4 == error.value.exit_code
    assert next(iter(body.values())) in error.value.why


@pytest.fixture
def tunnel() -> Iterator[tuple[str, list[str]]]:
    """A proxy that makes tunnels and passes plain requests on; gives its address and the heads that it saw."""
    listening = socket.create_server(("127.0.0.1", 0))
    heads: list[str] = []

    def serve(near: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            part = near.recv(4096)
            if not part:
                return
            head += part
        heads.append(head.decode("latin-1"))
        method, target, _ = heads[-1].split("\r\n")[0].split()
        host = target if method == "CONNECT" else target.split("/")[2]
        far = socket.create_connection((host.split(":")[0], int(host.split(":")[1])))
        if method == "CONNECT":
            near.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            far.sendall(head.replace(f"http://{host}".encode(), b"", 1))
        with near, far:
            while True:
                for side in select.select([near, far], [], [])[0]:
                    data = side.recv(65536)
                    if not data:
                        return
                    (far if side is near else near).sendall(data)

    def accept() -> None:
        while True:
            try:
                near, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(near,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    yield f"127.0.0.1:{listening.getsockname()[1]}", heads
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()


def test_a_proxy_passes_plain_requests_on(tunnel: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    """The request goes to the proxy, with the proxy's own user, who stands in no message."""
    address, heads = tunnel
    vault = Vault()
    proxy = reference(monkeypatch, f"http://bob:canary@{address}/")
    with serving(lambda request: Reply(200, "fine")) as (url, seen):
        cluster = Cluster.connect(Connection((url,), proxy=proxy), vault)
        assert "fine" == cluster.request("GET", "/_x", params={"a": "b"})

    assert heads[0].startswith(f"GET {url}/_x?a=b ")
    assert base64.b64encode(b"bob:canary").decode() in heads[0]
    assert "/_x?a=b" == seen[0].path
    assert "canary" not in vault.scrub("canary")


def test_a_proxy_makes_a_tunnel_for_tls(
    tunnel: tuple[str, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TLS stays between us and the cluster: the proxy sees a host and a port, and no credentials of ours."""
    address, heads = tunnel
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    auth = Auth("bearer", {"token": reference(monkeypatch, "canary")})
    with serving(lambda request: Reply(200, "fine"), context) as (url, seen):
        connection = Connection((url,), auth, Tls(ca="ca.pem"), proxy=f"http://{address}")
        assert "fine" == Cluster.connect(connection, Vault(tmp_path)).request("GET", "/")

    assert heads[0].startswith(f"CONNECT {url.removeprefix('https://')} ")
    assert "canary" not in "".join(heads)
    assert "Bearer canary" == seen[0].headers["authorization"]


def test_a_proxy_that_is_not_there_is_named() -> None:
    """Nothing was sent, and the message is about the proxy."""
    connection = Connection(("http://search.example:9200",), proxy="http://127.0.0.1:1")
    with pytest.raises(
        UnreachableError, match=r"no connection to http://search\.example:9200 by way of the proxy"
    ) as error:
        Cluster.connect(connection).request("DELETE", "/_x")

    assert "cluster.proxy" in error.value.todo
