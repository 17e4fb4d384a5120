"""The record while a deploy runs: intents before the first write, entries as soon as they are known, a file if all else fails."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deployer.cluster import Cluster, history, records
from deployer.cluster.writes import Written
from deployer.deploy.files import PRIVATE, write_whole
from deployer.model.errors import DeployerError, UsageError
from deployer.model.resource import Resource
from deployer.plan import Action, Entry, Intent, Live, Plan, Record, Verb
from deployer.plan.canonical import digest, redacted
from deployer.plan.content import recordable
from deployer.plan.history import Deployment, Kept, Row, State, manifest_of, results_of
from deployer.plan.outcome import Fate, Outcome, Result
from deployer.plan.planfile import step_of
from deployer.plan.triggers import kept_trigger


@dataclass(frozen=True, slots=True)
class About:
    """Who deploys, from where, with what; goes into the record. `at` is ISO 8601 in UTC.

    `commit` is git's, `dirty` if files were changed since; `plan` is the digest of the plan that is carried out (of a
    plan file, its own). `verb` is ``deploy``, ``rollback`` (to deploy `target`) or ``destroy``. `job` is the address of the
    CI job's page.
    """

    who: str
    host: str
    commit: str
    tool: str
    at: str
    dirty: bool = False
    plan: str = ""
    verb: str = "deploy"
    target: int = 0
    job: str = ""


@dataclass(slots=True)
class Recorder:
    """Keeps the record of one deploy. `documents` are contents that are not on the cluster yet, `written` those that are."""

    cluster: Cluster
    record: Record
    about: About
    documents: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    written: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    ended: list[Deployment] = field(default_factory=list)

    def begin(self, plan: Plan, lives: Iterable[Live]) -> None:
        """Note what is about to be done, before anything is. Whatever fails here has changed nothing."""
        entries = dict(self.record.entries)
        by_id = {(live.kind, live.id): live for live in lives}
        for entry in plan.repairs:
            live = by_id[entry.kind, entry.id]
            entries[entry.key] = self._dated(dataclasses.replace(entry, stored_document=self._stored(live.body)))
        for key in plan.gone:
            entries.pop(key, None)
        number, chain = self._before(entries)
        # A data stream is nobody's, and what is done to it is found out by looking: nothing of it is recorded.
        pending = {action.key: self._intent(action) for action in plan.actions if action.shape is None}
        about = dataclasses.asdict(self.about)
        about["plan"] = self.about.plan or _plan_digest(plan.actions, pending)
        self.record = dataclasses.replace(
            self.record,
            entries=entries,
            pending=pending,
            generation=number + 1,
            environment=plan.environment,
            ended=False,
            chain=chain,
            **about,
        )
        self.save()

    def end(self, result: Result) -> None:
        """Note how it ended, and what stands there now."""
        one = dataclasses.replace(
            history.open_of(self.record),
            state=_state(result),
            seconds=round(result.elapsed, 3),
            counts=counts_of(result),
            manifest=self._manifest(self.record.entries),
            results=self._document(results_of([_row(outcome) for outcome in result.outcomes])),
        )
        self.ended = [*(other for other in self.ended if other.number != one.number), one]
        self.record = dataclasses.replace(self.record, ended=True, chain=one.digest)
        self.save()

    def applied(self, action: Action, written: Written) -> None:
        """Note that an action was carried out; `written` has the digest and body of what the server stored."""
        entries, pending = dict(self.record.entries), dict(self.record.pending)
        intent = pending.pop(action.key)
        if action.verb is Verb.DELETE:
            entries.pop(action.key, None)
        else:
            entries[action.key] = self._dated(
                Entry(
                    key=action.key,
                    kind=action.kind,
                    id=written.id,
                    name=action.name,
                    sent=intent.sent,
                    stored=written.stored,
                    sent_document=intent.sent_document,
                    stored_document=self._stored(redacted(action.kind, written.body or {})),
                    seq_no=written.seq_no,
                    primary_term=written.primary_term,
                    version=written.version,
                    analytic=intent.analytic,
                    protected=intent.protected,
                    depends_on=intent.depends_on,
                    trigger=intent.trigger,
                )
            )
        self.record = dataclasses.replace(self.record, entries=entries, pending=pending)

    def not_done(self, actions: Sequence[Action]) -> None:
        """Note that actions were certainly not carried out."""
        gone = {action.key for action in actions}
        pending = {key: intent for key, intent in self.record.pending.items() if key not in gone}
        self.record = dataclasses.replace(self.record, pending=pending)

    def save(self) -> None:
        """Write the contents that are new, then the record. If the index was deleted meanwhile, all contents of this deploy."""
        if records.ensure_index(self.cluster):
            self.documents = {**self.written, **self.documents}
        if self.documents or self.ended:
            records.write_documents(self.cluster, self.record.deployment, self.about.at, self.documents, self.ended)
            self.written |= self.documents
            self.documents, self.ended = {}, []
        self.record = records.write_record(self.cluster, self.record)

    def save_to(self, folder: Path) -> Path:
        """Save the record and the bodies that did not get to the cluster in a file of this computer, for this user only."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = folder / f"{self.record.deployment}-{self.record.generation}.json"
        ended = [records.history_source(one) for one in self.ended]
        value = {"record": records.source_of(self.record), "documents": self.documents, "ended": ended}
        write_whole(path, json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass"), PRIVATE)
        return path

    def _before(self, entries: Mapping[str, Entry]) -> tuple[int, str]:
        """The number of the deploy before this one, and its digest; one that was killed is ended here.

        If the record was lost, the count goes on from the newest that can be found.
        """
        record = self.record
        if record.seq_no is None:
            last = history.newest_of(self.cluster, record.deployment)
            return (last.number, last.digest) if last else (0, "")
        if record.ended:
            return record.generation, record.chain
        last = history.read_deployment(self.cluster, record.deployment, record.generation)
        if last is None or last.before != record.chain:
            last = dataclasses.replace(history.open_of(record), manifest=self._manifest(entries))
            self.ended.append(last)
        return last.number, last.digest

    def _manifest(self, entries: Mapping[str, Entry]) -> str:
        return self._document(manifest_of({key: Kept(entry.sent_document, entry.id) for key, entry in entries.items()}))

    def _intent(self, action: Action) -> Intent:
        resource, live = action.resource, action.live
        before = {
            "before_version": 0 if live is None else live.version,
            "before_digest": "" if live is None else live.digest,
        }
        if action.verb is Verb.DELETE or resource is None:
            return Intent(action.key, action.kind, action.name, "", closing=action.closes_first, **before)  # type: ignore[arg-type]
        return Intent(
            action.key,
            action.kind,
            action.name,
            digest(resource.body),
            self._sent(resource),
            analytic=resource.analytic,
            protected=resource.protected,
            depends_on=resource.depends_on,
            trigger=kept_trigger(action.kind, self.record.deployment, resource.body),
            closing=action.closes_first,
            **before,  # type: ignore[arg-type]
        )

    def _sent(self, resource: Resource) -> str:
        return self._document(recordable(resource))

    def _stored(self, body: Mapping[str, Any]) -> str:
        return self._document({"body": body})

    def _document(self, document: Mapping[str, Any]) -> str:
        name = digest(document)
        self.documents[name] = document
        return name

    def _dated(self, entry: Entry) -> Entry:
        return dataclasses.replace(entry, at=self.about.at, tool=self.about.tool)


def counts_of(result: Result) -> dict[str, int]:
    """How many objects had which fate, and how many were left unchanged."""
    counts = {str(fate): len(result.of(fate)) for fate in Fate if result.of(fate)}
    return {**counts, "unchanged": result.plan.unchanged}


def _state(result: Result) -> State:
    if result.interrupted:
        return State.INTERRUPTED
    return State.COMPLETE if all(outcome.fate is Fate.APPLIED for outcome in result.outcomes) else State.PARTIAL


def _row(outcome: Outcome) -> Row:
    action = outcome.action
    return Row(str(action.verb), action.key, str(outcome.fate), outcome.id, outcome.reason or action.reason)


def _plan_digest(actions: Sequence[Action], intents: Mapping[str, Intent]) -> str:
    """The digest of what a plan does, to which objects, with which content."""
    return digest(
        [
            [str(action.verb), action.key, action.id, intent.before_digest, intent.sent]
            if (intent := intents.get(action.key)) is not None
            else [str(action.verb), action.key, action.id, step_of(action).sent]
            for action in actions
        ]
    )


def push(cluster: Cluster, deployment: str, path: Path) -> Record:
    """Write a record that was saved in a file to the cluster, if nothing was deployed since.

    Raises UsageError for a file that is none, DeployerError if the cluster's record is as new.
    """
    try:
        value = json.loads(path.read_text("utf-8"))
        saved, documents = records.record_of(value["record"]), value["documents"]
        ended = [one for source in value["ended"] if (one := records.history_of(source)) is not None]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{path.name} holds no record", why=str(error), todo="Give the file that the deploy named."
        ) from None
    if saved.deployment != deployment:
        raise UsageError(f"{path.name} is the record of {saved.deployment}, not of {deployment}")
    known = records.read_record(cluster, deployment)
    if known.generation > saved.generation:
        raise DeployerError(
            "the record on the cluster is newer than the file",
            why=f"the cluster's is of deploy {known.generation}, the file's of deploy {saved.generation}",
            todo="Delete the file; `deployer plan` shows what, if anything, is to be done.",
        )
    records.ensure_index(cluster)
    records.write_documents(cluster, deployment, saved.at, documents, ended)
    saved = dataclasses.replace(saved, seq_no=known.seq_no, primary_term=known.primary_term)
    return records.write_record(cluster, saved)
