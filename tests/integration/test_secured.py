"""On a node with the security plugin: who is let in and how, what a refusal says, and what each role may do.

The plugin of Alerting is published nowhere, so this node lacks it: of its permissions only the names are held here.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deployer.cli import cli, common
from deployer.cluster import Cluster, Vault
from deployer.doctor.permissions import allowance
from deployer.model.environment import Auth, Connection, SecretRef, Tls
from deployer.model.errors import DeployerError, Location
from deployer.model.permissions import PERMISSIONS, Permission, Who, roles
from tests import secured
from tests.example import example

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]
HERE = Location("environments/secured.yml", 5, 9)
DEPLOYMENT = "det-secured"
DATA = ["logs-auditd.log-*", "logs-system.auth-*"]
PLUGINS = ("cluster:admin/opendistro/", "cluster:admin/opensearch/")
"""The actions of the plugins that this node lacks begin so."""


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[secured.Secured]:
    """A node with a user for each role of a deployment, named after it, and one that is let in and may do nothing."""
    with secured.running(tmp_path_factory.mktemp("secured")) as found:
        for name, role in roles(DEPLOYMENT, DATA).items():
            found.manage("roles", name, role)
            found.add_user(name.rpartition("-")[2], name)
        found.manage("roles", "nothing", {"cluster_permissions": ["cluster:monitor/main"]})
        found.add_user("nobody", "nothing")
        yield found


def secret(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> SecretRef:
    """A reference to a variable that holds the value."""
    monkeypatch.setenv(f"H_{name}", value)
    return SecretRef(f"env:H_{name}", HERE)


def basic(monkeypatch: pytest.MonkeyPatch, user: str, password: str = secured.PASSWORD) -> Auth:
    """A user with a password."""
    return Auth(
        "basic",
        {"username": secret(monkeypatch, "USER", user), "password": secret(monkeypatch, "PASSWORD", password)},
    )


def client(node: secured.Secured, auth: Auth, host: str = "127.0.0.1", ca: str = "ca.pem") -> Cluster:
    """A client of the node."""
    connection = Connection((node.url.replace("127.0.0.1", host),), auth, Tls(ca=ca))
    return Cluster.connect(connection, Vault(node.folder))


def test_each_way_to_authenticate_lets_in(node: secured.Secured, monkeypatch: pytest.MonkeyPatch) -> None:
    """A password, a client certificate and a token; the node says who it takes us for."""
    issued = node.authority.issue_cert("planner.example", common_name="planner")
    issued.private_key_pem.write_to_path(node.folder / "planner.key")
    issued.cert_chain_pems[0].write_to_path(node.folder / "planner.pem")
    shown = {"certificate": SecretRef("file:planner.pem", HERE), "key": SecretRef("file:planner.key", HERE)}
    ways = [
        basic(monkeypatch, "planner"),
        Auth("certificate", shown),
        Auth("bearer", {"token": secret(monkeypatch, "TOKEN", secured.token("planner"))}),
    ]

    names = [client(node, auth).request("GET", "/_plugins/_security/authinfo")["user_name"] for auth in ways]

    assert ["planner"] * 3 == names


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("anonymous", "no credentials at all"),
        ("wrong password", "a wrong password"),
        ("unknown user", "a user that does not exist"),
        ("expired token", "a token or certificate that has expired"),
        ("forged token", "cluster.auth"),
        ("unknown authority", "cluster.tls.ca"),
        ("other host name", "cluster.hosts"),
        ("revoked role", "indices:data/read/search"),
    ],
)
def test_a_refusal_names_its_cause_and_exits_with_4(
    node: secured.Secured, monkeypatch: pytest.MonkeyPatch, case: str, words: str
) -> None:
    """Each way of being refused is an authentication error that says what to look at, and shows no secret."""
    old, forged = secured.token("planner", expires=time.time() - 600), secured.token("planner", b"another key" * 8)
    (node.folder / "empty.pem").write_text(secured.trustme.CA().cert_pem.bytes().decode())
    ways: dict[str, Callable[[], Auth]] = {
        "wrong password": lambda: basic(monkeypatch, "planner", "canary-1"),
        "unknown user": lambda: basic(monkeypatch, "mallory"),
        "expired token": lambda: Auth("bearer", {"token": secret(monkeypatch, "TOKEN", old)}),
        "forged token": lambda: Auth("bearer", {"token": secret(monkeypatch, "TOKEN", forged)}),
        "revoked role": lambda: basic(monkeypatch, "nobody"),
    }
    auth = ways.get(case, Auth)()
    host = "localhost" if case == "other host name" else "127.0.0.1"
    ca = "empty.pem" if case == "unknown authority" else "ca.pem"

    with pytest.raises(DeployerError) as error:
        client(node, auth, host, ca).request("POST", "/logs-auditd.log-x/_search", {"size": 0})

    text = f"{error.value} {error.value.why} {error.value.todo}"
    assert 4 == error.value.exit_code
    assert words in text
    assert not [value for value in ("canary-1", secured.PASSWORD, old, forged) if value in text]


def asked(item: Permission) -> bool:
    """Whether this node can say something of it."""
    return not item.action.startswith(PLUGINS)


@pytest.mark.parametrize("who", list(Who))
def test_each_role_has_what_it_needs_and_lacks_what_others_need(
    node: secured.Secured, monkeypatch: pytest.MonkeyPatch, who: Who
) -> None:
    """Of everything that a deployer needs, a role lacks exactly what is not its own."""
    found = allowance(client(node, basic(monkeypatch, who)), DEPLOYMENT, DATA, Who.DEPLOYER)

    assert found is not None
    assert (who, (f"{DEPLOYMENT}-{who}",)) == (found.user, found.roles)
    # Before there are documents the parts of a read of several are not asked for.
    expected = [
        item
        for item in PERMISSIONS
        if Who.DEPLOYER in item.who and who not in item.who and asked(item) and not item.action.endswith("mget*")
    ]
    assert expected == [item for item in found.missing if not item.action.endswith("mget*")]
    assert [item for item in PERMISSIONS if Who.DEPLOYER in item.who and not asked(item)] == list(found.unknown)


ELSEWHERE = [
    ("DELETE", "/logs-auditd.log-x", None),
    ("POST", "/logs-auditd.log-x/_doc", {"message": "forged"}),
    ("POST", "/logs-auditd.log-x/_delete_by_query", {"query": {"match_all": {}}}),
    ("POST", "/payroll/_search", {}),
    ("PUT", "/payroll/_doc/1", {}),
    ("PUT", "/_cluster/settings", {"persistent": {"search.max_buckets": 1}}),
    ("POST", "/_aliases", {"actions": [{"add": {"index": "logs-auditd.log-x", "alias": "payroll"}}]}),
    ("PUT", "/_snapshot/mine", {"type": "fs", "settings": {"location": "x"}}),
    ("POST", "/_reindex", {"source": {"index": "logs-auditd.log-x"}, "dest": {"index": "copy"}}),
    ("PUT", "/_scripts/mine", {"script": {"lang": "painless", "source": "1"}}),
    ("GET", "/_plugins/_security/api/internalusers", None),
    ("PUT", "/_plugins/_security/api/roles/det-secured-planner", {"cluster_permissions": ["*"]}),
    ("GET", "/.opendistro_security/_search", None),
    ("POST", "/_cache/clear", None),
    ("POST", "/logs-auditd.log-x/_close", None),
]
"""What no role of ours may do: other data, the events themselves, the cluster, and who may do what."""


@pytest.mark.parametrize("who", list(Who))
def test_each_role_is_refused_everything_else(node: secured.Secured, who: Who) -> None:
    """Every request of the list is answered 403, whoever asks."""
    assert node.ask("PUT", "/logs-auditd.log-x", {})[0] in (200, 400)  # there already for the next role
    assert node.ask("PUT", "/payroll", {})[0] in (200, 400)

    answers = {(method, path): node.ask(method, path, body, who)[0] for method, path, body in ELSEWHERE}

    assert dict.fromkeys(answers, 403) == answers


def test_doctor_prints_a_role_that_allows_what_is_missing(
    node: secured.Secured,
    root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A user that may do nothing is told of it, instead of an error half-way; with the printed role nothing is missing."""
    repository = example(root, tmp_path)
    (repository / "ca.pem").write_bytes((node.folder / "ca.pem").read_bytes())
    environment = {
        "name": "secured",
        "deployment": DEPLOYMENT,
        "cluster": {
            "hosts": [node.url],
            "auth": {"type": "basic", "username": "env:H_USER", "password": "env:H_PASSWORD"},
            "tls": {"ca": "ca.pem"},
        },
    }
    (repository / "environments/secured.yml").write_text(json.dumps(environment))
    basic(monkeypatch, "nobody")

    arguments = ["doctor", "--root", str(repository), "--env", "secured", "--output", "json"]
    assert common.run(cli, arguments, "deployer") == 1
    answer = json.loads(capsys.readouterr().out)
    role = answer["role"]
    data = [name for rule in role["index_permissions"] for name in rule["index_patterns"] if name.startswith("logs-")]
    assert "DAC038" in {finding["code"] for finding in answer["findings"]}
    assert "which the user may not see" in " ".join(answer["not_looked_at"])

    node.manage("roles", "lacking", role)
    node.manage("rolesmapping", "lacking", {"users": ["nobody"]})
    found = allowance(client(node, basic(monkeypatch, "nobody")), DEPLOYMENT, data, Who.DEPLOYER)

    assert found is not None
    assert ((), True) == (found.missing, bool(data))
