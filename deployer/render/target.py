"""For whom a monitor is rendered."""

from __future__ import annotations

from dataclasses import dataclass

from deployer.model.analytic import Repository
from deployer.model.environment import Environment
from deployer.render.naming import Naming
from deployer.render.templating import Templates


@dataclass(frozen=True, slots=True)
class Target:
    """For whom a monitor is rendered. Without an environment: defaults, no exceptions, no notifications."""

    repository: Repository
    naming: Naming
    templates: Templates
    environment: Environment | None = None
