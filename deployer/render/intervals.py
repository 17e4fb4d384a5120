"""Command patterns in query DSL: on the words of a command, or as a regular expression on the whole of it.

Measured on 3.4.0: a wildcard inside an `intervals` query fails the whole search (500) as soon as it stands for more
than 128 words of a shard, which an attacker can bring about. So a pattern with ``*`` becomes a regular expression on
the field of type wildcard, which has no such limit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from deployer.model.patterns import EDGE, MAX_GAP, PROGRAM, Gap, Pattern, Word

ALTERNATIVES = 100
"""The most words in one alternation; the server expands it to at most 128."""

Rule = dict[str, Any]


def query(field: str, words_field: str, patterns: Iterable[Pattern]) -> list[dict[str, Any]]:
    """The clauses of which one must match: word patterns in one intervals query, expressions in a query each."""
    known = list(patterns)
    rules = _rules([pattern for pattern in known if not on_whole_field(pattern)])
    clauses: list[dict[str, Any]] = []
    if rules:
        clauses.append({"intervals": {words_field: _any(rules)}})
    clauses.extend(
        {"regexp": {field: {"value": pattern.regex or expression(pattern), "case_insensitive": True}}}
        for pattern in known
        if on_whole_field(pattern)
    )
    return clauses


def on_whole_field(pattern: Pattern) -> bool:
    """Whether a pattern is matched on the field itself, and not on its words."""
    return pattern.regex is not None or pattern.wild


def _rules(known: list[Pattern]) -> list[Rule]:
    """Rules for patterns of words. Those of a single word share an alternation: a search may have 65,535 bytes."""
    single: dict[bool, list[str]] = {False: [], True: []}
    rules: list[Rule] = []
    for pattern in known:
        first = pattern.items[0]
        if len(pattern.items) == 1 and isinstance(first, Word):
            single[pattern.end].extend(_forms(first, pattern.start))
        else:
            rules.append(_rule(pattern))
    for end, forms in single.items():
        for start in range(0, len(forms), ALTERNATIVES):
            words = _words(forms[start : start + ALTERNATIVES])
            rules.append(_adjacent([words, _match(EDGE)]) if end else words)
    return rules


def _rule(pattern: Pattern) -> Rule:
    runs: list[list[Word]] = [[]]
    for item in pattern.items:
        if isinstance(item, Gap):
            runs.append([])
        else:
            runs[-1].append(item)
    rules = [_run(run, pattern.start and number == 0) for number, run in enumerate(runs)]
    core = rules[0] if len(rules) == 1 else _one_command(rules, MAX_GAP * (len(runs) - 1))
    return _adjacent([core, _match(EDGE)]) if pattern.end else core


def _forms(word: Word, program: bool) -> list[str]:
    return [f"{PROGRAM}{form}" for form in word.forms] if program else list(word.forms)


def expression(pattern: Pattern) -> str:
    """A pattern with ``*`` as a Lucene regular expression for the whole value."""
    pieces: list[str] = []
    for number, item in enumerate(pattern.items):
        if isinstance(item, Gap):
            pieces.append(f"({_BLANKS}{_IN_COMMAND}*)?")
            continue
        if number:
            pieces.append(_BLANKS)
        pieces.append("(" + "|".join(_word_expression(form) for form in item.forms) + r")(\.exe|\.com)?")
    before = f"(.*{_STARTS})?" if pattern.start else f"(.*{_ENDS_WORD})?"
    after = f"[ \"']*({_ENDS_COMMAND}.*)?" if pattern.end else f"({_ENDS_WORD}.*)?"
    return f"{before}{''.join(pieces)}{after}"


_BLANKS = "[ \"'^,:=\\[\\]\u00a0\t]+"
_IN_COMMAND = "[^&|;(){}<>!\n\r]"
_ENDS_COMMAND = "[&|;(){}<>!\n\r]"
_ENDS_WORD = "[^a-z0-9_.*?$%@#~+\\-]"
_STARTS = "[&|;(){}!\n\r/\\\\]"


def _word_expression(form: str) -> str:
    inner = "[^ \"'^,:=&|;(){}<>!\n\r/\\\\\t]*"
    return inner.join(_escaped(part) for part in form.split("*"))


def _one_command(rules: list[Rule], gaps: int) -> Rule:
    """The rules in order with up to `gaps` words between them, none of which ends the command."""
    ordered = _ordered(rules, gaps)
    ordered["all_of"]["filter"] = {"not_containing": _match(EDGE)}
    return ordered


def _ordered(rules: list[Rule], gaps: int) -> Rule:
    return {"all_of": {"ordered": True, "max_gaps": gaps, "intervals": rules}}


def _adjacent(rules: list[Rule]) -> Rule:
    return _ordered(rules, 0)


def _any(rules: list[Rule]) -> Rule:
    return rules[0] if len(rules) == 1 else {"any_of": {"intervals": rules}}


def _run(run: Sequence[Word], program: bool) -> Rule:
    forms = [_forms(word, program and number == 0) for number, word in enumerate(run)]
    if all(len(found) == 1 for found in forms):
        return _match(" ".join(found[0] for found in forms))
    parts = [_words(found) for found in forms]
    return parts[0] if len(parts) == 1 else _adjacent(parts)


def _words(forms: Sequence[str]) -> Rule:
    """One word in any of its forms. The expression of an intervals rule is not analysed, as the words of a match are."""
    return {"regexp": {"pattern": "|".join(_escaped(form) for form in dict.fromkeys(forms))}}


def _escaped(text: str) -> str:
    return "".join(char if char.isalnum() or char in "_\u0002" else f"\\{char}" for char in text)


def _match(text: str) -> Rule:
    if " " not in text:
        return _words([text])
    # The words are in their final form already, so the query text is only cut at blanks.
    return {"match": {"query": text, "max_gaps": 0, "ordered": True, "analyzer": "whitespace"}}
