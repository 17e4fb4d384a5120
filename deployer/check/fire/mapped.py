"""Fields that no log source maps (DAC007), and queries that do not fit a field's type (DAC008), in a rendered search."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from deployer.check.fire import clauses
from deployer.check.fire.clauses import Clause
from deployer.check.fire.query_strings import wildcards
from deployer.check.fire.subject import Subject
from deployer.model.finding import Findings
from deployer.render.fields import KEYWORDS, NUMBERS
from deployer.render.query import near_field

TEXTS = frozenset({"text", "match_only_text"})
LARGE = 1024
"""Characters up to which a keyword counts as small (``ignore_above``): names and ids have so many, command lines and paths more."""

_WHOLE = frozenset({"term", "terms", "wildcard", "regexp", "prefix", "fuzzy", "terms_set"})
_WORDS = frozenset({"intervals", "match_phrase_prefix"})
_PARTS = frozenset({"wildcard", "regexp", "prefix", "fuzzy"})
_METADATA = frozenset(
    {"_id", "_index", "_score", "_doc", "_routing", "_ignored", "_field_names", "_count", "_key", "_seq_no"}
)
_ON_NUMBERS = frozenset(
    {"min", "max", "sum", "avg", "stats", "extended_stats", "percentiles", "percentile_ranks", "histogram"}
)
_DOC = re.compile(r"doc\[\s*(['\"])([^'\"]+)\1\s*\]")
_GUARD = re.compile(r"doc\.containsKey\(\s*(['\"])([^'\"]+)\1\s*\)")


_COMMANDS = (".command_line", ".args", ".url.full")


def large(name: str, mapping: object) -> bool:
    """Whether a keyword may hold long texts, or by its name holds commands, of which there are many."""
    return (
        isinstance(mapping, dict) and mapping.get("type") == "keyword" and (_long(mapping) or name.endswith(_COMMANDS))
    )


def _long(mapping: Mapping[str, Any]) -> bool:
    return int(mapping.get("ignore_above", 2**31)) > LARGE


def check_fields(subject: Subject, findings: Findings) -> None:
    """Each field of the query, the aggregations and the scripts is mapped, and is asked what its type can answer."""
    for clause in subject.clauses:
        if not clause.field or "*" in clause.field or clause.field in _METADATA:
            continue
        found = subject.mappings(clause.field, clause.sources)
        if not found:
            _missing(subject, clause.field, clause.sources, findings)
            continue
        reasons = {source: unfit(clause, str(mapping.get("type"))) for source, mapping in found.items()}
        long = all("ignore_above" in mapping and _long(mapping) for mapping in found.values())
        wrong = next(iter(reasons.values()))
        if wrong is not None and all(reasons.values()):
            message, hint = wrong
            _mismatch(subject, clause, message, hint, findings)
        elif clause.kind in ("match", "match_phrase") and long:
            message = "compares the whole value, not its words, on a field that is kept as one"
            _mismatch(subject, clause, message, "use intervals on a text field of it, or wildcard", findings)
    _named(subject, findings)
    _aggregated(subject, findings)
    _scripted(subject, findings)


def unfit(clause: Clause, kind: str) -> tuple[str, str] | None:
    """What is wrong with a query on a field of a type, and what to do; None if nothing is."""
    query = clause.kind
    if kind in TEXTS and query in _WHOLE:
        return (
            "compares with the whole value, and a text is kept as single words",
            "use match_phrase or intervals, or a keyword field of the same value",
        )
    if kind not in TEXTS and query in _WORDS:
        return (
            f"looks for words, and a field of type {kind} has none",
            "use term or wildcard, or a text field of the same value",
        )
    if kind == "wildcard" and query in ("range", "fuzzy"):
        return "is refused by the server on such a field", "use a keyword field of the same value"
    if kind not in TEXTS | KEYWORDS and query in _PARTS:
        return (
            f"compares texts, and a field of type {kind} has none",
            "use term or range, or a keyword field of the same value",
        )
    if query == "query_string":
        return _unfit_term(clause, kind)
    if kind in NUMBERS and query in ("term", "terms") and not all(_number(value) for value in clause.values):
        return "compares a number with a text", "write a number"
    return None


def _unfit_term(clause: Clause, kind: str) -> tuple[str, str] | None:
    """The same of a term in Lucene's syntax."""
    for text in clause.texts:
        expression = text[:1] == "/"
        if kind not in TEXTS | KEYWORDS and (expression or (wildcards(text) and text != "*")):
            return (
                f"compares texts ({text}), and a field of type {kind} has none",
                "write a value or a range such as >=3, or use a keyword field of the same value",
            )
        if kind in TEXTS and expression and re.search(r" |\\s", text):
            return (
                f"compares the whole value ({text}), and a text is kept as single words",
                "ask a phrase, or a keyword field of the same value",
            )
        if (
            kind in NUMBERS
            and not expression
            and text[:1] not in "[{<>"
            and text != "*"
            and not _number(text.strip('"'))
        ):
            return f"compares a number with a text ({text})", "write a number"
    return None


