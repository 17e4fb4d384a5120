"""`mappings/`: log sources, entities, component templates and ingest pipelines."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from deployer.catalogue import conditions, tunables, validation, yamlfile
from deployer.model import durations
from deployer.model.analytic import EXPECTED, SILENT_AFTER, Entity, LogSource, Serves
from deployer.model.errors import Location
from deployer.model.finding import Findings, near


def load_sources(root: Path, findings: Findings) -> dict[str, LogSource]:
    """Every log source of `mappings/sources/*.yml`, by id."""
    result: dict[str, LogSource] = {}
    for document in _documents(root, "mappings/sources", "sources", findings):
        for name, entry in document.value["sources"].items():
            where = document.where("sources", name, key=True)
            if name in result:
                findings.add(
                    "DAC002", f"the log source '{name}' stands in two files", where, f"the other: {result[name].where}"
                )
                continue
            if "pipeline" in entry and "mapped" in entry:
                findings.add(
                    "DAC003",
                    f"{name} has a pipeline, and says that there is none",
                    document.where("sources", name, "mapped", key=True),
                    "remove `mapped`, or the pipeline",
                )
            result[name] = LogSource(
                id=name,
                title=entry["title"],
                platform=entry["platform"],
                dataset=entry["dataset"],
                pipeline=entry.get("pipeline", ""),
                components=tuple(entry["components"]),
                attack=tuple(
                    _serves(document, ("sources", name, "attack", index), raw, findings)
                    for index, raw in enumerate(entry.get("attack", ()))
                ),
                shippers=tuple(entry["shippers"]),
                ingest_delay=durations.seconds(entry["ingest_delay"]),
                format=entry["format"],
                where=where,
                silent_after=durations.seconds(entry["silent_after"]) if "silent_after" in entry else SILENT_AFTER,
            )
    return result


def _serves(document: yamlfile.Document, path: yamlfile.Path_, raw: dict[str, Any], findings: Findings) -> Serves:
    """One of ATT&CK's names of a source. A condition or a form that cannot be read is a finding."""
    if "where" in raw:
        conditions.read(document, raw["where"], (*path, "where"), findings)
    values = raw.get("values", {})
    try:
        re.compile(values.get("form", ""))
    except (re.error, RecursionError, OverflowError) as error:
        where = document.where(*path, "values", "form")
        findings.add(
            "DAC005", f"the form of values cannot be read: {error}", where, "a regular expression, such as [0-9]+"
        )
        values = {}
    return Serves(
        raw["name"],
        raw["channel"],
        raw.get("data_component", ""),
        raw.get("where"),
        values.get("field", ""),
        values.get("form", ""),
        document.where(*path),
    )


def load_entities(root: Path, findings: Findings) -> dict[str, Entity]:
    """The entities of `mappings/entities.yml`, by name."""
    path = root / "mappings" / "entities.yml"
    if not path.exists():
        findings.add(
            "DAC001",
            "mappings/entities.yml is missing",
            Location("mappings/entities.yml"),
            "it says which fields name a host or a user",
        )
        return {}
    document = yamlfile.load(path, root, findings)
    if document is None or not validation.check(document, "entities", findings):
        return {}
    for name, entry in document.value["entities"].items():
        place = ("entities", name, "placeholder")
        tunables.check_braces(entry["placeholder"], f"the placeholder of {name}", document, place, findings)
    return {
        name: Entity(
            name, entry["title"], tuple(entry["fields"]), entry["placeholder"], entry.get("expected", EXPECTED)
        )
        for name, entry in document.value["entities"].items()
    }


def load_bodies(
    root: Path, folder: str, schema: str, findings: Findings, locations: dict[str, Location]
) -> dict[str, dict[str, Any]]:
    """The bodies of component templates or pipelines in a folder, by file stem; their places are added to `locations` as ``<folder>/<stem>``."""
    result: dict[str, dict[str, Any]] = {}
    for document in _documents(root, f"mappings/{folder}", schema, findings):
        stem = Path(document.file).stem
        result[stem] = document.value
        locations[f"{folder}/{stem}"] = Location(document.file, 1, 1)
    return result


def cross_check(
    sources: dict[str, LogSource], components: dict[str, Any], pipelines: dict[str, Any], findings: Findings
) -> None:
    """Each source's pipeline and components exist. Of a file that has a finding already, nothing more is said."""
    told = {Path(finding.where.file).with_suffix("").as_posix() for finding in findings.errors}
    for source in sources.values():
        if source.pipeline and source.pipeline not in pipelines and f"mappings/pipelines/{source.pipeline}" not in told:
            findings.add(
                "DAC004",
                f"no pipeline '{source.pipeline}' for the log source {source.id}",
                source.where,
                near(source.pipeline, pipelines),
            )
        for component in source.components:
            if component not in components and f"mappings/components/{component}" not in told:
                findings.add(
                    "DAC004",
                    f"no component template '{component}' for the log source {source.id}",
                    source.where,
                    near(component, components),
                )
    for name, body in pipelines.items():
        for called in pipelines_called(body):
            if called not in pipelines and f"mappings/pipelines/{called}" not in told:
                findings.add(
                    "DAC004",
                    f"the pipeline '{name}' calls '{called}', which does not exist",
                    Location(f"mappings/pipelines/{name}.yml"),
                    near(called, pipelines),
                )


def pipelines_called(value: Any) -> list[str]:
    """The short names of the pipelines that a pipeline's processors call, at any depth."""
    found: list[str] = []
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "pipeline" and isinstance(inner, dict) and isinstance(inner.get("name"), str):
                found.append(inner["name"])
            found.extend(pipelines_called(inner))
    elif isinstance(value, list):
        for inner in value:
            found.extend(pipelines_called(inner))
    return found


def _documents(root: Path, folder: str, schema: str, findings: Findings) -> list[yamlfile.Document]:
    documents = []
    inside = yamlfile.folder(root / folder, root, findings)
    for path in sorted(inside.glob("*.yml")) if inside else ():
        document = yamlfile.load(path, root, findings)
        if document is not None and validation.check(document, schema, findings):
            documents.append(document)
    return documents
