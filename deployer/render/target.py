"""For whom a monitor is rendered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from deployer.model.analytic import Repository
from deployer.model.environment import Environment
from deployer.render.naming import Naming
from deployer.render.templating import Templates


@dataclass(frozen=True, slots=True)
class Target:
    """For whom a monitor is rendered. Without an environment: defaults, no exceptions, no notifications.

    `digests` is what `provenance.made_of` has worked out for this target already.
    """

    repository: Repository
    naming: Naming
    templates: Templates
    environment: Environment | None = None
    digests: dict[Any, dict[str, str]] = field(default_factory=dict, compare=False, repr=False)

    def expected(self, entity: str) -> int:
        """How many entities of a name one monitor may find at once: what the environment says, or else its declaration."""
        own = self.environment.entities.get(entity) if self.environment else None
        declared = self.repository.entities.get(entity)
        return own if own is not None else declared.expected if declared else 0
