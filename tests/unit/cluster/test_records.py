"""The record's stored form."""

from __future__ import annotations

import dataclasses
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deployer.cluster import Cluster
from deployer.cluster.records import FORMAT, _packed, record_of, source_of, with_documents
from deployer.model.environment import Connection
from deployer.model.errors import RefusedError
from deployer.model.resource import Kind
from deployer.plan import Entry, Intent, Record
from deployer.plan.canonical import digest
from tests import deployments as made
from tests.faults import Reply, serving

TEXT = st.text(max_size=8)
NUMBER = st.none() | st.integers(0, 2**40)
ENTRY = st.builds(
    Entry, TEXT, st.sampled_from(Kind), TEXT, TEXT, TEXT, TEXT, TEXT, TEXT, NUMBER, NUMBER, NUMBER,
    analytic=st.none() | st.text(min_size=1), protected=st.booleans(), depends_on=st.lists(TEXT, max_size=2).map(tuple),
)  # fmt: skip
INTENT = st.builds(
    Intent, TEXT, st.sampled_from(Kind), TEXT, TEXT, before_version=NUMBER, before_digest=TEXT, protected=st.booleans()
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(ENTRY, max_size=4), st.lists(INTENT, max_size=4))
def test_a_record_comes_back_as_it_was(entries: list[Entry], intents: list[Intent]) -> None:
    """Storing a record as JSON and reading it loses and changes nothing; zero is not taken for nothing."""
    record = Record("h-unit", {e.key: e for e in entries}, {i.key: i for i in intents}, 3, "2026-01-01T00:00:00Z", "me")

    assert record == record_of(json.loads(json.dumps(source_of(record))))


@pytest.mark.parametrize(
    "change",
    [{"generation": 9}, {"who": "mallory"}, {"entries": []}, {"digest": "x"}, {"extra": 1}, {"format": "2"}, {"format": None}],
)  # fmt: skip
def test_promise_27_an_edited_record_is_refused(change: dict[str, object]) -> None:
    """Any change of a stored record is noticed, and refused as unsafe."""
    _, record = made.deployed(made.everything("h-unit"))

    with pytest.raises(RefusedError, match="was edited") as error:
        record_of({**source_of(record), **change})

    assert 3 == error.value.exit_code


def test_a_record_of_a_later_version_is_refused() -> None:
    """A form that this version does not know is not guessed at."""
    source = source_of(dataclasses.replace(Record("h-unit")))

    with pytest.raises(RefusedError, match="later version"):
        record_of({**source, "format": FORMAT + 1})


@pytest.mark.parametrize(
    "source",
    [{}, {"content": None}, {"content": 7}, {"content": "no base64!"}, {"content": "bm8gemxpYg=="}, {"content": _packed({"a": 2})}],
)  # fmt: skip
def test_a_content_that_somebody_edited_counts_as_absent(source: dict[str, object]) -> None:
    """Whatever stands in its place, it is not taken for the content, and it does not end the run."""
    name = digest({"a": 1})
    answer = {"docs": [{"found": True, "_source": source}]}
    with serving(lambda request: Reply(200, answer)) as (url, _):
        found = with_documents(Cluster.connect(Connection((url,))), Record("h-unit"), [name])

    assert {} == found.documents
