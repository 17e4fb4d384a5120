"""What a replay makes of the alerts that the server holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deployer.replay.live import stored_entities

ALICE = (("user", "alice"),)


class Answers:
    """A server whose alerts are those of `turns`, one turn a request, the last for ever."""

    def __init__(self, *turns: list[str]) -> None:
        self.turns = list(turns)
        self.asked = 0

    def request(self, method: str, path: str, body: Any = None, params: Mapping[str, Any] | None = None) -> Any:
        """The alerts of this turn."""
        self.asked += 1
        users = self.turns.pop(0) if len(self.turns) > 1 else self.turns[0]
        return {"alerts": [{"agg_alert_content": {"bucket": {"key": {"user": user}}}} for user in users]}


def test_an_alert_that_is_just_being_moved_is_looked_for_again() -> None:
    """Missing in one answer and there in the next: it was stored."""
    server = Answers(["bob"], ["alice", "bob"])

    found = stored_entities(server, "m", frozenset({ALICE}))

    assert (True, 2) == (ALICE in found, server.asked)


def test_an_alert_that_never_appears_is_missing() -> None:
    """When the patience is over, what is there is the answer."""
    server = Answers(["bob"])

    assert {(("user", "bob"),)} == stored_entities(server, "m", frozenset({ALICE}), patience=0)


def test_an_alert_without_buckets_names_no_entity() -> None:
    """A query-level alert is about nobody in particular, and is there."""

    class QueryLevel(Answers):
        def request(self, method: str, path: str, body: Any = None, params: Mapping[str, Any] | None = None) -> Any:
            return {"alerts": [{"agg_alert_content": None}]}

    assert {()} == stored_entities(QueryLevel(), "m", frozenset({()}), patience=0)
