"""Carry out a plan: lock, look again, note what is about to be done, do it in order, record it, and tell the truth."""

from __future__ import annotations

import dataclasses
import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from deployer.cluster import Cluster, history, records, retention
from deployer.cluster.errors import AnswerError, LostAnswerError
from deployer.cluster.inventory import read_channels, read_named
from deployer.cluster.writes import Written
from deployer.deploy import order
from deployer.deploy.lock import Holder, locked
from deployer.deploy.look import Look, Wish, look
from deployer.deploy.perform import Performer, TakenError
from deployer.deploy.recording import About, Recorder
from deployer.deploy.saved import stale
from deployer.model.errors import AuthError, ClusterError, RefusedError
from deployer.model.resource import Kind
from deployer.plan import Action, Live, Record, Verb
from deployer.plan.outcome import Fate, Outcome, Result

THREADS = 32
"""Writes at once. A create waits for refreshes, which the server does for all that wait: it takes most a second with so
many (docs/benchmarks.md), and few waiting threads cost nothing."""

REFRESH = 1.2
"""Seconds after which a write without refresh is seen by searches, at the latest: the interval is one second."""

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Terms:
    """How a deploy is run. `lock_wait` is in seconds; `records_folder` takes the record if the cluster does not.

    With `exact` a plan of which anything changed is refused whole; else what changed is a conflict, and the rest is done.
    """

    about: About
    records_folder: Path
    stop: threading.Event
    progress: Progress
    lock_wait: float = 60.0
    break_lock: bool = False
    pause: float = 0.5
    exact: bool = False


def deploy(cluster: Cluster, seen: Look, wish: Wish, terms: Terms) -> Result:
    """Carry out the plan that was seen. A plan without changes writes nothing at all, not even a lock.

    Raises UnsafePlanError if the plan's own rules refuse it, LockedError, RefusedError if somebody deployed since the plan
    was made, ClusterError or AuthError if the record cannot be begun; in all of these nothing was changed.
    """
    started = time.monotonic()
    seen.plan.check()
    if seen.plan.empty:
        return Result(seen.plan)
    records.ensure_index(cluster)
    me = Holder(terms.about.who, terms.about.host, os.getpid(), terms.about.at)
    with locked(
        cluster,
        wish.environment.deployment,
        me,
        wait=terms.lock_wait,
        break_it=terms.break_lock,
        stop=terms.stop,
        progress=terms.progress,
    ):
        return _Run(cluster, seen, wish, terms, started).run()


