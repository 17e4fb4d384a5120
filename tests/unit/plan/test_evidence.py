"""Test reports: bound to what was tested, whole or refused, signed if somebody wants."""

from __future__ import annotations

import dataclasses
import json

import pytest

from deployer.model.errors import RefusedError
from deployer.model.resource import Kind
from deployer.plan import Selection, evidence
from deployer.plan.evidence import Evidence, Verdict, contents
from deployer.plan.sealed import sealed
from tests.deployments import channel, component, index_template, monitor, pipeline

COMMIT = "a" * 40
MADE = {"XX0001": "1" * 64, "XX0002": "2" * 64}
KEY = "a key of enough letters"


def passing(analytic: str, **changes: object) -> Verdict:
    """An analytic that passed."""
    values = {"passed": True, "cases": 2, "events": 3, "checks": 4, "failures": 0, "findings": 0, "tunables": 1, "proven": 1}
    return Verdict(**{"analytic": analytic, **values, "content": {"prod": MADE[analytic]}, **changes})  # type: ignore[arg-type]


def report(*analytics: Verdict, **changes: object) -> Evidence:
    """A report that speaks for a deploy of both analytics to prod."""
    known = analytics or (passing("XX0001"), passing("XX0002"))
    values = {"tool": "1", "commit": COMMIT, "dirty": False, "at": "2026-03-02T10:00:00Z", "who": "a", "job": ""}
    return Evidence(**{**values, **changes}, analytics=known)  # type: ignore[arg-type]


def refused(given: Evidence) -> list[str]:
    """What does not speak for the deploy."""
    found = evidence.refusals(given, "r.json", environment="prod", commit=COMMIT, made_of=MADE, tool="1")
    assert all(error.exit_code == 3 and error.why and error.todo for error in found)
    return [error.what for error in found]


def test_a_report_that_speaks_for_the_deploy_is_read_as_written() -> None:
    """What was written is what is read, and nothing stands against it."""
    read, value = evidence.load(evidence.dump(report()), "r.json")

    assert report() == dataclasses.replace(read, digest="")
    assert read.digest == value["digest"]
    assert [] == refused(read)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (report(commit="b" * 40), ["r.json is of another commit"]),
        (report(commit=""), ["r.json is of another commit"]),
        (report(dirty=True), ["r.json was made from files that were not committed"]),
        (report(tool="2"), ["r.json was made by another version of this tool"]),
        (report(passing("XX0001")), ["XX0002 is not in r.json"]),
        (report(passing("XX0001", passed=False), passing("XX0002")), ["XX0001 did not pass its tests"]),
        (report(passing("XX0001", failures=1), passing("XX0002")), ["XX0001 did not pass its tests"]),
        (report(passing("XX0001", findings=1), passing("XX0002")), ["XX0001 did not pass its tests"]),
        (report(passing("XX0001", content={"prod": "3" * 64}), passing("XX0002")), ["XX0001 is not what was tested for prod"]),
        (report(passing("XX0001", content={"lab": MADE["XX0001"]}), passing("XX0002")), ["XX0001 is not what was tested for prod"]),
        (report(passing("XX0002", failures=3), dirty=True), ["r.json was made from files that were not committed", "XX0001 is not in r.json", "XX0002 did not pass its tests"]),
    ],
)  # fmt: skip
def test_what_does_not_speak_for_the_deploy_is_named(given: Evidence, expected: list[str]) -> None:
    """Each reason, and each analytic by its id, all of them at once."""
    assert expected == refused(given)


