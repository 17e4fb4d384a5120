"""A real node with the security plugin and TLS, by certificates made here. It has no Alerting: that is published nowhere."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import shutil
import ssl
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import trustme
import yaml

from deployer.local.artifacts import OPENSEARCH_VERSION
from deployer.local.home import build_home, cache_folder
from deployer.local.java import find_java
from deployer.local.node import command, prepare
from deployer.local.probe import wait_until
from deployer.local.processes import alive, died, launch, stop
from deployer.local.state import Folder

PLUGIN = ("org.opensearch.plugin", "opensearch-security", f"{OPENSEARCH_VERSION}.0", "zip")
DIGESTS = {
    "zip": "fc164c084979f7f793d295b6bca56bf8bee76dafb762adef9f14fa872e0a7596",
    "jar": "1df8b9430b5c8ed143d7815e403e33ef5371b2400aadbe9bda0883762e0846d1",
}
"""SHA-256 of what Maven brings."""
# The plugin's code asks for it, and its archive lacks it: without it every authorised call is answered with 500.
LACKING = ("org.apache.commons", "commons-collections4", "4.4", "jar")
SIGNING_KEY = b"a key that signs tokens in these tests, and nowhere else"
PASSWORD = "a-made-up-Pass-word-7"

_DOMAINS = {
    "certificate": ("clientcert", {"username_attribute": "cn"}, False),
    "token": (
        "jwt",
        {"signing_key": base64.b64encode(SIGNING_KEY).decode(), "jwt_header": "Authorization", "roles_key": "roles"},
        False,
    ),
    "basic": ("basic", {}, True),
}


@dataclass(frozen=True)
class Secured:
    """A running node. `folder` has ca.pem, and admin.pem with admin.key, the administrator's certificate."""

    url: str
    folder: Path
    authority: trustme.CA

    def ask(self, method: str, path: str, body: Any = None, user: str | None = None) -> tuple[int, Any]:
        """Status and answer, as the administrator, or as a user of `add_user`."""
        context = ssl.create_default_context(cafile=str(self.folder / "ca.pem"))
        headers = {"Content-Type": "application/json"}
        if user is None:
            context.load_cert_chain(self.folder / "admin.pem", self.folder / "admin.key")
        else:
            headers["Authorization"] = "Basic " + base64.b64encode(f"{user}:{PASSWORD}".encode()).decode()
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}{path}", data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60, context=context) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            text = error.read().decode()
            return error.code, json.loads(text) if text.startswith("{") else text

    def manage(self, kind: str, name: str, body: Mapping[str, Any] | None) -> None:
        """Make a user, role or mapping by the plugin's API (``internalusers``, ``roles``, ``rolesmapping``); None deletes it."""
        status, answer = self.ask("DELETE" if body is None else "PUT", f"/_plugins/_security/api/{kind}/{name}", body)
        assert status in (200, 201), (kind, name, answer)

    def add_user(self, name: str, role: str | None = None) -> None:
        """A user with `PASSWORD`, alone in a role."""
        self.manage("internalusers", name, {"password": PASSWORD})
        if role is not None:
            self.manage("rolesmapping", role, {"users": [name]})


def token(user: str, key: bytes = SIGNING_KEY, expires: float | None = None) -> str:
    """A JSON Web Token, signed by HMAC with SHA-256."""
    parts = [{"alg": "HS256", "typ": "JWT"}, {"sub": user, "exp": int(expires or time.time() + 600)}]
    text = b".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts)
    signature = base64.urlsafe_b64encode(hmac.digest(key, text, hashlib.sha256)).rstrip(b"=")
    return (text + b"." + signature).decode()


@contextmanager
def running(folder: Path) -> Iterator[Secured]:
    """Start a node whose data, certificates and logs are below `folder`, and end it."""
    home = _home(folder)
    authority = _certificates(folder)
    place = Folder(folder / "node")
    place.root.mkdir()
    prepare(place)
    _configure(place / "config", folder)
    settings = {
        "plugins.security.ssl.transport.enforce_hostname_verification": "false",
        "plugins.security.ssl.http.enabled": "true",
        "plugins.security.ssl.http.clientauth_mode": "OPTIONAL",
        "plugins.security.allow_default_init_securityindex": "true",
    }
    for layer in ("transport", "http"):
        for setting, file in (("pemcert", "node.pem"), ("pemkey", "node.key"), ("pemtrustedcas", "ca.pem")):
            settings[f"plugins.security.ssl.{layer}.{setting}_filepath"] = file
    java = find_java()
    arguments = command(java, home, place, "512m") + [f"-E{name}={value}" for name, value in settings.items()]
    node = launch("node", arguments, log=place / "logs" / "node.out", cwd=place.root)
    try:
        yield Secured(_ready(node, place, folder), folder, authority)
    finally:
        stop(node, patience_s=30)


