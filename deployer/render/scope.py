"""What a condition is rendered against: tunables, named events, sources and their fields; and what it turned out to use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from deployer.model.analytic import Analytic, Repository
from deployer.model.condition import Condition, FromSource, TunableRef, Use, When, walk
from deployer.model.environment import Environment, SourceOverride
from deployer.model.errors import Location
from deployer.model.finding import Findings, near
from deployer.render import fields


def unknown_sources(analytic: Analytic, repository: Repository, findings: Findings) -> None:
    """Add a finding for each log source of the analytic that the repository does not have."""
    for use in analytic.log_sources:
        if use.source and use.source not in repository.sources:
            findings.add("DAC004", f"no log source '{use.source}'", use.where, near(use.source, repository.sources))


@dataclass(slots=True)
class Scope:
    """Resolves names for one monitor and remembers which tunables it used."""

    repository: Repository
    analytic: Analytic
    tunables: Mapping[str, Any]
    findings: Findings
    environment: Environment | None = None
    used: dict[str, Any] = field(default_factory=dict)
    _named: set[str] = field(default_factory=set)
    _types: dict[str, dict[str, str]] = field(default_factory=dict)

    def value(self, value: Any, where: Location) -> Any:
        """A literal as it is, or the value of the tunable that it refers to."""
        if not isinstance(value, TunableRef):
            return value
        if value.name not in self.tunables:
            self.findings.add(
                "DAC004",
                f"{self.analytic.id} has no tunable '{value.name}'",
                value.where or where,
                near(value.name, self.tunables),
            )
            return None
        self.used[value.name] = self.tunables[value.name]
        return self.tunables[value.name]

    def event(self, use: Use) -> Condition | None:
        """The named condition that `use` means."""
        if use.name not in self.analytic.events:
            self.findings.add(
                "DAC004",
                f"{self.analytic.id} has no events '{use.name}'",
                use.where,
                near(use.name, self.analytic.events),
            )
        else:
            self._named.add(use.name)
        return self.analytic.events.get(use.name)

    @property
    def named(self) -> list[str]:
        """The named conditions that were used, sorted."""
        return sorted(self._named)

    def branch(self, when: When) -> Condition | None:
        """The branch of a `when` that the tunable's value chooses."""
        value = self.value(TunableRef(when.tunable), when.where)
        tunable = self.analytic.tunables.get(when.tunable)
        if tunable and tunable.type == "choice":
            for wanted in when.values:
                if wanted not in tunable.bounds.get("choices", ()):
                    self.findings.add(
                        "DAC005",
                        f"{when.tunable} can never be '{wanted}'",
                        when.where,
                        near(str(wanted), tunable.bounds.get("choices", ())),
                    )
        return when.then if value in when.values else when.otherwise

    def types(self, source: str) -> dict[str, str]:
        """Field types of a log source."""
        if source not in self._types:
            self._types[source] = fields.of_source(self.repository, self.repository.sources[source])
        return self._types[source]

    def override(self, source: str) -> SourceOverride:
        """What the environment says of a log source."""
        return (self.environment.sources.get(source) if self.environment else None) or SourceOverride()

    def sources(self, *conditions: Condition | None) -> list[str]:
        """The log sources that conditions name, in the analytic's order; all of the analytic's where they name none."""
        named = {
            source
            for condition in conditions
            for node in self._all(condition, set())
            if isinstance(node, FromSource)
            for source in node.sources
        }
        own = list(dict.fromkeys(use.source for use in self.analytic.log_sources if use.source))
        return [source for source in [*own, *sorted(named - set(own))] if source in named] or own

    def _all(self, condition: Condition | None, seen: set[str]) -> list[Condition]:
        nodes: list[Condition] = []
        for node in walk(condition):
            nodes.append(node)
            if isinstance(node, Use) and node.name not in seen and node.name in self.analytic.events:
                nodes.extend(self._all(self.analytic.events[node.name], {*seen, node.name}))
        return nodes
