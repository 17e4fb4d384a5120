"""The monitors' searches, run once as a monitor would run them: what the cluster cannot compile or answer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from deployer.check.fire import Subject
from deployer.check.fire.answers import DEFAULT_SIZE
from deployer.check.fire.clauses import scripts
from deployer.cluster import errors
from deployer.cluster.reach import (
    Failure,
    ShortOfCompilationsError,
    compile_script,
    compile_templates,
    run_searches,
    validate_query,
)
from deployer.cluster.records import INDEX
from deployer.doctor.patient import Patient
from deployer.render import schedules

_CTX = re.compile(r"\bctx\b")
_OWN_CTX = re.compile(r"\b(?:def|Map|Object)\s+ctx\b")
_CLOCK = re.compile(r"\{\{\{?\s*period_(start|end)\s*\}?\}\}")


def check_searches(patient: Patient, now: int) -> None:
    """Each search is answered (DAC030, DAC032), and its first page has room for what it finds (DAC028).

    `now` is the clock that the searches see, in epoch milliseconds.
    """
    searches = [(",".join(subject.indices), at(subject, now)) for subject in patient.subjects]
    try:
        for subject, answer in zip(patient.subjects, run_searches(patient.cluster, searches), strict=True):
            if isinstance(answer, Failure):
                _failed(patient, subject, answer)
            else:
                _full(patient, subject, answer)
    except ShortOfCompilationsError as error:
        patient.unseen.append(f"whether all searches run: {error.what} ({error.why})")


def check_scripts(patient: Patient) -> None:
    """Conditions, derived fields and query scripts compile (DAC030), each distinct text asked once."""
    seen: set[str] = set()
    try:
        for subject in patient.subjects:
            for source, failure in _compiled(patient, subject, seen):
                if failure is not None:
                    _does_not_compile(patient, subject, source, failure.reason)
    except ShortOfCompilationsError as error:
        patient.unseen.append(f"whether all scripts compile: {error.what} ({error.why})")


def check_templates(patient: Patient) -> None:
    """Messages, subjects and the texts of searches with tags are mustache that compiles (DAC030)."""
    texts: dict[str, Subject] = {}
    for subject in patient.subjects:
        for text in _texts(subject):
            texts.setdefault(text, subject)
    try:
        refused = compile_templates(patient.cluster, list(texts))
    except ShortOfCompilationsError as error:
        patient.unseen.append(f"whether all messages compile: {error.what} ({error.why})")
        return
    except errors.CredentialsError as error:
        if error.status != 403:
            raise
        patient.unseen.append("whether messages compile (permission cluster:admin/render/template)")
        return
    for text, reason in refused.items():
        _does_not_compile(patient, texts[text], next(iter(text.splitlines()), ""), reason)


def at(subject: Subject, now: int) -> Mapping[str, Any]:
    """The search of a monitor with the clock in it, as the plugin renders it; of a document-level one, its queries."""
    start = now - 1000 * schedules.longest_gap(subject.resource.written["schedule"])
    if subject.per_event:
        asked = [{"query_string": {"query": text}} for text in subject.texts]
        return {"size": 0, "terminate_after": 1, "query": {"bool": {"should": asked, "minimum_should_match": 1}}}
    text = json.dumps(subject.search, ensure_ascii=False)
    body: Mapping[str, Any] = json.loads(_CLOCK.sub(lambda match: str(start if match[1] == "start" else now), text))
    return body


def _failed(patient: Patient, subject: Subject, failure: Failure) -> None:
    if failure.compiling:
        _does_not_compile(patient, subject, "", failure.reason)
        return
    patient.tell(
        subject.key,
        "DAC032",
        f"the search of {subject.key} fails when it is run now, and so does each run of the monitor: {failure.reason:.600}",
        subject.spec.where,
        "the reason is the server's; `deployer render` prints the search",
    )


def _full(patient: Patient, subject: Subject, answer: Mapping[str, Any]) -> None:
    body = (subject.search.get("aggregations") or subject.search.get("aggs") or {}).get("composite_agg", {})
    size = (body.get("composite") or {}).get("size", DEFAULT_SIZE)
    buckets = (answer.get("aggregations") or {}).get("composite_agg", {}).get("buckets") or []
    if len(buckets) >= size:
        patient.tell(
            subject.key,
            "DAC028",
            f"{subject.key} finds {len(buckets)} or more entities now, and a page has room for {size}",
            subject.in_template('"composite"') or subject.spec.where,
            "raise `expected` of the entity (the page follows), or narrow what the monitor finds",
        )


def _does_not_compile(patient: Patient, subject: Subject, near: str, reason: str) -> None:
    patient.tell(
        subject.key,
        "DAC030",
        f"{subject.key}: the cluster cannot compile it: {reason:.600}",
        (subject.in_template(near) if near else None) or subject.spec.where,
        "mend the template or the condition; `deployer render` prints what it makes",
    )


def _compiled(patient: Patient, subject: Subject, seen: set[str]) -> Iterator[tuple[str, Failure | None]]:
    for source, params in _conditions(subject):
        if source not in seen:
            seen.add(source)
            yield source, compile_script(patient.cluster, source, params)
    indices = _existing(patient, subject)
    for name, definition in subject.derived.items():
        source = str((definition.get("script") or {}).get("source", ""))
        if source and source not in seen:
            seen.add(source)
            yield source, _derived(patient, indices, str(name), definition)
    for source in scripts(subject.search.get("query")):
        if source not in seen:
            seen.add(source)
            yield source, _in_query(patient, indices, source)


def _conditions(subject: Subject) -> Iterator[tuple[str, dict[str, Any]]]:
    """The conditions that are painless. Those of a query-level monitor read `ctx`, which no other script has: here it is a parameter."""
    for trigger in subject.triggers if not subject.per_event else ():
        condition = trigger["condition"]
        script = condition.get("script")
        source = str(script.get("source", "")) if isinstance(script, Mapping) else str(script or "")
        params = dict(script.get("params") or {}) if isinstance(script, Mapping) else {}
        if subject.per_bucket:
            yield source, {**dict.fromkeys(condition.get("buckets_path") or {}, 1), **params}
        elif not _OWN_CTX.search(source):
            yield _CTX.sub("params.ctx", source), params


def _existing(patient: Patient, subject: Subject) -> str:
    """An index to compile against: the monitor's own, or else the tool's record, which any deployment has."""
    own = [name for name in patient.patterns(subject) if patient.mapped.get(name) and patient.mapped[name].indices]
    return ",".join(own) or INDEX


def _derived(patient: Patient, indices: str, name: str, definition: Mapping[str, Any]) -> Failure | None:
    """A derived field compiles when a document is looked at: one is enough, and what the script makes of it is nobody's matter."""
    body = {
        "size": 0,
        "terminate_after": 1,
        "timeout": "10s",
        "derived": {name: definition},
        "aggs": {"tried": {"value_count": {"field": name}}},
    }
    (answer,) = run_searches(patient.cluster, [(indices, body)])
    return answer if isinstance(answer, Failure) and answer.compiling else None


def _in_query(patient: Patient, indices: str, source: str) -> Failure | None:
    failure = validate_query(patient.cluster, indices, {"script": {"script": {"lang": "painless", "source": source}}})
    return failure if failure is not None and failure.compiling else None


def _texts(subject: Subject) -> Iterator[str]:
    for trigger in subject.triggers:
        for action in trigger.get("actions") or []:
            for name in ("subject_template", "message_template"):
                text = str((action.get(name) or {}).get("source", ""))
                if text:
                    yield text
    yield from _tagged(subject.search)


def _tagged(value: Any) -> Iterator[str]:
    """The texts of a search that hold a tag: to the compiler all the rest is text."""
    if isinstance(value, str):
        if "{{" in value:
            yield value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _tagged(key)
            yield from _tagged(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _tagged(inner)
