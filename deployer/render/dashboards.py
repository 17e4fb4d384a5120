"""A dashboard a strategy for OpenSearch Dashboards: alerts over time, top entities, volume of each analytic, health of its sources.

Alerts are found by the id of their trigger, which begins with the deployment and the analytic (`Naming.trigger`), in the indices that
the Alerting plugin keeps; who and where is `agg_alert_content.bucket.key`, which that index maps as text with `.keyword`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from deployer.model.analytic import SEVERITIES, Analytic, Repository
from deployer.model.environment import Environment
from deployer.model.saved_object import Reference, SavedObject
from deployer.render import visualizations as draw
from deployer.render.channels import naming_of
from deployer.render.environment import active, used

ALERTS = ".opendistro-alerting-alert*"
"""The open alerts (`.opendistro-alerting-alerts`) and those that are over (`.opendistro-alerting-alert-history-*`)."""

WIDTH, HEIGHT = 48, 14
"""Columns of a dashboard's grid, and rows of a panel."""

_SPECIAL = re.compile(r'([+\-=&|><!(){}\[\]^"~*?:\\/ ])')
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+!|<>~&-])")


def dashboards(repository: Repository, environment: Environment) -> tuple[SavedObject, ...]:
    """The saved objects of an environment: for each strategy with an active analytic a dashboard and what it needs.

    Ids are made of the deployment and the strategy, so they stay the same while these do.
    """
    found: list[SavedObject] = []
    analytics = active(repository)
    if analytics:
        found.append(_pattern(f"{environment.deployment}-alerts", ALERTS, "start_time"))
    for strategy in sorted({analytic.strategy for analytic in analytics.values()}):
        own = [analytic for analytic in analytics.values() if analytic.strategy == strategy]
        found += _Strategy(repository, environment, strategy, own).objects()
    return tuple(item.marked() for item in found)


