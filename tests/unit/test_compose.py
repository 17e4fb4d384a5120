"""docker-compose.yml: its form, what it opens to whom, and what its one-shot setup does.

No container engine is at hand where these run, so the images themselves are not started.
"""

from __future__ import annotations

import importlib.resources
import json
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from deployer.local.artifacts import OPENSEARCH_VERSION

FILE = Path(__file__).parents[2] / "docker-compose.yml"
COMPOSE = yaml.safe_load(FILE.read_text(encoding="utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"]


def test_it_is_a_compose_file() -> None:
    """The file has the form that the compose specification asks for."""
    vendor = importlib.resources.files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
    schema = json.loads(vendor.read_text(encoding="utf-8"))

    errors = list(jsonschema.validators.validator_for(schema)(schema).iter_errors(COMPOSE))

    assert [] == [error.message for error in errors]


def test_every_port_is_open_on_loopback_only() -> None:
    """Nothing can be reached from another computer."""
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]

    assert 2 == len(ports)
    assert all(re.fullmatch(r"127\.0\.0\.1:\$\{[A-Z_]+:-\d+\}:\d+", port) for port in ports), ports


def test_the_password_has_no_default() -> None:
    """The administrator's password comes from the environment, and compose refuses to start without it."""
    text = FILE.read_text(encoding="utf-8")

    used = re.findall(r"(?<!\$)\$\{OPENSEARCH_INITIAL_ADMIN_PASSWORD[^}]*\}", text)

    assert used
    assert all(re.match(r"\$\{OPENSEARCH_INITIAL_ADMIN_PASSWORD:\?.+\}", value) for value in used), used
    secrets = {
        key: value
        for service in SERVICES.values()
        for key, value in service["environment"].items()
        if "PASSWORD" in key
    }
    assert set(used) == set(secrets.values())


def test_images_are_the_version_the_project_is_tested_with() -> None:
    """Each image is pinned to the OpenSearch version that the local cluster has."""
    images = {service["image"] for service in SERVICES.values()}

    assert {
        f"opensearchproject/opensearch:{OPENSEARCH_VERSION}",
        f"opensearchproject/opensearch-dashboards:{OPENSEARCH_VERSION}",
    } == images


def test_security_stays_on() -> None:
    """No setting of the file turns the security plugin off."""
    settings = {name for service in SERVICES.values() for name in service["environment"]}

    assert not settings & {
        "DISABLE_SECURITY_PLUGIN",
        "DISABLE_SECURITY_DASHBOARDS_PLUGIN",
        "DISABLE_INSTALL_DEMO_CONFIG",
        "plugins.security.disabled",
    }


def test_services_start_when_those_they_need_are_ready() -> None:
    """Dashboards waits for a healthy cluster that is set up; both long-running services say whether they are healthy."""
    assert {"setup": "service_completed_successfully", "opensearch": "service_healthy"} == {
        name: how["condition"] for name, how in SERVICES["dashboards"]["depends_on"].items()
    }
    assert "service_healthy" == SERVICES["setup"]["depends_on"]["opensearch"]["condition"]
    assert "no" == SERVICES["setup"]["restart"]
    assert {"opensearch", "dashboards"} == {name for name, service in SERVICES.items() if "healthcheck" in service}


def test_data_outlive_the_container() -> None:
    """The node's data stand in a volume with a name."""
    volumes = [volume.split(":") for volume in SERVICES["opensearch"]["volumes"]]

    assert [["opensearch-data", "/usr/share/opensearch/data"]] == volumes
    assert "opensearch-data" in COMPOSE["volumes"]


class _Cluster(BaseHTTPRequestHandler):
    """Writes down what is asked, and answers each path with the status that the server's `statuses` have for it."""

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self.server.asked.append((self.command, self.path, self.rfile.read(length).decode()))  # type: ignore[attr-defined]
        status = self.server.statuses.get(self.path, 200)  # type: ignore[attr-defined]
        self.send_response(status)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def do_PUT(self) -> None:
        self._answer()

    def do_DELETE(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@contextmanager
def cluster(statuses: dict[str, int]) -> Iterator[ThreadingHTTPServer]:
    """A stand-in for the cluster that setup speaks to."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Cluster)
    server.asked, server.statuses = [], statuses  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def run_setup(url: str) -> subprocess.CompletedProcess[str]:
    """Runs the commands of the service `setup` as the container would, against `url`."""
    service = SERVICES["setup"]
    command = [part.replace("$$", "$") for part in (*service["entrypoint"], *service["command"])]
    environment = {"CLUSTER": url, "OPENSEARCH_INITIAL_ADMIN_PASSWORD": 'It\'s 1 "password"', "PATH": "/usr/bin:/bin"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


USERS = ["anomalyadmin", "kibanaro", "logstash", "readall", "snapshotrestore"]


def test_setup_raises_the_script_limits_and_deletes_the_users_with_published_passwords() -> None:
    """After setup a node can run hundreds of monitors, and the demo users are gone, whether they were there or not."""
    gone = {"/_plugins/_security/api/internalusers/readall": 404}
    with cluster(gone) as server:
        result = run_setup(f"http://127.0.0.1:{server.server_port}")

    assert 0 == result.returncode, result.stderr
    (method, path, body), *deleted = server.asked  # type: ignore[attr-defined]
    assert ("PUT", "/_cluster/settings") == (method, path)
    assert {
        "script.context.template.max_compilations_rate": "2000/1m",
        "script.context.template.cache_max_size": 3000,
    } == json.loads(body)["persistent"]
    assert [("DELETE", f"/_plugins/_security/api/internalusers/{user}", "") for user in USERS] == deleted


@pytest.mark.parametrize("refused", ["/_cluster/settings", "/_plugins/_security/api/internalusers/logstash"])
def test_setup_fails_when_the_cluster_refuses(refused: str) -> None:
    """A refusal ends setup with an error, so that Dashboards does not start on a cluster that is half set up."""
    with cluster({refused: 403}) as server:
        result = run_setup(f"http://127.0.0.1:{server.server_port}")

    assert 1 == result.returncode
    assert "403" in result.stderr
