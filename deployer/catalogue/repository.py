"""A whole repository, read in one go, with all errors of all files."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path

from deployer.catalogue import analytics, samples, sources, yamlfile
from deployer.catalogue.yamlfile import Document, read_text
from deployer.model.analytic import Analytic, Case, LogSource, Repository
from deployer.model.errors import Location, UsageError
from deployer.model.finding import Findings

PARTS = ("detections", "mappings", "templates", "environments")


def load_repository(root: Path, findings: Findings) -> Repository:
    """Read everything below `root`; what is wrong goes to `findings` and is left out.

    Raises UsageError if `root` is no repository of detections (an empty or wrong folder must never look like
    "no detections wanted").
    """
    check_folders(root)
    findings.root = str(root)
    shared = load_shared(root, findings)
    found, cases = _analytics(root, shared.sources, findings)
    return dataclasses.replace(shared, analytics=found, cases=cases)


def check_folders(root: Path) -> None:
    """Raise UsageError if `root` has not the folders of a repository."""
    missing = [part for part in PARTS if not (root / part).is_dir()]
    if missing:
        raise UsageError(
            f"{root} is no repository of detections",
            why=f"it has no folder {', '.join(missing)}",
            todo="Give its folder with --root, or change into it; `deployer init` begins one.",
        )


def load_shared(root: Path, findings: Findings) -> Repository:
    """What all analytics have in common: sources, entities, mappings and templates, without a single analytic."""
    locations: dict[str, Location] = {}
    known_sources = sources.load_sources(root, findings)
    components = sources.load_bodies(root, "components", "component", findings, locations)
    pipelines = sources.load_bodies(root, "pipelines", "pipeline", findings, locations)
    sources.cross_check(known_sources, components, pipelines, findings)
    return Repository(
        root=str(root),
        analytics={},
        sources=known_sources,
        entities=sources.load_entities(root, findings),
        components=components,
        pipelines=pipelines,
        cases={},
        templates=_templates(root, findings),
        locations=locations,
    )


def _analytics(
    root: Path, known_sources: Mapping[str, LogSource], findings: Findings
) -> tuple[dict[str, Analytic], dict[str, tuple[Case, ...]]]:
    found: dict[str, Analytic] = {}
    cases: dict[str, tuple[Case, ...]] = {}
    for path in analytic_files(root, findings):
        loaded = _loaded(path, root, findings)
        if loaded is None:
            continue
        analytic, document = loaded
        if analytic.id in found:
            findings.add(
                "DAC002",
                f"the analytic {analytic.id} stands in two folders",
                document.where("id"),
                f"the other: {found[analytic.id].where.file}",
            )
            continue
        found[analytic.id] = analytic
        own = load_cases(path, root, analytic, known_sources, findings)
        if own is not None:
            cases[analytic.id] = own
    return found, cases


def analytic_files(root: Path, findings: Findings | None = None) -> list[Path]:
    """The files of all analytics below `root`, sorted. A link to a folder elsewhere is a finding, and not looked into."""
    told = Findings() if findings is None else findings
    folders = [root / "detections"]
    for _ in range(2):
        looked = [yamlfile.folder(each, root, told) for each in folders]
        folders = [inner for each in looked if each for inner in sorted(each.iterdir()) if inner.is_dir()]
    inside = [yamlfile.folder(each, root, told) for each in folders]
    return [each / "analytic.yml" for each in inside if each and os.path.lexists(each / "analytic.yml")]


def load_analytic(
    path: Path, root: Path, known_sources: Mapping[str, LogSource], findings: Findings
) -> tuple[Analytic, tuple[Case, ...] | None] | None:
    """One analytic with its cases, by its file; None (with findings) if it has not the form."""
    loaded = _loaded(path, root, findings)
    return loaded and (loaded[0], load_cases(path, root, loaded[0], known_sources, findings))


def _loaded(path: Path, root: Path, findings: Findings) -> tuple[Analytic, Document] | None:
    """One analytic; if it has not the form, at least that of its samples is looked at."""
    loaded = analytics.load(path, root, findings)
    beside = path.with_name("samples.yml")
    if loaded is None and beside.exists():
        samples.formed(beside, root, findings)
    return loaded


def load_cases(
    path: Path,
    root: Path,
    analytic: Analytic,
    known_sources: Mapping[str, LogSource],
    findings: Findings,
    text: str | None = None,
) -> tuple[Case, ...] | None:
    """The cases beside an analytic's file at `path`, or None; that the folder is called as the analytic is checked too.

    `text` is what samples.yml holds, if it was read already.
    """
    if path.parent.name != analytic.id or path.parent.parent.name != analytic.strategy:
        findings.add(
            "DAC004",
            f"{analytic.id} of {analytic.strategy} stands in the folder {analytic.folder}",
            analytic.where,
            f"move it to detections/{analytic.strategy}/{analytic.id}",
        )
    beside = path.with_name("samples.yml")
    if text is not None or beside.exists():
        return samples.load(beside, root, analytic, known_sources, findings, text)
    if analytic.status == "active":
        findings.add(
            "DAC010",
            f"{analytic.id} has no samples.yml",
            analytic.where,
            "write one beside it, with `cases` of events and what they cause (`deployer init` has an example)",
        )
    return None


def _templates(root: Path, findings: Findings) -> dict[str, str]:
    result = {}
    folder = yamlfile.folder(root / "templates", root, findings)
    for path in sorted(folder.rglob("*.j2")) if folder else ():
        text = read_text(path, root, findings)
        if text is not None:
            result[path.relative_to(root / "templates").as_posix()] = text
    return result
