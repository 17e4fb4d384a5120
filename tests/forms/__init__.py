"""Every form in which each log source's events arrive, as shippers, exports and interfaces write them, and what each must say.

A YAML file for each platform: log source, what its events say (field: value; null: absent), and its forms: the raw text as it
would stand in a file, or ``{raw, says}`` where a form says something more or less.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent
PLATFORMS = sorted(path.stem for path in FOLDER.glob("*.yml"))


@dataclass(frozen=True, slots=True)
class Form:
    """A form of a log source: its raw text, and the fields that each event of it must have."""

    platform: str
    source: str
    name: str
    raw: str
    says: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.source}, {self.name}"


def load(platform: str) -> Iterator[Form]:
    """The forms of a platform."""
    for source, held in yaml.safe_load((FOLDER / f"{platform}.yml").read_text("utf-8")).items():
        for name, form in held["forms"].items():
            more = form if isinstance(form, dict) else {"raw": form}
            says = {**held.get("says", {}), **more.get("says", {})}
            yield Form(platform, source, name, more["raw"], says)
