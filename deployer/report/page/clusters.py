"""What stands on the clusters: each environment's head, its drift, sources and last deploys, and each monitor's state there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from deployer.cluster.status import Status
from deployer.model.analytic import Analytic
from deployer.model.resource import Kind
from deployer.plan.compare import FieldChange
from deployer.plan.outcome import Attempt
from deployer.report import changes
from deployer.report.findings import counted
from deployer.report.page.looked import Looked, Place
from deployer.report.status import time

DEPLOYS = 5
"""The newest deploys of a cluster that the page lists."""

NOT_ASKED = "not asked"


def environments(places: list[Place]) -> list[dict[str, Any]]:
    """Each environment, with what each of its clusters told."""
    return [
        {
            "name": place.name,
            "production": bool(place.environment and place.environment.production),
            "deployment": place.environment.deployment if place.environment else "",
            "problem": place.problem,
            "asked": place.attempts is not None,
            "clusters": [_cluster(item) for item in place.attempts or ()],
        }
        for place in places
    ]


def exceptions(place: Place, analytic: str) -> list[dict[str, Any]]:
    """The exceptions of an analytic in an environment: who answers for each, and until when."""
    return [
        {
            "environment": place.name,
            "id": item.id,
            "monitors": list(item.monitors),
            "owner": item.owner,
            "reason": item.reason,
            "expires": str(item.expires),
            "where": str(item.location),
        }
        for item in (place.environment.exceptions if place.environment else ())
        if item.analytic == analytic
    ]


def _cluster(attempt: Attempt[Looked]) -> dict[str, Any]:
    if attempt.value is None:
        error = attempt.error
        why = f"{error}{f' ({error.why})' if error and error.why else ''}"
        return {"name": attempt.label, "error": why}
    status, chronicle = attempt.value.status, attempt.value.chronicle
    facts, record = status.plan.facts, status.record
    return {
        "name": attempt.label,
        "error": "",
        "facts": f"OpenSearch {facts.version}" + (f", {facts.status}" if facts.status else ""),
        "findings": status.findings,
        "deployed": [
            ", ".join(part for part in (f"deploy {record.generation}", record.at, f"by {record.who or 'nobody knows whom'}") if part),
            f"commit {record.commit or 'not known'}{' with changes' if record.dirty else ''}",
        ]
        if record.generation
        else ["nothing is recorded as deployed"],
        "pending": status.pending,
        "drift": [
            {
                "what": item.drift.words,
                "name": item.key or item.name,
                "text": item.text,
                "changes": _lines(item.changes),
            }
            for item in status.drift
        ],
        "sources": [
            {
                "source": item.source,
                "index": item.index,
                "last": time(item.last.at) if item.last.at else "never" if item.last.known else "not readable",
                "silent": item.silent,
            }
            for item in status.sources
        ],
        "deploys": _deploys(attempt.value),
        "untold": attempt.value.untold or ("" if chronicle is not None else "its history was not read"),
        "lock": chronicle.holder if chronicle else "",
    }


def _lines(found: tuple[FieldChange, ...]) -> list[str]:
    return list(changes.lines(found))


def _deploys(looked: Looked) -> list[dict[str, Any]]:
    if looked.chronicle is None:
        return []
    return [
        {
            "number": one.number,
            "at": one.at,
            "who": one.who,
            "what": one.title,
            "commit": one.commit[:10],
            "ended": ended,
            "counts": ", ".join(f"{fate} {number}" for fate, number in sorted(one.counts.items()) if number),
        }
        for one, ended in looked.chronicle.deployments[:DEPLOYS]
    ]


def grid(analytics: dict[str, Analytic], places: list[Place]) -> list[dict[str, Any]]:
    """A row a monitor or workflow of the active analytics, with a cell an environment."""
    rows = []
    for analytic in analytics.values():
        if analytic.status != "active":
            continue
        for kind, specs in ((Kind.MONITOR, analytic.monitors), (Kind.WORKFLOW, analytic.workflows)):
            for name in specs:
                key = f"{kind}/{analytic.id}/{name}"
                cells = [cell(place, key) for place in places]
                rows.append({"analytic": analytic, "monitor": name, "cells": cells})
    return rows


def cell(place: Place, key: str) -> dict[str, str]:
    """The state of one monitor in an environment: words, and a tone (good, bad, off, unknown)."""
    if place.problem:
        return {"words": "file not valid", "tone": "unknown"}
    wanted = next((item for item in place.resources if item.key == key), None)
    if place.attempts is None:
        off = wanted is not None and not wanted.body.get("enabled", True)
        return {"words": f"{NOT_ASKED}{' (disabled in its file)' if off else ''}", "tone": "unknown"}
    states = [_state(item, key) for item in place.attempts]
    words = list(dict.fromkeys(word for word, _ in states))
    if len(words) > 1:
        words = [f"{item.label}: {word}" for item, (word, _) in zip(place.attempts, states, strict=True)]
    order = ("bad", "unknown", "off", "good")
    return {"words": "; ".join(words), "tone": min((tone for _, tone in states), key=order.index)}


def _state(attempt: Attempt[Looked], key: str) -> tuple[str, str]:
    if attempt.value is None:
        return "did not answer", "unknown"
    found = next((item for item in attempt.value.status.monitors if item.key == key), None)
    if found is None:
        return "not deployed", "off"
    drift = [item.drift.words for item in attempt.value.status.drift if item.key == key and item.drift.counts]
    words = f"deployed, {found.health.words}"
    opened = found.alerts.get("ACTIVE", 0)
    parts = [words, *([f"{counted(opened, 'open alert')}"] if opened else []), *drift]
    bad = found.health.counts or drift
    tone = "bad" if bad else "off" if found.health.value == "disabled" else "unknown" if found.health.value == "unknown" else "good"  # fmt: skip
    return ", ".join(parts), tone


def unknowns(places: list[Place]) -> Iterator[str]:
    """What nobody could tell of the clusters."""
    for place in places:
        if place.problem:
            yield f"{place.name}: {place.problem}"
        elif place.attempts is None:
            yield f"{place.name}: what stands on its cluster, how it runs, drift and last deploys: no cluster was asked."
        for attempt in place.attempts or ():
            label = place.name if len(place.attempts or ()) == 1 else f"{place.name}, {attempt.label}"
            if attempt.value is None:
                yield f"{label}: what stands on its cluster: it did not answer as it should. {attempt.error}"
            else:
                yield from (f"{label}: {text}" for text in _untold(attempt.value, attempt.value.status))


def _untold(looked: Looked, status: Status) -> Iterator[str]:
    if looked.untold:
        yield f"its last deploys: {looked.untold}"
    yield from status.unseen
