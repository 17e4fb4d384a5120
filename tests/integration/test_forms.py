"""Every form of every log source in tests/forms, as a file of real logs, through the pipelines of a real node."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest

from benchmarks.fidelity.pairs import flat
from benchmarks.real_logs import files
from deployer.catalogue import load_repository
from deployer.model.analytic import Repository
from deployer.model.finding import Findings
from deployer.render.naming import Naming
from deployer.replay.stage import stage
from tests.badinput.good import good, line
from tests.forms import PLATFORMS, load
from tests.node import Node
from tests.sources import piped

pytestmark = pytest.mark.integration

Place = tuple[Node, Repository, Naming]


@pytest.fixture(scope="module")
def place(cluster_url: str, root: Path) -> Iterator[Place]:
    """Data streams of every log source."""
    node, findings = Node(cluster_url), Findings()
    repository = load_repository(root, findings)
    findings.raise_errors()
    with stage(node, repository, piped(repository)) as naming:
        yield node, repository, naming


@pytest.mark.parametrize("platform", PLATFORMS)
def test_each_form_finds_its_log_source_and_says_the_same(place: Place, tmp_path: Path, platform: str) -> None:
    """Whatever wrote the line or the document around it, its event has the fields that detections and alerts read."""
    forms = list(load(platform))
    sent = []
    wrong = []
    for number, form in enumerate(forms):
        folder = tmp_path / str(number)
        (folder / platform).mkdir(parents=True)
        (folder / platform / "x.log").write_text(form.raw, "utf-8")
        (log,) = files.read(folder)
        if set(log.events) != {form.source}:
            wrong.append(f"{form}: read as {sorted(log.events)}")
        sent += [(form, event.document) for event in log.events.get(form.source, ())]

    events = _kept(place, [(form.source, document) for form, document in sent])

    for (form, _), event in zip(sent, events, strict=True):
        wrong += [
            f"{form}: {field} is {event.get(field)!r} and not {value!r}"
            for field, value in form.says.items()
            if event.get(field) != value
        ]
        if "pipeline_error" in event.get("tags", []):
            wrong.append(f"{form}: {event['error.message']}")
    assert not wrong, "\n".join(wrong)


ENVELOPES: dict[str, Callable[[str], dict[str, Any]]] = {
    "Filebeat": lambda line: {"@timestamp": LATER, "message": line, "log": {"file": {"path": "/var/log/x"}, "offset": 0}, "input": {"type": "filestream"}, "host": {"name": "shipper"}, "agent": {"type": "filebeat"}},
    "Elastic Agent, the original only": lambda line: {"@timestamp": LATER, "event": {"original": line}, "agent": {"type": "filebeat"}, "host": {"name": "shipper"}},
    "Logstash": lambda line: {"@timestamp": LATER, "@version": "1", "message": line, "host": "shipper", "path": "/var/log/x", "type": "x"},
    "Splunk's export": lambda line: {"preview": False, "offset": 0, "result": {"_raw": line, "_time": LATER, "host": "shipper", "sourcetype": "x", "source": "x", "index": "main"}},
    "Splunk's collector": lambda line: {"time": 1772445720.0, "host": "shipper", "source": "x", "sourcetype": "x", "index": "main", "event": line},
    "Cribl": lambda line: {"_raw": line, "_time": 1772445720.0, "host": "shipper", "source": "x"},
    "Vector": lambda line: {"message": line, "host": "shipper", "source_type": "file", "file": "/var/log/x", "timestamp": LATER},
    "Docker": lambda line: {"log": line + "\n", "stream": "stdout", "time": LATER},
    "CloudWatch": lambda line: {"@timestamp": "2026-03-02 10:02:00.000", "@message": line, "@logStream": "x", "@ptr": "x"},
    "a search's hit": lambda line: {"message": json.dumps({"_index": "x", "_id": "1", "_score": 1.0, "_source": {"@timestamp": LATER, "message": line}})},
    "GELF": lambda line: {"version": "1.1", "host": "shipper", "short_message": line[:80], "full_message": line, "timestamp": 1772445720.0, "level": 6},
    "Wazuh": lambda line: {"timestamp": "2026-03-02T10:02:00.000+0000", "agent": {"id": "001", "name": "shipper"}, "manager": {"name": "m"}, "full_log": line, "location": "/var/log/x"},
    "OpenTelemetry": lambda line: {"timestamp": LATER, "body": line, "attributes": {"log.file.name": "x"}, "resource": {"host.name": "shipper"}},
    "Log Analytics": lambda line: {"TimeGenerated": LATER, "RawData": line, "Computer": "shipper", "Type": "X_CL", "TenantId": "t"},
}  # fmt: skip
"""What shippers, exports and collectors put around a line of any log."""

LATER = "2026-04-01T10:02:00.000Z"
SAME = (
    "@timestamp", "host.name", "user.name", "source.ip", "process.command_line", "process.args", "event.action", "event.code",
    "powershell.file.script_block_text", "snmp.table", "cloud.account.id",
)  # fmt: skip
"""What an envelope must not change."""


def test_each_envelope_leaves_each_log_as_it_is(place: Place) -> None:
    """Around the good event of each log source: time, host, user, command and call stay those of the line."""
    sources = piped(place[1])
    sent = [(source, "none", good(source)) for source in sources]
    sent += [(source, name, wrap(line(source))) for source in sources for name, wrap in ENVELOPES.items()]

    events = _kept(place, [(source, document) for source, _, document in sent])

    plain = {source: event for (source, name, _), event in zip(sent, events, strict=True) if name == "none"}
    wrong = [
        f"{source} in {name}: {field} is {event.get(field)!r} and not {plain[source].get(field)!r}"
        for (source, name, _), event in zip(sent, events, strict=True)
        for field in SAME
        if plain[source].get(field) not in (None, event.get(field))
    ]
    assert not wrong, "\n".join(wrong)


def _kept(kept: Place, documents: Sequence[tuple[str, Mapping[str, Any] | str]]) -> list[dict[str, Any]]:
    """The documents of log sources as they were stored, field by field, in their order; times to the millisecond."""
    node, repository, naming = kept
    identities = [token_hex(8) for _ in documents]
    lines = []
    for identity, (source, document) in zip(identities, documents, strict=True):
        stream = naming.stream(repository.sources[source].dataset, "forms")
        event = {"message": document} if isinstance(document, str) else document
        lines += [json.dumps({"create": {"_index": stream, "_id": identity}}), json.dumps(event)]
    answer = node.request("POST", "/_bulk", "\n".join(lines) + "\n", {"refresh": "true"})
    assert not answer["errors"], [item for item in answer["items"] if item["create"]["status"] > 299][:3]
    body = {"size": 1000, "query": {"ids": {"values": identities}}}
    found = node.request("POST", f"/{naming.streams}-*/_search", body)["hits"]["hits"]
    events = {hit["_id"]: flat(hit["_source"]) for hit in found}
    for event in events.values():
        at = datetime.fromisoformat(str(event["@timestamp"])).astimezone(UTC)
        event["@timestamp"] = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return [events[identity] for identity in identities]
