"""Markers, canonical forms and differences."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.model.resource import Kind
from deployer.plan import Marker
from deployer.plan.canonical import canonical, digest, redacted, stable
from deployer.plan.compare import ABSENT, FieldChange, changes
from deployer.plan.live import description_marker, meta_marker, monitor_marker, trigger_key
from tests import deployments as made

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


def shuffled(value: Any) -> Any:
    """The same value with its keys in another order."""
    if isinstance(value, dict):
        return {name: shuffled(value[name]) for name in reversed(value)}
    return [shuffled(item) for item in value] if isinstance(value, list) else value


@given(JSON)
def test_equal_values_have_one_digest(value: Any) -> None:
    """The order of keys and a trip through JSON change no digest."""
    assert digest(value) == digest(shuffled(value)) == digest(json.loads(canonical(value)))


@given(JSON, JSON)
def test_there_are_changes_exactly_if_values_differ(old: Any, new: Any) -> None:
    """No difference is overlooked, and none is made up."""
    assert bool(changes(old, new)) == (canonical(old) != canonical(new))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"a": {"b": 1}}, {"a": {"b": 2}}, [FieldChange("a.b", 1, 2)]),
        ({"a": None}, {}, [FieldChange("a", None, ABSENT)]),
        ({}, {"a": None}, [FieldChange("a", ABSENT, None)]),
        ({"a": ["x"]}, {"a": ["x", "y"]}, [FieldChange("a", ["x"], ["x", "y"])]),
        ({"a": [{"b": 1}]}, {"a": [{"b": 2}]}, [FieldChange("a[0].b", 1, 2)]),
        ({"a": [{"b": 1}]}, {"a": [{"c": 0}, {"b": 1}]}, [FieldChange("a[0]", ABSENT, {"c": 0})]),
        ({"a": [{"b": 1}]}, {"a": [{"b": 1}, {"b": 1}]}, [FieldChange("a.length", 1, 2)]),
        ({"a": 1}, {"a": True}, [FieldChange("a", 1, True)]),
    ],
)
def test_changes_are_named_by_their_path(old: Any, new: Any, expected: list[FieldChange]) -> None:
    """Each change names the narrowest field that people would name."""
    assert expected == list(changes(old, new))


def test_what_the_server_changes_by_itself_is_no_change() -> None:
    """A monitor's times and schema version are not part of it; a template's fields all are."""
    body = {"name": "a", "last_update_time": 1, "enabled_time": 2, "schema_version": 9}

    assert {"name": "a"} == stable(Kind.MONITOR, body)
    assert body == stable(Kind.INDEX_TEMPLATE, body)


def test_addresses_and_headers_of_channels_are_hidden_and_told_apart() -> None:
    """A redacted channel shows no address and no header, and different addresses look different."""
    one = redacted(Kind.CHANNEL, made.channel("h-unit", "http://hook/secret-1").body)
    two = redacted(Kind.CHANNEL, made.channel("h-unit", "http://hook/secret-2").body)

    assert "secret-" not in json.dumps([one, two])
    assert one != two
    assert one["config"]["webhook"]["method"] == "POST"


def test_a_monitor_is_marked_by_owner_and_triggers() -> None:
    """The owner names the deployment, the trigger id the key; one without the other marks nothing."""
    body = made.monitor("h-unit").body

    assert Marker("h-unit", "monitor/XX0001/discovery") == monitor_marker(Kind.MONITOR, body)
    assert monitor_marker(Kind.MONITOR, {**body, "owner": "alerting"}) is None
    assert monitor_marker(Kind.MONITOR, {**body, "owner": "alerting h-other"}) is None
    assert monitor_marker(Kind.MONITOR, {**body, "triggers": []}) is None


@pytest.mark.parametrize(
    ("identity", "expected"),
    [
        ("h-unit.AN1.burst", "monitor/AN1/burst"),
        ("h-unit.AN1.burst.second", "monitor/AN1/burst"),
        ("h-unit-2.AN1.burst", None),
        ("h-unit.AN1", None),
        ("h-unit..burst", None),
        ("", None),
    ],
)
def test_trigger_ids_name_keys(identity: str, expected: str | None) -> None:
    """Only an id of this deployment with analytic and monitor names a key; a longer deployment name is another one."""
    assert expected == trigger_key(Kind.MONITOR, "h-unit", identity)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Parses. [h-unit ingest-pipeline/windows]", Marker("h-unit", "ingest-pipeline/windows")),
        ("[see above] Parses [h-unit channel/soc] ", Marker("h-unit", "channel/soc")),
        ("Parses [h-unit ingest-pipeline/windows] and more", None),
        ("Parses [h-unit]", None),
        ("]", None),
        ("", None),
    ],
)
def test_descriptions_end_with_a_marker(text: str, expected: Marker | None) -> None:
    """Only a marker at the very end of a description counts."""
    assert expected == description_marker(text)


def test_templates_are_marked_in_their_meta() -> None:
    """Meta without the tool's own word marks nothing."""
    meta = made.component("h-unit").body["_meta"]

    assert Marker("h-unit", "component-template/base") == meta_marker(meta)
    assert meta_marker({**meta, "managed_by": "somebody"}) is None
    assert meta_marker({}) is None
