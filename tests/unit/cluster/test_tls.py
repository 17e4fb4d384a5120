"""TLS is verified by default, over a real connection (promise 29), and a refusal says what is wrong with which side."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from deployer.check import validate_repository
from deployer.cluster import Cluster, Vault
from deployer.cluster.errors import UntrustedError
from deployer.model.environment import Auth, Connection, SecretRef, Tls
from deployer.model.errors import AuthError, Location
from tests.faults import Reply, serving
from tests.unit import repo

HERE = Location("environments/prod.yml", 7, 30)
AUTHORITY = trustme.CA()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A repository's folder with the authority's certificate (right.pem), one of another (other.pem), and a client's."""
    AUTHORITY.cert_pem.write_to_path(tmp_path / "right.pem")
    trustme.CA().cert_pem.write_to_path(tmp_path / "other.pem")
    for name, authority in (("client", AUTHORITY), ("stranger", trustme.CA())):
        issued = authority.issue_cert("deployer@example.org")
        issued.private_key_pem.write_to_path(tmp_path / f"{name}.key")
        issued.cert_chain_pems[0].write_to_path(tmp_path / f"{name}.pem")
    (tmp_path / "no.pem").write_text("no certificate")
    return tmp_path


@contextmanager
def served(certificate: trustme.LeafCert | None = None, wants_client: bool = False) -> Iterator[str]:
    """A server with a certificate (of 127.0.0.1 by default); gives its address."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    (certificate or AUTHORITY.issue_cert("127.0.0.1")).configure_cert(context)
    if wants_client:
        context.verify_mode = ssl.CERT_REQUIRED
        AUTHORITY.configure_trust(context)
    with serving(lambda request: Reply(200, "fine"), context) as (address, _):
        yield address


def refused(url: str, folder: Path, tls: Tls, auth: Auth | None = None) -> UntrustedError:
    """The refusal of a connection."""
    with pytest.raises(UntrustedError, match="no trusted connection") as error:
        Cluster.connect(Connection((url,), auth or Auth(), tls), Vault(folder)).request("GET", "/")
    return error.value


@pytest.mark.parametrize("tls", [Tls(), Tls(ca="other.pem")])
def test_promise_29_an_unknown_certificate_is_refused(folder: Path, tls: Tls) -> None:
    """By default, and with another authority, the server is not trusted, and the setting is named; the exit code is 4."""
    with served() as url:
        error = refused(url, folder, tls)

    assert "cluster.tls.ca" in error.todo
    assert 4 == error.exit_code


@pytest.mark.parametrize("tls", [Tls(ca="right.pem"), Tls(verify=False)])
def test_a_named_authority_or_none_at_all_connects(folder: Path, tls: Tls) -> None:
    """With the authority's file (below the repository), or verification turned off, the connection comes about."""
    with served() as url:
        assert "fine" == Cluster.connect(Connection((url,), tls=tls), Vault(folder)).request("GET", "/")


def test_a_certificate_that_has_expired_is_named_as_that(folder: Path) -> None:
    """The cause is the date, and not the authority."""
    now = datetime.now(UTC)
    old = AUTHORITY.issue_cert("127.0.0.1", not_before=now - timedelta(days=9), not_after=now - timedelta(days=2))
    with served(old) as url:
        error = refused(url, folder, Tls(ca="right.pem"))

    assert "expired" in error.why
    assert "renew" in error.todo


def test_a_certificate_of_another_host_is_named_as_that(folder: Path) -> None:
    """The cause is the name, and cluster.hosts is where it stands."""
    with served(AUTHORITY.issue_cert("search.example")) as url:
        error = refused(url, folder, Tls(ca="right.pem"))

    assert "127.0.0.1" in error.why
    assert "cluster.hosts" in error.todo


def client(name: str) -> Auth:
    """Authentication with a certificate of the folder."""
    return Auth(
        "certificate",
        {"certificate": SecretRef(f"file:{name}.pem", HERE), "key": SecretRef(f"file:{name}.key", HERE)},
    )


def test_a_client_certificate_is_shown(folder: Path) -> None:
    """A server that wants a certificate lets in who has one of its authority."""
    with served(wants_client=True) as url:
        cluster = Cluster.connect(Connection((url,), client("client"), Tls(ca="right.pem")), Vault(folder))
        assert "fine" == cluster.request("GET", "/")


def test_a_client_certificate_may_stand_in_variables(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A CI's secrets are variables: they work as files do, and no file is made of them."""
    monkeypatch.setenv("H_CERTIFICATE", (folder / "client.pem").read_text())
    monkeypatch.setenv("H_KEY", (folder / "client.key").read_text())
    auth = Auth(
        "certificate", {"certificate": SecretRef("env:H_CERTIFICATE", HERE), "key": SecretRef("env:H_KEY", HERE)}
    )
    before = sorted(folder.iterdir())
    with served(wants_client=True) as url:
        assert "fine" == Cluster.connect(Connection((url,), auth, Tls(ca="right.pem")), Vault(folder)).request(
            "GET", "/"
        )

    assert before == sorted(folder.iterdir())


def test_a_server_that_refuses_the_client_certificate_is_an_authentication_error(folder: Path) -> None:
    """One of an unknown authority, and none at all, exit with 4 and name the client's side."""
    with served(wants_client=True) as url:
        errors = [refused(url, folder, Tls(ca="right.pem"), auth) for auth in (client("stranger"), Auth())]

    assert [4, 4] == [error.exit_code for error in errors]
    assert ["client" in error.todo for error in errors] == [True, True]


def test_a_certificate_that_is_none_is_named_with_its_line(folder: Path) -> None:
    """A file that holds something else is an error at the line that refers to it, before anything is sent."""
    auth = Auth("certificate", {**client("client").secrets, "certificate": SecretRef("file:no.pem", HERE)})
    with pytest.raises(AuthError, match=r"no\.pem") as error:
        Cluster.connect(Connection(("https://127.0.0.1:1",), auth, Tls(ca="right.pem")), Vault(folder))

    assert HERE == error.value.where
    assert 4 == error.value.exit_code


@pytest.mark.parametrize(
    ("cluster", "expected"),
    [
        ('{hosts: ["https://s.example"], tls: {verify: false}}', 1),
        ('{hosts: ["http://s.example"], auth: {type: bearer, token: "env:T"}}', 1),
        ('{hosts: ["http://s.example"], auth: {type: basic, username: "env:U", password: "env:P"}, tls: {verify: false}}', 2),
        ('{hosts: ["https://s.example"], auth: {type: bearer, token: "env:T"}}', 0),
    ],
)  # fmt: skip
def test_promise_29_production_verifies_and_sends_no_credentials_in_the_clear(
    tmp_path: Path, cluster: str, expected: int
) -> None:
    """`verify: false` and plain http with credentials are errors of the file where it says `production: true`, and only there."""
    plain = ('cluster: {hosts: ["http://127.0.0.1:9"]}', f"cluster: {cluster}")
    marked = (plain[0], f"production: true\n{plain[1]}")

    found = [
        list(validate_repository(repo.write(tmp_path / name, local=change)).findings.items)
        for name, change in (("plain", plain), ("production", marked))
    ]

    assert [[], ["DAC013"] * expected] == [[item.code for item in items] for items in found]
    assert all("environments/local.yml" == item.where.file and item.where.line for item in found[1])
