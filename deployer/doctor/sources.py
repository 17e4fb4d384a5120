"""Log sources that stopped, or never began, to send (DAC033)."""

from __future__ import annotations

from datetime import UTC, datetime

from deployer.cluster.health import read_last_events
from deployer.doctor.patient import Patient
from deployer.model import durations


def check_sources(patient: Patient, now: int) -> None:
    """The newest event of each log source is not older than `silent_after`. `now` is in epoch milliseconds."""
    places = {source: patient.place(source) for source in patient.sources()}
    for source, last in read_last_events(patient.cluster, places, now).items():
        limit = silent_after(patient, source)
        pattern = places[source][0]
        if not last.known:
            patient.unseen.append(f"the last event of {source} (permission to read {pattern})")
        elif last.at is None:
            patient.tell(
                source,
                "DAC033",
                f"the log source {source} has never sent an event to '{pattern}'{_absent(patient, pattern)}",
                patient.where(source),
                "ship it there, or say where it lies under sources of the environment",
            )
        elif now - last.at > limit * 1000:
            patient.tell(
                source,
                "DAC033",
                f"the log source {source} stopped: its last event is of {_time(last.at)}, {ago(now - last.at)} ago, and "
                f"{durations.words(limit)} are allowed",
                patient.where(source, "silent_after"),
                "look at its shipper and at errors of its ingest pipeline; `silent_after` says how long it may be silent",
            )


def _absent(patient: Patient, pattern: str) -> str:
    mapped = patient.mapped.get(pattern)
    return ": no index or data stream is called so" if mapped is not None and not mapped.indices else ""


def silent_after(patient: Patient, source: str) -> int:
    """How long a log source may be silent, in seconds."""
    override = patient.environment.sources.get(source)
    own = override.silent_after if override else None
    return patient.repository.sources[source].silent_after if own is None else own


def _time(millis: int) -> str:
    return datetime.fromtimestamp(millis / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def ago(millis: int) -> str:
    """A number of milliseconds in the largest unit of which it has one, rounded down."""
    seconds = millis // 1000
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
