"""Bodies of monitors whose windows can be combined from slots, and those of which slots do not tell the whole."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deployer.catalogue import load_repository
from deployer.model.finding import Findings
from deployer.render import Naming, monitors
from deployer.render.target import Target
from deployer.render.templating import Templates
from deployer.replay import shape
from tests.unit.repo import write


def body(folder: Path, monitor: str = "discovery") -> dict[str, Any]:
    """A rendered monitor of the small repository."""
    repository = load_repository(write(folder), Findings())
    analytic = repository.analytics["XX0001"]
    target = Target(repository, Naming("unit"), Templates(repository.templates))
    made = monitors.render(analytic, analytic.monitors[monitor], target, Findings())
    assert made is not None
    return copy.deepcopy(dict(made.body))


def test_our_own_templates_combine(tmp_path: Path) -> None:
    """Counts add up; of a sequence, the earliest first and the latest second."""
    entity, sequence = shape.read(body(tmp_path)), shape.read(body(tmp_path, "correlated"))

    assert entity is not None
    assert sequence is not None
    assert (480, {"count": ("sum", None)}) == (entity.look_back, entity.metrics)
    assert {"first": "min", "then": "max"} == {name: kind for name, (kind, _) in sequence.metrics.items()}
    assert (True, False) == (entity.holds({"count": 2}), entity.holds({"count": 1}))
    assert "{{" not in json.dumps([entity.filters, entity.query, sequence.filters, sequence.query])
    assert "must" in sequence.query


def change_range(made: dict[str, Any]) -> None:
    made["inputs"][0]["search"]["query"]["query"]["bool"]["filter"][0]["range"]["@timestamp"]["gt"] = (
        "{{period_end}}||/d"
    )


def change_aggregation(made: dict[str, Any]) -> None:
    made["triggers"][0]["bucket_level_trigger"]["condition"]["buckets_path"] = {"count": "mean"}
    inner = made["inputs"][0]["search"]["query"]["aggregations"]["composite_agg"]["aggregations"]
    inner["mean"] = {"avg": {"field": "process.pid"}}


def change_source(made: dict[str, Any]) -> None:
    composite = made["inputs"][0]["search"]["query"]["aggregations"]["composite_agg"]["composite"]
    composite["sources"][0]["host"]["terms"]["missing_bucket"] = True


def change_condition(made: dict[str, Any]) -> None:
    made["triggers"][0]["bucket_level_trigger"]["condition"]["script"]["source"] = "Math.abs(params.count) > 1"


def second_trigger(made: dict[str, Any]) -> None:
    made["triggers"].append(made["triggers"][0])


def use_of_the_clock(made: dict[str, Any]) -> None:
    made["inputs"][0]["search"]["query"]["query"]["bool"]["must_not"] = [{"term": {"message": "{{period_start}}"}}]


def other_search(made: dict[str, Any]) -> None:
    made["inputs"][0]["search"]["query"]["min_score"] = 2


@pytest.mark.parametrize(
    "change",
    [change_range, change_aggregation, change_source, change_condition, second_trigger, use_of_the_clock, other_search],
)
def test_what_slots_cannot_tell_is_left_to_searching_run_by_run(
    tmp_path: Path, change: Callable[[dict[str, Any]], None]
) -> None:
    """A window of another kind, a mean, another source or condition, two triggers, a query that reads the clock."""
    made = body(tmp_path)
    change(made)

    assert shape.read(made) is None
