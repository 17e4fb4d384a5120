"""What tests of deploys share. A file whose deployment is made otherwise has an `on` of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench import Bench, bench
from tests.faults import Proxy, proxied


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