def _ready(node: Any, place: Folder, folder: Path) -> str:
    ports = place / "logs" / "http.ports"

    def give_up() -> None:
        if not alive(node):
            raise died("node", node.log)

    def ready() -> bool:
        if not ports.is_file() or not ports.read_text().split():
            return False
        try:
            return Secured(_address(ports), folder, trustme.CA()).ask("GET", "/_plugins/_security/api/roles")[0] == 200
        except OSError:
            return False

    assert wait_until(ready, deadline=time.monotonic() + 300, give_up=give_up), node.log.read_text()[-2000:]
    return _address(ports)


def _address(ports: Path) -> str:
    """The node's address from the file that it writes."""
    return "https://" + next(line for line in ports.read_text().split() if line.startswith("127.0.0.1:"))


def _home(folder: Path) -> Path:
    """A server's home with the security plugin: links to the local cluster's, and what Maven brings."""
    base = build_home(cache_folder(), modules=(), java=lambda: find_java(compiler=True), progress=lambda line: None)
    home = folder / "home"
    home.mkdir()
    for name in ("lib", "modules"):
        (home / name).symlink_to(base / name)
    plugin = home / "plugins" / "opensearch-security"
    plugin.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as scratch:
        _fetch(Path(scratch))
        for file in Path(scratch).glob("*.[jz]*"):
            digest = hashlib.sha256(file.read_bytes()).hexdigest()
            assert digest == DIGESTS[file.suffix[1:]], f"{file.name} is another file: {digest}"
        (archive,) = Path(scratch).glob("*.zip")
        with zipfile.ZipFile(archive) as opened:
            opened.extractall(plugin)
        (jar,) = Path(scratch).glob("*.jar")
        shutil.copy(jar, plugin)
    descriptor = plugin / "plugin-descriptor.properties"
    lines = [line for line in descriptor.read_text().splitlines() if not line.startswith("extended.plugins")]
    descriptor.write_text("\n".join(lines) + "\n")
    return home


def _fetch(folder: Path) -> None:
    """What Maven brings into a folder, in one run of it: the plugin's archive and a jar."""
    dependencies = "".join(
        f"<dependency><groupId>{group}</groupId><artifactId>{name}</artifactId><version>{version}</version><type>{kind}</type>"
        "<exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions></dependency>"
        for group, name, version, kind in (PLUGIN, LACKING)
    )
    (folder / "pom.xml").write_text(
        '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>local</groupId>'
        f"<artifactId>secured</artifactId><version>1</version><packaging>pom</packaging><dependencies>{dependencies}</dependencies></project>"
    )
    maven = shutil.which("mvn")
    assert maven is not None, "Maven (mvn) fetches the security plugin, and is not here"
    words = [maven, "-q", "-B", "dependency:copy-dependencies", f"-DoutputDirectory={folder}"]
    result = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=600, stdin=subprocess.DEVNULL)
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-2000:]


def _certificates(folder: Path) -> trustme.CA:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    for name, host in (("node", "127.0.0.1"), ("admin", "admin.example")):
        issued = authority.issue_cert(host, common_name=name, organization_name="tests", organization_unit_name="tests")
        issued.private_key_pem.write_to_path(folder / f"{name}.key")
        issued.cert_chain_pems[0].write_to_path(folder / f"{name}.pem")
    return authority


def _configure(config: Path, folder: Path) -> None:
    for name in ("ca.pem", "node.pem", "node.key"):
        shutil.copy(folder / name, config)
    names = {
        "plugins.security.authcz.admin_dn": ["CN=admin,OU=tests,O=tests"],
        "plugins.security.nodes_dn": ["CN=node,OU=tests,O=tests"],
        "plugins.security.restapi.roles_enabled": ["all_access"],
    }
    (config / "opensearch.yml").write_text(yaml.safe_dump(names))
    domains = {
        name: {
            "http_enabled": True,
            "order": order,
            "http_authenticator": {"type": kind, "challenge": challenge, "config": options},
            "authentication_backend": {"type": "internal" if kind == "basic" else "noop"},
        }
        for order, (name, (kind, options, challenge)) in enumerate(_DOMAINS.items())
    }
    contents: dict[str, dict[str, Any]] = {
        "config": {"config": {"dynamic": {"http": {"anonymous_auth_enabled": False}, "authc": domains}}},
        "internal_users": {},
        "roles": {},
        "roles_mapping": {"all_access": {"users": ["admin"]}},
        "action_groups": {},
        "tenants": {},
    }
    security = config / "opensearch-security"
    security.mkdir(exist_ok=True)
    for name, content in contents.items():
        kind = {"internal_users": "internalusers", "roles_mapping": "rolesmapping", "action_groups": "actiongroups"}
        text = yaml.safe_dump({"_meta": {"type": kind.get(name, name), "config_version": 2}, **content})
        (security / f"{name}.yml").write_text(text)
