"""A draft of an analytic from what ATT&CK says of it: two files, with TODO wherever a person knows more."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from deployer import schemas
from deployer.attack.elements import TypedElement, typed
from deployer.attack.serving import Register, Served
from deployer.attack.yamltext import block, harmless, scalar
from deployer.model.analytic import Repository
from deployer.model.attack import AttackData, KnownAnalytic, KnownStrategy, NamedLogSource
from deployer.model.draft import TODO
from deployer.render.naming import Naming

PLATFORMS = {
    "windows": "windows", "linux": "linux", "macos": "macos", "esxi": "esxi", "network devices": "network", "iaas": "cloud",
    "saas": "saas", "office suite": "saas", "identity provider": "identity", "containers": "containers",
}  # fmt: skip
"""ATT&CK's platforms as ours; all others are ``other``."""

_WHO = {
    "network": ("device", "user"),
    "cloud": ("account", "user"),
    "saas": ("user", "client"),
    "identity": ("user", "client"),
    "containers": ("user", "client"),
    "other": ("user", "client"),
}
"""Whom an alert is about, where it is not a host and a user."""

KEY = "candidates"
LONGEST_TITLE = 160
MOST_EVENTS = 6


@dataclass(frozen=True, slots=True)
class Scaffold:
    """A draft: its folder below the root, its files by name, and how many of its log sources somebody serves."""

    id: str
    folder: str
    files: Mapping[str, str]
    log_sources: int
    served: int
    tunables: int


class Scaffolder:
    """Makes drafts for one repository from one file of ATT&CK's data."""

    def __init__(self, data: AttackData, shared: Repository) -> None:
        self.data, self.shared = data, shared
        self.register = Register(shared.sources)

    def of(self, analytic: KnownAnalytic) -> Scaffold:
        """The draft of an analytic that has a strategy."""
        draft = _Draft(analytic, self.data.strategies.get(analytic.strategy), self.data.version, self)
        folder = f"detections/{analytic.strategy}/{analytic.id}"
        files = {
            "analytic.yml": "\n".join([self._line(folder, "analytic"), *draft.analytic_lines(), ""]),
            "samples.yml": "\n".join([self._line(folder, "samples"), *draft.sample_lines(), ""]),
        }
        served = sum(bool(found) for found in draft.served.values())
        return Scaffold(analytic.id, folder, files, len(draft.served), served, len(draft.tunables))

    def _line(self, folder: str, name: str) -> str:
        return schemas.line(Path(self.shared.root), folder, name)


