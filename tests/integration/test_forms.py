"""Every form of every log source in tests/forms, as a file of real logs, through the pipelines of a real node."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from benchmarks.fidelity.pairs import flat
from benchmarks.real_logs import files
from deployer.catalogue import load_repository
from deployer.model.finding import Findings
from deployer.replay.stage import stage
from tests.forms import PLATFORMS, load
from tests.node import Node

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("platform", PLATFORMS)
def test_each_form_finds_its_log_source_and_says_the_same(
    cluster_url: str, root: Path, tmp_path: Path, platform: str
) -> None:
    """Whatever wrote the line or the document around it, its event has the fields that detections and alerts read."""
    node, findings = Node(cluster_url), Findings()
    repository = load_repository(root, findings)
    findings.raise_errors()
    forms = list(load(platform))
    sent: list[tuple[str, int, dict[str, Any]]] = []
    wrong: list[str] = []
    for number, form in enumerate(forms):
        folder = tmp_path / str(number)
        (folder / platform).mkdir(parents=True)
        (folder / platform / "x.log").write_text(form.raw, "utf-8")
        (log,) = files.read(folder)
        if set(log.events) != {form.source}:
            wrong.append(f"{form}: read as {sorted(log.events)}")
        sent += [(form.source, number, event.document) for event in log.events.get(form.source, ())]

    with stage(node, repository, {form.source for form in forms}) as naming:
        lines = []
        for at, (source, number, document) in enumerate(sent):
            stream = naming.stream(repository.sources[source].dataset, "forms")
            lines += [json.dumps({"create": {"_index": stream, "_id": f"{number}|{at}"}}), json.dumps(document)]
        answer = node.request("POST", "/_bulk", "\n".join(lines) + "\n", {"refresh": "true"})
        assert not answer["errors"], [item for item in answer["items"] if item["create"]["status"] > 299][:3]
        stored = list(_stored(node, f"{naming.streams}-*"))

    for number, source in stored:
        event, form = flat(source), forms[number]
        at = datetime.fromisoformat(str(event["@timestamp"])).astimezone(UTC)
        event["@timestamp"] = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        wrong += [
            f"{form}: {field} is {event.get(field)!r} and not {value!r}"
            for field, value in form.says.items()
            if event.get(field) != value
        ]
        if "pipeline_error" in source.get("tags", []) and "tags" not in form.says:
            wrong.append(f"{form}: {source['error']['message']}")
    assert not wrong, "\n".join(wrong)
    assert len(sent) == len(stored)


def _stored(node: Node, indices: str) -> Iterator[tuple[int, dict[str, Any]]]:
    body = {"size": 1000, "query": {"match_all": {}}}
    for hit in node.request("POST", f"/{indices}/_search", body)["hits"]["hits"]:
        yield int(hit["_id"].split("|")[0]), hit["_source"]
