"""Analytic + environment → resources: Jinja for the shape, Python for the values. No I/O.

What is exported here is imported when it is first asked for: a run that remembers its resources needs no Jinja, whose
import takes longer than its work.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deployer.render.channels import naming_of
    from deployer.render.environment import active, drafts, render_environment
    from deployer.render.naming import Naming

_PLACES = {
    "Naming": "deployer.render.naming",
    "active": "deployer.render.environment",
    "drafts": "deployer.render.environment",
    "naming_of": "deployer.render.channels",
    "render_environment": "deployer.render.environment",
}

__all__ = ["Naming", "active", "drafts", "naming_of", "render_environment"]


def __getattr__(name: str) -> Any:
    if name in _PLACES:
        return getattr(importlib.import_module(_PLACES[name]), name)
    raise AttributeError(name)
