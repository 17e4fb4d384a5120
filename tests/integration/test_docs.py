"""What the documentation shows is what works, on a real node."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployer import replay
from deployer.catalogue import load_repository
from deployer.model.finding import Findings
from tests.example import example
from tests.node import Node

pytestmark = pytest.mark.integration


def test_the_complete_example_alerts_as_it_says(cluster_url: str, root: Path, tmp_path: Path) -> None:
    """The samples of the documented analytic have their outcomes, and both of its tunables are proven."""
    findings = Findings()
    repository = load_repository(example(root, tmp_path), findings)
    findings.raise_errors()

    (result,) = replay.run(Node(cluster_url), repository, ["LX0001"], lambda line: None)

    assert ((), (), 1, 1) == (result.failures, result.unproven, result.positives, result.negatives)
