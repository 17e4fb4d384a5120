"""Reads what people write into values. Every error carries file:line:column, and all errors come in one run."""

from deployer.catalogue.environments import load as load_environment
from deployer.catalogue.environments import names as environment_names
from deployer.catalogue.repository import load_repository

__all__ = ["environment_names", "load_environment", "load_repository"]
