"""A plan as a file: what goes in comes out, and nothing that was changed is taken for a plan."""

from __future__ import annotations

import json
import random

import pytest

from deployer.model.errors import RefusedError
from deployer.plan.canonical import digest
from deployer.plan.planfile import dump, load
from tests.plans import resources, saved, secret


def test_a_plan_comes_back_as_it_was_saved() -> None:
    """Saving and reading loses nothing, and the contents are the resources again, with their secrets."""
    found = load(dump(saved()), "a.plan", "1.0")
    part = found.part("eu")

    assert part is not None
    assert saved() == found
    assert {r.key: digest(r.body) for r in resources()} == {
        r.key: digest(r.body) for r in found.content(part, secret, {})
    }
    assert {r.key: r.depends_on for r in resources()} == {r.key: r.depends_on for r in found.content(part, secret, {})}


def test_promise_05_one_flipped_byte_is_refused() -> None:
    """Whatever byte of the file is another, be it a blank, the file is refused as unsafe."""
    data = dump(saved())
    positions = {0, len(data) - 1, *random.Random(5).sample(range(len(data)), 400)}

    for position in sorted(positions):
        for bit in (0, 1, 5):
            flipped = bytearray(data)
            flipped[position] ^= 1 << bit
            with pytest.raises(RefusedError) as error:
                load(bytes(flipped), "a.plan", "1.0")
            assert 3 == error.value.exit_code


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b'{"format_version": 1, "digest": "x"}', b'{"format_version": 2, "digest": ""}'],
)  # fmt: skip
def test_promise_05_what_is_no_plan_is_refused(data: bytes) -> None:
    """Any other content ends in a refusal, not in a traceback."""
    with pytest.raises(RefusedError):
        load(data, "a.plan", "1.0")


def test_promise_05_a_field_that_fits_its_digest_but_no_plan_is_refused() -> None:
    """A file whose digest was made to fit is still read with care."""
    value = {key: inner for key, inner in json.loads(dump(saved())).items() if key != "digest"}
    value["clusters"][0]["steps"] = [{"verb": "create"}]
    forged = json.dumps({**value, "digest": digest(value)}, indent=1) + "\n"

    with pytest.raises(RefusedError, match="not a plan as it was saved"):
        load(forged.encode(), "a.plan", "1.0")


def test_promise_05_a_plan_of_another_version_is_refused() -> None:
    """A plan is applied by the version of the tool that showed it, or not."""
    with pytest.raises(RefusedError, match=r"made by another version .*") as error:
        load(dump(saved()), "a.plan", "1.1")

    assert "1.0" in error.value.why
    assert "1.1" in error.value.why


def test_promise_29_no_secret_is_in_a_plan_file() -> None:
    """The address of a channel stands in the file as its reference."""
    text = dump(saved()).decode()

    assert "canary" not in text
    assert "env:HOOK" in text