def test_one_flipped_byte_of_a_report_is_refused() -> None:
    """Whatever byte is another one, the report is no report any more."""
    data = evidence.dump(report(), KEY)
    taken = []
    for place in range(0, len(data), 3):
        edited = bytearray(data)
        edited[place] ^= 1
        try:
            found, value = evidence.load(bytes(edited), "r.json")
        except RefusedError:
            continue
        # Only the signature stands outside of the digest, and it is looked at by itself.
        taken.append(place)
        assert evidence.unsigned(found, value, "r.json", KEY) is not None

    assert 0 < len(taken) < 64


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"null", b"\xff", b'{"format_version": 1, "digest": "x"}', b"[" * 100_000])
def test_what_is_no_report_is_refused(data: bytes) -> None:
    """Other files end in a refusal that says what to do."""
    with pytest.raises(RefusedError) as error:
        evidence.load(data, "r.json")

    assert "r.json" in error.value.what
    assert "deployer test --report" in error.value.todo


@pytest.mark.parametrize(
    ("name", "value"),
    [("passed", "false"), ("failures", 0.5), ("content", []), ("content", {"prod": 1}), ("analytic", 1), ("more", 1)],
)
def test_a_report_whose_digest_fits_and_whose_form_does_not_is_refused(name: str, value: object) -> None:
    """What somebody made by other means ends in a refusal, and is not read as something else."""
    body = {key: inner for key, inner in json.loads(evidence.dump(report())).items() if key != "digest"}
    body["analytics"][0][name] = value

    with pytest.raises(RefusedError) as error:
        evidence.load(sealed(body), "r.json")

    assert "it has not the form of a test report" == error.value.why


def test_a_report_in_another_file_is_refused_if_it_was_edited() -> None:
    """One that a plan file has in it is compared with its digest too."""
    value = json.loads(evidence.dump(report(passing("XX0001", failures=1), passing("XX0002"))))
    value["analytics"][0]["failures"] = 0

    with pytest.raises(RefusedError, match="not a test report as it was written"):
        evidence.of_value(value, "the test report in a.plan")


def test_a_signature_is_of_a_key_and_of_every_byte() -> None:
    """Without one, with that of another key, and with one of another report it is refused; with the right one not."""

    def told(data: bytes, key: str = KEY) -> str | None:
        error = evidence.unsigned(*evidence.load(data, "r.json"), "r.json", key)
        return None if error is None else error.what

    signature = json.loads(evidence.dump(report(dirty=True), KEY))["signature"]
    other = evidence.dump(report(), KEY).replace(
        json.loads(evidence.dump(report(), KEY))["signature"].encode(), signature.encode()
    )

    assert told(evidence.dump(report(), KEY)) is None
    assert "r.json is not signed" == told(evidence.dump(report()))
    assert "r.json is signed with another key" == told(evidence.dump(report(), KEY), "another key")
    assert "r.json is signed with another key" == told(other)


def test_an_analytic_is_bound_to_all_that_it_is_made_of() -> None:
    """Its monitors, and the templates and pipelines they need, through each other; not to channels or other analytics."""
    plain = [component("d"), pipeline("d"), index_template("d"), channel("d"), monitor("d"), monitor("d", "XX0002", needs=())]

    def differing(*changed: object) -> list[str]:
        keys = {item.key: item for item in changed}  # type: ignore[attr-defined]
        after = contents([keys.get(item.key, item) for item in plain])  # type: ignore[misc]
        before = contents(plain)
        return [name for name in before if before[name] != after[name]]

    assert [] == differing(channel("d", "http://127.0.0.1:9/other"))
    assert ["XX0001"] == differing(pipeline("d", "no"))
    assert ["XX0001"] == differing(component("d", "text"))
    assert ["XX0001"] == differing(monitor("d", threshold=2))
    assert ["XX0002"] == differing(monitor("d", "XX0002", window="1h", needs=()))


def test_what_is_not_selected_needs_no_report() -> None:
    """An analytic counts if one of its monitors is selected, or something that they need."""
    everything = [component("d"), pipeline("d"), index_template("d"), monitor("d"), monitor("d", "XX0002", needs=())]

    def of(*keys: str) -> set[str]:
        return set(contents(everything, Selection(select=("x",), chosen=frozenset(keys))))

    assert {"XX0002"} == of("monitor/XX0002/discovery")
    assert {"XX0001"} == of(f"{Kind.INGEST_PIPELINE}/mark")
    assert set() == of("channel/soc")
