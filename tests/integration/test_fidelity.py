"""Our mapping against what established integrations make of the same raw events (the folders `reference/` of ../shared/events)."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.fidelity import pairs
from benchmarks.fidelity.__main__ import compared
from benchmarks.fidelity.compare import Compared
from benchmarks.fidelity.reasons import REASONS
from tests.node import Node

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def results(cluster_url: str, shared: Path) -> list[Compared]:
    """Every pair of the folder, sent through the pipelines of the node and compared."""
    found = list(pairs.read(shared / "events"))
    if not found:
        pytest.skip("shared/events holds no references")
    return compared(Node(cluster_url), found)


def test_each_field_that_detections_use_has_the_references_value(results: list[Compared]) -> None:
    """Whatever differs does so for a stated reason; a pair without its raw text says so and is not counted."""
    unexplained = [
        f"{one.pair.platform}/{one.pair.name}:{difference.event} {difference.field}: {difference.expected!r}, ours {difference.ours!r}"
        for one in results
        for difference in one.unexplained
    ]

    assert [] == unexplained
    assert all(one.pair.note for one in results if not one.pair.events)
    assert {one.pair.platform for one in results} == {one.pair.platform for one in results if one.values}


def test_each_reason_to_differ_is_needed(results: list[Compared]) -> None:
    """A reason that explains no difference any more is a door for the next mistake."""
    needed = {difference.reason for one in results for difference in one.different}

    assert [] == [reason.why for reason in REASONS if reason not in needed]
