"""What uses templates and pipelines: data streams, index templates and the settings of indices; three requests."""

from __future__ import annotations

from deployer.cluster.client import Cluster
from deployer.plan.live import Usage

_PIPELINES = ("index.default_pipeline", "index.final_pipeline")


def read_usage(cluster: Cluster) -> Usage:
    """The usage of a whole cluster; `known` is false if any of it may not be seen."""
    streams = cluster.seen("GET", "/_data_stream")
    templates = cluster.seen("GET", "/_index_template")
    settings = cluster.seen(
        "GET",
        f"/_all/_settings/{','.join(_PIPELINES)}",
        params={"flat_settings": "true", "expand_wildcards": "all", "ignore_unavailable": "true"},
    )
    if streams is None or templates is None or settings is None:
        return Usage(known=False)
    indices: dict[str, tuple[str, ...]] = {}
    for index, found in sorted(settings.items()):
        for name in _PIPELINES:
            pipeline = found.get("settings", {}).get(name)
            if pipeline:
                indices[pipeline] = (*indices.get(pipeline, ()), index)
    return Usage(
        {str(item["name"]): str(item.get("template", "")) for item in streams["data_streams"]},
        indices,
        {item["name"]: item["index_template"] for item in templates["index_templates"]},
    )
