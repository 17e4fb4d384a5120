"""Rules about log sources: how ATT&CK's channels are found must be possible with the fields that there are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from deployer.model.analytic import Repository
from deployer.model.finding import Findings, near
from deployer.render import fields


def check_sources(repository: Repository, findings: Findings) -> None:
    """Add a finding (DAC007) for each field in `attack` of a log source that its components do not map."""
    for source in repository.sources.values():
        if not all(name in repository.components for name in source.components):
            continue  # a finding of its own; every field would be said to be missing
        known = fields.of_source(repository, source)
        for entry in source.attack:
            for name in [*_named(entry.where), *([entry.field] if entry.field else [])]:
                if name not in known:
                    findings.add(
                        "DAC007",
                        f"the field '{name}' is not in the mapping of {source.id}",
                        entry.place,
                        near(name, known),
                    )


def _named(condition: Any) -> Iterator[str]:
    """The fields that a condition, as it is written, names."""
    if isinstance(condition, list):
        for inner in condition:
            yield from _named(inner)
    elif isinstance(condition, dict):
        if isinstance(condition.get("field"), str):
            yield condition["field"]
        for key, inner in condition.items():
            if key in ("all", "any", "not", "where", "then", "else"):
                yield from _named(inner)
