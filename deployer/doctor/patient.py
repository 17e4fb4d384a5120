"""What is examined: the monitors as they would be sent, where their log sources lie, and where findings go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from deployer.check.fire import Subject
from deployer.check.fire.indices import meet
from deployer.cluster import Cluster
from deployer.cluster.reach import Mapped
from deployer.model.analytic import Repository
from deployer.model.environment import Environment
from deployer.model.errors import Location
from deployer.model.finding import Findings
from deployer.render import active, naming_of
from deployer.render.environment import used


@dataclass(slots=True)
class Patient:
    """One environment on one cluster. `unseen` says in words what could not be looked at, and why."""

    cluster: Cluster
    repository: Repository
    environment: Environment
    subjects: Sequence[Subject]
    findings: Findings = field(default_factory=Findings)
    unseen: list[str] = field(default_factory=list)
    mapped: dict[str, Mapped] = field(default_factory=dict)

    def tell(self, about: str, code: str, message: str, where: Location, hint: str, level: str = "error") -> None:
        """Note a finding about a monitor, a log source or (empty) the cluster."""
        self.findings.add(code, message, where, hint, level, about)

    def sources(self) -> list[str]:
        """The log sources that deployed analytics read, sorted."""
        named = set().union(*(used(analytic) for analytic in active(self.repository).values()))
        return sorted(named & set(self.repository.sources))

    def place(self, source: str) -> tuple[str, Mapping[str, str]]:
        """The index pattern of a log source, and the fields that tell its events there."""
        override = self.environment.sources.get(source)
        index = override.index if override and override.index else None
        dataset = self.repository.sources[source].dataset
        return index or naming_of(self.environment).pattern(dataset), (override.filter or {}) if override else {}

    def elsewhere(self, source: str) -> bool:
        """Whether the environment names a place of its own for a log source."""
        override = self.environment.sources.get(source)
        return override is not None and override.index is not None

    def where(self, source: str, key: str = "index") -> Location:
        """Where somebody wrote of a log source: in the environment, or else where it is declared."""
        own = self.environment.places.get(f"sources/{source}/{key}")
        return own or self.repository.sources[source].where

    def patterns(self, subject: Subject, source: str | None = None) -> list[str]:
        """The index patterns that a monitor reads, or those of them in which a log source's events may lie."""
        named = [part.strip() for name in subject.indices for part in name.split(",")]
        named = [name for name in named if name and not name.startswith("-")]
        if source is None:
            return named
        own = [name for name in named if any(meet(name, other) for other in self.place(source)[0].split(","))]
        return own or named
