"""What a rule looks at: a rendered monitor, and the people's files that it was made from."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from deployer.check.fire import clauses, lucene
from deployer.check.fire.clauses import Clause, table
from deployer.model import durations
from deployer.model.analytic import Analytic, MonitorSpec, Repository
from deployer.model.condition import All, AnyOf, Condition, FromSource, Not, Test, TunableRef, Use, When, walk
from deployer.model.environment import Environment
from deployer.model.errors import Location
from deployer.model.finding import Findings
from deployer.model.resource import Resource
from deployer.render import fields, schedules
from deployer.render.scope import Scope
from deployer.render.target import Target

Mapped = Mapping[str, Mapping[str, Any]]
"""Field to mapping."""

_EXTENDS = re.compile(r"\[%-?\s*(?:extends|include|import|from)\s+[\"']([^\"']+)[\"']")


@dataclass(slots=True)
class Shelf:
    """What all monitors of a repository share: computed once, for they are many."""

    repository: Repository
    _mapped: dict[str, Mapped] = field(default_factory=dict)

    def mapped(self, source: str) -> Mapped:
        """The fields of a log source."""
        if source not in self._mapped:
            self._mapped[source] = fields.mapped(self.repository, self.repository.sources[source])
        return self._mapped[source]


@dataclass
class Subject:
    """A rendered monitor. `sources` are the log sources whose events it reads."""

    resource: Resource
    analytic: Analytic
    spec: MonitorSpec
    target: Target
    shelf: Shelf

    @property
    def key(self) -> str:
        """The monitor as people name it: ``AN0904/discovery``."""
        return f"{self.analytic.id}/{self.spec.key}"

    @property
    def environment(self) -> Environment | None:
        """The environment that it was rendered for, if any."""
        return self.target.environment

    @property
    def repository(self) -> Repository:
        """Where it comes from."""
        return self.target.repository

    @cached_property
    def search(self) -> Mapping[str, Any]:
        """The search that it runs; of a document-level monitor, its queries as one."""
        return search_of(self.resource.body)

    @property
    def per_event(self) -> bool:
        """Whether it is a document-level monitor: it compares each new event, and looks back at none."""
        return bool(self.resource.body.get("monitor_type") == "doc_level_monitor")

    @property
    def texts(self) -> list[str]:
        """The queries of a document-level monitor, in Lucene's syntax, as they are sent."""
        return [str(item["query"]) for item in _input(self.resource.body)["queries"]] if self.per_event else []

    def names_of_queries(self, what: str) -> set[str]:
        """The names, ids or tags of the queries of a document-level monitor."""
        queries = _input(self.resource.body).get("queries") or []
        if what == "tag":
            return {str(tag) for item in queries for tag in item.get("tags") or ()}
        return {str(item.get(what)) for item in queries}

    @property
    def triggers(self) -> list[Mapping[str, Any]]:
        """Its triggers, of whatever kind."""
        return [inner for trigger in self.resource.body["triggers"] for inner in trigger.values()]

    @property
    def per_bucket(self) -> bool:
        """Whether it is a bucket-level monitor, the only ones with an aggregation in their conditions."""
        return bool(self.resource.body.get("monitor_type") == "bucket_level_monitor")

    @property
    def indices(self) -> list[str]:
        """The index patterns that it reads."""
        return [str(name) for name in _input(self.resource.body)["indices"]]

    @cached_property
    def tunables(self) -> dict[str, Any]:
        """The values of all tunables of the analytic."""
        values = {name: tunable.default for name, tunable in self.analytic.tunables.items()}
        if self.environment:
            values.update(self.environment.tunables.get(self.analytic.id, {}))
        return values

    @cached_property
    def sources(self) -> tuple[str, ...]:
        """The log sources that it reads."""
        scope = self.scope()
        named = scope.sources(self.spec.events, self.spec.first, self.spec.then)
        return tuple(source for source in named if source in self.repository.sources)

    def scope(self) -> Scope:
        """To compile a condition of it anew; what is wrong with that was found before."""
        return Scope(self.repository, self.analytic, self.tunables, Findings(), self.environment)

    @cached_property
    def clauses(self) -> list[Clause]:
        """The leaves of its query."""
        datasets = {self.repository.sources[source].dataset: source for source in self.sources}
        return list(clauses.leaves(self.search.get("query"), datasets, self.sources))

    @cached_property
    def scripts(self) -> tuple[str, ...]:
        """The text of every script in its search."""
        return tuple(clauses.scripts(self.search))

    @property
    def derived(self) -> Mapping[str, Mapping[str, Any]]:
        """The fields that its search derives."""
        return {str(name): table(body) for name, body in table(self.search.get("derived")).items()}

    def mappings(self, name: str, sources: Sequence[str] | None = None) -> dict[str, Mapping[str, Any]]:
        """The mapping of a field in each log source that has it; a derived field is of all."""
        asked = self.sources if sources is None else sources
        if name in self.derived:
            return dict.fromkeys(asked, self.derived[name])
        found: dict[str, Mapping[str, Any]] = {}
        for source in asked:
            mapped = self.shelf.mapped(source)
            mapping = mapped.get(name) or _within_flat_object(name, mapped)
            if mapping is not None:
                found[source] = mapping
        return found

    @property
    def seconds_needed(self) -> tuple[int, int, int]:
        """Window, longest gap of the schedule and the slowest source's delay, in seconds."""
        scope = self.scope()
        window = scope.value(self.spec.window, self.spec.where)
        overrides = [scope.override(source).ingest_delay for source in self.sources]
        delays = [
            self.repository.sources[source].ingest_delay if own is None else own
            for source, own in zip(self.sources, overrides, strict=True)
        ]
        gap = schedules.longest_gap(self.resource.written["schedule"])
        return durations.seconds(window) if isinstance(window, str) else 0, gap, max(delays, default=0)

    def number(self, value: int | TunableRef) -> int:
        """A threshold, its tunable resolved."""
        found = self.scope().value(value, self.spec.where)
        return found if isinstance(found, int) else 1

    def tests(self) -> Iterator[Test]:
        """Every test of the monitor's own conditions, those of named events too."""
        return (test for test, _ in self.signed_tests())

    def signed_tests(self) -> Iterator[tuple[Test, bool]]:
        """The same, each with whether it stands below an odd number of `not`."""
        waiting: list[tuple[Condition | None, bool]] = [
            (condition, False) for condition in (self.spec.then, self.spec.first, self.spec.events)
        ]
        seen: set[tuple[str, bool]] = set()
        while waiting:
            condition, negative = waiting.pop()
            match condition:
                case Test():
                    yield condition, negative
                case Not(part):
                    waiting.append((part, not negative))
                case All(parts) | AnyOf(parts):
                    waiting += [(part, negative) for part in reversed(parts)]
                case FromSource(part=part):
                    waiting.append((part, negative))
                case When(then=then, otherwise=otherwise):
                    waiting += [(otherwise, negative), (then, negative)]
                case Use(name) if (name, negative) not in seen:
                    seen.add((name, negative))
                    waiting.append((self.analytic.events.get(name), negative))

    def place(self, name: str, value: Any = None) -> Location:
        """Where a person wrote a clause of the body: in a condition, a tunable, an exception or a template."""
        tests = [test for test in self.tests() if test.field == name]
        exempted = [
            test
            for item in self.exemptions()
            for test in walk(item.where)
            if isinstance(test, Test) and test.field == name
        ]
        for test in (*tests, *exempted):
            if value is not None and _holds(self.value(test), value):
                return self.place_of_value(test)
        own = self.in_template(*(() if value is None else (value,)), name)
        if own is not None:
            return own
        return self.place_of_value((*tests, *exempted)[0]) if tests or exempted else self.spec.where

    def value(self, test: Test) -> Any:
        """What a test compares with, its tunable resolved."""
        return self.tunables.get(test.value.name) if isinstance(test.value, TunableRef) else test.value

    def place_of_value(self, test: Test) -> Location:
        """Where the value of a test stands."""
        return self.place_of_tunable(test.value.name) if isinstance(test.value, TunableRef) else test.where

    def place_of_tunable(self, name: str) -> Location:
        """Where the value of a tunable stands: in the environment, or else its default in the analytic."""
        environment = self.environment
        if environment and name in environment.tunables.get(self.analytic.id, {}):
            return environment.place("tunables", self.analytic.id, name)
        return self.analytic.tunables[name].where if name in self.analytic.tunables else self.spec.where

    def exemptions(self) -> list[Any]:
        """The environment's exceptions that are about this monitor."""
        return [
            item
            for item in (self.environment.exceptions if self.environment else ())
            if item.analytic == self.analytic.id and (not item.monitors or self.spec.key in item.monitors)
        ]

    def in_template(self, *texts: Any) -> Location | None:
        """The first place in the monitor's template (or one that it extends) where one of the texts stands."""
        for text in texts:
            shown = text if isinstance(text, str) else json.dumps(text)
            written = [shown, json.dumps(shown, ensure_ascii=False)[1:-1]]
            for name in self._templates():
                for number, line in enumerate(self.repository.templates[name].splitlines(), 1):
                    found = next((line.find(form) for form in written if form and form in line), -1)
                    if found >= 0:
                        return Location(f"templates/{name}", number, found + 1)
        return None

    def _templates(self) -> list[str]:
        waiting, found = [f"monitors/{self.spec.template}.json.j2"], []
        while waiting:
            name = waiting.pop(0)
            if name in self.repository.templates and name not in found:
                found.append(name)
                waiting += _EXTENDS.findall(self.repository.templates[name])
        return found


