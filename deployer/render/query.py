"""Conditions in query DSL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from deployer.model import patterns
from deployer.model.condition import All, AnyOf, Condition, FromSource, Not, Test, Use, When
from deployer.model.finding import near
from deployer.render import fields, intervals, times
from deployer.render.scope import Scope

Dsl = dict[str, Any]

NOTHING: Dsl = {"match_none": {}}
EVERYTHING: Dsl = {"match_all": {}}

FEW = 2
"""So many values are clauses of their own; more become a regular expression."""

EXPRESSION = 900
"""The longest expression made, in characters; the server takes 1,000 (``index.max_regex_length``)."""


def compile_condition(condition: Condition, scope: Scope, sources: list[str]) -> Dsl:
    """The query that matches exactly the events of which the condition holds; `sources` are those it is asked of.

    What cannot be rendered is a finding of the scope, and matches nothing.
    """
    match condition:
        case All(parts):
            return all_of([compile_condition(part, scope, sources) for part in parts])
        case AnyOf(parts):
            return any_of([compile_condition(part, scope, sources) for part in parts])
        case Not(part):
            return {"bool": {"must_not": [compile_condition(part, scope, sources)]}}
        case Use():
            named = scope.event(condition)
            return compile_condition(named, scope, sources) if named else NOTHING
        case When():
            return _branches(condition, scope, sources)
        case FromSource():
            return _from_sources(condition, scope)
        case Test():
            return _test(condition, scope, sources)


def _branches(when: When, scope: Scope, sources: list[str]) -> Dsl:
    """The branch that the tunable chooses; the other one is compiled too, for what is wrong with it."""
    chosen = scope.branch(when)
    used = dict(scope.used)
    for other in (when.then, when.otherwise):
        if other is not None and other is not chosen:
            compile_condition(other, scope, sources)
    scope.used = used
    return compile_condition(chosen, scope, sources) if chosen else EVERYTHING


def _from_sources(condition: FromSource, scope: Scope) -> Dsl:
    unknown = [source for source in condition.sources if source not in scope.repository.sources]
    for source in unknown:
        hint = near(source, scope.repository.sources)
        scope.findings.add("DAC004", f"no log source '{source}'", condition.where, hint)
    if unknown:
        return NOTHING
    clauses = [any_of(origins(condition.sources, scope))]
    if condition.part is not None:
        clauses.append(compile_condition(condition.part, scope, list(condition.sources)))
    return all_of(clauses)


def origins(sources: Sequence[str], scope: Scope) -> list[Dsl]:
    """What tells the events of sources from others that the same monitor reads: one of these holds."""
    datasets: list[str] = []
    clauses: list[Dsl] = []
    for source in sources:
        override = scope.override(source)
        if override.filter:
            terms: list[Dsl] = [{"term": {name: {"value": value}}} for name, value in sorted(override.filter.items())]
            clauses.append(all_of(terms))
        elif override.index:
            return [EVERYTHING]
        else:
            datasets.append(scope.repository.sources[source].dataset)
    if datasets:
        clauses.append({"terms": {"data_stream.dataset": datasets}})
    return clauses


def all_of(clauses: list[Dsl]) -> Dsl:
    """Every clause, without scores."""
    clauses = [clause for clause in clauses if clause != EVERYTHING]
    if not clauses:
        return EVERYTHING
    return clauses[0] if len(clauses) == 1 else {"bool": {"filter": clauses}}


def any_of(clauses: list[Dsl]) -> Dsl:
    """At least one clause; none given matches nothing."""
    if not clauses:
        return NOTHING
    return clauses[0] if len(clauses) == 1 else {"bool": {"should": clauses, "minimum_should_match": 1}}


def field_type(test: Test, scope: Scope, sources: list[str]) -> str | None:
    """The type of a test's field, the same in each source; None with a finding (DAC007, DAC008) otherwise."""
    found: dict[str, str] = {}
    for source in sources:
        types = scope.types(source)
        if test.field not in types:
            scope.findings.add(
                "DAC007",
                f"the field '{test.field}' is not in the mapping of {source}",
                test.where,
                near_field(test.field, types),
            )
            return None
        found[source] = types[test.field]
    kinds = set(found.values())
    if len(kinds) > 1:
        scope.findings.add(
            "DAC008",
            f"the field '{test.field}' has different types: {', '.join(f'{s} {t}' for s, t in found.items())}",
            test.where,
            "ask each source by itself",
        )
        return None
    return next(iter(kinds), None)


def near_field(name: str, types: Mapping[str, str]) -> str:
    """A hint with the nearest field: by the whole dotted name, else by its last part."""
    hint = near(name, types)
    if hint.startswith("did you mean"):
        return hint
    same_end = [known for known in types if known.rsplit(".", 1)[-1] == name.rsplit(".", 1)[-1]]
    if same_end:
        return f"did you mean '{same_end[0]}'?"
    return "add it to a component template of the source, with its type"


