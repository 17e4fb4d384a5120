"""`deployer watch` on a real node, with a repository as `deployer init` writes it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from deployer import starter
from tests.clones import write
from tests.node import Node

pytestmark = pytest.mark.integration


def test_each_save_is_tested_and_ctrl_c_leaves_nothing_behind(cluster_url: str, tmp_path: Path) -> None:
    """At first everything is as the samples say; a threshold, a mistake, an event and its mending each have their result at once."""
    for name, text in starter.contents("watched").items():
        write(tmp_path, name, text.decode().replace("http://127.0.0.1:9200", cluster_url))
    folder = tmp_path / "detections/DET9000/EX0001"
    command = [sys.executable, "-m", "deployer", "watch", "EX0001", "--root", str(tmp_path), "--output", "json"]
    # A shell starts what runs in its background deaf to Ctrl-C, and all that is started from there: not so this process.
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None

        def told() -> dict[str, Any]:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line, process.stderr and process.stderr.read()
            result: dict[str, Any] = json.loads(line)
            return result

        def saved(name: str, old: str, new: str) -> dict[str, Any]:
            text = (folder / name).read_text("utf-8")
            assert old in text
            (folder / name).write_text(text.replace(old, new), "utf-8")
            return told()

        try:
            begun = told()
            assert ("ok", [], 1, 1) == (
                begun["result"],
                begun["files"],
                begun["test"]["analytics"][0]["positives_found"],
                begun["test"]["analytics"][0]["negatives_silent"],
            ), begun
            changed = saved("analytic.yml", "default: 2", "default: 4")
            assert ("failed", ["detections/DET9000/EX0001/analytic.yml"]) == (changed["result"], changed["files"])
            assert ["repeated"] == [item["monitor"] for item in changed["test"]["analytics"][0]["failures"]]
            broken = saved("analytic.yml", "events: listing", "events: listnig")
            assert ("not valid", None) == (broken["result"], broken["test"])
            assert broken["findings"]
            assert "failed" == saved("analytic.yml", "events: listnig", "events: listing")["result"]
            assert "ok" == saved("analytic.yml", "default: 4", "default: 2")["result"]
            event = saved("samples.yml", "getent group", "lastlog")
            assert ("failed", "groups and a single listing") == (
                event["result"],
                event["test"]["analytics"][0]["failures"][0]["case"],
            ), event
        except BaseException:
            process.kill()
            raise

        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
        process.wait()

    assert (130, True) == (process.returncode, "interrupted" in rest), rest
    assert "Traceback" not in rest
    assert not (Node(cluster_url).found("/_index_template/dactest-*") or {}).get("index_templates")
