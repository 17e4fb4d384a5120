"""A dozen of the faults of `make chaos`, and a node that is killed in the middle of a deploy and comes back."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployer import local
from deployer.local import LocalCluster
from tests.bench import Bench, bench
from tests.chaos import KILLS, SCENARIOS, Scenario, inject
from tests.deployments import everything
from tests.faults import Fault, proxied

pytestmark = pytest.mark.integration

FIRST, CHANGE, PRUNE, REVERT = SCENARIOS

DOZEN = [
    *((FIRST, kind, write) for write in (2, 9) for kind in KILLS),
    *((FIRST, KILLS[1], write) for write in (0, 1, 14)),
    *((CHANGE, kind, 9) for kind in KILLS),
    (CHANGE, KILLS[1], 4),
    (PRUNE, KILLS[1], 3),
    (REVERT, KILLS[1], 4),
]


@pytest.mark.parametrize(("scenario", "kind", "write"), DOZEN, ids=lambda value: str(getattr(value, "name", value)))
def test_promise_21_a_deploy_killed_at_any_write_is_put_right_by_the_next(
    cluster_url: str, tmp_path: Path, scenario: Scenario, kind: str, write: int
) -> None:
    """SIGKILL before the body of a write reaches the server, or after: the next deploy does the rest, and nothing twice."""
    verdict = inject(cluster_url, tmp_path, scenario, kind, write)

    assert verdict.struck
    assert [] == verdict.problems


@pytest.mark.parametrize(("write", "kind"), [(5, "half an answer"), (8, "502"), (11, "hang")])
def test_promise_20_a_write_that_goes_wrong_in_any_way_is_put_right(
    cluster_url: str, tmp_path: Path, kind: str, write: int
) -> None:
    """Cut short, lost or never answered, each at another write; `make chaos` has every kind at every write."""
    verdict = inject(cluster_url, tmp_path, FIRST, kind, write)

    assert verdict.struck
    assert [] == verdict.problems


@pytest.fixture
def own_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalCluster]:
    """A cluster of this test's own, which it may kill."""
    monkeypatch.setenv("DEPLOYER_LOCAL", "service")
    directory = tmp_path / "own"
    yield local.up(directory, port=0, progress=lambda line: None)
    local.down(directory)


@pytest.mark.timeout(900)
def test_promise_21_a_node_killed_in_the_middle_of_a_deploy_comes_back(
    own_cluster: LocalCluster, tmp_path: Path
) -> None:
    """SIGKILL of the node at the channel: the deploy says what was done and what was not, and after its return the next one does the rest."""
    with bench(own_cluster.url, tmp_path) as on:
        resources = everything(on.deployment)
        with proxied(own_cluster.url) as proxy:
            proxy.faults.append(Fault("POST", "/configs", meanwhile=lambda: _kill(own_cluster)))
            result = on.deploy(resources, proxy.url)
        returned = local.up(tmp_path / "own", port=int(own_cluster.url.rpartition(":")[2]), progress=lambda line: None)
        again = _after(on, returned)

        assert 1 == result.exit_code
        assert {"channel/soc", "monitor/XX0001/discovery", "monitor/XX0002/follow"} <= {
            outcome.action.key for outcome in result.outcomes if outcome.fate != "applied"
        }
        assert 0 == again
        assert 2 == len(on.monitors())
        assert on.plan(resources).empty


def _kill(cluster: LocalCluster) -> None:
    for pid in cluster.pids:
        os.kill(pid, signal.SIGKILL)


def _after(on: Bench, cluster: LocalCluster) -> int:
    on.url = cluster.url
    on.node.url = cluster.url
    return on.deploy(everything(on.deployment), terms={"break_lock": True}).exit_code