class _Draft:
    def __init__(
        self, analytic: KnownAnalytic, strategy: KnownStrategy | None, version: str, maker: Scaffolder
    ) -> None:
        self.analytic, self.strategy, self.version = analytic, strategy, version
        self.called = analytic.platforms[0] if analytic.platforms else ""
        self.platform = PLATFORMS.get(self.called.casefold(), "other")
        self.served = {named: maker.register.serving(named) for named in analytic.log_sources}
        self.tunables = typed(analytic.elements)
        self.entity = _known(_WHO.get(self.platform, ("host", "user")), maker.shared.entities)

    def analytic_lines(self) -> Iterator[str]:
        """The lines of analytic.yml below that of its schema."""
        known = self.analytic
        release = f" {self.version}" if self.version else ""
        yield f"# A draft from ATT&CK{release}, begun by `deployer new`. `deployer test {known.id}` says what it lacks."
        yield f"id: {known.id}"
        yield from block("title", self._title(), 0)
        yield from block("description", harmless(known.description) or f"{TODO} what it detects", 0)
        yield f"strategy: {known.strategy}"
        yield from self._attack()
        yield f"platform: {self.platform}"
        yield "status: draft"
        tags = [*(self.strategy.tactics if self.strategy else ()), self.platform]
        yield f"tags: [{', '.join(dict.fromkeys(tags))}]"
        yield from self._log_sources()
        yield "severity: medium"
        yield "schedule: {interval: 5m}"
        yield from self._tunables()
        yield from self._monitors()
        yield ""
        yield f"false_positives: [{TODO} who does this for a good reason]"
        yield f"response: [{TODO} what an analyst looks at first]"
        if known.url:
            yield "references:"
            title = f"Detection strategy {known.strategy} of ATT&CK"
            yield f"  - {{title: {scalar(title)}, url: {json.dumps(known.url)}}}"

    def _title(self) -> str:
        name = harmless(self.strategy.name if self.strategy else self.analytic.strategy)
        tail = f" ({self.called})" if self.called else ""
        room = LONGEST_TITLE - len(tail)
        return (name if len(name) <= room else f"{name[: room - 1].rstrip()}…") + tail

    def _attack(self) -> Iterator[str]:
        yield "attack:"
        if self.strategy and self.strategy.techniques:
            yield f"  techniques: [{', '.join(self.strategy.techniques)}]"
        if self.strategy and self.strategy.tactics:
            yield f"  tactics: [{', '.join(self.strategy.tactics)}]"
        yield f"  version: {json.dumps(self.version or f'{TODO} the release of ATT&CK')}"
        if self.analytic.version:
            yield f"  analytic_version: {json.dumps(self.analytic.version, ensure_ascii=True)}"

    def _log_sources(self) -> Iterator[str]:
        if not self.served:
            yield "# ATT&CK names no log source for it."
            yield "log_sources: []"
            return
        yield "log_sources:"
        for named, found in self.served.items():
            if not found:
                yield "  # No log source below mappings/sources serves this one: name or add one as `source`, or remove the entry."
            for source in (item.source.id for item in found):
                yield f"  - {{source: {source}, {_named(named)}}}"
            if not found:
                yield f"  - {{{_named(named)}}}"

    def _tunables(self) -> Iterator[str]:
        if not self.tunables:
            return
        yield ""
        yield "tunables:"
        for tunable in self.tunables:
            yield f"  {tunable.name}:"
            yield f"    type: {tunable.type}"
            yield from block("description", _described(tunable), 4)
            yield f"    default: {_flow(tunable.default)}"
            yield from (f"    {key}: {_flow(value)}" for key, value in tunable.bounds.items())

    def _monitors(self) -> Iterator[str]:
        found = _conditions(self.served.values())
        yield ""
        if not found:
            yield "# Nothing that it names is served here, so there is nothing to ask yet: write `events` and `monitors`."
            return
        lists = sorted(
            (item for item in self.tunables if item.type in ("patterns", "strings")), key=lambda item: item.type
        )
        yield "events:"
        yield "  # All events that it names. Narrow them to what the description means, with the tunables, such as"
        operator = "matches" if lists and lists[0].type == "patterns" else "in"
        example = f"{{tunable: {lists[0].name}}}" if lists else "[a, b]"
        yield f"  # {{field: process.command_line, {operator}: {example}}}"
        yield f"  {KEY}:"
        yield "    any:"
        for item in found:
            pattern = Naming("").pattern(item.source.dataset)
            yield f"      # {pattern}{'' if item.exact else ': the channel is free text, which no filter stands for'}"
            where = f", where: {_flow(item.where)}" if item.where else ""
            yield f"      - {{source: {item.source.id}{where}}}"
        yield ""
        yield "monitors:"
        yield f"  {KEY}:"
        yield f"    title: {TODO} what an alert of it says happened"
        yield f"    template: {'entity' if self.entity else 'total'}"
        yield f"    events: {KEY}"
        if self.entity:
            yield f"    entity: [{', '.join(self.entity)}]"
        yield f"    window: {_reference(self.tunables, lambda item: item.spans_time) or '10m'}"
        yield f"    threshold: {_reference(self.tunables, lambda item: item.counts_events) or 1}"

    def sample_lines(self) -> Iterator[str]:
        """The lines of samples.yml below that of its schema."""
        found = _conditions(self.served.values())
        alerts = f"{{{', '.join(f'{name}: {TODO}' for name in self.entity)}}}" if self.entity else "{}"
        yield "# Replace each TODO by an event as its shipper delivers it, a line of text or a mapping, and by whom it alerts on."
        if self.tunables:
            yield "# Each tunable needs a variant that changes only it, and with it what alerts:"
            yield f"#     variants: [{{tunables: {{{self.tunables[0].name}: ...}}, expect: {{}}}}]"
        yield "cases:"
        yield f"  - name: {TODO} what must alert"
        yield '    clock: "2026-03-02T10:05:00Z"'
        yield "    events:"
        yield from self._events(found)
        yield f"    expect: {{{KEY}: [{alerts}]}}" if found else "    expect: {}"
        yield ""
        yield f"  - name: {TODO} what looks like it, and must not alert"
        yield '    clock: "2026-03-03T10:05:00Z"'
        yield "    events:"
        yield from self._events(found[:1])
        yield "    expect: {}"

    def _events(self, found: list[Served]) -> Iterator[str]:
        sources = list({item.source.id: item.source for item in found}.values())
        for source in sources[:MOST_EVENTS]:
            said = f"{source.title}: {source.format}, shipped by {source.shippers[0]} and others"
            yield f"      # {' '.join(said.split())}"
            yield f"      - {{source: {source.id}, raw: {TODO}}}"
        if not sources:
            yield f"      - {{source: {TODO}, raw: {TODO}}}"


def _known(names: Collection[str], entities: Collection[str]) -> tuple[str, ...]:
    return tuple(name for name in names if name in entities)


def _conditions(served: Iterable[tuple[Served, ...]]) -> list[Served]:
    """Each source and condition once."""
    found: dict[tuple[str, str], Served] = {}
    for item in (item for items in served for item in items):
        found.setdefault((item.source.id, json.dumps(item.where)), item)
    whole = {source for source, where in found if where == "null"}
    return [item for (source, where), item in found.items() if source not in whole or where == "null"]


def _named(named: NamedLogSource) -> str:
    component = f", data_component: {named.data_component}" if named.data_component else ""
    return f"name: {scalar(named.name)}, channel: {scalar(named.channel)}{component}"


def _described(tunable: TypedElement) -> str:
    said = harmless(tunable.description) or f"{TODO} what it is for"
    return said if tunable.name == tunable.called else f"{said} (ATT&CK calls it {harmless(tunable.called)}.)"


def _reference(tunables: Iterable[TypedElement], trait: Callable[[TypedElement], bool]) -> str:
    """A reference to the first tunable that has a trait, or nothing."""
    return next((f"{{tunable: {item.name}}}" for item in tunables if trait(item)), "")


def _flow(value: object) -> str:
    """A value in YAML's flow style."""
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key}: {_flow(inner)}' for key, inner in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_flow(inner) for inner in value)}]"
    return scalar(value) if isinstance(value, str) else json.dumps(value)
