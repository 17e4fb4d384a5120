"""A small repository of detections, written by tests into a folder of their own."""

from __future__ import annotations

from pathlib import Path

from deployer.model.finding import Findings

TEMPLATES = Path(__file__).parent.parent.parent / "templates"

ANALYTIC = """\
id: XX0001
title: Made up
description: A made-up analytic.
strategy: DET9999
attack: {techniques: [T1049], tactics: [discovery], version: "18.1"}
platform: other
severity: medium
schedule: {interval: 1m}
log_sources:
  - {source: x.plain, name: made up, channel: none, data_component: DC0032}
tunables:
  Patterns: {type: patterns, description: Commands., default: [netstat, "net use $"], min_items: 1}
  Threshold: {type: integer, description: Events., default: 2, minimum: 1, maximum: 10}
  Window: {type: duration, description: Time., default: 30m, minimum: 1m, maximum: 24h}
  Scope: {type: choice, description: Who., choices: [all, some], default: all}
events:
  discovery:
    source: x.plain
    where:
      all:
        - {field: process.command_line, matches: {tunable: Patterns}}
        - {when: {tunable: Scope, is: some}, then: {field: user.name, in: [alice]}}
  follow:
    source: x.plain
    where: {field: process.command_line, matches: [psexec]}
monitors:
  discovery:
    title: Connections listed
    template: entity
    events: discovery
    entity: [host, user]
    window: 5m
    threshold: {tunable: Threshold}
  correlated:
    title: Listed, then moved
    template: sequence
    first: discovery
    then: follow
    entity: [host]
    window: {tunable: Window}
    severity: high
false_positives: [Administrators]
response: [Ask the user.]
"""

SAMPLES = """\
cases:
  - name: twice
    clock: "2026-03-02T10:05:00Z"
    events:
      - {source: x.plain, raw: {"@timestamp": "2026-03-02T10:03:00Z"}, repeat: 2}
    expect: {discovery: [{host: h1, user: alice}], correlated: [{host: h1}]}
    variants:
      - {tunables: {Threshold: 3}, expect: {correlated: [{host: h1}]}}
      - {tunables: {Patterns: [arp]}, expect: {}}
      - {tunables: {Window: 1m}, expect: {discovery: [{host: h1, user: alice}]}}
      - {tunables: {Scope: some}, expect: {}}
  - name: another command
    clock: "2026-03-03T10:05:00Z"
    events: [{source: x.plain, raw: {"@timestamp": "2026-03-03T10:03:00Z"}}]
    expect: {}
"""

SOURCES = """\
sources:
  x.plain:
    title: Made up
    platform: other
    dataset: x.plain
    pipeline: plain
    components: [base]
    shippers: [none]
    ingest_delay: 2m
    format: json
"""

COMPONENT = """\
description: Fields.
template:
  mappings:
    properties:
      "@timestamp": {type: date}
      message: {type: match_only_text}
      host: {properties: {name: {type: keyword}}}
      user: {properties: {name: {type: keyword}}}
      source: {properties: {ip: {type: ip}}}
      process:
        properties:
          name: {type: keyword}
          pid: {type: long}
          title: {type: keyword, ignore_above: 8191}
          command_line: {type: wildcard, fields: {words: {type: text}}}
      event: {properties: {ingested: {type: date}}}
"""

ENTITIES = """\
entities:
  host: {title: Host, fields: [host.name], placeholder: unknown-host}
  user: {title: User, fields: [user.name], placeholder: unknown-user}
"""

ENVIRONMENT = """\
name: local
deployment: unit-local
cluster: {hosts: ["http://127.0.0.1:9"]}
channels:
  demo: {type: webhook, url: "http://127.0.0.1:9/x"}
notify: {default: [demo]}
"""

FILES = {
    "detections/DET9999/XX0001/analytic.yml": ANALYTIC,
    "detections/DET9999/XX0001/samples.yml": SAMPLES,
    "mappings/sources/x.yml": SOURCES,
    "mappings/components/base.yml": COMPONENT,
    "mappings/pipelines/plain.yml": "description: Nothing.\nprocessors: [{set: {field: event.kind, value: event}}]\n",
    "mappings/entities.yml": ENTITIES,
    "environments/local.yml": ENVIRONMENT,
}


def write(root: Path, **changes: tuple[str, str]) -> Path:
    """Write the repository below `root`; `changes` maps a file's stem to ``(old, new)`` text replaced in it."""
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        stem = path.stem
        if stem in changes:
            old, new = changes[stem]
            assert old in text, f"{old!r} is not in {name}"
            text = text.replace(old, new, 1)
        path.write_text(text, "utf-8")
    for template in TEMPLATES.rglob("*.j2"):
        copy = root / "templates" / template.relative_to(TEMPLATES)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(template.read_text("utf-8"), "utf-8")
    return root


def shown(findings: Findings) -> list[str]:
    """Findings as ``CODE file:line:column message``, in order."""
    return [f"{item.code} {item.where} {item.message}" for item in findings.sorted()]
