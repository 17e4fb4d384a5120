"""Component templates, ingest pipelines and index templates, as resources."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from deployer.catalogue.sources import pipelines_called
from deployer.model.analytic import LogSource, Repository
from deployer.model.resource import Kind, Resource
from deployer.render.naming import Naming

PRIORITY = 300
"""Above the priority of templates that come with OpenSearch and of the broad ones people write."""


def _priority(deployment: str) -> int:
    """The priority of a deployment's index templates: the server refuses two of the same priority for one pattern, and
    two deployments may share a cluster. Which of them shapes a stream that both read does not matter: both map ECS."""
    return PRIORITY + int.from_bytes(hashlib.sha256(deployment.encode()).digest()[:2]) % 1000


def render(repository: Repository, naming: Naming, sources: Iterable[str]) -> list[Resource]:
    """What the data streams of `sources` need, each object once, in the order of dependency.

    A component template or pipeline that is not there (its file has a finding) is left out.
    """
    wanted = [repository.sources[name] for name in sorted(set(sources))]
    components = sorted({name for source in wanted for name in source.components if name in repository.components})
    pipelines = _with_called(repository, {source.pipeline for source in wanted if source.pipeline})
    result = [_component(repository, naming, name) for name in components]
    result += [_pipeline(repository, naming, name) for name in pipelines]
    result += [_index_template(naming, source) for source in wanted]
    return result


def _meta(naming: Naming, key: str) -> dict[str, str]:
    return {"managed_by": "detection-deployer", "deployment": naming.deployment, "key": key}


def _with_called(repository: Repository, names: set[str]) -> list[str]:
    """The pipelines and those that they call; a called one comes before its callers."""
    order: list[str] = []

    def visit(name: str, above: tuple[str, ...]) -> None:
        if name in order or name in above or name not in repository.pipelines:
            return
        for called in pipelines_called(repository.pipelines[name]):
            visit(called, (*above, name))
        order.append(name)

    for name in sorted(names):
        visit(name, ())
    return order


def _component(repository: Repository, naming: Naming, name: str) -> Resource:
    key = f"component-template/{name}"
    source = repository.components[name]
    body = {"template": source["template"], "_meta": {**_meta(naming, key), "description": source["description"]}}
    return Resource(
        Kind.COMPONENT_TEMPLATE,
        key,
        naming.resource(name),
        body,
        {"description": source["description"], "template": source["template"]},
        (),
        repository.locations.get(f"components/{name}"),
    )


def _pipeline(repository: Repository, naming: Naming, name: str) -> Resource:
    key = f"ingest-pipeline/{name}"
    source = repository.pipelines[name]
    body = _named(source, naming)
    # A pipeline takes no _meta on this server, so its description carries the marker of ownership.
    body["description"] = f"{source['description'].strip()} [{naming.deployment} {key}]"
    depends = tuple(f"ingest-pipeline/{called}" for called in sorted(set(pipelines_called(source))))
    return Resource(
        Kind.INGEST_PIPELINE,
        key,
        naming.resource(name),
        body,
        dict(source),
        depends,
        repository.locations.get(f"pipelines/{name}"),
    )


def _named(value: Any, naming: Naming) -> Any:
    """The same pipeline with the short names of the pipelines it calls, at any depth, replaced by the cluster's."""
    if isinstance(value, list):
        return [_named(inner, naming) for inner in value]
    if not isinstance(value, dict):
        return value
    result = {key: _named(inner, naming) for key, inner in value.items()}
    called = result.get("pipeline")
    if isinstance(called, dict) and isinstance(called.get("name"), str):
        called["name"] = naming.resource(called["name"])
    return result


def _index_template(naming: Naming, source: LogSource) -> Resource:
    key = f"index-template/{source.id}"
    written = {"dataset": source.dataset, "pipeline": source.pipeline, "components": list(source.components)}
    settings = {"settings": {"index": {"default_pipeline": naming.resource(source.pipeline)}}} if source.pipeline else {}
    body = {
        "index_patterns": [naming.pattern(source.dataset)],
        "data_stream": {},
        "priority": _priority(naming.deployment),
        "composed_of": [naming.resource(name) for name in source.components],
        "template": {
            **settings,
            "mappings": {
                "properties": {
                    "data_stream": {
                        "properties": {
                            "dataset": {"type": "constant_keyword", "value": source.dataset},
                            "type": {"type": "constant_keyword", "value": "logs"},
                        }
                    }
                }
            },
        },
        "_meta": _meta(naming, key),
    }
    needed = [f"ingest-pipeline/{source.pipeline}"] if source.pipeline else []
    depends = (*(f"component-template/{name}" for name in source.components), *needed)
    return Resource(Kind.INDEX_TEMPLATE, key, naming.resource(source.id), body, written, depends, source.where)