def _test(test: Test, scope: Scope, sources: list[str]) -> Dsl:
    kind = field_type(test, scope, sources)
    value = scope.value(test.value, test.where)
    if kind is None or value is None:
        return NOTHING
    operator = test.operator

    def refuse(message: str, hint: str) -> Dsl:
        scope.findings.add(
            "DAC008", f"'{operator}' on '{test.field}', which is of type {kind}: {message}", test.where, hint
        )
        return NOTHING

    values = value if isinstance(value, list) else [value]
    if any(isinstance(item, str) and ("{{" in item or "}}" in item) for item in values):
        scope.findings.add(
            "DAC006",
            f"double braces in a value of '{test.field}'",
            test.where,
            "the server reads {{ and }} as a template of its own",
        )
        return NOTHING
    match operator:
        case "exists":
            return (
                {"exists": {"field": test.field}}
                if value
                else {"bool": {"must_not": [{"exists": {"field": test.field}}]}}
            )
        case "equals" | "in":
            if kind in ("text", "match_only_text"):
                return refuse("a text is matched word by word, never as a whole", "use matches, or a keyword field")
            if kind in fields.NUMBERS and any(
                not isinstance(item, int | float) or isinstance(item, bool) for item in values
            ):
                return refuse(f"{value!r:.60} is no number", "write a number, without quotes")
            if kind in fields.KEYWORDS and any(not isinstance(item, str) for item in values):
                return refuse(f"{value!r:.60} is no text", "write it in quotes")
            return any_of(_terms(test.field, values, kind))
        case "like":
            if kind not in ("keyword", "wildcard"):
                return refuse("wildcards need a keyword", "use a keyword or wildcard field")
            return any_of(_likes(test.field, [str(item) for item in values]))
        case "matches" | "runs":
            return _commands(test, scope, sources, [str(item) for item in values])
        case "gt" | "gte" | "lt" | "lte":
            if kind not in fields.NUMBERS:
                return refuse("only numbers are compared in size", "use a numeric field")
            return {"range": {test.field: {operator: value}}}
        case "cidr":
            if kind != "ip":
                return refuse("networks are matched on addresses", "use a field of type ip")
            return {"terms": {test.field: values}} if values else NOTHING
        case _:
            if kind != "date":
                return refuse("time windows are matched on times", "use @timestamp")
            return times.query(test.field, value, inside=operator == "inside")


def _terms(field: str, values: list[Any], kind: str) -> list[Dsl]:
    if kind not in ("keyword", "wildcard"):
        return [{"terms": {field: values}}] if len(values) > 1 else [{"term": {field: {"value": v}}} for v in values]
    if len(values) <= FEW:
        return [{"term": {field: {"value": value, "case_insensitive": True}}} for value in values]
    return _alternatives(field, [literal(value) for value in values])


def _likes(field: str, values: list[str]) -> list[Dsl]:
    """Values and prefixes as alternations, every other pattern by itself.

    Lucene makes one deterministic automaton of an alternation: with a `*` in front of or inside several alternatives it
    grows exponentially. Measured on 3.4.0: six of them took 5 s, eight were refused (400), which silences a monitor.
    """
    if len(values) <= FEW:
        return [_wildcard(field, value) for value in values]
    simple = [value for value in values if "*" not in value[:-1]]
    found = _alternatives(field, [literal(value).replace("\\*", ".*").replace("\\?", ".") for value in simple])
    return found + [_wildcard(field, value) for value in values if "*" in value[:-1]]


def _wildcard(field: str, value: str) -> Dsl:
    return {"wildcard": {field: {"value": value.replace("\\", "\\\\"), "case_insensitive": True}}}


def _alternatives(field: str, expressions: list[str]) -> list[Dsl]:
    """Many values as a few regular expressions: a search may have 65,535 bytes, an expression 1,000 characters."""
    batches: list[list[str]] = [[]]
    for expression in expressions:
        if sum(len(known) + 1 for known in batches[-1]) + len(expression) > EXPRESSION:
            batches.append([])
        batches[-1].append(expression)
    return [{"regexp": {field: {"value": "|".join(batch), "case_insensitive": True}}} for batch in batches if batch]


def literal(text: str) -> str:
    """A text as a Lucene regular expression that matches just it."""
    return "".join(char if char.isalnum() or char in "_ " else f"\\{char}" for char in text)


def _commands(test: Test, scope: Scope, sources: list[str], values: list[str]) -> Dsl:
    types = scope.types(sources[0])
    words = fields.words_field(test.field, types)
    if words is None:
        scope.findings.add(
            "DAC008",
            f"'{test.operator}' on '{test.field}', which is not kept as words",
            test.where,
            "fields kept as words have a sub-field .words in the mapping",
        )
        return NOTHING
    parsed = read_patterns(test, scope, values)
    if any(intervals.on_whole_field(pattern) for pattern in parsed) and types[test.field] not in fields.KEYWORDS:
        scope.findings.add(
            "DAC008",
            f"a regular expression or a * on '{test.field}', which is a text: it would see single words only",
            test.where,
            "write the pattern in whole words",
        )
        return NOTHING
    return any_of(intervals.query(test.field, words, parsed))


def read_patterns(test: Test, scope: Scope, values: list[str]) -> list[patterns.Pattern]:
    """The patterns of a `matches` or `runs`; what cannot be read is a finding."""
    result = []
    for value in values:
        try:
            result.append(patterns.parse(f"^{value}" if test.operator == "runs" else value))
        except ValueError as error:
            scope.findings.add("DAC005", str(error), test.where)
    return result
