"""A wheel carries the templates and mappings of this repository, for `deployer init`; in git they stand once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class StarterHook(BuildHookInterface):  # type: ignore[type-arg]
    """Adds them below `deployer/starter`. An editable installation reads them where they are."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called before each build; `version` is `standard` or `editable`."""
        if version == "standard":
            for part in ("templates", "mappings"):
                build_data["force_include"][str(Path(self.root) / part)] = f"deployer/starter/{part}"
