"""A small repository with a monitor of each level and a workflow of them."""

from __future__ import annotations

from pathlib import Path

from tests.unit.repo import write

ANALYTIC = """\
id: XX0001
title: Every kind
description: A monitor of each level, and a workflow.
strategy: DET9999
attack: {techniques: [T1049], tactics: [discovery], version: "18.1"}
platform: other
severity: medium
schedule: {interval: 1m}
log_sources:
  - {source: x.plain, name: made up, channel: none, data_component: DC0032}
tunables:
  Threshold: {type: integer, description: Events., default: 3, minimum: 1, maximum: 10}
  Programs: {type: strings, description: Programs., default: [Netstat, "net use"], min_items: 1}
events:
  listing:
    source: x.plain
    where: {all: [{field: process.name, in: {tunable: Programs}}, {not: {field: user.name, equals: root}}]}
monitors:
  discovery:
    title: Listed on a host
    template: entity
    events: listing
    entity: [host, user]
    window: 5m
  burst:
    title: Listed often anywhere
    template: total
    events: listing
    window: 10m
    threshold: {tunable: Threshold}
    severity: high
    show: [process.name]
  each:
    title: Listed once
    template: document
    events: {all: [{use: listing}, {field: process.pid, gte: 100}, {field: source.ip, cidr: [10.0.0.0/8]}]}
    entity: [host]
    standalone: false
workflows:
  both:
    title: Listed and listed often
    monitors: [discovery, burst]
    severity: critical
  rare:
    title: Listed, but not often
    monitors: [discovery, burst, each]
    when: {all: [discovery, each, {not: burst}]}
false_positives: [Administrators]
response: [Ask the user.]
"""

SAMPLES = """\
cases:
  - name: three on two hosts
    clock: "2026-03-02T10:05:00Z"
    events:
      - {source: x.plain, raw: {"@timestamp": "2026-03-02T10:03:00Z", host: {name: h1}, user: {name: alice}, process: {name: NETSTAT, pid: 7}}, repeat: 2}
      - {source: x.plain, raw: {"@timestamp": "2026-03-02T10:03:30Z", host: {name: h2}, user: {name: bob}, process: {name: net use, pid: 700}, source: {ip: 10.1.2.3}}}
      - {source: x.plain, raw: {"@timestamp": "2026-03-02T10:03:40Z", host: {name: h3}, user: {name: root}, process: {name: netstat, pid: 700}, source: {ip: 10.1.2.3}}}
      - {source: x.plain, raw: {"@timestamp": "2026-03-02T10:03:50Z", host: {name: h4}, user: {name: bob}, process: {name: netstat.exe, pid: 700}, source: {ip: 10.1.2.3}}}
    expect:
      discovery: [{host: h1, user: alice}, {host: h2, user: bob}]
      burst: [{}]
      each: [{host: h2}]
      both: [{}]
    variants:
      - tunables: {Threshold: 4}
        expect: {discovery: [{host: h1, user: alice}, {host: h2, user: bob}], each: [{host: h2}], rare: [{}]}
      - tunables: {Programs: [arp]}
        expect: {}
  - name: one without an address
    clock: "2026-03-03T10:05:00Z"
    events:
      - {source: x.plain, raw: {"@timestamp": "2026-03-03T10:03:00Z", host: {name: h1}, user: {name: alice}, process: {name: netstat, pid: 700}}}
    expect: {discovery: [{host: h1, user: alice}]}
  - name: one with
    clock: "2026-03-04T10:05:00Z"
    events:
      - {source: x.plain, raw: {"@timestamp": "2026-03-04T10:03:00Z", host: {name: h1}, user: {name: alice}, process: {name: netstat, pid: 700}, source: {ip: 10.9.9.9}}}
    expect: {discovery: [{host: h1, user: alice}], each: [{host: h1}], rare: [{}]}
  - name: another program
    clock: "2026-03-05T10:05:00Z"
    events:
      - {source: x.plain, raw: {"@timestamp": "2026-03-05T10:03:00Z", host: {name: h1}, user: {name: alice}, process: {name: netstatx, pid: 700}, source: {ip: 10.9.9.9}}}
    expect: {}
"""


def every_kind(root: Path) -> Path:
    """Write the repository below `root`."""
    write(root)
    folder = root / "detections/DET9999/XX0001"
    (folder / "analytic.yml").write_text(ANALYTIC, "utf-8")
    (folder / "samples.yml").write_text(SAMPLES, "utf-8")
    return root


def placed(root: Path, index: str) -> None:
    """Give the log source a place of its own, as a document-level monitor needs it."""
    path = root / "environments/local.yml"
    path.write_text(path.read_text("utf-8") + f"sources: {{x.plain: {{index: {index}}}}}\n", "utf-8")
