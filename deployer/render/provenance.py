"""Which file or tunable decides what of a monitor or workflow, and of which files the rest is made."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable
from typing import Any

from deployer import __version__
from deployer.model.analytic import Analytic, MonitorSpec, WorkflowSpec
from deployer.model.condition import TunableRef
from deployer.render.overrides import override_of
from deployer.render.target import Target

BYTES = 8
"""Hexadecimal digits of a digest: it only tells whether a file changed since."""


def causes(
    analytic: Analytic, spec: MonitorSpec | WorkflowSpec, target: Target, sources: Iterable[str] = ()
) -> dict[str, str]:
    """What decides each field of what people wrote, by the beginning of its path; the empty one is for all others."""
    found = {"": spec.where.file}
    if isinstance(spec, MonitorSpec):
        given = {"window": spec.window, "threshold": spec.threshold, "reminder": spec.reminder}
        found |= {name: f"tunable {value.name}" for name, value in given.items() if isinstance(value, TunableRef)}
        found |= {
            "indices": ", ".join(dict.fromkeys(target.repository.sources[name].where.file for name in sorted(sources)))
        }
    environment = target.environment
    if environment is None:
        return found
    file = environment.location.file
    override = override_of(environment, analytic.id, spec.key)
    chosen = {"severity": override.severity, "schedule": override.schedule, "reminder": override.reminder}
    found |= {name: file for name, value in chosen.items() if value is not None}
    found |= dict.fromkeys(("channels", "exceptions", *(() if override.enabled else ("enabled",))), file)
    if any(environment.sources.get(name) and environment.sources[name].index for name in sources):
        found["indices"] = file
    found |= {f"tunables.{name}": file for name in environment.tunables.get(analytic.id, {})}
    return found


def made_of(target: Target, templates: Iterable[str], sources: Iterable[str] = ()) -> dict[str, str]:
    """The digests of everything else that a body is made of, by file: templates with all that they extend, the mappings of
    its log sources, and this tool's version."""
    key = (tuple(templates), tuple(sources))
    if key not in target.digests:
        repository, files = target.repository, dict[str, list[Any]]()
        for name in target.templates.reached(set(key[0])):
            files.setdefault(f"templates/{name}", []).append(repository.templates.get(name))
        for source in (repository.sources[name] for name in key[1]):
            plain = {name: value for name, value in dataclasses.asdict(source).items() if name != "where"}
            files.setdefault(source.where.file, []).append(plain)
            for component in source.components:
                where = repository.locations.get(f"components/{component}")
                if where is not None and component in repository.components:
                    files[where.file] = [repository.components[component]]
        if key[1]:
            files["mappings/entities.yml"] = [
                dataclasses.asdict(item) for _, item in sorted(repository.entities.items())
            ]
        target.digests[key] = {name: _digest(value) for name, value in sorted(files.items())} | {"tool": __version__}  # fmt: skip
    return target.digests[key]


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=repr).encode()).hexdigest()[:BYTES]
