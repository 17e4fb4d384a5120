"""ATT&CK's data read from STIX: both forms, what may be missing, and files that are not what they should be."""

from __future__ import annotations

import copy
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deployer.attack import stix
from deployer.attack.stix import StixError, read
from deployer.model.attack import NamedLogSource
from tests.attack import HOSTILE, analytic, bundle, component, named, strategy, write


def test_both_forms_of_stix_say_the_same(tmp_path: Path) -> None:
    """STIX 2.0 and 2.1, with ids, techniques without retired ones, tactics, components, and the release."""
    found = read(write(tmp_path, bundle()))

    assert found == read(write(tmp_path / "other", bundle(spec="2.1")))
    assert "18.1" == found.version
    assert ["AN9001", "AN9002", "AN9003", "AN9004", "AN9005"] == list(found.analytics)
    one, other = found.strategies.values()
    assert (("T9049",), ("discovery",), 4) == (one.techniques, one.tactics, len(one.analytics))
    assert (("T9050.001",), ("collection",), ("AN9005",)) == (other.techniques, other.tactics, other.analytics)
    first = found.analytics["AN9001"]
    assert ("DET9001", ("Windows",), False) == (first.strategy, first.platforms, first.retired)
    assert NamedLogSource("x:plain", "EventCode=1, 22", "DC9001") == first.log_sources[0]
    assert 2 == len(first.log_sources)
    assert (True, ()) == (found.analytics["AN9004"].retired, found.odd)


@pytest.mark.parametrize("alone", [True, False])
def test_one_object_is_enough(alone: bool, tmp_path: Path) -> None:
    """A bundle of one analytic, or the analytic itself: its own address names the strategy, nothing names techniques."""
    found = read(write(tmp_path, analytic(9001) if alone else bundle(analytic(9001)), "x.json"))

    assert ("DET9001", "") == (found.analytics["AN9001"].strategy, found.version)
    assert {} == found.strategies


def test_of_several_versions_the_newest_counts(tmp_path: Path) -> None:
    """STIX allows an object to stand in a bundle once a version; the order says nothing."""
    old = analytic(9001, description="Old.", modified="2025-01-01T00:00:00.000Z")
    new = analytic(9001, description="New.")

    for objects in ((old, new), (new, old)):
        assert "New." == read(write(tmp_path, bundle(*objects))).analytics["AN9001"].description


def test_the_release_stands_in_the_collection_of_a_whole_domain(tmp_path: Path) -> None:
    """It wins over what the file is called."""
    collection = {"type": "x-mitre-collection", "id": "x-mitre-collection--1", "x_mitre_version": "19.0"}

    assert "19.0" == read(write(tmp_path, bundle(analytic(9001), collection))).version


def test_odd_objects_are_told_and_the_rest_is_read(tmp_path: Path) -> None:
    """Without an id, with one that is a path, twice with one id, with too many parts: none of them stops the others."""
    wrong = [
        analytic(9002, external_references=[]),
        analytic(9003, external_references=[{"source_name": "mitre-attack", "external_id": "../../etc/AN9003"}]),
        {**analytic(9001), "id": "x-mitre-analytic--copy"},
        analytic(9004, x_mitre_log_source_references=[named(f"x:{number}", "y") for number in range(300)]),
    ]

    found = read(write(tmp_path, bundle(analytic(9001), *wrong)))

    assert ["AN9001", "AN9004"] == list(found.analytics)
    assert 200 == len(found.analytics["AN9004"].log_sources)
    assert [
        "x-mitre-analytic--9002 has no id such as AN0903",
        "x-mitre-analytic--9003 has no id such as AN0903",
        "AN9001 stands twice: the second, x-mitre-analytic--copy, is left out",
        "AN9004 has 300 x_mitre_log_source_references: the first 200 are taken",
    ] == list(found.odd)