class _Run:
    """One deploy, with the lock held."""

    def __init__(self, cluster: Cluster, seen: Look, wish: Wish, terms: Terms, started: float) -> None:
        self.started = started
        self.cluster, self.seen, self.wish, self.terms = cluster, seen, wish, terms
        self.deployment = wish.environment.deployment
        self.performer = Performer(cluster, self.deployment, terms.stop, terms.pause)
        self.outcomes: dict[str, Outcome] = {}
        self.written: dict[str, Written] = {}
        self.ids: dict[str, str] = {}
        self.total = len(seen.plan.actions)
        self.record_error = ""

    def run(self) -> Result:
        fresh = look(self.cluster, self.wish)
        self._not_deployed_since(fresh)
        still, changed = _compared(self.seen.plan.actions, fresh.plan.actions)
        if self.terms.exact and (changed or len(still) != len(fresh.plan.actions)):
            raise stale(action.key for action in changed or fresh.plan.actions)
        for action in changed:
            self._settle(
                Outcome(
                    action, Fate.CONFLICT, action.id, "changed on the cluster since the plan was made", "Plan again."
                )
            )
        plan = dataclasses.replace(fresh.plan, actions=tuple(still))
        plan.check()
        self.ids = {live.marker.key: live.id for live in fresh.inventory.objects if live.marker}
        self.ids |= {key: entry.id for key, entry in fresh.record.entries.items()}
        recorder = Recorder(self.cluster, fresh.record, self.terms.about)
        recorder.begin(plan, fresh.inventory.objects)
        waves = order.waves(still)
        for number, wave in enumerate(waves, 1):
            self._wave(wave, still, recorder)
            if number < len(waves):
                self._save(recorder.save)
        outcomes = tuple(self.outcomes[action.key] for action in self.seen.plan.actions)
        result = Result(
            self.seen.plan,
            outcomes,
            time.monotonic() - self.started,
            self.terms.stop.is_set(),
            number=recorder.record.generation,
        )
        self._save(lambda: recorder.end(result))
        if not self.record_error and retention.due(recorder.record):
            self._tidy(recorder.record)
        file = str(recorder.save_to(self.terms.records_folder)) if self.record_error else ""
        return dataclasses.replace(result, record_error=self.record_error, record_file=file)

    def _not_deployed_since(self, fresh: Look) -> None:
        if (fresh.record.seq_no, fresh.record.primary_term) != (self.seen.record.seq_no, self.seen.record.primary_term):
            raise RefusedError(
                f"{fresh.record.who} deployed {self.deployment} from {fresh.record.host} since this plan was made",
                why=f"at {fresh.record.at}; what was shown is not what would be done now",
                todo="Plan again, and look at it.",
            )

    def _wave(self, wave: Sequence[Action], actions: Sequence[Action], recorder: Recorder) -> None:
        rest, last = list(wave), []
        if rest[0].kind is Kind.MONITOR and not self.seen.plan.facts.present:
            # The first monitor of a cluster makes the index of all; creates that meet it half-made fail.
            self._settle(self._one(rest.pop(0), actions))
        elif rest[0].kind is Kind.MONITOR:
            # One write that refreshes shows the others' too, so of updates only the last one does.
            last = [action for action in rest if action.verb is Verb.UPDATE][-1:]
            rest = [action for action in rest if not last or action is not last[0]]
        with ThreadPoolExecutor(THREADS) as pool:
            for outcome in pool.map(lambda action: self._one(action, actions, refresh=not last), rest):
                self._settle(outcome)
        for action in last:
            self._settle(self._one(action, actions))
            if rest and self.outcomes[action.key].fate is not Fate.APPLIED:
                time.sleep(REFRESH)
        self._confirm(wave)
        for action in wave:
            applied = self.outcomes[action.key].fate is Fate.APPLIED and action.shape is None
            if applied and self._known(action):
                recorder.applied(action, self.written[action.key])
        # What became of a lost answer stays noted as intended, as does what could not be read back; the next run finds out.
        recorder.not_done([action for action in wave if self._not_done(action)])

    def _one(self, action: Action, actions: Sequence[Action], *, refresh: bool = True) -> Outcome:
        """Carry out one action; runs in a thread."""
        if self.terms.stop.is_set() or self.record_error:
            why = "the record could not be written" if self.record_error else "interrupted before it began"
            return Outcome(action, Fate.STOPPED, action.id, why, "Run again: it does the rest only.")
        blocked = [key for key in order.needs(action, actions) if self._stands_in_the_way(key)]
        if blocked:
            return Outcome(
                action, Fate.BLOCKED, action.id, f"waits for {blocked[0]}", "It follows when that is mended."
            )
        try:
            written = self.performer.perform(action, self.ids, refresh=refresh)
        except TakenError as error:
            return Outcome(action, Fate.CONFLICT, action.id, f"{error.what}: {error.why}", "Theirs stays. Plan again.")
        except LostAnswerError as error:
            return Outcome(action, Fate.UNKNOWN, action.id, f"{error.what}: {error.why}", "Run again: it finds out.")
        except (ClusterError, AuthError) as error:
            text = error.why if isinstance(error, AnswerError) and error.why else f"{error.what}: {error.why}"
            return Outcome(action, Fate.FAILED, action.id, text, error.todo)
        self.written[action.key] = written
        if action.verb is not Verb.DELETE and action.shape is None:
            self.ids[action.key] = written.id
        return Outcome(action, Fate.APPLIED, written.id)

    def _stands_in_the_way(self, key: str) -> bool:
        outcome = self.outcomes.get(key)
        return outcome is not None and outcome.fate is not Fate.APPLIED

    def _not_done(self, action: Action) -> bool:
        """Whether an action was certainly not carried out. A create that failed may yet have left something, and so may one that closes alerts first."""
        fate = self.outcomes[action.key].fate
        half = fate is Fate.FAILED and (action.verb is Verb.CREATE or action.closes_first)
        return fate not in (Fate.APPLIED, Fate.UNKNOWN) and not half

    def _known(self, action: Action) -> bool:
        return action.verb is Verb.DELETE or bool(self.written[action.key].stored)

    def _confirm(self, wave: Sequence[Action]) -> None:
        """Read what the server stored of those kinds whose writes do not tell."""
        kinds = {
            a.kind
            for a in wave
            if a.key in self.written
            and a.verb is not Verb.DELETE
            and a.shape is None
            and not self.written[a.key].stored
        }
        for kind in kinds:
            try:
                lives = self._read(kind)
            except (ClusterError, AuthError) as error:
                self.terms.progress(f"what was stored could not be read back: {error}")
                continue
            found = {live.id: live for live in lives}
            for action in wave:
                live = found.get(action.name)
                if live is not None and action.kind is kind and action.key in self.written:
                    self.written[action.key] = Written(live.id, stored=live.digest, body=live.body)

    def _read(self, kind: Kind) -> list[Live]:
        if kind is Kind.CHANNEL:
            return read_channels(self.cluster, self.deployment)
        return read_named(self.cluster, kind, self.deployment)

    def _save(self, save: Callable[[], None]) -> None:
        try:
            save()
            self.record_error = ""
        except (ClusterError, AuthError) as error:
            self.record_error = f"{error.what}: {error.why}"

    def _tidy(self, record: Record) -> None:
        """Remove what is older than the deploys that are kept; if that fails, the next deploy that is due does it."""
        try:
            retention.tidy(self.cluster, record)
        except (ClusterError, AuthError, RefusedError) as error:
            self.terms.progress(f"deploys older than the last {history.KEPT} could not be removed: {error}")

    def _settle(self, outcome: Outcome) -> None:
        self.outcomes[outcome.action.key] = outcome
        text = f" ({outcome.reason})" if outcome.reason else ""
        self.terms.progress(
            f"{len(self.outcomes)}/{self.total} {outcome.action.verb} {outcome.action.key}: {outcome.fate}{text}"
        )


def _compared(shown: Sequence[Action], fresh: Sequence[Action]) -> tuple[list[Action], list[Action]]:
    """The actions that are still what was shown (as planned now), and those that are not (as shown)."""
    now = {action.key: action for action in fresh}
    still: list[Action] = []
    changed: list[Action] = []
    for action in shown:
        other = now.get(action.key)
        if other is not None and other.verb is action.verb and _face(other) == _face(action):
            still.append(other)
        else:
            changed.append(action)
    return still, changed


def _face(action: Action) -> tuple[str, str]:
    return (action.live.id, action.live.digest) if action.live else ("", "")
