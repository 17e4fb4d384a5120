"""A repository read again and again while somebody writes in it: only what was saved is read anew."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable
from pathlib import Path

from deployer.catalogue import repository as reading
from deployer.catalogue.environments import load as load_environment
from deployer.catalogue.environments import names as environment_names
from deployer.model.analytic import Analytic, Case, Repository
from deployer.model.environment import Environment
from deployer.model.finding import Finding, Findings

SHARED = ("mappings/", "templates/")


@dataclasses.dataclass(frozen=True, slots=True)
class Part:
    """What the folder of one analytic gave; no analytic if its file has not the form."""

    analytic: Analytic | None
    cases: tuple[Case, ...] | None
    findings: tuple[Finding, ...]


class Rereader:
    """Knows what it read of the repository at `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.parts: dict[str, Part] = {}
        """By the folder of each analytic (``detections/DET0320/AN0903``)."""
        self._shared: Repository | None = None
        self.wrong: tuple[Finding, ...] = ()
        """What is wrong with mappings and templates."""

    def read(self, saved: Collection[str] | None = None) -> None:
        """Read all, or again what depends on the files `saved` (paths below the root); UsageError if it is no repository any more."""
        everything = saved is None or self._shared is None or any(name.startswith(SHARED) for name in saved)
        if everything:
            reading.check_folders(self.root)
            findings = Findings(root=str(self.root))
            self._shared = reading.load_shared(self.root, findings)
            self.wrong = tuple(findings.items)
        there = {path.parent.relative_to(self.root).as_posix(): path for path in reading.analytic_files(self.root)}
        self.parts = {
            name: self._part(path)
            if everything or name not in self.parts or _within(name, saved or ())
            else self.parts[name]
            for name, path in there.items()
        }

    def repository(self, folder: str) -> Repository:
        """The repository with the analytic of this folder alone."""
        assert self._shared is not None
        part = self.parts[folder]
        if part.analytic is None:
            return self._shared
        cases = {part.analytic.id: part.cases} if part.cases is not None else {}
        return dataclasses.replace(self._shared, analytics={part.analytic.id: part.analytic}, cases=cases)

    def findings(self, folder: str) -> Findings:
        """What is wrong with what the analytic of this folder is read from, environments not yet looked at."""
        return Findings([*self.wrong, *self.parts[folder].findings], str(self.root))

    def environments(self, findings: Findings) -> list[Environment]:
        """The environments, as far as they can be read."""
        assert self._shared is not None
        analytics = {part.analytic.id: part.analytic for part in self.parts.values() if part.analytic is not None}
        unread = any(part.analytic is None for part in self.parts.values())
        own, found = Findings(), []
        for name in environment_names(self.root):
            environment = load_environment(self.root, name, analytics, self._shared.sources, own)
            if environment is not None:
                found.append(environment)
        # A name that an environment refers to may be that of an analytic which cannot be read at the moment.
        findings.items += [item for item in own.items if not (unread and item.code == "DAC004")]
        return found

    def _part(self, path: Path) -> Part:
        assert self._shared is not None
        findings = Findings(root=str(self.root))
        loaded = reading.load_analytic(path, self.root, self._shared.sources, findings)
        analytic, cases = loaded or (None, None)
        return Part(analytic, cases, tuple(findings.items))


def _within(folder: str, files: Iterable[str]) -> bool:
    return any(name.startswith(f"{folder}/") for name in files)
