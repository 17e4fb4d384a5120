"""What all tests share: the cluster that tests of the tool run against."""

from __future__ import annotations

import json
import os
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared"
# A busy machine is slow for honest examples too: no test asserts a time.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
LIMITS = {"script.context.template.max_compilations_rate": "2000/1m", "script.context.template.cache_max_size": "3000"}


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Commands that tests run remember in a folder of the tests' own, and never in the user's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository: this project's own detections."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of recordings and real events beside the project; tests that need it skip where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("needs the folder shared/ beside the project, which is not here")
    return SHARED


@pytest.fixture(scope="session")
def cluster_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The node that OPENSEARCH_URL names (its script limits raised and restored), else a local cluster of our own."""
    given = os.environ.get("OPENSEARCH_URL")
    if given:
        before = _settings(given)
        _put_settings(given, LIMITS)
        yield given.rstrip("/")
        _put_settings(given, {name: before.get(name) for name in LIMITS})
        return
    from deployer import local

    directory = tmp_path_factory.mktemp("cluster")
    cluster = local.up(directory, port=0, fresh=True, progress=lambda line: None)
    yield cluster.url
    local.down(directory)


def _settings(url: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"{url}/_cluster/settings?flat_settings=true", timeout=30) as answer:
        settings: dict[str, Any] = json.load(answer)["persistent"]
    return settings


def _put_settings(url: str, settings: dict[str, Any]) -> None:
    request = urllib.request.Request(
        f"{url}/_cluster/settings",
        json.dumps({"persistent": settings}).encode(),
        {"Content-Type": "application/json"},
        method="PUT",
    )
    urllib.request.urlopen(request, timeout=30).close()
