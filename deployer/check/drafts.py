"""What a draft lacks: what somebody has yet to write, and what an active analytic must have."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from deployer.catalogue import yamlfile
from deployer.catalogue.yamlfile import Document, Path_
from deployer.check.fire import check_rendered
from deployer.check.repository import check_used
from deployer.check.samples import check_proof
from deployer.model.analytic import Analytic, Repository
from deployer.model.draft import TODO, is_open
from deployer.model.errors import Location
from deployer.model.exclusion import exclude
from deployer.model.finding import Finding, Findings
from deployer.model.tested import AnalyticResult
from deployer.render import Naming
from deployer.render.environment import of_analytic
from deployer.render.target import Target
from deployer.render.templating import templates_of

CODE = "DAC042"
_REPLACE = "put what belongs there in the place of TODO"


def lacks(analytic: Analytic, repository: Repository) -> tuple[Finding, ...]:
    """What stands between a draft and an active analytic, in the order of files and lines; nothing if it can be replayed.

    What an active analytic is warned of does not stand in its way.
    """
    findings = Findings()
    _places(analytic, Path(repository.root), findings)
    _parts(analytic, findings)
    cases = repository.cases.get(analytic.id, ())
    if not cases:
        findings.add(
            CODE,
            f"{analytic.id} has no sample events",
            analytic.where,
            "show in samples.yml what must alert and what must not",
        )
    alone = replace(repository, analytics={analytic.id: analytic})
    if analytic.monitors:
        check_used(analytic, repository, findings)
        if cases:
            check_proof(analytic, cases, findings)
    if not findings.items:
        target = Target(alone, Naming("draft"), templates_of(repository.templates))
        check_rendered([(of_analytic(analytic, target, findings), target)], findings)
    exclude(findings, analytic.exclusions)
    return tuple(findings.errors)


def unfinished(analytic: Analytic, repository: Repository) -> AnalyticResult | None:
    """What a test of a draft gives that lacks something: nothing was run. None for one that can be replayed, and for no draft."""
    lacking = lacks(analytic, repository) if analytic.status == "draft" else ()
    if not lacking:
        return None
    cases = len(repository.cases.get(analytic.id, ()))
    return AnalyticResult(analytic.id, analytic.title, cases, 0, 0, (), (), (), lacking, {}, unfinished=True)


def _places(analytic: Analytic, root: Path, findings: Findings) -> None:
    """What is still to be written in its two files."""
    for name in ("analytic.yml", "samples.yml"):
        path = root / analytic.folder / name
        document = yamlfile.load(path, root, Findings()) if path.exists() else None
        for place in _open(document):
            findings.add(CODE, *place)


def _open(document: Document | None) -> Iterator[tuple[str, Location, str]]:
    if document is None:
        return
    waiting: list[tuple[Path_, object]] = [((), document.value)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, dict):
            waiting += [((*path, key), inner) for key, inner in value.items()]
        elif isinstance(value, list):
            waiting += [((*path, index), inner) for index, inner in enumerate(value)]
        elif is_open(value):
            shown = ".".join(str(part) for part in path)
            yield f"{shown} is to be filled in", document.where(*path), str(value).removeprefix(TODO).strip(" :.") or _REPLACE


def _parts(analytic: Analytic, findings: Findings) -> None:
    """What an analytic must have and a draft may leave out."""
    if not analytic.log_sources:
        findings.add(
            CODE, f"{analytic.id} names no log source", analytic.where, "list under log_sources what it looks at"
        )
    for use in analytic.log_sources:
        if not use.source:
            findings.add(
                CODE,
                f"no log source of the repository serves {use.name} ({use.channel})",
                use.where,
                "name the `source` that does, add one to mappings/sources, or remove the entry",
            )
        elif not use.data_component:
            findings.add(CODE, f"{use.name} has no data_component", use.where, "such as DC0032")
    for name in ("techniques", "tactics"):
        if not analytic.attack.get(name):
            findings.add(CODE, f"attack has no {name}", analytic.where, "every alert tells them")
    if not analytic.monitors:
        findings.add(
            CODE,
            f"{analytic.id} has no monitor",
            analytic.where,
            "say under monitors what alerts, for whom, within which time",
        )
