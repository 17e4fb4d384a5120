"""A repository as a team writes it: a folder an analytic, three monitors each, samples beside; and edits of it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

MONITORS_EACH = 3

_ANALYTIC = """\
# yaml-language-server: $schema=../../../deployer/schemas/analytic.json
id: {id}
title: Reconnaissance of kind {number} on Linux
description: >
  Somebody runs one of the tools of kind {number} on a Linux host: alone it is ordinary work, often or before an archive is
  packed it is not.
strategy: DET9100
attack: {{techniques: [T1016], tactics: [discovery], version: "18.1"}}
platform: linux
tags: [discovery, "kind-{number}"]
log_sources:
  - {{source: linux.shell, name: "linux:cli", channel: command logging, data_component: DC0064}}
severity: low
schedule: {{interval: 1h}}

tunables:
  Commands:
    type: patterns
    description: Commands that count as reconnaissance.
    default: [^probe{number}, "^list{number} --all", "show table{number} $", "map{number} tab[le] ... -x"]
    min_items: 1
  Threshold:
    type: integer
    description: How many such commands of one user on one host raise an alert.
    default: 2
    minimum: 1
    maximum: 100
  BurstThreshold:
    type: integer
    description: How many within five minutes are a burst.
    default: 4
    minimum: 1
    maximum: 100
  FollowUp:
    type: patterns
    description: Commands that pack data.
    default: [^tar -czf, ^zip -r, "^pack{number}"]
    min_items: 1

events:
  listing:
    source: linux.shell
    where: {{field: process.command_line, matches: {{tunable: Commands}}}}
  packing:
    source: linux.shell
    where: {{field: process.command_line, matches: {{tunable: FollowUp}}}}

monitors:
  repeated:
    title: Reconnaissance of kind {number} repeated
    template: entity
    events: listing
    entity: [host, user]
    window: 30m
    threshold: {{tunable: Threshold}}
    severity_reason: Administrators do this too; it matters for who does it, and where.
    show: [process.command_line]
  burst:
    title: Reconnaissance of kind {number} in a burst
    template: entity
    events: listing
    entity: [host]
    window: 5m
    threshold: {{tunable: BurstThreshold}}
    severity: medium
    severity_reason: So many at once are a script's work.
    show: [process.command_line]
  packed:
    title: Reconnaissance of kind {number}, then data packed
    template: sequence
    first: listing
    then: packing
    entity: [host]
    window: 45m
    severity: high
    severity_reason: What was found was then packed, on the same host.
    show: [process.command_line, user.name]