def search_of(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The search of a rendered monitor. A document-level one has texts in Lucene's syntax: they are shown as query DSL."""
    found = _input(body)
    if "queries" not in found:
        search: Mapping[str, Any] = found["query"]
        return search
    trees = [
        lucene.tree({"query": str(item["query"]), "fields": item.get("fields") or []}) for item in found["queries"]
    ]
    return {"query": trees[0] if len(trees) == 1 else {"bool": {"should": trees, "minimum_should_match": 1}}}


def _input(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The one input of a rendered monitor."""
    (found,) = body["inputs"][0].values()
    return table(found)


def _holds(written: Any, value: Any) -> bool:
    """Whether what a person wrote is, or has, what a rendered clause compares with (which may be written otherwise)."""
    listed = written if isinstance(written, list) else [written]
    plain = value.replace("\\\\", "\\") if isinstance(value, str) else value
    return any(item in (value, plain) or (isinstance(item, str) and item.strip("/") == value) for item in listed)


def _within_flat_object(name: str, mapped: Mapped) -> Mapping[str, Any] | None:
    """The mapping of an object that is kept flat, and so has every field below it."""
    while "." in name:
        name = name.rpartition(".")[0]
        if mapped.get(name, {}).get("type") in ("flat_object", "flattened"):
            return {"type": "keyword", "ignore_above": 1024}
    return None
