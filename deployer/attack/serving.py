"""Which of our log sources serve one that ATT&CK names, and by which condition its events are found among theirs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from deployer.model.analytic import LogSource, Serves
from deployer.model.attack import NamedLogSource

MOST_VALUES = 40
"""So many values of a channel's text become a condition."""


@dataclass(frozen=True, slots=True)
class Served:
    """A log source of ours for one of ATT&CK's. `where` is a condition as it is written, or None for all its events.

    `exact` says that the channel is known, and not the name alone.
    """

    source: LogSource
    where: Mapping[str, Any] | None
    exact: bool


class Register:
    """The log sources of a repository by the names that ATT&CK gives them."""

    def __init__(self, sources: Mapping[str, LogSource]) -> None:
        self._entries: dict[str, list[tuple[LogSource, Serves]]] = {}
        for source in sources.values():
            for entry in source.attack:
                self._entries.setdefault(_plain(entry.name), []).append((source, entry))

    def serving(self, named: NamedLogSource) -> tuple[Served, ...]:
        """The log sources that serve it, those that know its channel best; none if nobody knows its name."""
        entries = self._entries.get(_plain(named.name), ())
        ranked = [item for source, entry in entries if (item := self._served(source, entry, named.channel)) is not None]
        best = max((rank for rank, _ in ranked), default=None)
        first: dict[str, Served] = {}
        for rank, served in ranked:
            if rank == best:
                first.setdefault(served.source.id, served)
        return tuple(first.values())

    def _served(self, source: LogSource, entry: Serves, channel: str) -> tuple[tuple[int, int], Served] | None:
        """How well an entry knows a channel, and what it gives; None if it does not know it."""
        literal, pattern, wanted = len(entry.channel.replace("*", "")), _plain(entry.channel), _plain(channel)
        if not (pattern == wanted or fnmatchcase(wanted, pattern.replace("[", "[[]").replace("?", "[?]"))):
            return None
        if not entry.field:
            return (1 if literal else 0, literal), Served(source, entry.where, exact=literal > 0)
        form = rf"(?<![A-Za-z0-9_])(?:{entry.form})(?![A-Za-z0-9_])"
        values = list(dict.fromkeys(found[0] for found in re.finditer(form, channel)))
        if not values or len(values) > MOST_VALUES:
            return None
        condition: dict[str, Any] = {"field": entry.field, "in": values}
        where = {"all": [dict(entry.where), condition]} if entry.where else condition
        return (1, literal), Served(source, where, exact=True)


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
