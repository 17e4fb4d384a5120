"""A monitor of an analytic, rendered into the body that is sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from deployer.catalogue.validation import check_value
from deployer.model import durations
from deployer.model.analytic import SEVERITIES, Analytic, MonitorSpec
from deployer.model.condition import TunableRef, describe
from deployer.model.environment import Exemption
from deployer.model.errors import DeployerError, Location
from deployer.model.finding import Findings, near
from deployer.model.resource import Kind, Resource
from deployer.render import derived, messages, provenance, query, query_string, schedules
from deployer.render.overrides import channels_of, override_of
from deployer.render.scope import Scope, unknown_sources
from deployer.render.target import Target

MAX_SEARCH = 55_000
"""Bytes of a search as sent. The server stores it 6 to 30 % larger (measured), compiles it as one template at each run,
and refuses scripts above 65,535 bytes (``script.max_size_in_bytes``): the monitor would fail without a word."""

COMPOSITE_SIZE = 10_000
"""Entities on the first page of a monitor's buckets. The server takes a message's samples from that page only (FACTS.md,
"Messages"), so it must hold all of which events lie in a look-back, alerting or not; a few entities cost no more in it."""

MAX_COMPOSITE = 60_000
"""The most entities on a page, whatever is expected: the server refuses a search with more than 65,535 buckets."""


def render(
    analytic: Analytic, spec: MonitorSpec, target: Target, findings: Findings, tunables: Mapping[str, Any] | None = None
) -> Resource | None:
    """One monitor as a resource, or None with findings.

    `tunables` are values beside the defaults (the environment's are taken by themselves; these win over them).
    """
    known = len(findings.errors)
    if not _whole(analytic, spec, target, findings):
        return None
    environment = target.environment
    values = {name: tunable.default for name, tunable in analytic.tunables.items()}
    values.update(environment.tunables.get(analytic.id, {}) if environment else {})
    values.update(tunables or {})
    scope = Scope(target.repository, analytic, values, findings, environment)
    context = _Context(analytic, spec, target, scope)
    body, written = context.render()
    if len(findings.errors) > known or body is None:
        return None
    depends = tuple(f"channel/{channel}" for channel in context.channels()) + tuple(
        f"index-template/{source}"
        for source in context.sources
        if target.repository.sources[source].pipeline and not scope.override(source).index
    )
    return Resource(
        Kind.MONITOR,
        f"monitor/{analytic.id}/{spec.key}",
        body["name"],
        body,
        written,
        depends,
        spec.where,
        analytic.id,
        analytic.protected,
        causes=provenance.causes(analytic, spec, target, context.sources),
        made_of=provenance.made_of(
            target, (f"monitors/{spec.template}.json.j2", *messages.templates(spec)), tuple(context.sources)
        ),
    )


def _whole(analytic: Analytic, spec: MonitorSpec, target: Target, findings: Findings) -> bool:
    """Whether the template exists and some log source of the analytic does; more errors would only follow from that."""
    templates = target.templates.monitors()
    if spec.template not in templates:
        findings.add(
            "DAC004",
            f"no template '{spec.template}' for the monitor {spec.key}",
            spec.place("template"),
            near(spec.template, templates),
        )
        return False
    unknown_sources(analytic, target.repository, findings)
    return any(use.source in target.repository.sources for use in analytic.log_sources)


_SCHEMAS = {"query_level_monitor": "monitor-query", "doc_level_monitor": "monitor-document"}


def schema_of(body: Mapping[str, Any]) -> str:
    """The name of the schema that a rendered monitor must have the form of."""
    return _SCHEMAS.get(str(body.get("monitor_type")), "monitor-bucket")


def _formed(body: Mapping[str, Any]) -> bool:
    """Whether a body has what is read of it here and by the rules; the schema, which tells what is missing, takes longer."""
    try:
        conditions = [inner["condition"] for trigger in body["triggers"] for inner in trigger.values()]
        (found,) = body["inputs"][0].values()
        known = isinstance(body["name"], str) and isinstance(found["indices"], list)
        asked = (
            [str(item["query"]) for item in found["queries"]]
            if "doc_level_input" in body["inputs"][0]
            else found["query"]
        )
        return known and bool(asked) and all(isinstance(value, dict) for value in conditions) and bool(conditions)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError):
        return False


class _Context:
    def __init__(self, analytic: Analytic, spec: MonitorSpec, target: Target, scope: Scope) -> None:
        self.analytic, self.spec, self.target, self.scope = analytic, spec, target, scope
        self.sources = [
            source
            for source in scope.sources(spec.events, spec.first, spec.then)
            if source in target.repository.sources
        ]
        self.override = override_of(target.environment, analytic.id, spec.key)

    @property
    def severity(self) -> str:
        return self.override.severity or self.spec.severity or self.analytic.severity

    def channels(self) -> tuple[str, ...]:
        return channels_of(self.target.environment, self.severity)

    def _number(self, value: Any) -> int:
        found = self.scope.value(value, self.spec.where)
        return int(found) if isinstance(found, int) else 1

    def _seconds(self, value: str | TunableRef | None) -> int:
        found = self.scope.value(value, self.spec.where)
        return durations.seconds(found) if isinstance(found, str) else 0

    def render(self) -> tuple[dict[str, Any] | None, dict[str, Any]]:
        spec, analytic, scope = self.spec, self.analytic, self.scope
        schedule = self.override.schedule or analytic.schedule
        try:
            interval = schedules.longest_gap(schedule)
        except ValueError as error:
            scope.findings.add("DAC005", str(error), spec.where)
            return None, {}
        delay = max((self._delay(source) for source in self.sources), default=0)
        window = self._seconds(spec.window)
        look_back = window + interval + delay
        exceptions = self._exceptions()
        values: dict[str, Any] = {
            "name": f"{analytic.id} {spec.title}",
            "owner": self.target.naming.owner,
            "enabled": self.enabled,
            "schedule": schedules.body(schedule),
            "indices": self._indices(),
            "look_back_from": f"{{{{period_end}}}}||-{look_back}s",
            "look_back_to": "{{period_end}}",
            "exceptions": self._left_out(exceptions),
            "composite_size": self._page(),
            "entity_sources": [{name: {"terms": {"field": f"entity_{name}"}}} for name in spec.entity],
            "derived": derived.fields_of(spec, scope, self.sources),
            "trigger_id": self.target.naming.trigger(analytic.id, spec.key),
            "title": spec.title,
            "severity_level": SEVERITIES[self.severity],
            "threshold": self._number(spec.threshold),
            "distinct": self._distinct(),
            **self._kinds(),
        }
        reminder = self._reminder()
        self._shown()
        try:
            notice = messages.Notice(self.severity, look_back, reminder, self.channels())
            values["actions"] = messages.actions(analytic, spec, notice, self.target)
            body = self.target.templates.body(f"monitors/{spec.template}.json.j2", values)
        except DeployerError as error:
            scope.findings.add("DAC015", error.what, error.where or spec.where, error.why or error.todo)
            return None, {}
        if not _formed(body):
            template = Location(f"templates/monitors/{spec.template}.json.j2")
            for message in check_value(body, schema_of(body))[:3] or ["it lacks what every monitor has"]:
                scope.findings.add(
                    "DAC015", f"the template does not make a monitor that the server takes: {message}", template
                )
            return None, {}
        size = len(json.dumps(body["inputs"][0].get("search", {}).get("query"), separators=(",", ":")))
        if size > MAX_SEARCH:
            scope.findings.add(
                "DAC018",
                f"the search of {analytic.id}/{spec.key} has {size:,} bytes, and the server runs none above 65,535",
                spec.where,
                f"shorten its lists, or ask each list once for several sources; {MAX_SEARCH:,} bytes are safe",
            )
        return body, self._written(values, schedule, window, reminder, exceptions)

    def _shown(self) -> None:
        """The fields that a message shows must be mapped in some source; a misspelt one would never show."""
        for name in self.spec.show:
            kept = {".".join(name.split(".")[:length]) for length in range(1, name.count(".") + 2)}
            if self.sources and not any(kept & set(self.scope.types(source)) for source in self.sources):
                self.scope.findings.add(
                    "DAC007",
                    f"the field '{name}' of `show` is in the mapping of none of {', '.join(self.sources)}",
                    self.spec.place("show"),
                    query.near_field(name, self.scope.types(self.sources[0])),
                )

    def _reminder(self) -> int:
        """After how many seconds an alert that goes on is told again; 0 for never. It becomes the notification's throttle."""
        found = self.override.reminder or self.scope.value(self.spec.reminder, self.spec.where)
        try:
            return durations.whole_minutes(str(found or "0s"))
        except ValueError as error:
            self.scope.findings.add("DAC005", str(error), self.spec.place("reminder"), "such as 4h, or 0s for none")
            return 0

    def _page(self) -> int:
        """Buckets on the first page: room for the entities expected, within what the server gives at once."""
        expected = [self.target.expected(name) for name in self.spec.entity]
        return min(max([COMPOSITE_SIZE, *expected]), MAX_COMPOSITE)

    def _indices(self) -> list[str]:
        """Where the events lie. A document-level monitor takes one index, alias or data stream by name (measured: neither a
        pattern nor a name with a dot in it), which must be there."""
        found = [
            self.scope.override(source).index
            or self.target.naming.pattern(self.scope.repository.sources[source].dataset)
            for source in self.sources
        ]
        odd = [name for name in found if any(char in name for char in ".*?,<[{(+^$|")]
        if self.spec.level == "document" and self.target.environment is not None and odd:
            self.scope.findings.add(
                "DAC019",
                f"the document-level monitor {self.analytic.id}/{self.spec.key} would read {', '.join(odd)}",
                self.spec.place("template"),
                f"give its log source an `index` in environments/{self.target.environment.name}.yml: the name of an index, alias or data "
                "stream without dots and wildcards; or use the template entity",
            )
        return found

    def _left_out(self, exceptions: list[Exemption]) -> list[dict[str, Any]]:
        if self.spec.level == "document":
            return []
        return [query.compile_condition(item.where, self.scope, self.sources) for item in exceptions]

    @property
    def enabled(self) -> bool:
        """Whether it runs by itself."""
        return self.override.enabled and self.spec.standalone

    def _delay(self, source: str) -> int:
        override = self.scope.override(source).ingest_delay
        return self.scope.repository.sources[source].ingest_delay if override is None else override

    def _kinds(self) -> dict[str, Any]:
        spec, scope = self.spec, self.scope
        if spec.events is not None and spec.level == "document":
            texts = [query_string.compile_text(spec.events, scope, self.sources)]
            texts += [
                query_string.none_of(query_string.compile_text(item.where, scope, self.sources))
                for item in self._exceptions()
            ]
            return {"query": " AND ".join(texts)}
        if spec.events is not None:
            return {"query": query.compile_condition(spec.events, scope, self.sources)}
        if spec.first is None or spec.then is None:
            return {}
        return {
            "first_query": query.compile_condition(spec.first, scope, self.sources),
            "then_query": query.compile_condition(spec.then, scope, self.sources),
        }

    def _distinct(self) -> dict[str, Any] | None:
        if self.spec.distinct is None:
            return None
        for source in self.sources:
            if self.scope.types(source).get(self.spec.distinct.field) not in (
                "keyword",
                "constant_keyword",
                "ip",
                "long",
            ):
                self.scope.findings.add(
                    "DAC007",
                    f"distinct values of '{self.spec.distinct.field}' cannot be counted: it is no keyword of {source}",
                    self.spec.where,
                )
        return {"field": self.spec.distinct.field, "threshold": self._number(self.spec.distinct.threshold)}

    def _exceptions(self) -> list[Exemption]:
        environment = self.target.environment
        if environment is None:
            return []
        return [
            item
            for item in environment.exceptions
            if item.analytic == self.analytic.id and (not item.monitors or self.spec.key in item.monitors)
        ]

    def _written(
        self,
        values: Mapping[str, Any],
        schedule: Mapping[str, str],
        window: int,
        reminder: int,
        exceptions: list[Exemption],
    ) -> dict[str, Any]:
        """What people wrote, for plans: a change of it tells a reviewer more than a change of the body."""
        written: dict[str, Any] = {
            "title": self.spec.title,
            "enabled": self.enabled,
            "severity": self.severity,
            "schedule": dict(schedule),
            **(
                {"window": durations.words(window), "threshold": values["threshold"]}
                if self.spec.window is not None
                else {}
            ),
            "entity": list(self.spec.entity),
            "conditions": {
                name: describe(condition)
                for name, condition in (
                    ("events", self.spec.events),
                    ("first", self.spec.first),
                    ("then", self.spec.then),
                )
                if condition is not None
            },
            "events": {name: describe(self.analytic.events[name]) for name in self.scope.named},
            "indices": values["indices"],
            "template": self.spec.template,
            "channels": list(self.channels()),
            "tunables": dict(sorted(self.scope.used.items())),
        }
        if reminder:
            written["reminder"] = durations.words(reminder)
        if exceptions:
            written["exceptions"] = [item.id for item in exceptions]
        return written
