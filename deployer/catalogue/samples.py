"""`samples.yml`: the sample events of an analytic with the expected outcome of each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from deployer.catalogue import tunables, validation, yamlfile
from deployer.catalogue.yamlfile import Document, Path_
from deployer.model.analytic import Analytic, Case, Expectation, LogSource, SampleEvent
from deployer.model.draft import TODO
from deployer.model.finding import Findings, near


def load(
    path: Path,
    root: Path,
    analytic: Analytic,
    sources: Mapping[str, LogSource],
    findings: Findings,
    text: str | None = None,
) -> tuple[Case, ...]:
    """The cases of one analytic; those that are wrong are left out, with findings. `text` as in `yamlfile.load`."""
    document = formed(path, root, findings, text)
    if document is None:
        return ()
    reader = _Reader(document, analytic, sources, findings)
    return tuple(reader.case(index, raw) for index, raw in enumerate(document.value["cases"]))


def formed(path: Path, root: Path, findings: Findings, text: str | None = None) -> Document | None:
    """The file if it has the form of samples, else None, with findings; this much is known without the analytic."""
    document = yamlfile.load(path, root, findings, text)
    if document is None or not validation.check(document, "samples", findings):
        return None
    return document


class _Reader:
    def __init__(
        self, document: Document, analytic: Analytic, sources: Mapping[str, LogSource], findings: Findings
    ) -> None:
        self.document, self.analytic, self.sources, self.findings = document, analytic, sources, findings
        self.draft = analytic.status == "draft"

    def case(self, index: int, raw: dict[str, Any]) -> Case:
        path: Path_ = ("cases", index)
        general = raw.get("tunables", {})
        self._tunables(general, (*path, "tunables"))
        events = []
        for number, event in enumerate(raw["events"]):
            where = self.document.where(*path, "events", number)
            if event["source"] not in self.sources and not (self.draft and event["source"] == TODO):
                self.findings.add(
                    "DAC004",
                    f"no log source '{event['source']}'",
                    self.document.where(*path, "events", number, "source"),
                    near(event["source"], self.sources),
                )
            events.append(SampleEvent(event["source"], event["raw"], event.get("repeat", 1), where))
        variants = []
        for number, variant in enumerate(raw.get("variants", ())):
            place: Path_ = (*path, "variants", number)
            self._tunables(variant["tunables"], (*place, "tunables"))
            variants.append(
                Expectation(
                    {**general, **variant["tunables"]},
                    self._alerts(variant["expect"], (*place, "expect")),
                    self.document.where(*place),
                )
            )
        return Case(
            raw["name"],
            self._clock(raw["clock"], path),
            tuple(events),
            Expectation(general, self._alerts(raw["expect"], (*path, "expect")), self.document.where(*path, "expect")),
            tuple(variants),
            self.document.where(*path),
        )

    def _clock(self, text: str, path: Path_) -> int:
        try:
            return int(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp())
        except ValueError:
            self.findings.add(
                "DAC005", f"'{text}' is no time", self.document.where(*path, "clock"), "such as 2026-03-02T10:05:00Z"
            )
            return 0

    def _tunables(self, values: Mapping[str, Any], path: Path_) -> None:
        for name, value in values.items():
            tunable = self.analytic.tunables.get(name)
            if tunable is None:
                self.findings.add(
                    "DAC004",
                    f"{self.analytic.id} has no tunable '{name}'",
                    self.document.where(*path, name, key=True),
                    near(name, self.analytic.tunables),
                )
            else:
                tunables.check(tunable, value, self.document, (*path, name), self.findings)

    def _alerts(
        self, expect: Mapping[str, list[dict[str, str]]], path: Path_
    ) -> dict[str, frozenset[tuple[tuple[str, str], ...]]]:
        result = {}
        for key, entities in expect.items():
            monitor = self.analytic.monitors.get(key)
            if monitor is None and key not in self.analytic.workflows:
                self.findings.add(
                    "DAC004",
                    f"{self.analytic.id} has no monitor '{key}'",
                    self.document.where(*path, key, key=True),
                    near(key, {*self.analytic.monitors, *self.analytic.workflows}),
                )
                continue
            names = monitor.entity if monitor else ()
            for number, entity in enumerate(entities):
                if set(entity) != set(names):
                    self.findings.add(
                        "DAC010",
                        f"an alert of {key} names {', '.join(names) or 'nobody'}, and not {', '.join(entity) or 'nothing'}",
                        self.document.where(*path, key, number),
                    )
            result[key] = frozenset(tuple(sorted(entity.items())) for entity in entities)
        return result
