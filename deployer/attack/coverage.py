"""How far the log sources of a repository serve what ATT&CK's analytics ask for, and what would help most."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from deployer.attack.serving import Register
from deployer.model.analytic import LogSource
from deployer.model.attack import AttackData, NamedLogSource


@dataclass(frozen=True, slots=True)
class OfPlatform:
    """The analytics of one platform: those all of whose log sources are known, some, none, and those that name none.

    `channels` are the different pairs of name and channel that they name, `filtered` those that a condition stands for,
    `known` these and those of which the name alone is known; of the known ones, `piped` come from a log source whose events are
    brought into form here, and are not left to whoever ships them.
    """

    platform: str
    analytics: int
    whole: int
    part: int
    none: int
    unnamed: int
    channels: int
    known: int
    filtered: int
    piped: int


@dataclass(frozen=True, slots=True)
class Missing:
    """A log source that no source serves. `analytics` name it, `alone` of them lack nothing else.

    `together` is how many more analytics lack nothing if this one and all those before it in the list are there.
    """

    name: str
    platforms: tuple[str, ...]
    analytics: int
    channels: int
    alone: int
    together: int


@dataclass(frozen=True, slots=True)
class AttackCoverage:
    """All of it. `names` and `names_known` count log sources, whatever their channels; `total` is the sum of the platforms."""

    version: str
    names: int
    names_known: int
    total: OfPlatform
    platforms: tuple[OfPlatform, ...]
    missing: tuple[Missing, ...]


@dataclass(frozen=True, slots=True)
class _Asked:
    """What one analytic asks for; `missing` are names that nobody serves."""

    platform: str
    named: tuple[NamedLogSource, ...]
    missing: frozenset[str]


def coverage(data: AttackData, sources: Mapping[str, LogSource]) -> AttackCoverage:
    """The coverage of all analytics that are in force. Those of several platforms count for the first."""
    register = Register(sources)
    pairs = {named for item in data.analytics.values() if not item.retired for named in item.log_sources}
    served = {named: register.serving(named) for named in pairs}
    asked = [
        _Asked(
            item.platforms[0] if item.platforms else "none",
            item.log_sources,
            frozenset(named.name for named in item.log_sources if not served[named]),
        )
        for item in data.analytics.values()
        if not item.retired
    ]
    exact = {_pair(named) for named, found in served.items() if any(one.exact for one in found)}
    known = {_pair(named) for named, found in served.items() if found}
    piped = {_pair(named) for named, found in served.items() if any(one.source.pipeline for one in found)}
    sets = (known, exact, piped)
    names = {name for name, _ in map(_pair, pairs)}
    return AttackCoverage(
        data.version,
        len(names),
        len({name for name, _ in known}),
        _of_platform("all", asked, sets),
        tuple(
            _of_platform(platform, [one for one in asked if one.platform == platform], sets)
            for platform in sorted({one.platform for one in asked}, key=str.casefold)
        ),
        _missing(asked),
    )


def _pair(named: NamedLogSource) -> tuple[str, str]:
    return named.name, named.channel


def _of_platform(platform: str, asked: Iterable[_Asked], sets: tuple[set[tuple[str, str]], ...]) -> OfPlatform:
    """The counts of a platform. `sets` are the pairs of name and channel that are known, with a condition, and with a pipeline."""
    own = list(asked)
    pairs = {_pair(named) for one in own for named in one.named}
    naming = [one for one in own if one.named]
    whole = sum(not one.missing for one in naming)
    none = sum(all(named.name in one.missing for named in one.named) for one in naming)
    return OfPlatform(
        platform,
        len(own),
        whole,
        len(naming) - whole - none,
        none,
        len(own) - len(naming),
        len(pairs),
        *(len(pairs & some) for some in sets),
    )


def _missing(asked: Iterable[_Asked]) -> tuple[Missing, ...]:
    """The missing log sources, at each place the one that completes most analytics with those before it."""
    waiting = [one for one in asked if one.missing]
    named: dict[str, list[_Asked]] = {}
    for one in waiting:
        for name in one.missing:
            named.setdefault(name, []).append(one)
    alone = {name: sum(one.missing == {name} for one in own) for name, own in named.items()}
    lacking = {id(one): len(one.missing) for one in waiting}
    left, together, found = set(named), 0, []
    while left:
        gains = {name: sum(lacking[id(one)] == 1 for one in named[name]) for name in left}
        name = min(left, key=lambda name: (-gains[name], -len(named[name]), name))
        left.remove(name)
        together += gains[name]
        for one in named[name]:
            lacking[id(one)] -= 1
        channels = {pair for one in named[name] for pair in map(_pair, one.named) if pair[0] == name}
        platforms = tuple(sorted({one.platform for one in named[name]}, key=str.casefold))
        found.append(Missing(name, platforms, len(named[name]), len(channels), alone[name], together))
    return tuple(found)
