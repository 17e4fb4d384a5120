"""The tutorial, done as it is written."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests import walkthrough
from tests.bench import bench
from tests.node import free_port

pytestmark = pytest.mark.integration

DEPLOYMENT = "our-detections-local"
LEFT = (
    "_data_stream/logs-linux.shell-default",
    f"_plugins/_notifications/configs/{DEPLOYMENT}-demo",
    *(f"{kind}/{DEPLOYMENT}-*" for kind in ("_index_template", "_ingest/pipeline", "_component_template")),
)


def test_the_tutorial_does_what_it_says(cluster_url: str, root: Path, tmp_path: Path) -> None:
    """Every command in order, with the output that the page shows; the node of the tests is the local cluster.

    So it is not started or stopped, and its address and a free port for the receiver take the place of the usual ones.
    """

    def at_our_node(folder: Path) -> None:
        path = folder / "environments/local.yml"
        text = path.read_text("utf-8")
        assert "http://127.0.0.1:9200" in text
        path.write_text(text.replace("http://127.0.0.1:9200", cluster_url).replace(":9289/", f":{free_port()}/"), "utf-8")  # fmt: skip

    page = (root / "docs/tutorial.md").read_text("utf-8")
    instead = {"deployer local up": at_our_node, "deployer local down": lambda folder: None}
    assert [page.count(f"$ {command}\n") for command in instead] == [1, 1]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "COLUMNS": "120", "CI": ""}
    with bench(cluster_url, tmp_path) as on:
        # What the page leaves (templates in use, events, the record) goes, and all that it made if it is not followed to its end.
        on.deployment = DEPLOYMENT
        on.also = [f"/{kind}" for kind in LEFT]
        ran = walkthrough.follow(page, tmp_path, environment, instead)

    assert page.count("\n$ ") - len(instead) - page.count("\n$ cd ") == ran
