"""The page put together: values for its template, and the policy that lets nothing in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from deployer import __version__
from deployer.model.analytic import SEVERITIES, Analytic, Repository
from deployer.model.resource import Resource
from deployer.report import coverage
from deployer.report.page import clusters, inert, measured, sample, values
from deployer.report.page.given import Given
from deployer.report.page.looked import Place


@dataclass(frozen=True, slots=True)
class Asked:
    """Everything that a page is made of. `at` is the time that it says it was made at, `commit` the repository's.

    `places` are all environments; `shown` the names of those whose queries are shown, and of which the first makes the samples.
    """

    repository: Repository
    places: tuple[Place, ...]
    shown: tuple[str, ...]
    at: str
    commit: str = ""
    given: Given = field(default_factory=Given)


def page_html(asked: Asked) -> str:
    """The page. Equal input gives equal bytes."""
    style, script = inert.read("page.css"), inert.read("page.js")
    policy = (
        "default-src 'none'; base-uri 'none'; form-action 'none'; "
        f"style-src {inert.digest(style)}; script-src {inert.digest(script)}"
    )
    template = inert.templates().get_template("page.html.j2")
    # These two are the package's own files; the policy allows exactly these texts.
    own = {"style": Markup(style), "script": Markup(script)}  # noqa: S704
    return template.render(policy=policy, **own, **_view(asked))


def _view(asked: Asked) -> dict[str, Any]:
    repository, places = asked.repository, list(asked.places)
    analytics = dict(sorted(repository.analytics.items()))
    states = _states(asked)
    found = coverage.techniques(states.values())
    rows = [_analytic(asked, item, states[item.id]) for item in analytics.values()]
    return {
        "at": asked.at,
        "version": __version__,
        "commit": asked.commit,
        "names": [place.name for place in places],
        "environments": clusters.environments(places),
        "grid": clusters.grid(analytics, places),
        "matrix": _matrix(found),
        "sums": coverage.sums(found, list(states.values())),
        "analytics": rows,
        "platforms": sorted({item.platform for item in analytics.values()}),
        "severities": [name for name in SEVERITIES if any(name in row["severities"] for row in rows)],
        "unknown": [*clusters.unknowns(places), *_missing(asked.given)],
    }


def _states(asked: Asked) -> dict[str, coverage.State]:
    """Each analytic's state: deployed if it is in every environment whose clusters were asked."""
    analytics, tested = asked.repository.analytics, asked.given.tested
    asked_places = [place for place in asked.places if place.attempts is not None]
    if not asked_places or any(place.statuses is None for place in asked_places):
        return {state.analytic.id: state for state in coverage.states_of(analytics, tested)}
    found: dict[str, list[tuple[str, coverage.State]]] = {}
    for place in asked_places:
        for state in coverage.states_of(analytics, tested, place.resources, place.statuses):
            found.setdefault(state.analytic.id, []).append((place.name, state))
    return {name: _everywhere(of) for name, of in found.items()}


def _everywhere(of: list[tuple[str, coverage.State]]) -> coverage.State:
    """One state of those in several environments."""
    first = of[0][1]
    remarks = [f"{name}: {state.remark}" if len(of) > 1 else state.remark for name, state in of if state.remark]
    if len(of) > 1:
        remarks += [f"not in {name}" for name, state in of if state.deployed is False and not state.remark]
    deployed = None if first.draft else all(state.deployed for _, state in of)
    return coverage.State(first.analytic, first.tested, deployed, "; ".join(remarks))


def _matrix(found: tuple[coverage.Technique, ...]) -> dict[str, Any]:
    platforms = sorted({state.analytic.platform for item in found for state in (*item.states, *item.drafts)})
    return {
        "platforms": platforms,
        "rows": [
            {
                "tactic": item.tactic,
                "technique": item.technique,
                "address": item.address,
                "score": item.score,
                "cells": [
                    [state for state in (*item.states, *item.drafts) if state.analytic.platform == platform]
                    for platform in platforms
                ],
            }
            for item in found
        ],
    }


def _analytic(asked: Asked, analytic: Analytic, state: coverage.State) -> dict[str, Any]:
    repository, given, places = asked.repository, asked.given, list(asked.places)
    shown = [place for place in places if place.name in asked.shown and place.environment is not None]
    active = analytic.status == "active"
    samples = sample.samples_of(repository, shown[0].environment, analytic, given) if active and shown and shown[0].environment else {}  # fmt: skip
    return {
        "analytic": analytic,
        "state": state,
        "severities": _severities(asked, analytic),
        "sources": [
            {"use": use, "title": repository.sources[use.source].title if use.source in repository.sources else ""}
            for use in analytic.log_sources
        ],
        "tunables": values.tunables(analytic, places),
        "monitors": _monitors(analytic, shown, places, samples),
        "exceptions": [item for place in places for item in clusters.exceptions(place, analytic.id)],
        "tests": measured.tests(given, analytic.id),
        "episodes": measured.episodes(given, analytic.id),
        "real_logs": measured.real_logs(given, analytic.id),
    }


def _monitors(
    analytic: Analytic, shown: list[Place], places: list[Place], samples: Mapping[str, sample.Sample]
) -> list[dict[str, Any]]:
    specs = [("monitor", key, spec.title) for key, spec in analytic.monitors.items()]
    specs += [("workflow", key, flow.title) for key, flow in analytic.workflows.items()]
    result = []
    for kind, key, title in specs:
        full = f"{kind}/{analytic.id}/{key}"
        result.append(
            {
                "kind": kind,
                "key": key,
                "title": title,
                "environments": [
                    _there(place.name, resource, delegate=kind == "monitor" and not analytic.monitors[key].standalone)
                    for place in places
                    if (resource := next((item for item in place.resources if item.key == full), None))
                ],
                "queries": values.queries(full, shown),
                "sample": samples.get(key),
            }
        )
    return result


def _there(name: str, resource: Resource, *, delegate: bool) -> dict[str, Any]:
    """How a monitor is deployed to an environment, or would be. A `delegate` runs in workflows only."""
    off = "run by a workflow" if delegate else "no"
    return {
        "name": name,
        "enabled": "yes" if resource.body.get("enabled", True) else off,
        "severity": values.written(resource, "severity"),
        "schedule": values.schedule(values.written(resource, "schedule")),
        "window": values.written(resource, "window") or "none",
        "threshold": values.written(resource, "threshold"),
        "channels": ", ".join(values.written(resource, "channels", ())) or "nobody is told",
    }


def _severities(asked: Asked, analytic: Analytic) -> list[str]:
    """Its severity and those of its monitors, in any environment."""
    found = {analytic.severity} | {
        str(item.written.get("severity", ""))
        for place in asked.places
        for item in place.resources
        if item.analytic == analytic.id
    }
    return [name for name in SEVERITIES if name in found]


def _missing(given: Given) -> list[str]:
    """What no file was given for, and which command writes one."""
    wanted = (
        (given.results, "Whether the detections alert as their samples say: run `deployer test --output json --output-file results.json`, then give it with --results."),
        (given.counts, "What they would have raised on an environment's own data: run `deployer test --against ENV --output json --output-file counts.json`, then give it with --counts."),
        (given.real_logs, "How they fare on labelled real logs: `make real-logs` writes build/real-logs.json; give it with --real-logs."),
        (given.alerts, "Real alerts: the samples are made from the cases of the repository unless `deployer alerts --state all --output json` gives a file for --alerts."),
    )  # fmt: skip
    return [text for files, text in wanted if not files]
