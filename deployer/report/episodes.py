"""What monitors would have raised, as text, JSON, Markdown and annotations of a GitHub job."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from deployer.model import durations
from deployer.model.episodes import Counts, MonitorCount
from deployer.report.escape import markdown, visible
from deployer.report.findings import counted
from deployer.report.github import annotation
from deployer.report.plan_markdown import LIMIT
from deployer.report.samples import entity_text
from deployer.report.samples_markdown import fitted

FORMAT_VERSION = 1
DAYS = 8
"""So many days have a column of their own; JSON has all."""

ASSUMED = (
    "Counted as if every event had been searchable at its own time, by runs at whole intervals of the schedule (UTC); "
    "an entity that run after run finds is one episode."
)
"""What holds of every count."""


def episodes_summary(counts: Counts) -> str:
    """The sums in a line."""
    done = [item for item in counts.monitors if item.counted]
    parts = [
        f"{counted(counts.episodes, 'episode')} in {counts.since} on {counts.environment}, by {counted(len(done), 'monitor')}"
    ]
    if counts.period.days > 1:
        parts.append(f"{counts.episodes / counts.period.days:.1f} a day")
    if counts.estimated:
        parts.append("some of it estimated")
    if counts.failed:
        parts.append(f"{counted(len(counts.failed), 'monitor')} not counted")
    return f"{'; '.join(parts)}."


def episodes_text(counts: Counts, sums: str, width: int = 120) -> str:
    """A table, a line a monitor; who alerted most often; what is estimated or not counted, and why; the sums."""
    if not counts.monitors:
        return sums
    table = Table(box=None, pad_edge=False)
    for head in _heads(counts):
        table.add_column(head, overflow="fold")
    for item in counts.monitors:
        table.add_row(*(Text(cell) for cell in _cells(counts, item)))
    console = Console(width=width, no_color=True)
    with console.capture() as capture:
        console.print(table)
    lines = [f"From {time(counts.period.start)} to {time(counts.period.end)} on {counts.cluster}:", ""]
    lines += [line.rstrip() for line in capture.get().rstrip("\n").split("\n")]
    for item in counts.monitors:
        details = [*_noisy(item), *_remarks(item)]
        lines += ["", _name(item), *(f"    {line}" for line in details)] if details else []
    return "\n".join([*lines, "", sums, ASSUMED])


def episodes_json(counts: Counts, sums: str, changed: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The counts as a JSON object; `changed` is what the analytics were chosen by, if they were."""
    return {
        "format_version": FORMAT_VERSION,
        "environment": counts.environment,
        "cluster": counts.cluster,
        "since": counts.since,
        "from": time(counts.period.start),
        "to": time(counts.period.end),
        "summary": sums,
        "assumed": ASSUMED,
        "episodes": counts.episodes,
        "per_day": counts.per_day,
        "estimated": counts.estimated,
        "changed": changed,
        "monitors": [_as_json(item) for item in counts.monitors],
    }


def episodes_markdown(counts: Counts, sums: str, limit: int = LIMIT) -> str:
    """A table that fits a comment on a pull request; who alerted most often is folded. Longer than `limit`, it is cut, and says so."""
    if not counts.monitors:
        return f"### {sums}"
    heads = _heads(counts)
    parts = [f"### {sums}", "", f"From {time(counts.period.start)} to {time(counts.period.end)}. {ASSUMED}", ""]
    parts += [f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}"]
    parts += [f"| {' | '.join(map(markdown, _cells(counts, item)))} |" for item in counts.monitors]
    for item in counts.monitors:
        parts += [f"\n> {markdown(_name(item))}: {markdown(line)}" for line in _remarks(item)]
    for item in counts.monitors:
        rows = "\n".join(f"- {markdown(line)}" for line in _noisy(item))
        if rows:
            parts.append(f"\n<details><summary>{markdown(_name(item))}: most often</summary>\n\n{rows}\n\n</details>")
    return fitted(parts, limit, "`--output json` has all")


def episodes_github(counts: Counts, sums: str) -> str:
    """A notice a monitor at the line where it stands, an error for one that could not be counted, and the sums."""
    lines = []
    for item in counts.monitors:
        if item.error:
            lines.append(annotation("error", item.error, f"{_name(item)} not counted", item.where))
        elif item.enabled:
            text = "\n".join([*_remarks(item), *_noisy(item)]) or "no entity would have alerted"
            title = f"{_name(item)}: {counted(item.episodes, 'episode')} in {counts.since}"
            lines.append(annotation("notice", text, title, item.where))
    return "\n".join([*lines, annotation("notice", sums, "deployer test --against")])


def time(at: int) -> str:
    """Epoch seconds as people read them."""
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")


def _name(item: MonitorCount) -> str:
    return f"{item.analytic}/{item.monitor}"


def _days(counts: Counts) -> list[str]:
    """Every day of the period, if they are few enough for columns."""
    first, last = counts.period.start // 86_400, counts.period.end // 86_400
    days = [datetime.fromtimestamp(86_400 * day, UTC).date().isoformat() for day in range(first, last + 1)]
    return days if len(days) <= DAYS else []


def _heads(counts: Counts) -> Sequence[str]:
    rate = () if _days(counts) else ("A day",)
    return (
        "Monitor",
        "Severity",
        "Episodes",
        *(day[5:] for day in _days(counts)),
        *rate,
        "Entities",
        "Open at the end",
    )


def _cells(counts: Counts, item: MonitorCount) -> Sequence[str]:
    days = _days(counts)
    blanks = ("",) * (len(days) or 1)
    if not item.counted:
        return (_name(item), item.severity, "disabled" if not item.enabled else "not counted", *blanks, "", "")
    daily = [str(item.per_day.get(day, 0)) for day in days] or [f"{item.episodes / counts.period.days:.1f}"]
    number = f"~{item.episodes}" if item.estimate else str(item.episodes)
    return (_name(item), item.severity, number, *daily, str(item.entities), str(item.open_after))


def _noisy(item: MonitorCount) -> Iterator[str]:
    for noisy in item.top:
        still = ", open" if noisy.open else ""
        yield f"{counted(noisy.episodes, 'episode')} ({counted(noisy.runs, 'run')}{still}): {entity_text(noisy.entity)}"
    if len(item.top) < item.entities:
        yield (
            f"and {item.entities - len(item.top)} more entities"
            if item.top
            else counted(item.entities, "entity", "entities")
        )


def _remarks(item: MonitorCount) -> Iterator[str]:
    if item.error:
        yield f"not counted: {visible(item.error)}"
    yield from (f"estimate: {reason}" for reason in item.estimate)
    if item.open_before:
        yield f"{counted(item.open_before, 'episode')} more had begun before, and went on"


def _as_json(item: MonitorCount) -> dict[str, Any]:
    return {
        "analytic": item.analytic,
        "monitor": item.monitor,
        "title": item.title,
        "severity": item.severity,
        "enabled": item.enabled,
        "schedule": item.schedule,
        "look_back": durations.words(item.look_back) if item.look_back else None,
        "runs": item.runs,
        "episodes": item.episodes if item.counted else None,
        "per_day": dict(item.per_day),
        "entities": item.entities,
        "open_before": item.open_before,
        "open_after": item.open_after,
        "peak": item.peak,
        "estimate": list(item.estimate),
        "error": item.error or None,
        "top": [
            {"entity": dict(noisy.entity), "episodes": noisy.episodes, "runs": noisy.runs, "open": noisy.open}
            for noisy in item.top
        ],
        "file": item.where.file,
        "line": item.where.line,
    }
