"""`deployer test --against`: what an environment's own data would have raised."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from deployer.cli import choosing, common, wishes
from deployer.model.errors import UsageError
from deployer.model.finding import Findings

if TYPE_CHECKING:
    from deployer.model.analytic import Repository
    from deployer.model.environment import Environment
    from deployer.model.episodes import Counts, Period
    from deployer.model.resource import Resource

FORMS = ("text", "json", "markdown", "github")


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: on which environment's cluster, of which analytics, over which time, told how."""

    against: str
    cluster: str | None
    ids: tuple[str, ...]
    select: tuple[str, ...]
    exclude: tuple[str, ...]
    changed: bool
    base: str | None
    since: str
    until: str | None
    top: int
    output: str
    output_file: Path | None


def run(root: Path | None, asked: Question) -> int:
    """Count and tell; the exit code."""
    from deployer.model.episodes import Counts
    from deployer.replay import against
    from deployer.report.episodes import episodes_summary

    if asked.output not in FORMS:
        raise UsageError(
            f"--output {asked.output} has no form for counts", why="they are no tests", todo=f"Use {', '.join(FORMS)}."
        )
    wishes.check_output(asked.output_file)
    period = _period(asked.since, asked.until)
    folder = common.find_root(root)
    changes = choosing.changes_since(folder, asked.changed, asked.base)
    loaded = common.load_only(folder, asked.against)
    chosen = choosing.choose(loaded.repository, asked.ids, changes, asked.select, asked.exclude)
    monitors = _rendered(loaded.repository, loaded.environment, chosen.ids)
    counts = Counts(asked.against, "", asked.since, period, ())
    if monitors:
        connected = common.connect(loaded.environment, asked.cluster)
        connected.on_request = _only_reads
        terms = against.Terms(period, asked.top, _timeout(loaded.environment), common.note)
        found = against.count(connected, monitors, terms)
        counts = Counts(asked.against, connected.address, asked.since, period, found)
    sums = episodes_summary(counts) if monitors else chosen.nothing
    wishes.emit(_shown(counts, sums, asked.output, chosen), asked.output_file)
    if asked.output_file is not None:
        common.note(sums)
    return 1 if counts.failed else 0


def _period(since: str, until: str | None) -> Period:
    from deployer.model import durations
    from deployer.model.episodes import Period

    try:
        length = durations.seconds(since)
    except ValueError as error:
        raise UsageError(f"--since: {error}") from None
    if length == 0:
        raise UsageError("--since 0 is no time", todo="Give a duration such as 24h.")
    end = int(time.time()) if until is None else _moment(until)
    if length > end:
        raise UsageError(f"--since {since} begins before 1970", todo="Give a shorter duration, such as 24h.")
    return Period(end - length, end)


def _moment(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise UsageError(f"--until {text} is no time", todo="Write it as 2026-03-02T10:05:00Z.") from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def _rendered(repository: Repository, environment: Environment, ids: Sequence[str]) -> list[Resource]:
    """The monitors of the analytics as this environment would get them. Raises InvalidRepositoryError for what cannot be rendered."""
    from deployer.check import check_repository
    from deployer.render.environment import of_analytic, target_of

    findings = Findings(root=str(repository.root))
    check_repository(repository, findings)
    target = target_of(repository, environment)
    made = [monitor for name in ids for monitor in of_analytic(repository.analytics[name], target, findings)]
    findings.raise_errors()
    return made


def _only_reads(method: str, path: str) -> None:
    """Stops any request that might write, before it is sent."""
    from deployer.cluster import is_read

    if not is_read(method, path):
        raise AssertionError(f"{method} {path} is no reading")


def _timeout(environment: Environment) -> float:
    return min(connection.timeout for connection in environment.connections)


def _shown(counts: Counts, sums: str, output: str, chosen: choosing.Chosen) -> str:
    from deployer.report import episodes

    if output == "json":
        return wishes.dumped(episodes.episodes_json(counts, sums, chosen.as_json()))
    if output == "markdown":
        return episodes.episodes_markdown(counts, sums)
    if output == "github":
        return episodes.episodes_github(counts, sums)
    return episodes.episodes_text(counts, sums)
