"""Log sources whose events arrive later than their declared ingest delay, which is how far back monitors look for them (DAC037)."""

from __future__ import annotations

from deployer.cluster.delays import Delays, read_delays
from deployer.doctor.patient import Patient
from deployer.doctor.sources import ago
from deployer.model import durations

FEW, ENOUGH = 20, 100
"""Events below which the median decides, and from which one in a hundred counts."""


def check_delays(patient: Patient, now: int) -> None:
    """Few events of the last day came later than `ingest_delay`. `now` is in epoch milliseconds."""
    read = {source for subject in patient.subjects if not subject.per_event for source in subject.sources}
    places = {source: patient.place(source) for source in patient.sources() if source in read}
    for source, found in read_delays(patient.cluster, places, now).items():
        if found.problem:
            patient.unseen.append(f"how late events of {source} arrive ({found.problem})")
        elif found.events and not found.measured:
            patient.unseen.append(f"how late events of {source} arrive (they have no event.ingested)")
        elif found.seconds is not None:
            _judge(patient, source, found)


def declared(patient: Patient, source: str) -> int:
    """How late events of a log source may be, in seconds."""
    override = patient.environment.sources.get(source)
    own = override.ingest_delay if override else None
    return patient.repository.sources[source].ingest_delay if own is None else own


def _judge(patient: Patient, source: str, found: Delays) -> None:
    seconds, allowed = found.seconds or {}, declared(patient, source)
    usual = seconds.get(50.0 if found.measured < FEW else 95.0, 0.0)
    rare = seconds.get(99.0, 0.0) if found.measured >= ENOUGH else 0.0
    if max(usual, rare) <= allowed:
        return
    shares = (
        f"half of them {ago(round(usual * 1000))} or more"
        if found.measured < FEW
        else f"5 % of them {ago(round(usual * 1000))} or more, 1 % {ago(round(seconds.get(99.0, 0.0) * 1000))} or more"
    )
    patient.tell(
        source,
        "DAC037",
        f"events of the log source {source} arrive later than its ingest_delay of {durations.words(allowed)} says: of "
        f"{found.measured:,} looked at of the last day, {shares} after they happened (event.ingested - @timestamp)",
        patient.where(source, "ingest_delay"),
        "look at what holds them up, or raise `ingest_delay`, and with it how far monitors look back; old logs that were "
        "loaded on purpose are out of sight after a day",
        "error" if usual > allowed else "warning",
    )
