"""What tests on a real node share. A file whose deployment is made otherwise has an `on` of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deployer.catalogue import load_repository
from deployer.model.analytic import Repository
from deployer.model.finding import Findings
from tests.bench import Bench, bench
from tests.faults import Proxy, proxied
from tests.node import Node


@pytest.fixture(scope="session")
def node(cluster_url: str) -> Node:
    """The cluster, spoken to plainly."""
    return Node(cluster_url)


@pytest.fixture(scope="session")
def repository(root: Path) -> Repository:
    """This project's repository."""
    findings = Findings()
    loaded = load_repository(root, findings)
    findings.raise_errors()
    return loaded


@pytest.fixture
def on(cluster_url: str, tmp_path: Path) -> Iterator[Bench]:
    """A deployment of its own for each test, of made-up objects."""
    with bench(cluster_url, tmp_path) as found:
        yield found


@pytest.fixture
def through(cluster_url: str) -> Iterator[Proxy]:
    """A proxy in front of the cluster, which counts and breaks."""
    with proxied(cluster_url) as proxy:
        yield proxy
