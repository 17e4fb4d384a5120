"""ATT&CK's detection strategies, analytics and log sources, as its data has them. Texts are ATT&CK's, ids are checked for their form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NamedLogSource:
    """A log source that an analytic names: free text, and the id of a data component (``DC0032``), if it is known."""

    name: str
    channel: str
    data_component: str = ""


@dataclass(frozen=True, slots=True)
class MutableElement:
    """What may be tuned of an analytic: a name, which need not be an identifier, and what it is for."""

    field: str
    description: str


@dataclass(frozen=True, slots=True)
class KnownAnalytic:
    """An analytic. `strategy` is the id of its strategy, or empty; `retired` says that it is revoked or deprecated."""

    id: str
    description: str
    version: str
    platforms: tuple[str, ...]
    log_sources: tuple[NamedLogSource, ...]
    elements: tuple[MutableElement, ...]
    url: str
    strategy: str
    retired: bool


@dataclass(frozen=True, slots=True)
class KnownStrategy:
    """A detection strategy with the ids of its analytics, the techniques that it detects, and their tactics."""

    id: str
    name: str
    analytics: tuple[str, ...]
    techniques: tuple[str, ...]
    tactics: tuple[str, ...]
    retired: bool


@dataclass(frozen=True, slots=True)
class AttackData:
    """What a file holds. `version` is the release of ATT&CK, or empty; `odd` tells what could not be used, a line each."""

    version: str
    analytics: Mapping[str, KnownAnalytic]
    strategies: Mapping[str, KnownStrategy]
    odd: tuple[str, ...] = ()
