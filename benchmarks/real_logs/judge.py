"""What alerted, against the labels: found, missed, false alerts, and the reason of each that is not as it should be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from benchmarks.real_logs.files import LogFile


@dataclass(frozen=True, slots=True)
class Alerting:
    """By line number: the monitor whose bucket alerts (`found`), and the one whose conditions match at all (`matched`)."""

    found: Mapping[int, str]
    matched: Mapping[int, str]


@dataclass(slots=True)
class Measured:
    """The outcome of one file for one analytic in one run. Lists are line numbers, from 0; a rate is per second."""

    platform: str
    file: str
    analytic: str
    run: str
    positives: int = 0
    negatives: int = 0
    missed: list[int] = field(default_factory=list)
    false_alerts: list[int] = field(default_factory=list)
    unparsed: int = 0
    lost: int = 0
    events_per_second: float = 0.0
    reasons: dict[int, str] = field(default_factory=dict)
    by_source: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Labelled positives and those of them that were found, by log source; "" is what no log source reads."""
    accepted: int = 0
    """False alerts whose label says that a good engineer may decide otherwise, or that automation or a service did it."""


def judged(
    log: LogFile, analytic: str, run: str, alerting: Alerting, failed: Mapping[int, str], own: str | None = None
) -> Measured:
    """The outcome by lines. An event of several lines (audit records) is found or falsely alerted as a whole.

    `own` is the analytic that labelled positives without a name belong to (default: the one measured).
    """
    one = Measured(log.platform, log.name, analytic, run)
    truth = {
        number
        for number, label in log.labels.items()
        if label.get("malicious") is True and str(label.get("analytic") or own or analytic) == analytic
    }
    mapped: set[int] = set()
    shown: set[int] = set()
    for source, events in log.events.items():
        total = found = 0
        for event in events:
            mapped |= set(event.numbers)
            labelled = truth & set(event.numbers)
            alerted = any(number in alerting.found for number in event.numbers)
            if labelled:
                shown |= set(event.numbers)
                total += len(labelled)
                found += len(labelled) if alerted else 0
                one.missed += [] if alerted else sorted(labelled)
            elif alerted:
                one.false_alerts += event.numbers[:1]
        one.by_source[source] = (total, found)
    unread = sorted(truth & set(log.unmapped))
    if log.unmapped:
        one.by_source[""] = (len(unread), 0)
    one.missed = sorted({*one.missed, *unread})
    one.false_alerts = sorted(set(one.false_alerts))
    one.positives, one.negatives = len(truth & (mapped | set(unread))), len(mapped - shown)
    for number in one.missed:
        one.reasons[number] = f"{_missed(number, log, alerting, failed, run)}; label: {_label(log, number)}"
    for number in one.false_alerts:
        one.reasons[number] = f"monitor {alerting.found.get(number, 'unknown')}; label: {_label(log, number)}"
        label = log.labels.get(number, {})
        one.accepted += 1 if label.get("ambiguous") or label.get("context") else 0
    return one


def _missed(number: int, log: LogFile, alerting: Alerting, failed: Mapping[int, str], run: str) -> str:
    if number in log.unmapped:
        return "no log source of ours reads such a line"
    if number in failed:
        return f"the line could not be parsed or was refused: {failed[number]}"
    if number in alerting.matched:
        return (
            f"the conditions of {alerting.matched[number]} match, but its bucket stays below the threshold of the run"
        )
    if run == "defaults":
        return "no condition matches under the default values of the tunables (scope, allowlist or pattern)"
    return "no condition matches"


def _label(log: LogFile, number: int) -> str:
    label = log.labels.get(number)
    if not label:
        return "none, so a negative"
    note = " (ambiguous)" if label.get("ambiguous") else ""
    context = f" (context: {label['context']})" if label.get("context") else ""
    return f"{label.get('why', 'no reason given')}{note}{context}"