class _Strategy:
    def __init__(
        self, repository: Repository, environment: Environment, strategy: str, analytics: Sequence[Analytic]
    ) -> None:
        self.repository, self.environment, self.strategy, self.analytics = repository, environment, strategy, analytics
        self.alerts = f"{environment.deployment}-alerts"
        self.events = self._id("events")

    def objects(self) -> list[SavedObject]:
        """The index pattern of its events, its visualizations, and the dashboard with them."""
        sources = self._sources()
        indices = dict.fromkeys(index for index, _ in sources.values())
        rows = [[self._note()], [self._by_severity(), self._by_analytic()], list(self._entities())]
        rows.append(self._events({name: query for name, (_, query) in sources.items()}))
        return [
            _pattern(self.events, ",".join(indices), "@timestamp"),
            *(item for row in rows for item in row),
            self._dashboard([row for row in rows if row]),
        ]

    def _id(self, part: str) -> str:
        return f"{self.environment.deployment}-{self.strategy}-{part}"

    def _of(self, analytic: Analytic) -> str:
        return f"trigger_id:{_escaped(naming_of(self.environment).trigger(analytic.id, ''))}*"

    def _query(self) -> str:
        """The strategy's alerts, without those of monitors that ran within a workflow: the workflow's own counts."""
        return f"({' OR '.join(self._of(analytic) for analytic in self.analytics)}) AND NOT state:AUDIT"

    def _note(self) -> SavedObject:
        lines = [f"**{_plain(self.strategy)}** of {_plain(self.environment.deployment)}", ""]
        pages = self.environment.pages_url
        for analytic in self.analytics:
            name = f"[{analytic.id}]({pages}/{analytic.id})" if pages else analytic.id
            lines.append(f"- {name} {_plain(analytic.title)} ({_plain(analytic.platform)}, {analytic.severity})")
        lines += ["", "If there are alerts and the panels of alerts are empty, you may not read the indices of alerts: ask who runs the cluster."]  # fmt: skip
        return draw.text(self._id("about"), f"{self.strategy}: about", "What this dashboard is about.", "\n".join(lines))

    def _by_severity(self) -> SavedObject:
        filters = {word: f"severity:{number}" for word, number in SEVERITIES.items()}
        return draw.over_time(
            self._id("alerts-over-time"), f"{self.strategy}: alerts over time", "Alerts by the time they opened, by severity.",
            self.alerts, self._query(), "start_time", filters,
        )  # fmt: skip

    def _by_analytic(self) -> SavedObject:
        filters = {analytic.id: self._of(analytic) for analytic in self.analytics}
        return draw.over_time(
            self._id("alerts-by-analytic"), f"{self.strategy}: alerts by analytic", "Alerts by the time they opened, by analytic.",
            self.alerts, self._query(), "start_time", filters,
        )  # fmt: skip

    def _entities(self) -> Iterator[SavedObject]:
        names = {name for analytic in self.analytics for spec in analytic.monitors.values() if spec.level == "bucket" for name in spec.entity}  # fmt: skip
        for name in sorted(names):
            title = self.repository.entities[name].title if name in self.repository.entities else name
            yield draw.most(
                self._id(f"top-{name}"), f"{self.strategy}: top {name}", f"{title}: which had most alerts.",
                self.alerts, self._query(), f"agg_alert_content.bucket.key.{name}.keyword", title,
            )  # fmt: skip

    def _events(self, filters: dict[str, str]) -> list[SavedObject]:
        return [
            draw.over_time(
                self._id("events-by-source"), f"{self.strategy}: events by log source", "Events of the log sources that its analytics read.",
                self.events, "", "@timestamp", filters,
            ),
            draw.last_seen(
                self._id("source-health"), f"{self.strategy}: health of log sources", "Events of each log source within the time chosen, and the newest of them.",
                self.events, "@timestamp", filters,
            ),
        ]  # fmt: skip

    def _sources(self) -> dict[str, tuple[str, str]]:
        """Each log source with its index pattern and the query that tells its events from others there."""
        naming = naming_of(self.environment)
        found: dict[str, tuple[str, str]] = {}
        for name in sorted({source for analytic in self.analytics for source in used(analytic)}):
            source, override = self.repository.sources.get(name), self.environment.sources.get(name)
            if source is None:
                continue
            index = override.index if override and override.index else naming.pattern(source.dataset)
            if override and override.filter:
                terms = sorted(override.filter.items())
                query = " AND ".join(f'{field}:"{_quoted(value)}"' for field, value in terms)
            elif override and override.index:
                query = " OR ".join(f"_index:{_escaped(part, keep='*')}" for part in index.split(","))
            else:
                query = f'data_stream.dataset:"{_quoted(source.dataset)}"'
            found[name] = (index, query)
        return found

    def _dashboard(self, rows: Sequence[Sequence[SavedObject]]) -> SavedObject:
        panels: list[dict[str, Any]] = []
        references: list[Reference] = []
        top = 0
        for row in rows:
            height = 8 if row[0].id == self._id("about") else HEIGHT
            for place, item in enumerate(row):
                number = len(panels)
                left, right = WIDTH * place // len(row), WIDTH * (place + 1) // len(row)
                panels.append(
                    {
                        "version": "7.9.3",
                        "panelIndex": str(number + 1),
                        "gridData": {"x": left, "y": top, "w": right - left, "h": height, "i": str(number + 1)},
                        "embeddableConfig": {},
                        "panelRefName": f"panel_{number}",
                    }
                )
                references.append(Reference(f"panel_{number}", item.type, item.id))
            top += height
        search = {"query": {"query": "", "language": "kuery"}, "filter": []}
        attributes = {
            "title": f"Detections: {self.strategy} ({self.environment.deployment})",
            "description": f"Alerts, entities and log sources of {self.strategy}.",
            "hits": 0,
            "panelsJSON": draw.dumped(panels),
            "optionsJSON": draw.dumped({"useMargins": True, "hidePanelTitles": False}),
            "version": 1,
            "timeRestore": True,
            "timeFrom": "now-7d",
            "timeTo": "now",
            "refreshInterval": {"pause": True, "value": 0},
            "kibanaSavedObjectMeta": {"searchSourceJSON": draw.dumped(search)},
        }
        return SavedObject("dashboard", self._id("dashboard"), attributes, tuple(references))


def _pattern(identity: str, title: str, time: str) -> SavedObject:
    return SavedObject("index-pattern", identity, {"title": title, "timeFieldName": time})


def _escaped(text: str, keep: str = "") -> str:
    """A text within a Lucene query, blanks and all, as it is."""
    return _SPECIAL.sub(lambda match: match[0] if match[0] in keep else f"\\{match[0]}", text)


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _plain(text: str) -> str:
    """A text that Markdown shows as it is, on one line."""
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))
