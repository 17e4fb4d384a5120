"""The log sources whose events this repository brings into form: those of other people's pipelines are left out."""

from __future__ import annotations

from deployer.model.analytic import LogSource, Repository


def piped(repository: Repository) -> dict[str, LogSource]:
    """The log sources with a pipeline, by id."""
    return {name: source for name, source in repository.sources.items() if source.pipeline}
