"""What the documentation shows is what works."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployer.cli import cli, common
from tests.example import example


def test_the_complete_example_is_valid(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The analytic that the documentation shows passes `validate` as written, without a warning."""
    code = common.run(cli, ["validate", "--root", str(example(root, tmp_path))], "deployer")

    output = capsys.readouterr()
    assert (0, "") == (code, output.err), output
