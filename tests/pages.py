"""What a report is made of, from the made-up repository of unit tests."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deployer.catalogue import load_environment, load_repository
from deployer.cluster.status import Status
from deployer.model.analytic import Analytic
from deployer.model.finding import Findings
from deployer.plan.history import Chronicle, Deployment
from deployer.plan.outcome import Attempt
from deployer.render import render_environment
from deployer.report.page import Asked, Given, Looked, Place

AT = "2026-03-02T10:05:00Z"
RESULT = {
    "analytic": "XX0001",
    "passed": True,
    "cases": 2,
    "events": 3,
    "positives": 1,
    "positives_found": 1,
    "negatives": 1,
    "negatives_silent": 1,
    "variants": 4,
    "tunables": {"proven": ["Threshold", "Patterns"], "unproven": []},
    "failures": [],
    "findings": [],
}
COUNTS = {
    "environment": "prod",
    "from": "2026-03-01T00:00:00Z",
    "to": "2026-03-02T00:00:00Z",
    "monitors": [
        {"analytic": "XX0001", "monitor": "discovery", "episodes": 7, "entities": 3, "estimate": [], "error": None, "enabled": True},
        {"analytic": "XX0001", "monitor": "correlated", "episodes": None, "entities": 0, "estimate": [], "error": "no permission", "enabled": True},
    ],
}  # fmt: skip
REAL = {
    "files": [
        {"file": "a.log", "analytic": "XX0001", "run": "measure", "positives": 4, "negatives": 90, "missed": [7], "false_alerts": [1, 2]},
        {"file": "b.log", "analytic": "XX0001", "run": "defaults", "positives": 0, "negatives": 10, "missed": [], "false_alerts": []},
    ],
}  # fmt: skip
ALERTS = {
    "alerts": [
        {"analytic": "XX0001", "monitor": "discovery", "start": "2026-03-01T00:00:00Z", "message": "MEDIUM: the older one"},
        {"analytic": "XX0001", "monitor": "discovery", "start": "2026-03-02T00:00:00Z", "message": "MEDIUM: the newer one\n- a line"},
        {"analytic": "XX0001", "monitor": "correlated", "start": None, "message": None},
    ],
}  # fmt: skip


def results(**changes: Any) -> dict[str, Any]:
    """A file of results with one analytic."""
    return {"analytics": [{**RESULT, **changes}]}


def everything() -> Given:
    """A file of each kind."""
    return Given(
        results=(("results.json", results()),),
        counts=(("counts.json", COUNTS),),
        real_logs=(("real-logs.json", REAL),),
        alerts=(("alerts.json", ALERTS),),
    )


def asked(root: Path, given: Given | None = None, attempts: Mapping[str, Any] | None = None, **changes: Any) -> Asked:
    """A report on the repository at `root`; `attempts` by environment, `changes` to its analytic XX0001."""
    findings = Findings()
    repository = load_repository(root, findings)
    assert not findings.errors, findings.errors
    one: Analytic = dataclasses.replace(repository.analytics["XX0001"], **changes)
    repository = dataclasses.replace(repository, analytics={**repository.analytics, "XX0001": one})
    places = []
    for path in sorted((root / "environments").glob("*.yml")):
        environment = load_environment(root, path.stem, repository.analytics, repository.sources, findings)
        assert environment is not None, findings.errors
        rendered = render_environment(repository, environment, findings)
        places.append(Place(path.stem, environment, rendered, attempts=(attempts or {}).get(path.stem)))
    assert not findings.errors, findings.errors
    return Asked(repository, tuple(places), (places[0].name,), AT, "0123456789ab", given or Given())


def looked(status: Status) -> tuple[Attempt[Looked], ...]:
    """One cluster that answered, with two deploys in its past."""
    deploys = [
        (Deployment("unit-local", number, f"2026-03-0{number}T08:00:00Z", "alice", "ci", "0.1.0", commit="0123456789abcdef", counts={"applied": number}), "complete")
        for number in (2, 1)
    ]  # fmt: skip
    return (Attempt("", "http://127.0.0.1:9", Looked(status, Chronicle(tuple(deploys)))),)
