"""Visualizations of OpenSearch Dashboards: the states of the kinds that the dashboards use (visState of version 7.10.0)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from deployer.model.saved_object import Reference, SavedObject

SEARCH_INDEX = "kibanaSavedObjectMeta.searchSourceJSON.index"
"""The name by which a visualization calls its index pattern."""

Filters = Mapping[str, str]
"""Label to a Lucene query: what becomes a series or a row each."""


def over_time(identity: str, title: str, about: str, pattern: str, query: str, field: str, filters: Filters) -> SavedObject:
    """Stacked columns: documents over time by `field`, a series a filter."""
    aggregations = [
        _aggregation("1", "count", "metric", {}),
        _aggregation(
            "2", "date_histogram", "segment",
            {"field": field, "interval": "auto", "min_doc_count": 1, "drop_partials": False, "extended_bounds": {}},
        ),
        _aggregation("3", "filters", "group", _filters(filters)),
    ]  # fmt: skip
    axis = {"show": True, "style": {}, "labels": {"show": True, "filter": True, "truncate": 100}, "title": {}}
    parameters = {
        "type": "histogram",
        "grid": {"categoryLines": False},
        "categoryAxes": [{**axis, "id": "CategoryAxis-1", "type": "category", "position": "bottom", "scale": {"type": "linear"}}],
        "valueAxes": [{**axis, "id": "ValueAxis-1", "name": "LeftAxis-1", "type": "value", "position": "left", "scale": {"type": "linear", "mode": "normal"}, "title": {"text": "Count"}}],
        "seriesParams": [{"show": True, "type": "histogram", "mode": "stacked", "data": {"label": "Count", "id": "1"}, "valueAxis": "ValueAxis-1", "drawLinesBetweenPoints": True, "showCircles": True}],
        "addTooltip": True,
        "addLegend": True,
        "legendPosition": "right",
        "times": [],
        "addTimeMarker": False,
        "labels": {"show": False},
        "thresholdLine": {"show": False, "value": 10, "width": 1, "style": "full", "color": "#E7664C"},
    }  # fmt: skip
    return _visualization(identity, title, about, "histogram", parameters, aggregations, pattern, query)


def most(identity: str, title: str, about: str, pattern: str, query: str, field: str, label: str) -> SavedObject:
    """A table of the 20 most frequent values of a keyword field."""
    terms = {
        "field": field, "size": 20, "order": "desc", "orderBy": "1", "otherBucket": False, "otherBucketLabel": "Other",
        "missingBucket": False, "missingBucketLabel": "Missing", "customLabel": label,
    }  # fmt: skip
    aggregations = [
        _aggregation("1", "count", "metric", {"customLabel": "Alerts"}),
        _aggregation("2", "terms", "bucket", terms),
    ]
    return _visualization(identity, title, about, "table", _TABLE, aggregations, pattern, query)


def last_seen(identity: str, title: str, about: str, pattern: str, field: str, filters: Filters) -> SavedObject:
    """A table, a row a filter: how many documents, and the time of the newest."""
    aggregations = [
        _aggregation("1", "count", "metric", {"customLabel": "Events"}),
        _aggregation("2", "max", "metric", {"field": field, "customLabel": "Last event"}),
        _aggregation("3", "filters", "bucket", _filters(filters)),
    ]
    return _visualization(identity, title, about, "table", _TABLE, aggregations, pattern, "")


def text(identity: str, title: str, about: str, markdown: str) -> SavedObject:
    """A text in Markdown."""
    parameters = {"fontSize": 12, "openLinksInNewTab": False, "markdown": markdown}
    return _visualization(identity, title, about, "markdown", parameters, [], "", "")


_TABLE = {
    "perPage": 20,
    "showPartialRows": False,
    "showMetricsAtAllLevels": False,
    "showTotal": False,
    "totalFunc": "sum",
    "percentageCol": "",
}


def _aggregation(identity: str, kind: str, schema: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": identity, "enabled": True, "type": kind, "schema": schema, "params": dict(parameters)}


def _filters(filters: Filters) -> dict[str, Any]:
    return {
        "filters": [
            {"input": {"query": query, "language": "lucene"}, "label": label} for label, query in filters.items()
        ]
    }


def _visualization(
    identity: str, title: str, about: str, kind: str, parameters: Mapping[str, Any],
    aggregations: Sequence[Mapping[str, Any]], pattern: str, query: str,
) -> SavedObject:  # fmt: skip
    state = {"title": title, "type": kind, "aggs": list(aggregations), "params": dict(parameters)}
    search = {"query": {"query": query, "language": "lucene"}, "filter": []}
    source = {**search, "indexRefName": SEARCH_INDEX} if pattern else search
    attributes = {
        "title": title,
        "description": about,
        "visState": dumped(state),
        "uiStateJSON": "{}",
        "version": 1,
        "kibanaSavedObjectMeta": {"searchSourceJSON": dumped(source)},
    }
    references = (Reference(SEARCH_INDEX, "index-pattern", pattern),) if pattern else ()
    return SavedObject("visualization", identity, attributes, references)


def dumped(value: Any) -> str:
    """JSON as a text within JSON."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
