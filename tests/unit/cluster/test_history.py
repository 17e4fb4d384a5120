"""The history of deployments is believed only as far as a chain of digests vouches for it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import pytest

from deployer.cluster import Cluster, history
from deployer.cluster.records import history_id, history_source, read_record, source_of
from deployer.model.environment import Connection
from deployer.model.errors import RefusedError
from deployer.plan import Record
from deployer.plan.history import Deployment, State
from tests.faults import Reply, Request, serving

NAME = "h-unit"


def chain(count: int) -> list[Deployment]:
    """So many deployments, each with the digest of the one before."""
    found: list[Deployment] = []
    for number in range(1, count + 1):
        before = found[-1].digest if found else ""
        found.append(Deployment(NAME, number, f"2026-01-{29 - number:02}T00:00:00Z", "me", "here", "0", before=before))
    return found


def store(deployments: list[Deployment], **record: Any) -> dict[str, dict[str, Any]]:
    """The documents of an index of records, by id."""
    last = deployments[-1]
    known = Record(NAME, generation=last.number, chain=last.digest, **record)
    return {NAME: source_of(known), **{history_id(NAME, one.number): history_source(one) for one in deployments}}


def answering(documents: dict[str, dict[str, Any]]) -> Callable[[Request], Reply]:
    """A server that has these documents."""

    def script(request: Request) -> Reply:
        path = request.path.split("?")[0]
        if path.endswith("/_mget"):
            ids = json.loads(request.body)["ids"]
            return Reply(
                200, {"docs": [{"_id": one, "found": one in documents, "_source": documents.get(one)} for one in ids]}
            )
        if path.endswith("/_search"):
            found = [source for source in documents.values() if source["type"] == "deployment"]
            newest = sorted(found, key=lambda source: -source["generation"])[:1]
            return Reply(200, {"hits": {"hits": [{"_source": source} for source in newest]}})
        source = documents.get(path.rsplit("/", 1)[-1])
        return (
            Reply(404, {"found": False})
            if source is None
            else Reply(200, {"_source": source, "_seq_no": 1, "_primary_term": 1})
        )

    return script


def read(documents: dict[str, dict[str, Any]], down_to: int = 1) -> history.History:
    """What a client reads of them."""
    with serving(answering(documents)) as (url, _):
        cluster = Cluster.connect(Connection((url,)))
        return history.read_history(cluster, read_record(cluster, NAME), down_to)


def test_deployments_come_newest_first_whatever_the_clocks_say() -> None:
    """The number orders them: a clock that was set back in between changes nothing."""
    found = read(store(chain(5)))

    assert [5, 4, 3, 2, 1] == [one.number for one in found.deployments]
    assert sorted(one.at for one in found.deployments) == [one.at for one in found.deployments]
    assert [5, 4, 3] == [one.number for one in read(store(chain(5)), 3).deployments]


def test_many_deployments_are_read_in_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages lose none, wherever their ends are."""
    monkeypatch.setattr(history, "PAGE", 2)

    assert [5, 4, 3, 2, 1] == [one.number for one in read(store(chain(5))).deployments]
    assert [5, 4, 3, 2] == [one.number for one in read(store(chain(5)), 2).deployments]


@pytest.mark.parametrize("number", [1, 3, 5])
def test_promise_27_an_edited_deployment_is_refused(number: int) -> None:
    """Edited, even with a digest that fits, it is not what the one after it (or the record) vouches for."""
    forged = dataclasses.replace(chain(5)[number - 1], who="mallory", manifest="another")
    for source in ({**history_source(chain(5)[number - 1]), "who": "mallory"}, history_source(forged)):
        documents = {**store(chain(5)), history_id(NAME, number): source}

        with pytest.raises(RefusedError, match=f"recorded of deploy {number} of {NAME} was edited") as error:
            read(documents)

        assert 3 == error.value.exit_code


def test_a_deployment_that_is_gone_is_named_with_all_before_it() -> None:
    """Those after it are still vouched for."""
    documents = store(chain(5))
    del documents[history_id(NAME, 3)]

    found = read(documents)

    assert ([5, 4], 3) == ([one.number for one in found.deployments], found.missing)


def test_a_deploy_without_an_end_is_known_from_the_record() -> None:
    """Killed or running: the record says who and when; if only the record was not told, its document says the end."""
    three = chain(3)
    documents = store(three[:2])
    open_record = Record(NAME, generation=3, who="alice", ended=False, chain=three[1].digest)
    documents[NAME] = source_of(open_record)

    without = read(documents)
    documents[history_id(NAME, 3)] = history_source(three[2])
    told = read(documents)

    assert [State.OPEN, State.COMPLETE, State.COMPLETE] == [one.state for one in without.deployments]
    assert "alice" == without.deployments[0].who
    assert [State.COMPLETE] * 3 == [one.state for one in told.deployments]


def test_without_a_record_the_newest_is_looked_for() -> None:
    """A lost record does not lose the history; that nothing vouches for it is said."""
    documents = store(chain(3))
    del documents[NAME]

    found = read(documents)

    assert ([3, 2, 1], True) == ([one.number for one in found.deployments], found.lost)
    assert history.History(lost=True) == read({})
