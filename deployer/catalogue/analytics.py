"""`detections/<strategy>/<analytic>/analytic.yml`, read into an `Analytic`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from deployer.catalogue import conditions, exclusions, tunables, uses, validation, workflows, yamlfile
from deployer.catalogue.yamlfile import Document, Path_
from deployer.model.analytic import Analytic, Distinct, LogSourceUse, MonitorSpec, Tunable
from deployer.model.condition import Condition, TunableRef, Use
from deployer.model.finding import Findings

_BOUNDS = ("choices", "minimum", "maximum", "min_items", "max_items")


def load(path: Path, root: Path, findings: Findings, text: str | None = None) -> tuple[Analytic, Document] | None:
    """One analytic and the document it came from; None (with findings) if it has not the form. `text` as in `yamlfile.load`."""
    document = yamlfile.load(path, root, findings, text)
    if document is None or not validation.check(document, "analytic", findings):
        return None
    value = document.value
    events = {}
    for name, raw in value.get("events", {}).items():
        condition = conditions.read(document, raw, ("events", name), findings)
        if condition is not None:
            events[name] = condition
    monitors = {key: _monitor(document, key, raw, findings) for key, raw in value.get("monitors", {}).items()}
    if not uses.bounded(document, events, monitors.values(), findings):
        return None
    analytic = Analytic(
        id=value["id"],
        title=value["title"],
        description=value["description"].strip(),
        strategy=value["strategy"],
        attack={"techniques": [], "tactics": [], **value["attack"]},
        platform=value["platform"],
        status=value.get("status", "active"),
        severity=value["severity"],
        schedule=value["schedule"],
        protected=value.get("protected", False),
        tags=tuple(value.get("tags", ())),
        log_sources=tuple(
            LogSourceUse(
                item.get("source", ""),
                item["name"],
                item["channel"],
                item.get("data_component", ""),
                document.where("log_sources", index),
            )
            for index, item in enumerate(value.get("log_sources", ()))
        ),
        tunables={name: _tunable(document, name, raw, findings) for name, raw in value.get("tunables", {}).items()},
        events=events,
        monitors=monitors,
        false_positives=tuple(value["false_positives"]),
        response=tuple(value["response"]),
        references=tuple(value.get("references", ())),
        where=document.where("id"),
        folder=path.parent.relative_to(root).as_posix(),
        exclusions=exclusions.read(
            document, value.get("exclusions"), [*monitors, *value.get("workflows", {})], findings, value["id"]
        ),
        workflows=workflows.read(document, monitors, findings),
    )
    return analytic, document


def _tunable(document: Document, name: str, raw: dict[str, Any], findings: Findings) -> Tunable:
    path: Path_ = ("tunables", name)
    tunable = Tunable(
        name,
        raw["type"],
        raw["description"],
        raw["default"],
        {key: raw[key] for key in _BOUNDS if key in raw},
        document.where(*path, key=True),
    )
    if tunable.type == "choice" and not tunable.bounds.get("choices"):
        findings.add("DAC003", f"the choice {name} has no choices", tunable.where, "list the values that it may have")
        return tunable
    tunables.check(tunable, tunable.default, document, (*path, "default"), findings)
    return tunable


def _monitor(document: Document, key: str, raw: dict[str, Any], findings: Findings) -> MonitorSpec:
    path: Path_ = ("monitors", key)

    def condition(name: str) -> Condition | None:
        if name not in raw:
            return None
        if isinstance(raw[name], str):
            return Use(raw[name], document.where(*path, name))
        return conditions.read(document, raw[name], (*path, name), findings)

    _form(document, key, raw, findings)
    distinct = raw.get("distinct")
    return MonitorSpec(
        key=key,
        title=raw["title"],
        template=raw["template"],
        entity=tuple(raw.get("entity", ())),
        window=_ref(document, raw["window"], *path, "window") if "window" in raw else None,
        threshold=_ref(document, raw.get("threshold", 1), *path, "threshold"),
        where=document.where(*path, key=True),
        events=condition("events"),
        first=condition("first"),
        then=condition("then"),
        distinct=Distinct(distinct["field"], _ref(document, distinct["threshold"], *path, "distinct", "threshold"))
        if distinct
        else None,
        reminder=_ref(document, raw.get("reminder", "0s"), *path, "reminder"),
        severity=raw.get("severity"),
        severity_reason=raw.get("severity_reason", ""),
        show=tuple(raw.get("show", ())),
        standalone=raw.get("standalone", True),
        places={name: document.where(*path, name) for name in raw},
    )


_NEEDED = {
    "entity": (("events", "entity", "window"), ("first", "then")),
    "sequence": (("first", "then", "entity", "window"), ("events",)),
    "total": (("events", "window"), ("first", "then", "entity")),
    "document": (("events",), ("first", "then", "window", "threshold", "distinct", "reminder")),
}
"""What a monitor of each shape must have, and what it must not."""


def _form(document: Document, key: str, raw: dict[str, Any], findings: Findings) -> None:
    """What is missing in a monitor of its shape, and what its template would not use.

    A template of one's own, or a misspelt one, takes the shape that it is written with.
    """
    path: Path_ = ("monitors", key)
    shape = raw["template"]
    if shape not in _NEEDED:
        shape = (
            "sequence"
            if "first" in raw
            else "document"
            if "window" not in raw
            else "entity"
            if "entity" in raw
            else "total"
        )
    needed, unused = _NEEDED[shape]
    for name in needed:
        if name not in raw:
            findings.add(
                "DAC003",
                f"'{name}' is missing in monitors.{key}",
                document.where(*path),
                f"a monitor of the template {raw['template']} needs it",
            )
    for name in unused:
        if name in raw:
            findings.add(
                "DAC003",
                f"monitors.{key} has '{name}', which the template {raw['template']} does not use",
                document.where(*path, name, key=True),
            )


def _ref(document: Document, value: Any, *path: str | int) -> Any:
    return TunableRef(value["tunable"], document.where(*path, "tunable")) if isinstance(value, dict) else value
