"""Analytic + environment → resources: Jinja for the shape, Python for the values. No I/O."""

from deployer.render.environment import active, naming_of, render_environment
from deployer.render.naming import Naming

__all__ = ["Naming", "active", "naming_of", "render_environment"]
