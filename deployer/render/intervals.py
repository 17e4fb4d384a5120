"""Command patterns as an `intervals` query on the words of a command, or as a regular expression on the whole of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from deployer.model.patterns import MAX_GAP, Gap, Pattern, Word


def query(field: str, words_field: str, patterns: Iterable[Pattern]) -> list[dict[str, Any]]:
    """The clauses of which one must match: all word patterns in one intervals query, each expression in a query of its own."""
    rules = [rule(pattern) for pattern in patterns if pattern.regex is None]
    clauses: list[dict[str, Any]] = []
    if rules:
        clauses.append({"intervals": {words_field: rules[0] if len(rules) == 1 else {"any_of": {"intervals": rules}}}})
    clauses.extend(
        {"regexp": {field: {"value": pattern.regex, "case_insensitive": True}}}
        for pattern in patterns
        if pattern.regex is not None
    )
    return clauses


def rule(pattern: Pattern) -> dict[str, Any]:
    """One pattern as an intervals rule: runs of adjacent words, with gaps of up to `MAX_GAP` words between the runs."""
    runs: list[list[Word]] = [[]]
    for item in pattern.items:
        if isinstance(item, Gap):
            runs.append([])
        else:
            runs[-1].append(item)
    rules = [_run(run) for run in runs]
    if len(rules) == 1:
        return rules[0]
    return {"all_of": {"ordered": True, "max_gaps": MAX_GAP * (len(rules) - 1), "intervals": rules}}


def _run(run: Sequence[Word]) -> dict[str, Any]:
    if all(len(word.forms) == 1 and "*" not in word.forms[0] for word in run):
        return _match(" ".join(word.forms[0] for word in run))
    parts = [_word(word) for word in run]
    return parts[0] if len(parts) == 1 else {"all_of": {"ordered": True, "max_gaps": 0, "intervals": parts}}


def _word(word: Word) -> dict[str, Any]:
    forms = [
        {"wildcard": {"pattern": form, "analyzer": "whitespace"}} if "*" in form else _match(form)
        for form in word.forms
    ]
    return forms[0] if len(forms) == 1 else {"any_of": {"intervals": forms}}


def _match(text: str) -> dict[str, Any]:
    # The words are in their final form already, so the query text is only cut at blanks.
    return {"match": {"query": text, "max_gaps": 0, "ordered": True, "analyzer": "whitespace"}}
