"""`environments/<name>.yml`, read into an `Environment`. References to secrets stay references."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from deployer.catalogue import conditions, connections, exclusions, tunables, validation, yamlfile
from deployer.catalogue.yamlfile import Document
from deployer.model import durations
from deployer.model.analytic import Analytic, LogSource
from deployer.model.environment import (
    Channel,
    Control,
    Environment,
    Evidence,
    Exemption,
    Limits,
    MonitorOverride,
    SecretRef,
    SourceOverride,
)
from deployer.model.errors import Location, UsageError
from deployer.model.finding import Findings, near

MAIN = ("main", "master")
"""The branches that a production environment is deployed from if its file names none."""


def names(root: Path) -> list[str]:
    """The environments of a repository, sorted."""
    return sorted(path.stem for path in (root / "environments").glob("*.yml"))


def load(
    root: Path, name: str, analytics: Mapping[str, Analytic], sources: Mapping[str, LogSource], findings: Findings
) -> Environment | None:
    """The environment `name`; None (with findings) if the file has not the form. UsageError if there is no such file."""
    path = root / "environments" / f"{name}.yml"
    if name not in names(root):
        raise UsageError(
            f"there is no environment '{name}'",
            why=f"no file environments/{name}.yml below the repository",
            todo=near(name, names(root)),
        )
    document = yamlfile.load(path, root, findings)
    if document is None or not validation.check(document, "environment", findings):
        return None
    return _Reader(document, analytics, sources, findings).read(name)


class _Reader:
    def __init__(
        self,
        document: Document,
        analytics: Mapping[str, Analytic],
        sources: Mapping[str, LogSource],
        findings: Findings,
    ) -> None:
        self.document, self.analytics, self.sources, self.findings = document, analytics, sources, findings
        self.value: dict[str, Any] = document.value

    def read(self, name: str) -> Environment:
        value = self.value
        if value["name"] != name:
            self.findings.add(
                "DAC004",
                f"the name is '{value['name']}' in the file of '{name}'",
                self.document.where("name"),
                "name and file name must agree",
            )
        channels = {key: self._channel(key, raw) for key, raw in value.get("channels", {}).items()}
        first, *others = connections.read(self.document, self.findings)
        return Environment(
            name=value["name"],
            deployment=value["deployment"],
            connection=first,
            others=tuple(others),
            dashboards=connections.read_dashboards(self.document, self.findings),
            location=Location(self.document.file),
            production=value.get("production", False),
            namespace=value.get("data", {}).get("namespace", "default"),
            only_namespace=value.get("data", {}).get("only", False),
            pages_url=value.get("pages_url", "").rstrip("/"),
            notify=self._notify(channels),
            channels=channels,
            sources=self._sources(),
            entities={name: raw["expected"] for name, raw in self.value.get("entities", {}).items()},
            tunables=self._tunables(),
            monitors=self._monitors(),
            exceptions=self._exceptions(),
            exclusions=exclusions.read(self.document, self.value.get("exclusions"), self._excludable(), self.findings),
            limits=Limits(**value.get("limits", {})),
            control=self._control(value.get("production", False)),
            places=self._places(),
        )

    def _channel(self, key: str, raw: Mapping[str, Any]) -> Channel:
        url = connections.secret_or_text(self.document, raw["url"], "channels", key, "url")
        headers = {
            name: SecretRef(reference, self.document.where("channels", key, "headers", name))
            for name, reference in raw.get("headers", {}).items()
        }
        if headers and raw["type"] != "webhook":
            where = self.document.where("channels", key, "headers", key=True)
            self.findings.add("DAC004", f"'headers' does nothing with the type {raw['type']}", where, "webhook has them")
        return Channel(key, raw["type"], url, raw.get("description", ""), headers)

    def _control(self, production: bool) -> Control:
        """From what it is deployed; production is deployed from main or master, by tested commits, unless it says otherwise."""
        asked = self.value.get("test_report")
        key = (asked or {}).get("key")
        evidence = Evidence(
            (asked or {}).get("file"), SecretRef(key, self.document.where("test_report", "key")) if key else None
        )
        branches = self.value.get("branches", MAIN if production else ())
        wanted = evidence if production or asked is not None else None
        return Control(tuple(branches), self.value.get("require_plan", False), wanted)

    def _places(self) -> dict[str, Location]:
        """Where the values stand that findings about rendered monitors name."""
        paths: list[tuple[str, ...]] = [
            ("tunables", analytic, name)
            for analytic, values in self.value.get("tunables", {}).items()
            for name in values
        ]
        paths += [
            ("sources", source, name) for source, values in self.value.get("sources", {}).items() for name in values
        ]
        paths += [("monitors", name, key) for name, values in self.value.get("monitors", {}).items() for key in values]
        return {"/".join(path): self.document.where(*path) for path in paths}

    def _notify(self, channels: Mapping[str, Channel]) -> dict[str, tuple[str, ...]]:
        result = {}
        for severity, keys in self.value.get("notify", {}).items():
            for index, key in enumerate(keys):
                if key not in channels:
                    self.findings.add(
                        "DAC004",
                        f"no channel '{key}'",
                        self.document.where("notify", severity, index),
                        near(key, channels),
                    )
            result[severity] = tuple(key for key in keys if key in channels)
        return result

    def _known(self, analytic: str, *path: str | int) -> Analytic | None:
        if analytic not in self.analytics:
            self.findings.add(
                "DAC004",
                f"no analytic '{analytic}'",
                self.document.where(*path, key=True),
                near(analytic, self.analytics),
            )
        return self.analytics.get(analytic)

    def _sources(self) -> dict[str, SourceOverride]:
        result = {}
        for name, raw in self.value.get("sources", {}).items():
            if name not in self.sources:
                self.findings.add(
                    "DAC004",
                    f"no log source '{name}'",
                    self.document.where("sources", name, key=True),
                    near(name, self.sources),
                )
            for key, text in (("index", raw.get("index")), *(raw.get("filter") or {}).items()):
                place = ("sources", name, "index") if key == "index" else ("sources", name, "filter", key)
                tunables.check_braces(text, f"'{key}'", self.document, place, self.findings)
            delay, silence = (
                durations.seconds(raw[key]) if key in raw else None for key in ("ingest_delay", "silent_after")
            )
            result[name] = SourceOverride(raw.get("index"), raw.get("filter"), delay, silence)
        return result

    def _tunables(self) -> dict[str, dict[str, Any]]:
        result: dict[str, dict[str, Any]] = {}
        for analytic_id, values in self.value.get("tunables", {}).items():
            analytic = self._known(analytic_id, "tunables", analytic_id)
            if analytic is None:
                continue
            for name, value in values.items():
                if name not in analytic.tunables:
                    self.findings.add(
                        "DAC004",
                        f"{analytic_id} has no tunable '{name}'",
                        self.document.where("tunables", analytic_id, name, key=True),
                        near(name, analytic.tunables),
                    )
                elif tunables.check(
                    analytic.tunables[name], value, self.document, ("tunables", analytic_id, name), self.findings
                ):
                    result.setdefault(analytic_id, {})[name] = value
        return result

    def _monitors(self) -> dict[str, MonitorOverride]:
        result = {}
        for name, raw in self.value.get("monitors", {}).items():
            analytic_id, _, key = name.partition("/")
            analytic = self._known(analytic_id, "monitors", name)
            known = {*analytic.monitors, *analytic.workflows} if analytic else set()
            if analytic and key and key not in known:
                self.findings.add(
                    "DAC004",
                    f"{analytic_id} has no monitor '{key}'",
                    self.document.where("monitors", name, key=True),
                    near(key, known),
                )
            if analytic and analytic.protected and raw.get("enabled") is False:
                self.findings.add(
                    "DAC014",
                    f"{analytic_id} is protected and cannot be disabled",
                    self.document.where("monitors", name, "enabled"),
                )
            try:
                durations.whole_minutes(raw.get("reminder", "0s"))
            except ValueError as error:
                where = self.document.where("monitors", name, "reminder")
                self.findings.add("DAC005", str(error), where, "such as 4h, or 0s for none")
                continue
            result[name] = MonitorOverride(
                raw.get("enabled", True), raw.get("severity"), raw.get("schedule"), raw.get("reminder")
            )
        return result

    def _excludable(self) -> list[str]:
        """What an exclusion may be on: a log source, an analytic or a monitor. Analytics are read only if one is asked for."""
        if not any(raw.get("on") for raw in self.value.get("exclusions", ())):
            return []
        monitors = [f"{name}/{key}" for name, one in self.analytics.items() for key in (*one.monitors, *one.workflows)]
        return [*self.sources, *self.analytics, *monitors]

    def _exceptions(self) -> tuple[Exemption, ...]:
        result = []
        for index, raw in enumerate(self.value.get("exceptions", ())):
            where = self.document.where("exceptions", index)
            analytic = self._known(raw["analytic"], "exceptions", index, "analytic")
            condition = conditions.read(self.document, raw["where"], ("exceptions", index, "where"), self.findings)
            try:
                expires = date.fromisoformat(raw["expires"])
            except ValueError:
                self.findings.add(
                    "DAC005",
                    f"'{raw['expires']}' is no day",
                    self.document.where("exceptions", index, "expires"),
                    "such as 2027-03-31",
                )
                continue
            for key in raw.get("monitors", ()):
                if analytic and key not in analytic.monitors:
                    self.findings.add(
                        "DAC004", f"{analytic.id} has no monitor '{key}'", where, near(key, analytic.monitors)
                    )
            if condition is not None:
                result.append(
                    Exemption(
                        raw["id"],
                        raw["analytic"],
                        tuple(raw.get("monitors", ())),
                        condition,
                        raw["owner"],
                        raw["reason"],
                        expires,
                        where,
                    )
                )
        return tuple(result)
