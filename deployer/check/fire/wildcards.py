"""Wildcards that match nothing (DAC021, DAC022) or cost too much (DAC023)."""

from __future__ import annotations

import fnmatch
import re

from deployer.check.fire.clauses import Clause
from deployer.check.fire.mapped import large
from deployer.check.fire.query_strings import unescaped, wildcards
from deployer.check.fire.subject import Subject
from deployer.model.finding import Findings

_DOUBLED = re.compile(r"(?:[\w)}%]|\b[A-Za-z]:)\\\\\\\\")
"""Two backslashes, each escaped, within a path. In front of a path, or after a blank or a quote, they begin a network name."""

_PROGRAM = r"[^\\\s]*[.](?:exe|com|dll|sys|bat|cmd|ps1|vbs|js|sh|py)"
_DOUBLED_PROGRAM = re.compile(rf"\\\\\\\\{_PROGRAM}\W*$", re.I)
"""The same before the name of a program at the end: a network name has a share behind the host."""

_ESCAPED_FIRST = re.compile(r"\\\\[*?]")
"""A pattern that begins with a backslash and a wildcard: what becomes of an escaped wildcard where nothing is to be escaped."""

_REGEX_PROGRAM = re.compile(r"\w\\\\[.](?:exe|com|dll|sys|bat|cmd|ps1|vbs|js|sh|py)\b", re.I)
"""In an expression: a backslash and any character where a dot was meant."""

_ESCAPED = re.compile(r"\\(.)", re.S)
_ANYTHING = re.compile(r"\.[*+]")


def check_wildcards(subject: Subject, findings: Findings) -> None:
    """Wildcards stand where they work, are escaped as the server reads them, and do not lead on large keywords."""
    for clause in subject.clauses:
        if clause.kind == "query_string":
            _query_string(subject, clause, findings)
        for text in clause.texts if clause.kind in ("wildcard", "query_string", "regexp") else ():
            wrong = _wrongly_escaped(subject, clause, text)
            if wrong:
                findings.add(
                    "DAC022",
                    f"{subject.key}: the pattern '{text}' on '{clause.field}': {wrong}",
                    subject.place(clause.field, text),
                    "escape only \\, * and ? and only once; in `like` of a condition nothing is escaped, the tool does it",
                )
        # New events alone are compared one by one: there is no list of values to go through.
        if clause.kind in ("wildcard", "query_string", "regexp") and not subject.per_event:
            _leading(subject, clause, findings)


def _query_string(subject: Subject, clause: Clause, findings: Findings) -> None:
    """On a field of type wildcard only exact terms, phrases, prefixes and expressions are right (FACTS.md, "Query traps")."""
    for text in clause.texts:
        places = wildcards(text)
        if text == "*":
            continue
        if not subject.per_event and (not places or (places == [len(text) - 1] and text[-1] == "*")):
            continue
        kinds = {mapping.get("type"): name for name, mapping in _asked(subject, clause)}
        if "wildcard" in kinds:
            findings.add(
                "DAC021",
                f"{subject.key}: the query_string '{text}' on '{kinds['wildcard']}', a field of type wildcard, "
                + ("finds nothing in a document-level monitor" if subject.per_event else "does not match what it says"),
                subject.place(clause.field, text),
                "use a wildcard query there, a regular expression, or `matches` in a condition",
            )


def _asked(subject: Subject, clause: Clause) -> list[tuple[str, dict[str, object]]]:
    """The fields with their mappings that a clause asks: its own, or all that a pattern such as ``process.*`` stands for."""
    if "*" not in clause.field:
        return [(clause.field, dict(mapping)) for mapping in subject.mappings(clause.field, clause.sources).values()]
    form = clause.field.replace("[", "[[]").replace("?", "[?]")
    return [
        (name, dict(mapping))
        for source in clause.sources
        for name, mapping in subject.shelf.mapped(source).items()
        if fnmatch.fnmatchcase(name, form)
    ]


def _wrongly_escaped(subject: Subject, clause: Clause, text: str) -> str:
    """What is wrong with the escapes of a pattern; empty if nothing is."""
    if clause.kind == "regexp":
        found = _REGEX_PROGRAM.search(text)
        return f"'{found[0]}' looks for a backslash and any character, where a dot was meant" if found else ""
    escaped = _ESCAPED.findall(text)
    if clause.kind == "wildcard":
        needless = [char for char in escaped if char not in "\\*?"]
        if needless and any(mapping.get("type") == "wildcard" for _, mapping in _asked(subject, clause)):
            return f"\\{needless[0]} is no escape here, and the pattern matches nothing"
        if _ESCAPED_FIRST.match(text):
            return "it looks for a backslash in front, because the wildcard was escaped"
    if any(char in "*?" for char in escaped) and not unescaped(text):
        return "every wildcard is escaped, so it looks for the characters themselves"
    if _DOUBLED.search(text) or _DOUBLED_PROGRAM.search(text):
        return "the backslashes of a path are escaped twice, so it looks for two where a path has one"
    return ""


def _leading(subject: Subject, clause: Clause, findings: Findings) -> None:
    for text in clause.texts:
        if not _leads(clause.kind, text):
            continue
        named = (
            [name for name, mapping in _asked(subject, clause) if large(name, mapping)] if clause.field != "*" else []
        )
        if named:
            findings.warn(
                "DAC023",
                f"{subject.key}: '{text}' begins with a wildcard on '{named[0]}', a keyword that may hold long texts",
                subject.place(clause.field, text),
                "begin with what is known, use a field of type wildcard, or a text field with `matches`",
            )


def _leads(kind: str, text: str) -> bool:
    """Whether a pattern begins with any characters, and so every term of the field is looked at."""
    if kind == "regexp":
        found = _ANYTHING.match(text.lstrip("("))
        return found is not None and text not in (".*", ".+")
    places = unescaped(text) if kind == "wildcard" else wildcards(text)
    return bool(places) and places[0] == 0 and text.strip("*") != ""
