"""What a killed run left open: intents that were noted, but whose outcome was not."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

from deployer.plan.live import Live
from deployer.plan.record import Entry, Intent, Record


@dataclass(frozen=True, slots=True)
class Settled:
    """The entries as they would be if the killed run had ended; `repaired` are those that the record does not have yet."""

    entries: Mapping[str, Entry]
    repaired: tuple[Entry, ...] = ()
    gone: tuple[str, ...] = ()


def settle(record: Record, owned: Mapping[str, Live]) -> Settled:
    """Decide each pending intent by what stands on the cluster.

    A write of a monitor was carried out if its version is exactly one more than before: had somebody else written too, it
    would be two, and had somebody written instead, ours would have been refused. Templates, pipelines and channels have
    no version; for them any difference from before is taken as ours. A delete was carried out if the object is gone.
    """
    entries = dict(record.entries)
    repaired: list[Entry] = []
    gone: list[str] = []
    for key, intent in record.pending.items():
        known, live = entries.get(key), owned.get(key)
        if live is None:
            if known is not None and not intent.sent:
                del entries[key]
                gone.append(key)
            continue
        if known is not None and _only_closed(intent, live):
            # What was sent is not what stands there, so the next plan writes it again, or deletes it as it was to be.
            entries[key] = dataclasses.replace(known, sent="", stored=live.digest, version=live.version)
            repaired.append(entries[key])
            continue
        if not intent.sent or not _carried_out(intent, live):
            continue
        entries[key] = entry_of(intent, live)
        repaired.append(entries[key])
    return Settled(entries, tuple(repaired), tuple(gone))


def entry_of(intent: Intent, live: Live) -> Entry:
    """The entry of an object that was written as intended and now reads as `live`."""
    return Entry(
        key=intent.key,
        kind=intent.kind,
        id=live.id,
        name=live.name,
        sent=intent.sent,
        stored=live.digest,
        sent_document=intent.sent_document,
        seq_no=live.seq_no,
        primary_term=live.primary_term,
        version=live.version,
        analytic=intent.analytic,
        protected=intent.protected,
        depends_on=intent.depends_on,
        trigger=intent.trigger,
    )


def _only_closed(intent: Intent, live: Live) -> bool:
    """Whether a run was killed between making a monitor silent, to close its alerts, and the write or delete that was to follow."""
    if not intent.closing or intent.before_version is None or live.digest == intent.before_digest:
        return False
    return live.version == intent.before_version + 1


def _carried_out(intent: Intent, live: Live) -> bool:
    if intent.closing and live.digest == intent.before_digest:
        return False  # restored, because the alerts could not be closed
    if live.version is not None and intent.before_version is not None:
        return live.version == intent.before_version + (2 if intent.closing else 1)
    return live.digest != intent.before_digest
