"""Whatever people, other tools and broken networks do in whatever order, the promises hold after each step."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from deployer.model.errors import DeployerError
from deployer.model.resource import Resource
from deployer.plan.plan import UnsafePlanError
from tests import deployments as made
from tests.bench import MONITORS, RECORDS, Bench
from tests.faults import Fault, Proxy, Reply, proxied

pytestmark = pytest.mark.integration

ANALYTICS = ("XX0001", "XX0002", "XX0003")
FAULTS: dict[str, dict[str, Any]] = {
    "reset before": {"before": Reply(drop=True)},
    "reset after": {"after": Reply(drop=True)},
    "half an answer": {"cut": True},
    "unavailable": {"before": Reply(503)},
    "too many requests": {"before": Reply(429, headers={"retry-after": "0"})},
    "gateway timeout": {"after": Reply(504)},
    "refused": {"before": Reply(403)},
}


class AnyWrite(Fault):
    """A fault at a write, wherever it goes."""

    def fits(self, request: Any) -> bool:
        return bool(request.writes)


class History(RuleBasedStateMachine):
    """A repository, a cluster, and everything that may happen to either."""

    url: ClassVar[str] = ""

    @initialize()
    def begin(self) -> None:
        self.stack = contextlib.ExitStack()
        self.on = Bench(self.url, Path(self.stack.enter_context(tempfile.TemporaryDirectory())))
        self.stack.callback(self.on.clean)
        self.proxy: Proxy = self.stack.enter_context(proxied(self.url))
        self.repository: dict[str, int] = {"XX0001": 1, "XX0002": 1}
        self.base, self.settled, self.copies = "keyword", False, 0
        self.lost, self.deleted = False, set[str]()
        self.theirs = self.on.create({**made.monitor("somebody-else", needs=()).body, "owner": "alerting"})
        self.before = self.on.node.request("GET", f"{MONITORS}/{self.theirs}")

    def teardown(self) -> None:
        if hasattr(self, "stack"):
            self.stack.close()

    def resources(self) -> list[Resource]:
        """What the repository says now."""
        name = self.on.deployment
        shared = [made.component(name, self.base), made.pipeline(name), made.index_template(name), made.channel(name)]
        return [*shared, *(made.monitor(name, analytic, threshold=value) for analytic, value in self.repository.items())]  # fmt: skip

    def ours(self) -> dict[str, dict[str, Any]]:
        """The live monitors of this deployment, without the copies that the test made."""
        copies = set(self.on.also)
        return {key: hit for key, hit in self.on.monitors().items() if f"{MONITORS}/{key}" not in copies}

    @rule(analytic=st.sampled_from(ANALYTICS), threshold=st.integers(1, 3))
    def somebody_edits_the_repository(self, analytic: str, threshold: int) -> None:
        self.repository[analytic] = threshold
        self.settled = False

    @precondition(lambda self: len(self.repository) > 1)
    @rule(data=st.data())
    def somebody_removes_an_analytic(self, data: st.DataObject) -> None:
        del self.repository[data.draw(st.sampled_from(sorted(self.repository)))]
        self.settled = False

    @rule(kind=st.sampled_from(["keyword", "text", "wildcard"]))
    def somebody_edits_a_mapping(self, kind: str) -> None:
        self.base, self.settled = kind, False

    @precondition(lambda self: self.ours())
    @rule(data=st.data(), change=st.sampled_from(["enabled", "schedule", "condition"]))
    def somebody_edits_the_cluster(self, data: st.DataObject, change: str) -> None:
        def edit(body: dict[str, Any]) -> None:
            if change == "enabled":
                body["enabled"] = not body["enabled"]
            elif change == "schedule":
                body["schedule"]["period"]["interval"] += 1
            else:
                body["triggers"][0]["bucket_level_trigger"]["condition"]["script"]["source"] += " "

        self.on.edit(data.draw(st.sampled_from(sorted(self.ours()))), edit)
        self.settled = False

    @precondition(lambda self: self.ours())
    @rule(data=st.data())
    def somebody_deletes_on_the_cluster(self, data: st.DataObject) -> None:
        identity = data.draw(st.sampled_from(sorted(self.ours())))
        self.on.node.gone(f"{MONITORS}/{identity}")
        self.deleted.add(identity)
        self.settled = False

    @precondition(lambda self: self.ours() and self.copies < 2)
    @rule(data=st.data())
    def somebody_copies_a_monitor(self, data: st.DataObject) -> None:
        found = self.ours()[data.draw(st.sampled_from(sorted(self.ours())))]["_source"]
        self.on.create({**found, "name": f"{found['name']}_copy"})
        self.copies += 1

    @precondition(lambda self: self.settled)
    @rule()
    def the_record_is_lost(self) -> None:
        self.on.node.gone(f"{RECORDS}/_doc/{self.on.deployment}?refresh=true")
        self.lost, self.settled = True, False

    @rule(
        fault=st.sampled_from(sorted(FAULTS)),
        write=st.integers(0, 14),
        times=st.integers(1, 4),
        choices=st.fixed_dictionaries({}, optional={"prune": st.just(True)}),
    )
    def a_deploy_meets_a_fault(self, fault: str, write: int, times: int, choices: dict[str, Any]) -> None:
        self.proxy.faults[:] = [AnyWrite("", "", skip=write, times=times, **FAULTS[fault])]
        with contextlib.suppress(DeployerError):
            self._deploy(self.proxy.url, **choices)
        self.proxy.faults.clear()
        self.proxy.settled()
        self.settled = False

    @rule()
    def a_deploy_puts_everything_right(self) -> None:
        try:
            result = self._put_right()
        except UnsafePlanError as error:
            self._choose_for_the_tool({refusal.code for refusal in error.refusals})
            result = self._put_right()
        assert result.exit_code == 0, [(o.action.key, o.fate, o.reason) for o in result.outcomes]
        self.lost, self.settled = False, True

    @precondition(lambda self: self.settled)
    @rule()
    def a_second_deploy_is_empty(self) -> None:
        self.proxy.seen.clear()
        assert self._deploy(self.proxy.url).outcomes == ()
        assert self.proxy.writes == []

    @invariant()
    def what_is_not_ours_is_untouched(self) -> None:
        if hasattr(self, "before"):
            assert self.before == self.on.node.request("GET", f"{MONITORS}/{self.theirs}")
            assert all(self.on.node.found(path) for path in self.on.also)

    @invariant()
    def nothing_is_there_twice(self) -> None:
        if hasattr(self, "before"):
            names = [hit["_source"]["name"] for hit in self.ours().values()]
            assert len(names) == len(set(names)), names

    @invariant()
    def the_record_agrees_with_the_cluster(self) -> None:
        if getattr(self, "settled", False):
            record = self.on.record()
            recorded = {entry["id"] for entry in record["entries"] if entry["kind"] == "monitor"}
            # What neither side has any more is forgotten with the next write, and is no change by itself.
            assert recorded - self.deleted == set(self.ours())
            assert len(self.ours()) == len(self.repository)
            assert record["pending"] == []

    def _put_right(self) -> Any:
        return self._deploy(self.on.url, prune=True, on_drift="revert", accept="desired", allow_mass_change=True)

    def _choose_for_the_tool(self, refused: set[str]) -> None:
        """Without a record a copy that bears our marks cannot be told from its original, so a person has to."""
        assert self.lost
        assert self.copies
        assert refused == {"ownership"}
        for path in [path for path in self.on.also if path != f"{MONITORS}/{self.theirs}"]:
            self.on.node.gone(path)
            self.on.also.remove(path)
        self.copies = 0

    def _deploy(self, url: str, **choices: Any) -> Any:
        return self.on.deploy(self.resources(), url, terms={"break_lock": True, "pause": 0.01}, **choices)


def test_whatever_happens_in_whatever_order(cluster_url: str) -> None:
    """Random edits of the repository, edits by hand on the cluster, faults and deploys; after each, what must hold is checked."""
    machine: Callable[[], RuleBasedStateMachine] = type("Here", (History,), {"url": cluster_url})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=6,
            stateful_step_count=12,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
