"""How much of the past the index of records keeps, on a real cluster."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deployer.cluster import history, read_record, retention
from deployer.deploy import deploy, look
from deployer.deploy.past import chronicle, go_back
from deployer.model.errors import UsageError
from deployer.model.resource import Resource
from deployer.plan import Choices
from tests import deployments as made
from tests.bench import RECORDS, Bench, bench

pytestmark = pytest.mark.integration


@pytest.fixture
def on(cluster_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """A deployment of its own, of which three deploys are kept."""
    monkeypatch.setattr(history, "KEPT", 3)
    monkeypatch.setattr(retention, "EVERY", 1)
    with bench(cluster_url, tmp_path) as found:
        yield found


def _stored(on: Bench, kind: str) -> int:
    on.node.request("POST", f"{RECORDS}/_refresh")
    query = {"bool": {"filter": [{"term": {"deployment": on.deployment}}, {"term": {"type": kind}}]}}
    return int(on.node.request("POST", f"{RECORDS}/_count", {"query": query})["count"])


def test_the_index_of_records_keeps_the_last_deploys_and_what_they_need(on: Bench) -> None:
    """It stops growing; what is kept can be gone back to exactly, what is older is said to be gone, and nothing is edited."""

    def wanted(number: int) -> list[Resource]:
        return [
            made.monitor(on.deployment, "XX0001", "a", needs=(), interval=10 + number),
            made.monitor(on.deployment, "XX0002", "b", needs=()),
        ]

    sizes = []
    for number in range(1, 8):
        on.deploy(wanted(number))
        sizes.append((_stored(on, "deployment"), _stored(on, "body")))

    told = chronicle(on.client(), on.deployment, 10)
    with pytest.raises(UsageError, match="there is no deploy 3"):
        go_back(on.client(), on.environment(), 3, lambda reference: "", Choices())
    wish = go_back(on.client(), on.environment(), 5, lambda reference: "", Choices()).wish
    result = deploy(on.client(), look(on.client(), wish), wish, on.terms())

    assert len(set(sizes[4:])) == 1, "from then on each deploy removes as much as it adds"
    assert 3 == sizes[-1][0]
    assert [7, 6, 5] == [one.number for one, _ in told.deployments]
    assert (0, False) == (told.missing, told.lost)
    assert ["monitor/XX0001/a"] == [outcome.action.key for outcome in result.outcomes]
    assert on.plan(wanted(5)).empty
    assert 8 == read_record(on.client(), on.deployment).generation
