"""What a query-level monitor's condition demands of the answer to its search, and what the answer can hold (DAC027)."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from deployer.check.fire.clauses import table

DEFAULT_SIZE = 10
"""What the server takes where a search, a composite or a `terms` names no size."""

COUNTED = 10_000
"""Hits up to which a search counts unless it says `track_total_hits`."""

COUNT, HITS = "hits.total.value", "hits.hits"

_RESULT = r"\(*\s*ctx\.results\[0\]\.(?:(?P<count>hits\.total\.value)|(?P<hits>hits\.hits)\.(?:size\(\)|length)"
_RESULT += r"|aggregations\.(?P<metric>\w+)\.(?:value|(?P<buckets>buckets)\.(?:size\(\)|length)))"
_COMPARISON = re.compile(
    _RESULT + r"\s*(?P<sign>>=|>|==)\s*(?:params\.(?P<param>\w+)|(?P<number>\d+(?:\.\d+)?)[lLfFdD]?)\s*\)*"
)


@dataclass(frozen=True, slots=True)
class Demand:
    """The condition wants the metric at `path` to be at least `least`."""

    path: str
    least: float


def demands(condition: Mapping[str, Any]) -> Iterator[Demand]:
    """The least values that a condition demands, where it is a conjunction of comparisons; nothing of any other."""
    script = table(condition.get("script"))
    source = str(script.get("source", ""))
    if re.search(r"\|\||[?!]|;.", source.strip().replace("!=", "")):
        return
    for part in source.strip().rstrip(";").removeprefix("return ").split("&&"):
        match = _COMPARISON.fullmatch(part.strip())
        limit = match and (
            table(script.get("params")).get(match["param"]) if match["param"] else float(match["number"])
        )
        if match and isinstance(limit, int | float) and not isinstance(limit, bool):
            path = match["count"] or match["hits"] or match["metric"] + ("._bucket_count" if match["buckets"] else "")
            yield Demand(path, math.floor(limit) + 1 if match["sign"] == ">" else limit)


def most(search: Mapping[str, Any], demand: Demand) -> tuple[float, str] | None:
    """The largest number of hits that an answer tells of, and why; None where the search sets no limit."""
    if demand.path == HITS:
        size = search.get("size", DEFAULT_SIZE)
        return (size, "the answer holds no more hits (its size)") if isinstance(size, int) else None
    counted = search.get("track_total_hits", COUNTED)
    if demand.path != COUNT or counted is True or not isinstance(counted, int):
        return None
    if counted is False:
        return 0, "the search counts no hits (track_total_hits)"
    return counted, "the search counts no further (track_total_hits)"
