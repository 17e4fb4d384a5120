"""How far our log sources serve ATT&CK's analytics, as text, JSON and Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from deployer.attack.coverage import AttackCoverage, Missing, OfPlatform
from deployer.report.escape import markdown, visible
from deployer.report.table import table_lines

FORMAT_VERSION = 1
TOP = 15
"""So many missing log sources are named, unless one says otherwise; JSON has all."""

_PLATFORMS = (
    "Platform",
    "Analytics",
    "all known",
    "some",
    "none",
    "name none",
    "Channels",
    "known",
    "with a filter",
    "with a pipeline",
)
_MISSING = ("Log source", "Analytics", "alone unlocks", "with those above", "Channels", "Platforms")


def coverage_text(found: AttackCoverage, top: int = TOP) -> str:
    """The sums, a line a platform, and the missing log sources that would help most."""
    lines = [*_sums(found), "", *_table(_PLATFORMS, map(_platform, (*found.platforms, found.total)))]
    if found.missing and top:
        lines += ["", f"{_head(found, top)}:", *_table(_MISSING, map(_lacking, found.missing[:top]))]
    return "\n".join(lines)


def coverage_markdown(found: AttackCoverage, top: int = TOP) -> str:
    """The same as tables."""
    first, *rest = _sums(found)
    lines = [f"### {first}", "", *rest, "", *_rows(_PLATFORMS, map(_platform, (*found.platforms, found.total)))]
    if found.missing and top:
        lines += ["", f"**{_head(found, top)}**", "", *_rows(_MISSING, map(_lacking, found.missing[:top]))]
    return "\n".join(lines)


def coverage_json(found: AttackCoverage) -> dict[str, Any]:
    """The same as a JSON object, with all missing log sources."""
    return {
        "format_version": FORMAT_VERSION,
        "attack_version": found.version or None,
        "log_sources": {"named": found.names, "known": found.names_known},
        "total": _counts(found.total),
        "platforms": [{"platform": item.platform, **_counts(item)} for item in found.platforms],
        "missing": [
            {
                **{name: value for name, value in asdict(item).items() if name != "platforms"},
                "platforms": list(item.platforms),
            }
            for item in found.missing
        ],
    }


def _counts(item: OfPlatform) -> dict[str, Any]:
    return {
        "analytics": {
            "all": item.analytics,
            "every_log_source_known": item.whole,
            "some_known": item.part,
            "none_known": item.none,
            "name_none": item.unnamed,
        },
        "channels": {
            "named": item.channels,
            "known": item.known,
            "with_filter": item.filtered,
            "with_pipeline": item.piped,
        },
    }


def _sums(found: AttackCoverage) -> list[str]:
    total = found.total
    release = f" {found.version}" if found.version else ""
    return [
        f"Of {total.analytics:,} analytics of ATT&CK{visible(release)}, {total.whole:,} name log sources all of which are known here.",
        f"mappings/sources knows {found.names_known:,} of {found.names:,} log sources by name: {total.known:,} of {total.channels:,} "
        f"pairs of name and channel, {total.filtered:,} of them with the condition that the channel stands for, {total.piped:,} of them from log sources with a pipeline here.",
    ]


def _head(found: AttackCoverage, top: int) -> str:
    shown = min(top, len(found.missing))
    return f"The {shown} of {len(found.missing):,} missing log sources that would unlock most analytics"


def _platform(item: OfPlatform) -> tuple[str, ...]:
    numbers = (
        item.analytics,
        item.whole,
        item.part,
        item.none,
        item.unnamed,
        item.channels,
        item.known,
        item.filtered,
        item.piped,
    )
    return (item.platform, *(f"{number:,}" for number in numbers))


def _lacking(item: Missing) -> tuple[str, ...]:
    numbers = (item.analytics, item.alone, item.together, item.channels)
    return (item.name, *(f"{number:,}" for number in numbers), ", ".join(item.platforms))


def _table(heads: Sequence[str], rows: Iterable[tuple[str, ...]]) -> list[str]:
    return table_lines(heads, rows, right=[head for head in heads[1:] if head != "Platforms"])


def _rows(heads: Sequence[str], rows: Iterable[tuple[str, ...]]) -> list[str]:
    rule = "|---|" + "---:|" * (len(heads) - 1)
    return [f"| {' | '.join(heads)} |", rule, *(f"| {' | '.join(map(markdown, row))} |" for row in rows)]
