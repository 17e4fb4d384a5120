"""Exceptions and exclusions end: an error after their last day, a warning in the 30 days before; the same on every machine."""

from __future__ import annotations

from pathlib import Path

import pytest
import time_machine

from deployer.check import validate_repository
from deployer.cli import cli, common
from deployer.model.codes import CODES
from tests.unit.repo import write

EXCEPTION = """\
exceptions:
  - {id: EX-1, analytic: XX0001, where: {field: user.name, equals: svc}, owner: OWNER, reason: REASON, expires: "2026-06-30"}
"""
EXCLUSION = """\
exclusions:
  - {code: DAC023, owner: OWNER, reason: REASON, expires: "2026-06-30"}
"""
BOTH = pytest.mark.parametrize(("text", "what"), [(EXCEPTION, "the exception EX-1"), (EXCLUSION, "the exclusion of DAC023")])


def repository(folder: Path, text: str, owner: str = "alice@example.org", reason: str = "measured here") -> Path:
    """The small repository with an exception or exclusion of its environment."""
    write(folder, local=("channels:", f"{text.replace('OWNER', owner).replace('REASON', reason)}channels:"))
    return folder


@BOTH
@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-05-31T23:59:59Z", []),
        ("2026-06-01T00:00:00Z", ["warning"]),
        ("2026-06-30T23:59:59Z", ["warning"]),
        ("2026-07-01T00:00:00Z", ["error"]),
    ],
)
def test_the_last_day_is_told_of_for_30_days_and_then_kept(
    now: str, expected: list[str], text: str, what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It holds on its whole last day, by UTC, wherever the machine stands; the finding names it and whom to ask."""
    folder = repository(tmp_path, text)
    found = []
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        monkeypatch.setenv("TZ", zone)
        with time_machine.travel(now, tick=False):
            found.append(validate_repository(folder).findings.items)

    assert found[0] == found[1]
    assert [("DAC016", level) for level in expected] == [(item.code, item.level) for item in found[0]]
    for item in found[0]:
        assert item.message.startswith(what)
        assert "ask alice@example.org" in item.hint
        assert "environments/local.yml" == item.where.file
        assert item.where.line


@BOTH
@pytest.mark.parametrize("command", ["validate", "plan", "deploy"])
def test_nothing_is_validated_or_deployed_after_the_last_day(
    command: str, text: str, what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each command fails with the finding, the second time too, when the files are remembered."""
    folder = repository(tmp_path, text)
    options = [] if command == "validate" else ["--env", "local"]
    with time_machine.travel("2026-05-01T00:00:00Z", tick=False):
        common.run(cli, [command, "--root", str(folder), *options], "deployer")
    capsys.readouterr()

    with time_machine.travel("2026-07-01T00:00:00Z", tick=False):
        code = common.run(cli, [command, "--root", str(folder), *options], "deployer")

    output = capsys.readouterr()
    assert 1 == code
    assert f"error DAC016: {what} expired on 2026-06-30" in output.out + output.err


@BOTH
@pytest.mark.parametrize("missing", ["owner", "reason", "expires"])
def test_owner_reason_and_last_day_are_wanted(missing: str, text: str, what: str, tmp_path: Path) -> None:
    """Without one of them, or with a blank one, the file has not the form."""
    line = {"owner": "owner: OWNER, ", "reason": "reason: REASON, ", "expires": ', expires: "2026-06-30"'}[missing]
    assert line in text
    without = validate_repository(repository(tmp_path / "a", text.replace(line, ""))).findings.items
    blank = {"owner": ("' '", "x"), "reason": ("x", "' '")}.get(missing, ("x", "x"))
    text = text.replace('"2026-06-30"', '" "') if missing == "expires" else text
    empty = validate_repository(repository(tmp_path / "b", text, *blank)).findings.items

    assert ["DAC003"] == [item.code for item in without]
    assert f"'{missing}' is missing" in without[0].message
    assert ["DAC003"] == [item.code for item in empty]


def test_the_code_is_explained() -> None:
    """`deployer explain DAC016` says what it means for both."""
    code = CODES["DAC016"]

    assert "exclusion" in code.title
    assert "30 days" in code.what