false_positives: [Administrators at work, Inventories]
response: [Ask the user what for., Look for what the same user did next on the host., Keep the host's audit log.]
"""

_SAMPLES = """\
# yaml-language-server: $schema=../../../deployer/schemas/samples.json
cases:
  - name: four by one user, then an archive
    clock: "2026-03-02T10:05:00Z"
    events:
      - {{source: linux.shell, raw: "2026-03-02T10:01:00.000000+00:00 web01 bash[811]: HISTORY: PID=811 UID=1000 probe{number} eth0"}}
      - {{source: linux.shell, raw: "2026-03-02T10:02:00.000000+00:00 web01 bash[811]: HISTORY: PID=811 UID=1000 list{number} --all"}}
      - {{source: linux.shell, raw: "2026-03-02T10:02:30.000000+00:00 web01 bash[811]: HISTORY: PID=811 UID=1000 probe{number} eth1"}}
      - {{source: linux.shell, raw: "2026-03-02T10:03:00.000000+00:00 web01 bash[811]: HISTORY: PID=811 UID=1000 probe{number} eth2"}}
      - {{source: linux.shell, raw: "2026-03-02T10:04:00.000000+00:00 web01 bash[811]: HISTORY: PID=811 UID=1000 tar -czf /tmp/x.tgz /srv"}}
    expect: {{repeated: [{{host: web01, user: "1000"}}], burst: [{{host: web01}}], packed: [{{host: web01}}]}}
    variants:
      - {{tunables: {{Threshold: 5}}, expect: {{burst: [{{host: web01}}], packed: [{{host: web01}}]}}}}
      - {{tunables: {{BurstThreshold: 5}}, expect: {{repeated: [{{host: web01, user: "1000"}}], packed: [{{host: web01}}]}}}}
      - {{tunables: {{FollowUp: [^zip -r]}}, expect: {{repeated: [{{host: web01, user: "1000"}}], burst: [{{host: web01}}]}}}}
      - {{tunables: {{Commands: [^nothing]}}, expect: {{}}}}

  - name: one alone, and its name in a text
    clock: "2026-03-03T10:05:00Z"
    events:
      - {{source: linux.shell, raw: "2026-03-03T10:01:00.000000+00:00 web01 bash[811]: HISTORY: PID=811 UID=1000 man probe{number}"}}
      - {{source: linux.shell, raw: "2026-03-03T10:03:00.000000+00:00 web01 bash[811]: HISTORY: PID=811 UID=1000 probe{number} eth0"}}
    expect: {{}}
"""

_ENVIRONMENT = """\
name: bench
deployment: {deployment}
production: false
cluster:
  hosts: ["{url}"]
  auth: {{type: none}}
  timeout: 120s
data: {{namespace: default}}
channels:
  soc: {{type: webhook, url: "http://127.0.0.1:9/alerts", description: Nobody listens there.}}
notify:
  default: [soc]
"""


def make(root: Path, folder: Path, monitors: int, url: str, deployment: str) -> None:
    """Write a repository of that many monitors into an empty folder: this project's templates and mappings, analytics of its own."""
    for name in ("templates", "mappings"):
        shutil.copytree(root / name, folder / name)
    (folder / "environments").mkdir()
    (folder / "environments" / "bench.yml").write_text(_ENVIRONMENT.format(url=url, deployment=deployment), "utf-8")
    folders = -(-monitors // MONITORS_EACH)
    for number in range(1, folders + 1):
        place = folder / "detections" / "DET9100" / f"BE{number:04}"
        place.mkdir(parents=True)
        values = {"id": place.name, "number": number}
        analytic, samples = _ANALYTIC.format(**values), _SAMPLES.format(**values)
        for key in ("packed", "burst")[: MONITORS_EACH * folders - monitors if number == folders else 0]:
            analytic, samples = _without(analytic, samples, key)
        (place / "analytic.yml").write_text(analytic, "utf-8")
        (place / "samples.yml").write_text(samples, "utf-8")


def edit(folder: Path, count: int, generation: int) -> None:
    """Change one monitor in each of `count` analytics: the window of the one that is repeated."""
    for place in analytics(folder)[:count]:
        file = place / "analytic.yml"
        text, changed = re.subn(r"window: (30|\d+)m\n    threshold: \{tunable: Threshold\}",
                                f"window: {30 + generation}m\n    threshold: {{tunable: Threshold}}", file.read_text("utf-8"))  # fmt: skip
        assert changed == 1, file
        file.write_text(text, "utf-8")


def analytics(folder: Path) -> list[Path]:
    """The folders of the analytics, in their order."""
    return sorted((folder / "detections" / "DET9100").iterdir())


def _without(analytic: str, samples: str, key: str) -> tuple[str, str]:
    """The last analytic without one of its monitors, where their number is no multiple of three."""
    analytic = re.sub(rf"  {key}:\n(    .*\n)+", "", analytic)
    drop, named = {"packed": ("FollowUp", "packing"), "burst": ("BurstThreshold", "")}[key]
    analytic = re.sub(rf"  {drop}:\n(    .*\n)+", "", analytic)
    if named:
        analytic = re.sub(rf"  {named}:\n(    .*\n)+", "", analytic)
    samples = re.sub(rf"      - \{{tunables: \{{{drop}:.*\n", "", samples)
    return analytic, re.sub(rf",? ?{key}: \[\{{host: web01\}}\]", "", samples)
