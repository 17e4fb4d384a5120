"""One analytic replayed again and again while it is written: what did not change since is not sent or run again."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Sequence
from contextlib import ExitStack
from types import TracebackType

from deployer.model.analytic import Analytic, Repository
from deployer.model.environment import Environment
from deployer.model.tested import AnalyticResult
from deployer.render import mappings
from deployer.render.naming import Naming
from deployer.replay import expectations, ingest
from deployer.replay.client import Client
from deployer.replay.stage import STALE, stage

RENEWED = STALE / 2
"""Seconds after which the stage is set up anew: another run takes one of the age STALE for left behind."""

_ANY = Naming("any", "any")


class Rehearsal:
    """Throw-away indices that stay for as long as this is open, with the sample events of one analytic.

    Set up at the first run, and again when a mapping or pipeline changes; what is known of runs is forgotten when an
    event changes.
    """

    def __init__(self, client: Client) -> None:
        self.client = client
        self._stack = ExitStack()
        self._made, self._since = "", 0.0
        self._naming = _ANY
        self._sent: dict[str, ingest.Event] = {}
        self._known: expectations.Memory = {}

    def __enter__(self) -> Rehearsal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def run(self, repository: Repository, analytic: Analytic, environments: Sequence[Environment]) -> AnalyticResult:
        """Replay what changed and compare everything, as `deployer.replay.run` does.

        Raises ClusterError if the cluster refuses an event or cannot be reached; the next run then begins anew.
        """
        made = self._set_up(repository, expectations.sources_of(repository, [analytic.id]))
        self._made = ""  # until all went well
        events = self._send(expectations.events_of(repository, analytic, self._naming))
        result = expectations.judge(self.client, repository, analytic, self._naming, environments, events, self._known)
        self._made = made
        return result

    def _set_up(self, repository: Repository, sources: Collection[str]) -> str:
        """Set the stage up if it is not that of this repository any more; what it is made of."""
        wanted = json.dumps([resource.body for resource in mappings.render(repository, _ANY, sources)], sort_keys=True)
        if wanted == self._made and time.monotonic() - self._since < RENEWED:
            return wanted
        self._made = ""
        self._stack.close()
        self._sent, self._known = {}, {}
        self._naming = self._stack.enter_context(stage(self.client, repository, sources))
        self._since = time.monotonic()
        return wanted

    def _send(self, events: Sequence[ingest.Event]) -> int:
        """Send the events that are not there, and take away those that should not be; how many there are."""
        wanted = {event.id: event for event in events}
        new = [event for name, event in wanted.items() if name not in self._sent]
        old = [event for name, event in self._sent.items() if name not in wanted]
        if new or old:
            self._known.clear()
            ingest.remove(self.client, old)
            ingest.send(self.client, new)
        self._sent = wanted
        return len(events)
