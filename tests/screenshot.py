"""The picture of docs/report.md, from the project's own detections and a made-up cluster: `python -m tests.screenshot`."""

from __future__ import annotations

import dataclasses
import sys
import tempfile
from pathlib import Path
from typing import Any

from deployer.catalogue import load_environment, load_repository
from deployer.cluster.status import Health, MonitorState
from deployer.model.finding import Findings
from deployer.model.resource import Kind
from deployer.plan import Record
from deployer.render import render_environment
from deployer.report.page import Asked, Given, Place, page_html
from tests import pages
from tests.browser import browser, find
from tests.states import NOW, status

ROOT = Path(__file__).parent.parent
PICTURE = ROOT / "docs/images/report.png"
WIDTH, HEIGHT = 1000, 1150


def page() -> str:
    """A page on prod, where one monitor is late and the rest are well."""
    findings = Findings()
    repository = load_repository(ROOT, findings)
    places = []
    for name in ("local", "prod"):
        environment = load_environment(ROOT, name, repository.analytics, repository.sources, findings)
        assert environment is not None
        rendered = render_environment(repository, environment, findings)
        monitors = tuple(
            MonitorState(item.key, item.kind, item.key, item.name, Health.LATE if item.key.endswith("snmp") else Health.OK, NOW, None, {"ACTIVE": 2 if "AN0904/discovery" in item.key else 0})
            for item in rendered
            if item.kind is Kind.MONITOR
        )  # fmt: skip
        made = status(monitors=monitors, drift=(), sources=(), pending=0, refused={}, limited=False)
        record = dataclasses.replace(Record(environment.deployment), generation=2, at="2026-03-02T08:00:00Z", who="alice", commit="0123456789ab")  # fmt: skip
        attempts = pages.looked(dataclasses.replace(made, record=record)) if name == "prod" else None
        places.append(Place(name, environment, rendered, attempts=attempts))
    findings.raise_errors()
    results: dict[str, Any] = {
        "analytics": [
            {**pages.RESULT, "analytic": item.id, "tunables": {"proven": list(item.tunables), "unproven": []}}
            for item in repository.analytics.values()
        ]
    }
    given = Given(results=(("results.json", results),))
    return page_html(Asked(repository, tuple(places), ("prod",), pages.AT, "0123456789ab", given))


def main() -> None:
    """Write the picture; without a browser, say so."""
    program = find()
    if program is None:
        sys.exit("no Chromium here: make browser")
    with tempfile.TemporaryDirectory() as folder, browser(program) as opened:
        path = Path(folder) / "page.html"
        path.write_text(page(), "utf-8")
        opened.open(path, width=WIDTH)
        opened.screenshot(PICTURE, HEIGHT)


if __name__ == "__main__":
    main()