def test_parts_of_another_type_count_as_missing(tmp_path: Path) -> None:
    """Texts for lists, numbers for texts, lists for objects: what is left is read."""
    odd = analytic(
        9001,
        description=5,
        x_mitre_platforms="Windows",
        x_mitre_log_source_references=["x", {"name": 3}, {"name": " a \n b ", "channel": None}],
        x_mitre_mutable_elements={"field": "x"},
    )

    found = read(
        write(tmp_path, bundle(odd, strategy(9001, 9001, name=None, x_mitre_analytic_refs=[7, None]), component(1)))
    )

    first = found.analytics["AN9001"]
    assert ("", (), ()) == (first.description, first.platforms, first.elements)
    assert (NamedLogSource("a b", "None"),) == first.log_sources
    assert "DET9001" == found.strategies["DET9001"].name


def _garble(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "is empty"),
        (b"  \n", "is empty"),
        (b"\xff\xfe\x00", "is no text in UTF-8"),
        (b"PK\x03\x04\x9a", "is no text in UTF-8"),
        (json.dumps(bundle()).encode()[:-1], "ends in the middle"),
        (json.dumps(bundle()).encode()[:700], "ends in the middle"),
        (b'{"type": "bun', "ends in the middle"),
        (b"<html>not found</html>", "is no JSON"),
        (b"[" * 200_000, "is nested too deeply"),
        (b'{"objects": [' + b"9" * 10_000 + b"]}", "is no JSON that can be read"),
        (b"[]", "is no STIX bundle"),
        (b"3", "is no STIX bundle"),
        (b'{"type": "bundle"}', "is no STIX bundle"),
        (b'{"type": "bundle", "objects": {}}', "is no STIX bundle"),
        (b'{"type": "bundle", "objects": []}', "has no analytics"),
        (b'{"type": "bundle", "objects": [null, 5, {"type": "malware", "id": "x"}]}', "has no analytics"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_file_that_is_something_else_is_told_as_what_it_is(data: bytes, told: str, tmp_path: Path) -> None:
    """One error that says what, and what to do next."""
    with pytest.raises(StixError) as caught:
        read(_garble(tmp_path / "x.json", data))

    assert told in caught.value.what
    assert caught.value.todo
    assert len(caught.value.why) < 300


def test_a_mark_of_byte_order_does_no_harm(tmp_path: Path) -> None:
    """Editors on Windows put one there."""
    path = _garble(tmp_path / "x.json", b"\xef\xbb\xbf" + json.dumps(bundle()).encode())

    assert 5 == len(read(path).analytics)


def test_a_file_that_is_none_is_told(tmp_path: Path) -> None:
    """Nothing there, a folder, and a pipe, which would be read for ever."""
    os.mkfifo(tmp_path / "pipe")

    for name, told in (("nothing", "there is no file"), (".", "is no file"), ("pipe", "is no file")):
        with pytest.raises(StixError, match=told):
            read(tmp_path / name)


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its size is looked at before its content."""
    monkeypatch.setattr(stix, "MAX_BYTES", 1000)

    with pytest.raises(StixError, match="larger than 1,000 bytes"):
        read(write(tmp_path, bundle()))


_PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)
_ANY = st.recursive(_PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3), max_leaves=6)  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_value_in_any_place_ends_in_a_traceback(data: st.DataObject, tmp_path: Path) -> None:
    """Whatever stands where: a value of some object is replaced, and the file is read, or refused in words."""
    value: Any = copy.deepcopy(bundle())
    for _ in range(data.draw(st.integers(1, 4))):
        item = data.draw(st.sampled_from(value["objects"]))
        if isinstance(item, dict) and item:
            key = data.draw(st.sampled_from(sorted(item)))
            item[key] = data.draw(_ANY)

    try:
        found = set(read(write(tmp_path, value)).analytics)
    except StixError:
        found = set()

    assert found <= {f"AN{number}" for number in range(9001, 9006)}


def test_half_of_a_surrogate_pair_is_replaced(tmp_path: Path) -> None:
    """JSON can say it, and no file can hold it."""
    found = read(write(tmp_path, bundle(analytic(9001, description=HOSTILE)))).analytics["AN9001"].description

    assert found.encode("utf-8")
    assert found.endswith("end ?")
