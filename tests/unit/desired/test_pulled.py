"""What a change made on the cluster means in the repository."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deployer.catalogue import load_environment, load_repository
from deployer.desired.pulled import Pulled, pull
from deployer.model.finding import Findings
from deployer.render import monitors, workflows
from deployer.render.environment import target_of
from tests.kinds import every_kind
from tests.unit.repo import write

Change = Callable[[dict[str, Any]], None]


def pulled(root: Path, change: Change, key: str = "discovery") -> Pulled:
    """What becomes of a change of the monitor `key`. What is stored is what was sent: the server's form is tested on a node."""
    findings = Findings()
    repository = load_repository(root, findings)
    environment = load_environment(root, "local", repository.analytics, repository.sources, findings)
    findings.raise_errors()
    assert environment is not None
    analytic = repository.analytics["XX0001"]
    target = target_of(repository, environment)
    made = monitors.render(analytic, analytic.monitors[key], target, findings)
    assert made is not None
    live = copy.deepcopy(dict(made.body))
    change(live)
    return pull(analytic, analytic.monitors[key], target, made.body, live)


def _trigger(body: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = body["triggers"][0]["bucket_level_trigger"]
    return found


def _range(body: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = body["inputs"][0]["search"]["query"]["query"]["bool"]["filter"][0]["range"]["@timestamp"]
    return found


def _look_back(body: dict[str, Any], seconds: str) -> None:
    _range(body)["gt"] = f"{{{{period_end}}}}||-{seconds}"


@pytest.mark.parametrize(
    ("key", "change", "path", "value"),
    [
        pytest.param("discovery", lambda b: b.update(enabled=False), ("monitors", "XX0001/discovery", "enabled"), False, id="enabled"),
        pytest.param("discovery", lambda b: _trigger(b).update(severity="1"), ("monitors", "XX0001/discovery", "severity"), "critical", id="severity"),
        pytest.param("discovery", lambda b: b["schedule"]["period"].update(interval=2, unit="HOURS"), ("monitors", "XX0001/discovery", "schedule"), {"interval": "2h"}, id="interval"),
        pytest.param("discovery", lambda b: b.update(schedule={"cron": {"expression": "0 * * * *", "timezone": "UTC"}}), ("monitors", "XX0001/discovery", "schedule"), {"cron": "0 * * * *", "timezone": "UTC"}, id="cron"),
        pytest.param("discovery", lambda b: _trigger(b)["condition"]["script"]["params"].update(threshold=7), ("tunables", "XX0001", "Threshold"), 7, id="integer"),
        pytest.param("correlated", lambda b: _look_back(b, str(30 * 60 + 60 + 120 + 900) + "s"), ("tunables", "XX0001", "Window"), "45m", id="duration"),
        pytest.param("correlated", lambda b: _look_back(b, "63m"), ("tunables", "XX0001", "Window"), "1h", id="duration in other units"),
    ],
)  # fmt: skip
def test_what_has_a_place_is_an_edit_of_the_environment(
    tmp_path: Path, key: str, change: Change, path: tuple[str, ...], value: Any
) -> None:
    """Each such change is one edit, and nothing of it is left over."""
    found = pulled(write(tmp_path), change, key)

    assert [(path, value)] == [(edit.path, edit.value) for edit in found.edits]
    assert () == found.unmapped


def _of_a_workflow(root: Path, change: Change) -> Pulled:
    findings = Findings()
    repository = load_repository(every_kind(root), findings)
    environment = load_environment(root, "local", repository.analytics, repository.sources, findings)
    assert environment is not None
    analytic, target = repository.analytics["XX0001"], target_of(repository, environment)
    made = workflows.render(analytic, analytic.workflows["both"], target, findings)
    assert made is not None
    live = copy.deepcopy(dict(made.body))
    change(live)
    return pull(analytic, analytic.workflows["both"], target, made.body, live)


def test_a_workflow_has_places_for_flag_severity_and_schedule(tmp_path: Path) -> None:
    """The same edits as of a monitor; its condition stands in the analytic's file, which is said."""

    def change(body: dict[str, Any]) -> None:
        body.update(enabled=False, schedule={"period": {"interval": 2, "unit": "HOURS"}})
        body["triggers"][0]["chained_alert_trigger"]["severity"] = "5"
        body["triggers"][0]["chained_alert_trigger"]["condition"] = {"script": {"source": "x", "lang": "painless"}}

    found = _of_a_workflow(tmp_path, change)

    name = "XX0001/both"
    assert [
        (("monitors", name, "enabled"), False),
        (("monitors", name, "severity"), "info"),
        (("monitors", name, "schedule"), {"interval": "2h"}),
    ] == [(edit.path, edit.value) for edit in found.edits]
    assert "workflow/XX0001/both" == found.key
    assert ["triggers[0].chained_alert_trigger.condition.script.source"] == [c.path for c, _ in found.unmapped]
    assert "of a workflow stand in detections/DET9999/XX0001/analytic.yml" in found.unmapped[0][1]


def test_several_changes_at_once_are_told_apart(tmp_path: Path) -> None:
    """A disabled flag, a severity, a tunable and a changed text: three edits, and one that has no place."""

    def change(body: dict[str, Any]) -> None:
        body.update(enabled=False, name="mine")
        _trigger(body).update(severity="5")
        _trigger(body)["condition"]["script"]["params"].update(threshold=9)

    found = pulled(write(tmp_path), change)

    assert {"enabled": False, "severity": "info", "Threshold": 9} == {edit.path[-1]: edit.value for edit in found.edits}
    assert [("name", True)] == [(item.path, "title stands in" in why) for item, why in found.unmapped]


def test_a_tunable_that_other_monitors_share_says_so(tmp_path: Path) -> None:
    """The patterns are of both monitors: taking one away on one of them changes the other too."""
    root = write(tmp_path, analytic=('default: [netstat, "net use $"]', "default: [netstat, ss, arp]"))

    def change(body: dict[str, Any]) -> None:
        text = str(body["inputs"][0]["search"]["query"]).replace("netstat|ss|arp", "netstat|arp")
        body["inputs"][0]["search"]["query"] = ast.literal_eval(text)

    found = pulled(root, change)

    assert [(("tunables", "XX0001", "Patterns"), ["netstat", "arp"])] == [(e.path, e.value) for e in found.edits]
    assert "Patterns is also of XX0001/correlated" in found.remarks[0]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        pytest.param(lambda b: b.update(owner="alerting"), "--on-drift revert", id="owner"),
        pytest.param(lambda b: _trigger(b)["condition"]["script"]["params"].update(threshold=99), "at most 10", id="out of bounds"),
        pytest.param(lambda b: _trigger(b).update(severity="9"), "no severity '9'", id="no such severity"),
        pytest.param(lambda b: _trigger(b)["actions"].clear(), "templates/messages", id="messages"),
        pytest.param(lambda b: b["inputs"][0]["search"].update(indices=["other-*"]), "no value of a tunable", id="indices"),
    ],
)  # fmt: skip
def test_what_has_no_place_is_told_with_the_reason(tmp_path: Path, change: Change, why: str) -> None:
    """Nothing is guessed: the change is named, and where it belongs."""
    found = pulled(write(tmp_path), change)

    assert () == found.edits
    assert why in " ".join(reason for _, reason in found.unmapped)


def test_a_protected_analytic_is_not_disabled_by_a_pull(tmp_path: Path) -> None:
    """The protection is in the repository for a reason."""
    root = write(tmp_path, analytic=("severity: medium\n", "severity: medium\nprotected: true\n"))

    found = pulled(root, lambda body: body.update(enabled=False))

    assert () == found.edits
    assert "protected" in found.unmapped[0][1]
