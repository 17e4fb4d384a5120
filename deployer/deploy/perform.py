"""One action, carried out once: what to do when an answer is lost (promises 17, 19, 20)."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from deployer.cluster import Cluster, read_monitors, streams, writes
from deployer.cluster.errors import AnswerError, LostAnswerError, UnreachableError
from deployer.cluster.inventory import read_channels, read_named
from deployer.cluster.writes import Written
from deployer.deploy import closing
from deployer.model.errors import ClusterError, DeployerError
from deployer.model.resource import Kind, Resource
from deployer.plan import Action, Live, Verb
from deployer.plan.actions import Shape

TRIES = 3
REFUSED_FOR_NOW = frozenset({429, 503})
"""The server says that it did not do it."""

NOT_READY = "all shards failed"
"""A create counts the monitors first. On a new cluster, one that meets the index half-made is answered 500 with this."""

LOST = frozenset({502, 504})
"""Something between says that it does not know."""


class TakenError(ClusterError):
    """Somebody else wrote the object since it was read; theirs stays."""

    code = "conflict"


@dataclass(frozen=True, slots=True)
class Performer:
    """Carries out actions on a cluster. `pause` is the first wait in seconds before something is tried again."""

    cluster: Cluster
    deployment: str
    stop: threading.Event
    pause: float = 0.5

    def perform(self, action: Action, ids: Mapping[str, str], *, refresh: bool = True) -> Written:
        """What the cluster has now. `refresh` as in `writes.update`.

        Raises TakenError for a conflict, LostAnswerError if nobody can tell what became of it, any other ClusterError or
        AuthError for a failure.
        """
        match action.verb:
            case Verb.DELETE:
                if action.closes_first:
                    self._close(action)
                return self._delete(action)
            case Verb.CREATE:
                assert action.resource is not None
                return self._create(action.resource, ids)
            case Verb.UPDATE | Verb.ADOPT:
                assert action.resource is not None
                assert action.live is not None
                live = self._close(action) if action.closes_first else action.live
                return self._update(action.resource, live, ids, refresh)
            case Verb.EXTEND:
                self._patiently(lambda: streams.extend(self.cluster, _shape(action)))
                return Written(action.name)
            case Verb.ROLLOVER:
                self._roll_over(action)
                return Written(action.name)
            case Verb.ACCEPT:
                assert action.live is not None
                return _of(action.live)

    def _close(self, action: Action) -> Live:
        """Make the monitor silent and close its alerts; the monitor as it is then. If they stay open, it is put back as it was."""
        live = action.live
        assert live is not None
        made = Resource(action.kind, action.key, live.name, closing.silent(live.body))
        quiet = _after(live, self._update(made, live, {}, refresh=True))
        try:
            closing.close_alerts(self.cluster, quiet, self.stop, self.pause)
        except DeployerError:
            self._update(dataclasses.replace(made, body=live.body), quiet, {}, refresh=True)
            raise
        return quiet

    def _create(self, resource: Resource, ids: Mapping[str, str]) -> Written:
        """Create once. After a lost answer, look for our mark first; a create is sent again only if it is not there.

        After a timeout it is never sent again in this run: the server may still be at it.
        """
        for number in range(TRIES):
            try:
                return writes.create(self.cluster, resource, ids)
            except (LostAnswerError, AnswerError, UnreachableError) as error:
                if not _passing(error):
                    raise _taken(error, resource) from None
                found = None if isinstance(error, UnreachableError) else self._look(resource, number)
                if found is not None:
                    return _of(found)
                if number + 1 == TRIES or "within" in error.why or self._interrupted(error, number):
                    raise
        raise AssertionError("the last try returns or raises")

    def _look(self, resource: Resource, number: int) -> Live | None:
        """The object that a create of ours made, if it did; the server is given a moment to finish."""
        for _ in range(3):
            found = self.read(resource)
            mine = [live for live in found if live.marker and live.marker.key == resource.key]
            if mine:
                return mine[-1]
            self.stop.wait(self.pause * (number + 1))
        return None

    def read(self, resource: Resource) -> list[Live]:
        """The live objects of a resource's name that carry this deployment's mark."""
        kind = resource.kind
        if kind is Kind.CHANNEL:
            found = read_channels(self.cluster, self.deployment)
        elif kind in (Kind.MONITOR, Kind.WORKFLOW):
            found, _ = read_monitors(self.cluster, self.deployment)
        else:
            found = read_named(self.cluster, kind, self.deployment)
        return [
            live
            for live in found
            if live.kind is kind
            and live.name == resource.name
            and live.marker
            and live.marker.deployment == self.deployment
        ]

    def _update(self, resource: Resource, before: Live, ids: Mapping[str, str], refresh: bool) -> Written:
        """Write over what was read. Repeating is harmless: the write is conditional, or replaces the whole by its name."""
        for number in range(TRIES):
            try:
                return writes.update(self.cluster, resource, before, ids, refresh=refresh)
            except (LostAnswerError, AnswerError, UnreachableError) as error:
                if number and isinstance(error, AnswerError) and error.status == 409:
                    return self._ours(resource, before)
                if not _passing(error):
                    raise _taken(error, resource) from None
                if number + 1 == TRIES or self._interrupted(error, number):
                    raise
        raise AssertionError("the last try returns or raises")

    def _ours(self, resource: Resource, before: Live) -> Written:
        """After a lost answer the same write is refused: exactly one version more means that the first one was carried out."""
        now = writes.read_one(self.cluster, resource.kind, before.id)
        if before.version is not None and now.version == before.version + 1:
            return now
        raise TakenError(f"{resource.key} was written by somebody else", why="its version has moved on")

    def _delete(self, action: Action) -> Written:
        """Delete; what is not there is deleted, so this may be repeated."""
        for number in range(TRIES):
            try:
                writes.delete(self.cluster, action.kind, action.id)
                return Written(action.id)
            except (LostAnswerError, AnswerError, UnreachableError) as error:
                # Deleting what is gone was once answered 500 (FACTS.md, "Running").
                again = _passing(error) or getattr(error, "status", None) == 500
                if not again or number + 1 == TRIES or self._interrupted(error, number):
                    raise
        raise AssertionError("the last try returns or raises")

    def _patiently(self, write: Callable[[], None]) -> None:
        """A write that says what is to be, so it may be repeated."""
        for number in range(TRIES):
            try:
                return write()
            except (LostAnswerError, AnswerError, UnreachableError) as error:
                if not _passing(error) or number + 1 == TRIES or self._interrupted(error, number):
                    raise
        raise AssertionError("the last try returns or raises")

    def _roll_over(self, action: Action) -> None:
        """Start a new backing index once. After a lost answer, look whether there is one first."""
        before = _shape(action).write_index
        for number in range(TRIES):
            now = streams.write_index(self.cluster, action.name)
            if number and now != before:
                return None
            if now != before:
                raise TakenError(f"{action.name} was rolled over by somebody else", why=f"it writes to {now} now")
            try:
                return streams.roll_over(self.cluster, action.name)
            except (LostAnswerError, AnswerError, UnreachableError) as error:
                if (
                    not _passing(error)
                    or number + 1 == TRIES
                    or "within" in error.why
                    or self._interrupted(error, number)
                ):
                    raise
        raise AssertionError("the last try returns or raises")

    def _interrupted(self, error: Exception, number: int) -> bool:
        """Wait before something is tried again; true, and at once, if it is not to be because of Ctrl-C or SIGTERM."""
        asked = error.retry_after if isinstance(error, AnswerError) else None
        return self.stop.wait(min(10.0, asked if asked is not None else self.pause * 2**number))


def _shape(action: Action) -> Shape:
    assert action.shape is not None, "data streams only"
    return action.shape


def _passing(error: ClusterError) -> bool:
    """Whether an error says nothing against trying again."""
    if not isinstance(error, AnswerError):
        return True
    if error.lasting:
        return False
    return error.status in REFUSED_FOR_NOW | LOST or (error.status == 500 and NOT_READY in error.reason)


def _taken(error: ClusterError, resource: Resource) -> ClusterError:
    """A conflict, if the answer means one."""
    if isinstance(error, AnswerError) and (error.status == 409 or "already exists" in error.reason):
        return TakenError(f"{resource.key} was written by somebody else since it was read", why=error.reason)
    return error


def _after(live: Live, written: Written) -> Live:
    """The object as a write of it left it."""
    return dataclasses.replace(
        live,
        body=written.body or live.body,
        digest=written.stored,
        seq_no=written.seq_no,
        primary_term=written.primary_term,
        version=written.version,
    )


def _of(live: Live) -> Written:
    return Written(live.id, live.seq_no, live.primary_term, live.version, live.digest, live.body)
