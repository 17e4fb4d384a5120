"""The `workflows` of an analytic: which of its monitors run one after the other, and what must come of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from deployer.catalogue.yamlfile import Document, Path_
from deployer.model.analytic import MonitorSpec, WorkflowSpec
from deployer.model.condition import All, AnyOf, Condition, Not, Use
from deployer.model.finding import Findings, near


def read(document: Document, monitors: Mapping[str, MonitorSpec], findings: Findings) -> dict[str, WorkflowSpec]:
    """The workflows of an analytic's file; a monitor that neither runs by itself nor in one of them is a finding."""
    found = {
        key: _workflow(document, key, raw, monitors, findings)
        for key, raw in document.value.get("workflows", {}).items()
    }
    for key, spec in monitors.items():
        if not spec.standalone and not any(key in workflow.monitors for workflow in found.values()):
            findings.add(
                "DAC011",
                f"monitors.{key} never runs: it is not standalone, and no workflow names it",
                spec.place("standalone"),
                "name it in a workflow, or let it run by itself",
            )
    return found


def _workflow(
    document: Document, key: str, raw: dict[str, Any], monitors: Mapping[str, MonitorSpec], findings: Findings
) -> WorkflowSpec:
    path: Path_ = ("workflows", key)
    if key in monitors:
        findings.add(
            "DAC002",
            f"a monitor is called {key} too",
            document.where(*path, key=True),
            "give the workflow another key: the environment and the samples name both by it",
        )
    for number, name in enumerate(raw["monitors"]):
        if name not in monitors:
            findings.add(
                "DAC004", f"no monitor '{name}'", document.where(*path, "monitors", number), near(name, monitors)
            )
    when = (
        _alerted(document, raw["when"], (*path, "when"), raw["monitors"], findings)
        if "when" in raw
        else All(tuple(Use(name, document.where(*path, "monitors")) for name in raw["monitors"]))
    )
    return WorkflowSpec(
        key=key,
        title=raw["title"],
        monitors=tuple(raw["monitors"]),
        when=when,
        where=document.where(*path, key=True),
        severity=raw.get("severity"),
        severity_reason=raw.get("severity_reason", ""),
        places={name: document.where(*path, name) for name in raw},
    )


def _alerted(document: Document, raw: Any, path: Path_, names: Sequence[str], findings: Findings) -> Condition:
    """Which monitors must have alerted: keys, combined by all, any and not."""
    if isinstance(raw, str):
        if raw not in names:
            findings.add("DAC004", f"the workflow does not run '{raw}'", document.where(*path), near(raw, names))
        return Use(raw, document.where(*path))
    ((form, value),) = raw.items()
    if form == "not":
        return Not(_alerted(document, value, (*path, form), names, findings))
    parts = tuple(_alerted(document, item, (*path, form, number), names, findings) for number, item in enumerate(value))
    return All(parts) if form == "all" else AnyOf(parts)
