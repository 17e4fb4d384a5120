"""Whether the indices that monitors read are there, and have the fields that are asked, with types that fit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from deployer.check.fire import Subject
from deployer.check.fire.mapped import check_fields, unfit
from deployer.check.fire.subject import Mapped as Mappings
from deployer.check.fire.subject import Shelf
from deployer.check.fire.wildcards import check_wildcards
from deployer.cluster import errors
from deployer.cluster.reach import Mapped, read_mapped
from deployer.doctor.patient import Patient
from deployer.model.finding import Finding, Findings

FEW = 3
"""Names of indices or monitors that a finding lists."""


def read_indices(patient: Patient) -> None:
    """Read the mappings of every pattern that a monitor reads; one request a pattern."""
    patterns = sorted({name for subject in patient.subjects for name in patient.patterns(subject)})
    with ThreadPoolExecutor(4) as pool:
        for name, found in zip(patterns, pool.map(lambda name: _read(patient, name), patterns), strict=True):
            if found is None:
                patient.unseen.append(f"the mappings of {name} (permission indices:data/read/field_caps)")
            else:
                patient.mapped[name] = found


def check_indices(patient: Patient) -> None:
    """Each pattern stands for some index (DAC026), whose fields are there (DAC020) and fit (DAC008, DAC021 to DAC023)."""
    # A stream of our own naming is made by its first event: without it the source has never sent, which is said of it.
    own = {patient.place(source)[0] for source in patient.sources() if not patient.elsewhere(source)}
    for name, found in patient.mapped.items():
        if not found.indices and name not in own:
            _matches_nothing(patient, name)
    for subject in patient.subjects:
        _fields(patient, subject)


def _read(patient: Patient, pattern: str) -> Mapped | None:
    try:
        return read_mapped(patient.cluster, pattern)
    except errors.CredentialsError as error:
        if error.status == 403:
            return None
        raise


def _matches_nothing(patient: Patient, pattern: str) -> None:
    reading = [subject for subject in patient.subjects if pattern in patient.patterns(subject)]
    sources = [source for source in patient.sources() if patient.place(source)[0] == pattern]
    where = patient.where(sources[0]) if sources else reading[0].in_template(pattern) or reading[0].spec.where
    patient.tell(
        sources[0] if sources else reading[0].key,
        "DAC026",
        f"no index or data stream of the cluster is called '{pattern}', which {_listed([s.key for s in reading])} read",
        where,
        f"ship {', '.join(sources)} there, or say where it lies under sources of the environment"
        if sources
        else "correct the pattern",
    )


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:FEW])
    return f"{shown} and {len(names) - FEW} more" if len(names) > FEW else shown


@dataclass(slots=True)
class _LiveShelf(Shelf):
    """The fields as the cluster maps them. What it does not tell (`ignore_above`) is taken from the repository."""

    found: Mapping[str, Mappings] = field(default_factory=dict)

    def mapped(self, source: str) -> Mappings:
        return self.found[source]


def _fields(patient: Patient, subject: Subject) -> None:
    """The rules about fields and wildcards once more, on the cluster's own mappings."""
    live = {source: _types(patient, subject, source) for source in subject.sources}
    found: dict[str, Mappings] = {}
    for source, types in live.items():
        declared = subject.shelf.mapped(source)
        # No index, or not to be seen: that is said elsewhere, and the mapping as declared was checked offline.
        found[source] = {
            name: _mapping(declared.get(name), next(iter(kinds))) for name, kinds in types.items()
        } or declared
    there = Subject(
        subject.resource, subject.analytic, subject.spec, subject.target, _LiveShelf(subject.repository, found=found)
    )
    known = _told(subject)
    for item in _told(there):
        if item in known:
            continue  # the files say it already
        if item.code == "DAC007":
            _absent(patient, subject, item)
        else:
            message = f"{item.message}, as the cluster maps it"
            patient.tell(subject.key, item.code, message, item.where, item.hint, item.level)
    _mixed(patient, subject, live)


def _told(subject: Subject) -> list[Finding]:
    """What the rules about fields and wildcards find."""
    told = Findings()
    check_fields(subject, told)
    check_wildcards(subject, told)
    return told.items


def _absent(patient: Patient, subject: Subject, item: Finding) -> None:
    patient.tell(
        subject.key,
        "DAC020",
        item.message.replace("which is not in the mapping of", "which no index of the cluster maps for"),
        item.where,
        "an index keeps the mapping that it was made with: deploy the templates, which maps it for new events, or correct the field",
    )


def _types(patient: Patient, subject: Subject, source: str) -> dict[str, dict[str, tuple[str, ...]]]:
    """Field to type to indices, over the patterns in which a source's events may lie."""
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for name in patient.patterns(subject, source):
        mapped = patient.mapped.get(name, Mapped())
        for field_name, kinds in mapped.types.items():
            for kind, indices in kinds.items():
                if kind not in ("object", "nested"):
                    known = found.setdefault(field_name, {}).get(kind, ())
                    found[field_name][kind] = (*known, *(indices or mapped.indices))
    return {
        name: dict(sorted(kinds.items(), key=lambda item: -len(item[1]))) for name, kinds in found.items()
    }  # the type that most indices have comes first


def _mapping(declared: Mapping[str, Any] | None, kind: str) -> Mapping[str, Any]:
    if declared is not None and declared.get("type") == kind:
        return declared
    return {"type": kind, "ignore_above": 0}


def _mixed(patient: Patient, subject: Subject, live: Mapping[str, Mapping[str, Mapping[str, tuple[str, ...]]]]) -> None:
    """A field whose type in some indices does not fit, where that of the others does: events of those are not seen."""
    for clause, kind, indices in _odd(subject, live):
        wrong = unfit(clause, kind)
        if wrong is not None:
            patient.tell(
                subject.key,
                "DAC008",
                f"{subject.key}: in {_listed(sorted(set(indices)))} the field '{clause.field}' is of type {kind}, where "
                f"{clause.kind} {wrong[0]}",
                subject.place(clause.field, clause.values[0] if clause.values else None),
                "deploy with --allow-rollover, or reindex; the mapping comes from the index template at creation",
                "warning",
            )


def _odd(subject: Subject, live: Mapping[str, Mapping[str, Mapping[str, tuple[str, ...]]]]) -> Iterator[Any]:
    for clause in subject.clauses:
        for source in clause.sources:
            kinds = live.get(source, {}).get(clause.field, {})
            for kind in list(kinds)[1:]:
                yield clause, kind, kinds[kind]
