"""Work on several clusters at once: nothing that happens on one is allowed to hide another."""

from __future__ import annotations

import threading

import pytest

from deployer.deploy.fleet import side_by_side, then, worst
from deployer.model.environment import Connection
from deployer.model.errors import AuthError, DeployerError

THREE = [Connection((f"http://{name}:9200",), name=name) for name in ("east", "north", "west")]


def test_clusters_are_worked_on_at_the_same_time_and_each_has_its_end() -> None:
    """An error a person can act on, a bug and a value stand side by side, in the order of the clusters."""
    together = threading.Barrier(3, timeout=30)

    def work(connection: Connection) -> str:
        together.wait()
        if connection.name == "east":
            raise AuthError("not you")
        if connection.name == "north":
            raise KeyError("oh")
        return connection.name

    found = side_by_side(THREE, work)

    assert ["east", "north", "west"] == [item.cluster for item in found]
    assert [4, 70, None] == [item.error and item.error.exit_code for item in found]
    assert "west" == found[2].value
    bug = found[1].error
    assert bug is not None
    assert "a bug of ours: KeyError: 'oh'" == bug.what
    assert "in work, line" in bug.why
    assert "--cluster north" in bug.todo


def test_what_failed_before_is_not_tried_again() -> None:
    """The next step is done for the clusters that have a value, and the errors of the others stay."""
    seen: list[str] = []

    def refuse(connection: Connection) -> str:
        if connection.name == "north":
            raise DeployerError("no")
        return connection.name

    def step(item: object) -> None:
        seen.append(item.cluster)  # type: ignore[attr-defined]

    after = then(side_by_side(THREE, refuse), step)

    assert {"east", "west"} == set(seen)
    assert [None, "no", None] == [item.error and item.error.what for item in after]


def test_a_bug_on_an_only_cluster_is_raised_as_it_is() -> None:
    """The command line has its own way to tell of it."""
    with pytest.raises(ZeroDivisionError):
        side_by_side(THREE[:1], lambda connection: 1 // 0)


@pytest.mark.parametrize(("codes", "one"), [([], 0), ([0, 2], 2), ([2, 3], 3), ([3, 4, 0], 4), ([4, 1], 1), ([1, 70], 70), ([70, 130], 130)])  # fmt: skip
def test_the_gravest_exit_code_stands_for_all(codes: list[int], one: int) -> None:
    """As the page on exit codes says of several clusters."""
    assert one == worst(codes)
