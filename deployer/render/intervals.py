"""Command patterns in query DSL: on the words of a command, or as a regular expression on the whole of it.

Measured on 3.4.0: a wildcard inside an `intervals` query fails the whole search (500) as soon as it stands for more
than 128 words of a shard, which an attacker can bring about. So a pattern with ``*`` becomes a regular expression on
the field of type wildcard, which has no such limit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from deployer.model.patterns import EDGE, MAX_GAP, OPTIONS, WRAPPERS, Gap, Pattern, Word

MAX_PATH = 12
"""The most words of a path before a program's name, the slashes included."""

PATH_STARTS = ("/", ".", "..", "~", "c", "d", "bin", "sbin", "usr")
"""The first word of a path to a program; ``c`` and ``d`` are drives."""

Rule = dict[str, Any]


def query(field: str, words_field: str, patterns: Iterable[Pattern]) -> list[dict[str, Any]]:
    """The clauses of which one must match: word patterns in one intervals query, expressions in a query each."""
    known = list(patterns)
    cores = [(pattern, _core(pattern)) for pattern in known if not on_whole_field(pattern)]
    rules = [core for pattern, core in cores if not pattern.start]
    programs = [core for pattern, core in cores if pattern.start]
    if programs:
        # One rule for all names: where a program's name may stand is the larger part of it.
        rules.append(_program(_any(programs)))
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


def _core(pattern: Pattern) -> Rule:
    """The words of a pattern and its end, without the question whether they begin with a program's name."""
    runs: list[list[Word]] = [[]]
    for item in pattern.items:
        if isinstance(item, Gap):
            runs.append([])
        else:
            runs[-1].append(item)
    core = _run(runs[0]) if len(runs) == 1 else _one_command([_run(run) for run in runs], MAX_GAP * (len(runs) - 1))
    return _adjacent([core, _match(EDGE)]) if pattern.end else core


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
    return inner.join(
        "".join(char if char.isalnum() or char == "_" else f"\\{char}" for char in part) for part in form.split("*")
    )


def _program(core: Rule) -> Rule:
    """`core` begins with the name of a program: where a command starts or a wrapper stands, with a path or without.

    An intervals query only sees the shortest intervals, so a path is its head (``;; /``) and, some words later,
    its end (``/ ss``): a rule for the whole path would find its last two parts only.
    """
    starts = _any([_match(EDGE), *(_match(word) for word in WRAPPERS)])
    head = _adjacent([starts, _any([_match(word) for word in PATH_STARTS])])
    path = _ordered([head, _adjacent([_match("/"), core])], MAX_PATH)
    options = _any([_match(word) for word in OPTIONS])
    wrapped = _ordered([_adjacent([_any([_match(word) for word in WRAPPERS]), options]), core], 2)
    return _any([_adjacent([starts, core]), _adjacent([starts, _match("/"), core]), path, wrapped])


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


def _run(run: Sequence[Word]) -> Rule:
    if all(len(word.forms) == 1 for word in run):
        return _match(" ".join(word.forms[0] for word in run))
    parts = [_any([_match(form) for form in word.forms]) for word in run]
    return parts[0] if len(parts) == 1 else _adjacent(parts)


def _match(text: str) -> Rule:
    # The words are in their final form already, so the query text is only cut at blanks.
    return {"match": {"query": text, "max_gaps": 0, "ordered": True, "analyzer": "whitespace"}}