def _number(value: object) -> bool:
    try:
        float(str(value))
    except ValueError:
        return False
    return True


def _mismatch(subject: Subject, clause: Clause, message: str, hint: str, findings: Findings) -> None:
    kinds = {str(mapping.get("type")) for mapping in subject.mappings(clause.field, clause.sources).values()}
    findings.add(
        "DAC008",
        f"{subject.key}: {clause.kind} on '{clause.field}', which is of type {' or '.join(sorted(kinds))}, {message}",
        subject.place(clause.field, clause.values[0] if clause.values else None),
        hint,
    )


def _missing(subject: Subject, name: str, sources: Iterable[str], findings: Findings) -> None:
    known = {field: "" for source in subject.sources for field in subject.shelf.mapped(source)}
    findings.add(
        "DAC007",
        f"{subject.key}: the search asks the field '{name}', which is not in the mapping of {', '.join(sources)}",
        subject.place(name),
        near_field(name, known),
    )


def _named(subject: Subject, findings: Findings) -> None:
    """Each log source of the monitor has a field of each of its entities; else all alerts name a placeholder."""
    for name in subject.spec.entity:
        declared = subject.repository.entities.get(name)
        without = [
            source
            for source in subject.sources
            if declared and not any(subject.mappings(field, [source]) for field in declared.fields)
        ]
        if declared and without:
            findings.add(
                "DAC007",
                f"{subject.key}: the entity '{name}' has the fields {', '.join(declared.fields)}, "
                f"which is not in the mapping of {', '.join(without)}",
                subject.spec.place("entity"),
                f"events of it would all alert as '{declared.placeholder}'; name a field of it in mappings/entities.yml",
            )


def _aggregated(subject: Subject, findings: Findings) -> None:
    for _, kind, body in clauses.aggregations(subject.search):
        if kind == "filter":
            continue
        name = body.get("field") if isinstance(body, dict) else None
        if not isinstance(name, str) or name in _METADATA:
            continue
        kinds = {str(mapping.get("type")) for mapping in subject.mappings(name).values()}
        if not kinds:
            _missing(subject, name, subject.sources, findings)
        elif kinds <= TEXTS or (kind in _ON_NUMBERS and kinds <= KEYWORDS):
            findings.add(
                "DAC008",
                f"{subject.key}: the aggregation {kind} on '{name}', which is of type {' or '.join(sorted(kinds))}, fails at each run",
                subject.place(name),
                "use a keyword, a number or a date, as the aggregation needs",
            )


def _scripted(subject: Subject, findings: Findings) -> None:
    for source in subject.scripts:
        guarded = {match[2] for match in _GUARD.finditer(source)}
        for match in _DOC.finditer(source):
            if match[2] not in guarded | _METADATA and not subject.mappings(match[2]):
                _missing(subject, match[2], subject.sources, findings)
