"""Templates as one, and what an index lacks of them."""

from __future__ import annotations

from typing import Any

import pytest

from deployer.plan.compare import ABSENT
from deployer.plan.mapping import Gap, Shaping, composed, fields, flat_settings, gap


def _of(properties: dict[str, Any], **settings: Any) -> Shaping:
    return Shaping({"properties": properties}, flat_settings(settings))


KEYWORD, LONG = {"type": "keyword"}, {"type": "long"}


def test_later_templates_win_field_by_field_and_setting_by_setting() -> None:
    """Objects are merged, fields replaced; settings are one whether written flat, nested, with or without ``index``."""
    first = {"template": {"mappings": {"properties": {"a": {"properties": {"x": LONG, "y": LONG}}}}, "settings": {"index": {"refresh_interval": "5s"}, "number_of_replicas": 1}}}  # fmt: skip
    second = {"template": {"mappings": {"properties": {"a": {"properties": {"y": KEYWORD}}}}, "settings": {"index.refresh_interval": "1s"}}}  # fmt: skip

    made = composed([first, {"template": {}}, {}, second])

    assert {("a",): "object", ("a", "x"): "long", ("a", "y"): "keyword"} == {
        path: found["type"] for path, found in fields(made.mappings).items()
    }
    assert {"refresh_interval": "1s", "number_of_replicas": "1"} == made.settings


def test_what_is_there_as_it_should_be_is_no_gap() -> None:
    """Defaults that one side tells and the other does not, numbers as text, dotted names and fields of the index alone."""
    wanted = _of({"a.b": {"type": "keyword", "doc_values": True, "ignore_above": 8}, "o": {"type": "object"}}, x="1")
    index = _of({"a": {"properties": {"b": {"type": "keyword", "ignore_above": "8"}, "c": LONG}}, "o": {"dynamic": "true"}})  # fmt: skip

    assert Gap() == gap(wanted, wanted, index)
    assert Gap() == gap(None, _of({"a.b": KEYWORD}), index)


def test_a_new_field_is_put_with_what_it_stands_in() -> None:
    """Objects above it are told only as far as the server asks: a nested one by its type, a missing one whole."""
    index = _of({"n": {"type": "nested", "properties": {"x": LONG}}, "k": {"type": "keyword", "ignore_above": 9}})
    wanted = _of(
        {
            "n": {"type": "nested", "properties": {"x": LONG, "y": KEYWORD}},
            "k": {"type": "keyword", "ignore_above": 9, "fields": {"t": {"type": "text"}}},
            "o": {"dynamic": False, "properties": {"z": LONG}},
        }
    )

    found = gap(_of({}), wanted, index)

    assert {
        "properties": {
            "n": {"type": "nested", "properties": {"y": KEYWORD}},
            "k": {"type": "keyword", "ignore_above": 9, "fields": {"t": {"type": "text"}}},
            "o": {"dynamic": False, "properties": {"z": LONG}},
        }
    } == found.put
    assert ["n.y", "k.t", "o", "o.z"] == [change.path for change in found.added]
    assert () == found.rebuilt


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        (KEYWORD, LONG, "f"),
        (KEYWORD, {"properties": {"x": LONG}}, "f"),
        ({"properties": {"x": LONG}}, KEYWORD, "f"),
        (KEYWORD, {"type": "keyword", "normalizer": "lowercase"}, "f.normalizer"),
        (KEYWORD, {"type": "keyword", "doc_values": False}, "f.doc_values"),
        ({"type": "date", "format": "epoch_millis"}, {"type": "date"}, "f.format"),
    ],
)
def test_a_field_under_another_mapping_needs_a_new_index(old: dict[str, Any], new: dict[str, Any], path: str) -> None:
    """Type, analysis and storage of a field that is there; nothing of it or below it is put."""
    found = gap(_of({"f": old}), _of({"f": new}), _of({"f": old}))
    killed = gap(Shaping(), _of({"f": new}), _of({"f": old}))

    assert ([path], {}) == ([change.path for change in found.rebuilt], found.put)
    assert found.rebuilt == found.meant
    assert killed.rebuilt == killed.meant


def test_what_differs_already_is_told_and_not_meant() -> None:
    """A field that the index has under another type, although the template is as it was, is no change of this plan."""
    template = _of({"f": KEYWORD})

    found = gap(template, template, _of({"f": LONG}))

    assert ["f"] == [change.path for change in found.rebuilt]
    assert () == found.meant


def test_a_parameter_that_an_open_index_takes_is_put_only_when_it_changes() -> None:
    """With the whole field, because the server takes what is left out for its default."""
    old, new = {"type": "keyword", "ignore_above": 9, "copy_to": ["a"]}, {"type": "keyword", "copy_to": ["a"]}

    found = gap(_of({"f": old}), _of({"f": new}), _of({"f": old}))
    later = gap(_of({"f": new}), _of({"f": new}), _of({"f": old}))

    assert [("f.ignore_above", 9, ABSENT)] == [(c.path, c.old, c.new) for c in found.altered]
    assert {"properties": {"f": new}} == found.put
    assert Gap() == later


def test_settings_are_put_or_need_a_new_index_and_only_if_the_plan_changes_them() -> None:
    """What somebody set on an index by hand stays; one that is taken away is unset."""
    before = _of({}, refresh_interval="5s", default_pipeline="a", codec="default")
    after = _of({}, default_pipeline="b", codec="best_compression", number_of_replicas=1)
    index = _of({}, refresh_interval="5s", default_pipeline="a", codec="default", number_of_replicas="1", priority="7")

    found = gap(before, after, index)

    assert {"default_pipeline": "b", "refresh_interval": None} == found.settings
    assert ["settings.codec"] == [change.path for change in found.rebuilt]
    assert Gap() == gap(after, after, index)
    assert Gap() == gap(None, after, index)


def test_a_field_with_an_analyzer_that_the_index_has_not_needs_a_new_index() -> None:
    """The server would refuse the mapping; one that it brings itself is no reason."""
    words = {"analysis": {"analyzer": {"words": {"type": "custom", "tokenizer": "whitespace"}}}}
    after = _of({"m": {"type": "text", "analyzer": "words"}, "s": {"type": "text", "analyzer": "simple"}}, **words)

    found = gap(_of({}), after, _of({}))

    assert {"m", "settings.analysis.analyzer.words.type", "settings.analysis.analyzer.words.tokenizer"} == {
        change.path for change in found.rebuilt
    }
    assert {"properties": {"s": {"type": "text", "analyzer": "simple"}}} == found.put
