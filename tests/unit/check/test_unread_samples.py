"""Samples that cannot be read: only that is told, and not what they would prove."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployer.check import validate_repository
from tests.unit.repo import write


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "DAC001"),
        ("cases: [{name: }]}", "DAC001"),
        ("cases: []\n", "DAC003"),
        ("cases:\n  - nme: x\n", "DAC003"),
    ],
)
def test_an_error_of_form_is_the_only_one(tmp_path: Path, text: str, code: str) -> None:
    """Every finding lies in the file with the mistake; that nothing alerts by it (DAC017) would lead astray."""
    write(tmp_path)
    samples = next(tmp_path.glob("detections/*/*/samples.yml"))
    samples.write_text(text, "utf-8")

    found = validate_repository(tmp_path).findings.items

    assert {code} == {finding.code for finding in found}
    assert {samples.relative_to(tmp_path).as_posix()} == {finding.where.file for finding in found}
    assert {"error"} == {finding.level for finding in found}
