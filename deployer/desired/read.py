"""An environment read and rendered: all of it, or only what is not remembered."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

from deployer.catalogue import analytics, load_environment, load_repository
from deployer.catalogue.repository import load_cases, load_shared
from deployer.check import check_repository
from deployer.check.fire import Shelf, check_rendered
from deployer.check.samples import check_samples
from deployer.desired import remembered
from deployer.desired.remembered import Analyzed, Desired, Whole
from deployer.desired.snapshot import Folder, Snapshot, take
from deployer.desired.spread import spread
from deployer.desired.store import Store
from deployer.model.analytic import Analytic, Repository
from deployer.model.exclusion import check_expiry, exclude
from deployer.model.finding import Findings
from deployer.render.channels import SecretReader
from deployer.render.environment import drafts, of_analytic, of_sources, render_environment, target_of, used
from deployer.render.target import Target


def fresh(
    root: Path, environment: str, secrets: SecretReader | None = None, today: date | None = None
) -> tuple[Repository, Desired]:
    """Read, render and check everything. InvalidRepositoryError with all findings if anything is wrong."""
    findings = Findings()
    repository = load_repository(root, findings)
    loaded = load_environment(root, environment, repository.analytics, repository.sources, findings)
    findings.raise_errors()
    assert loaded is not None
    resources = render_environment(repository, loaded, findings, secrets, today)
    check_repository(repository, findings)
    check_rendered([(resources, target_of(repository, loaded))], findings)
    check_samples(repository, findings)
    excluding = [*loaded.exclusions, *(item for one in repository.analytics.values() for item in one.exclusions)]
    exclude(findings, excluding)
    check_expiry(excluding, findings, today)
    findings.raise_errors()
    return repository, Desired(loaded, resources, findings, tuple(drafts(repository)))


def changed(
    root: Path,
    snapshot: Snapshot,
    store: Store,
    secrets: SecretReader | None = None,
    today: date | None = None,
) -> Desired | None:
    """Read, render and check only what is not remembered, and remember it.

    None if anything is wrong with it, or the files were written to meanwhile: `fresh` says what.
    """
    reader = _Reader(root, snapshot, store)
    made = reader.read()
    if made is None:
        return None
    return remembered.assemble(*made, str(root), secrets, today)


class _Reader:
    def __init__(self, root: Path, snapshot: Snapshot, store: Store) -> None:
        self.root, self.snapshot, self.store = root, snapshot, store
        self.shelf: Shelf | None = None

    def read(self) -> tuple[Whole, list[Analyzed]] | None:
        snapshot, root = self.snapshot, self.root
        known = {folder: remembered.recall_analytic(snapshot, folder, self.store) for folder in snapshot.folders}
        findings = Findings()
        shared = load_shared(root, findings)
        lazy = _Analytics(root, snapshot.folders)
        if len(lazy) < len(snapshot.folders):
            return None
        try:
            environment = load_environment(root, snapshot.environment, lazy, shared.sources, findings)
        except KeyError:
            if not lazy.faulty:
                raise
            return None  # the reader proper says what is wrong with that analytic
        if findings.errors or environment is None or lazy.faulty:
            return None
        target = target_of(shared, environment)
        self.shelf = Shelf(shared)
        unknown = [folder for folder, recalled in known.items() if recalled is None]
        read = dict(
            zip(unknown, spread(lambda folder: self._analytic(folder, shared, lazy, target), unknown), strict=True)
        )
        made: dict[Folder, Analyzed] = {}
        for folder, recalled in known.items():
            one = recalled or read[folder]
            if one is None:
                return None
            made[folder] = one
        sources = {source for one in made.values() for source in one.sources}
        whole = Whole(environment, tuple(of_sources(shared, environment, sources)), tuple(findings.items))
        if self._written_meanwhile():
            return None
        for folder, one in made.items():
            if known[folder] is None:
                remembered.remember_analytic(snapshot, folder, self.store, one)
        remembered.remember_whole(snapshot, self.store, whole)
        self.store.tidy()
        return whole, list(made.values())

    def _analytic(self, folder: Folder, shared: Repository, lazy: _Analytics, target: Target) -> Analyzed | None:
        """One analytic from its bytes in the snapshot; None if anything is wrong with it."""
        findings = Findings()
        analytic = lazy.read(folder, findings)
        if analytic is None:
            return None
        path = self.root / folder.path / "analytic.yml"
        try:
            text = None if folder.samples is None else folder.samples.decode("utf-8")
        except UnicodeDecodeError:
            return None
        cases = load_cases(path, self.root, analytic, shared.sources, findings, text)
        alone = dataclasses.replace(
            shared, analytics={analytic.id: analytic}, cases={} if cases is None else {analytic.id: cases}
        )
        if findings.errors:
            return None
        active = analytic.status == "active"
        resources = of_analytic(analytic, target, findings) if active else []
        check_repository(alone, findings)
        check_rendered([(resources, dataclasses.replace(target, repository=alone))], findings, self.shelf)
        check_samples(alone, findings)
        # An environment's own exclusions are of findings in its file, which are not an analytic's to remember.
        exclude(findings, [*analytic.exclusions, *(target.environment.exclusions if target.environment else ())])
        if findings.errors:
            return None
        sources = tuple(sorted(used(analytic))) if active else ()
        told = tuple(findings.items)
        return Analyzed(analytic.id, sources, tuple(resources), told, analytic.exclusions, not active)

    def _written_meanwhile(self) -> bool:
        """Whether a file that was read anew is not the one that the snapshot has."""
        now = take(self.root, self.snapshot.environment)
        return now is None or now.stamps != self.snapshot.stamps or now.shared != self.snapshot.shared


class _Analytics(Mapping[str, Analytic]):
    """The analytics by id, which is the name of their folder; each is read when it is asked for."""

    def __init__(self, root: Path, folders: tuple[Folder, ...]) -> None:
        self._root = root
        self._folders = {Path(folder.path).name: folder for folder in folders}
        self.faulty = False

    def __getitem__(self, name: str) -> Analytic:
        found = self.read(self._folders[name], Findings())
        if found is None:
            self.faulty = True
            raise KeyError(name)
        return found

    def read(self, folder: Folder, findings: Findings) -> Analytic | None:
        """The analytic in a folder, with findings; None if it has not the form, or another id."""
        try:
            text = folder.analytic.decode("utf-8")
        except UnicodeDecodeError:
            return None
        loaded = analytics.load(self._root / folder.path / "analytic.yml", self._root, findings, text)
        return loaded[0] if loaded and loaded[0].id == Path(folder.path).name else None

    def __iter__(self) -> Iterator[str]:
        return iter(self._folders)

    def __len__(self) -> int:
        return len(self._folders)
