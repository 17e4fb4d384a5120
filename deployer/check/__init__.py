"""Schemas and lint rules with codes, offline."""

from deployer.check.repository import check_repository
from deployer.check.validate import Report, validate_repository

__all__ = ["Report", "check_repository", "validate_repository"]
