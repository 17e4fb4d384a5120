"""Roles of the security plugin as YAML, in the form of its roles.yml."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

META = {"_meta": {"type": "roles", "config_version": 2}}


def role_yaml(roles: Mapping[str, Any], *, whole: bool = False) -> str:
    """Roles by name. `whole` adds the head that securityadmin.sh wants of a file."""
    value = {**(META if whole else {}), **roles}
    return str(yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=4096))
