"""TLS is verified by default, over a real connection (promise 29)."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployer.cluster import Cluster, Vault
from deployer.cluster.errors import UntrustedError
from deployer.model.environment import Connection, Tls
from tests.faults import Reply, serving

pytestmark = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="needs the openssl program to make a certificate"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a certificate for 127.0.0.1 that signs itself (right.pem), and one of somebody else (other.pem)."""
    found = tmp_path_factory.mktemp("tls")
    for name in ("right", "other"):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
             "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", f"{name}.key", "-out", f"{name}.pem"],
            cwd=found, check=True, capture_output=True,
        )  # fmt: skip
    return found


@pytest.fixture
def url(folder: Path) -> Iterator[str]:
    """A server with the right certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "right.pem", folder / "right.key")
    with serving(lambda request: Reply(200, "fine"), context) as (address, _):
        yield address


@pytest.mark.parametrize("tls", [Tls(), Tls(ca="other.pem")])
def test_promise_29_an_unknown_certificate_is_refused(url: str, folder: Path, tls: Tls) -> None:
    """By default, and with another authority, the server is not trusted, and the setting is named."""
    cluster = Cluster.connect(Connection((url,), tls=tls), Vault(folder))

    with pytest.raises(UntrustedError, match="no trusted connection") as error:
        cluster.request("GET", "/")

    assert "cluster.tls.ca" in error.value.todo


@pytest.mark.parametrize("tls", [Tls(ca="right.pem"), Tls(verify=False)])
def test_a_named_authority_or_none_at_all_connects(url: str, folder: Path, tls: Tls) -> None:
    """With the authority's file (below the repository), or verification turned off, the connection comes about."""
    assert "fine" == Cluster.connect(Connection((url,), tls=tls), Vault(folder)).request("GET", "/")
