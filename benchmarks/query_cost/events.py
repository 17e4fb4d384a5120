"""Events of every log source: real ones of a folder, else the samples of this project; and many made of few."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.real_logs.kinds import source_of
from deployer.model.analytic import Repository
from deployer.replay import cut

MOST = 2_000
"""Different events of one log source that are kept, spread evenly over what there is."""

T = TypeVar("T")
RARE = 500
"""One event in so many is one that is to be found."""

TIME, HOST, USER = "\u0001time", "\u0001host", "\u0001user"
HOSTED = (("host", "name"), ("observer", "name"))


@dataclass(frozen=True, slots=True)
class Base:
    """The different events of one log source in their raw form: common ones, and those that are to be found, which are rare."""

    source: str
    common: tuple[Mapping[str, Any], ...]
    rare: tuple[Mapping[str, Any], ...]
    origin: str


def bases(bulk: Path, repository: Repository) -> list[Base]:
    """For each log source, the events of the files of a folder (``*.log`` or ``*.ndjson``, also ``.gz``).

    Where the folder has none, the samples of this project that alert nobody. What is to be found are the samples that alert.
    """
    found: dict[str, list[Mapping[str, Any]]] = {}
    for path in sorted(bulk.glob("*.gz")) + sorted(bulk.glob("*.log")) + sorted(bulk.glob("*.ndjson")):
        for line in _spread(_lines(path), 2 * MOST):
            found.setdefault(source_of("bulk", line), []).extend(cut.file_lines([line], "json"))
    result = []
    for source in sorted(repository.sources):
        rare, quiet = _samples(repository, source, alerting=True), _samples(repository, source, alerting=False)
        common = found.get(source) or quiet or rare
        if common:
            origin = "bulk" if source in found else "samples"
            result.append(Base(source, tuple(_spread(common, MOST)), tuple(_spread(rare, MOST)), origin))
    return result


def _lines(path: Path) -> list[str]:
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [line for line in raw.decode("utf-8-sig", "replace").split("\n") if line.strip()]


def _samples(repository: Repository, source: str, *, alerting: bool) -> list[Mapping[str, Any]]:
    return [
        document
        for cases in repository.cases.values()
        for case in cases
        if alerting == any(case.base.alerts.values())
        for event in case.events
        if event.source == source
        for document in cut.sample(event.raw, repository.sources[source].format)
    ]


def _spread(values: list[T], most: int) -> list[T]:
    """At most so many of the values, evenly spread over their order."""
    if len(values) <= most:
        return values
    return [values[number * len(values) // most] for number in range(most)]


def templates(documents: Sequence[Mapping[str, Any]]) -> list[str]:
    """Mapped documents as JSON texts with marks where the time, the host and the user of a copy go."""
    return [json.dumps(_marked(document), ensure_ascii=False) for document in documents]


def _marked(document: Mapping[str, Any]) -> dict[str, Any]:
    marked = json.loads(json.dumps(document))
    marked["@timestamp"] = TIME
    for outer, inner in HOSTED:
        if isinstance(marked.get(outer), dict) and inner in marked[outer]:
            marked[outer][inner] = HOST
    user = marked.get("user")
    if isinstance(user, dict) and isinstance(user.get("name"), str):
        user["name"] = USER
    return marked  # type: ignore[no-any-return]


def copies(
    common: Sequence[str], rare: Sequence[str], count: int, start: int, end: int, hosts: int, users: int
) -> Iterator[str]:
    """`count` documents of the templates in turn, one in `RARE` of the rare ones, evenly over the time from `start` to `end` (epoch ms).

    Hosts and users follow from a hash of the number, so that each has events of every kind.
    """
    time, host, user = _marks()
    for number in range(count):
        chosen, turn = (rare, number // RARE) if rare and number % RARE == 0 else (common, number)
        mixed = number * 2_654_435_761 % 2**32
        at = start + (end - start) * number // count
        yield (
            chosen[turn % len(chosen)]
            .replace(time, str(at))
            .replace(host, f"host-{(mixed >> 8) % hosts:04}")
            .replace(user, f"user-{(mixed >> 16) % users:04}")
        )


def _marks() -> tuple[str, str, str]:
    """The marks as they stand in JSON."""
    return tuple(json.dumps(mark)[1:-1] for mark in (TIME, HOST, USER))  # type: ignore[return-value]
