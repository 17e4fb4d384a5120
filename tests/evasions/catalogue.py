"""The lists beside this file (`*.yml`), read into values.

A section has a `title`, the log `source` in whose raw form its commands are written, and its commands by verdict:
`caught` (an attack that alerts), `missed` (an attack that does not, with the reason), `quiet` (harmless, no alert) and
`noisy` (harmless, alerts all the same, with the reason). A command is a text, or a mapping of what its form takes
(tests/evasions/forms.py); `also` are more events that the same attack leaves, in the order in which they come.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

VERDICTS = ("caught", "missed", "quiet", "noisy")
ALERTS = {"caught": True, "missed": False, "quiet": False, "noisy": True}
FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Entry:
    """One way to write a command. `events` are what its form takes, each with the `source` of its log."""

    analytic: str
    section: str
    source: str
    verdict: str
    how: str
    why: str
    events: tuple[dict[str, Any], ...]

    @property
    def alerts(self) -> bool:
        """Whether the analytic alerts."""
        return ALERTS[self.verdict]


def load() -> list[Entry]:
    """Every entry of every list, in the order of the files and of what stands in them."""
    return [entry for path in sorted(FOLDER.glob("*.yml")) for entry in _file(path)]


def _file(path: Path) -> list[Entry]:
    content = yaml.safe_load(path.read_text("utf-8"))
    entries = []
    for section in content["sections"]:
        unknown = set(section) - {"title", "source", *VERDICTS}
        assert not unknown, f"{path.name}, {section['title']}: {unknown}"
        for verdict in VERDICTS:
            for item in section.get(verdict, ()):
                entries.append(_entry(content["analytic"], section, verdict, dict(item)))
    return entries


def _entry(analytic: str, section: dict[str, Any], verdict: str, item: dict[str, Any]) -> Entry:
    how, why, also = item.pop("how"), item.pop("why", ""), item.pop("also", ())
    assert bool(why) == (verdict in ("missed", "noisy")), f"{how}: a reason stands where the verdict is not the wish"
    events = tuple({"source": section["source"], **event} for event in (item, *also))
    return Entry(analytic, section["title"], section["source"], verdict, how, why, events)
