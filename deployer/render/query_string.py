"""Conditions in Lucene's query syntax, the only one that a document-level monitor takes.

It can say less than query DSL: no command patterns, no times of day. Texts match whatever their case, as elsewhere, by
expressions that have each letter in both. The plugin renames the fields in the text it gets, and looks for ``field:``
(measured); so no value has a colon that is not escaped, nor two blanks in a row.
"""

from __future__ import annotations

from typing import Any

from deployer.model.condition import All, AnyOf, Condition, FromSource, Not, Test, Use, When
from deployer.render import fields
from deployer.render.query import field_type
from deployer.render.scope import Scope

NOTHING = "(NOT *:*)"
EVERYTHING = "*:*"

LONGEST = 1000
"""Characters of one expression (``index.max_regex_length``)."""

_HINT = "use another test, or the template entity, whose searches can say more"


def compile_text(condition: Condition, scope: Scope, sources: list[str]) -> str:
    """The query that matches exactly the events of which the condition holds; what cannot be said is a finding."""
    match condition:
        case All(parts):
            return _joined("AND", [compile_text(part, scope, sources) for part in parts])
        case AnyOf(parts):
            return _joined("OR", [compile_text(part, scope, sources) for part in parts])
        case Not(part):
            return none_of(compile_text(part, scope, sources))
        case Use():
            named = scope.event(condition)
            return compile_text(named, scope, sources) if named else NOTHING
        case When():
            chosen = scope.branch(condition)
            return compile_text(chosen, scope, sources) if chosen else EVERYTHING
        case FromSource():
            return _from_sources(condition, scope)
        case Test():
            return _test(condition, scope, sources)


def none_of(text: str) -> str:
    """What the text does not match. Lucene finds nothing for a negation alone, so it is taken from everything."""
    return f"(*:* AND NOT {text})"


def _joined(operator: str, parts: list[str]) -> str:
    if operator == "AND":
        parts = [part for part in parts if part != EVERYTHING] or [EVERYTHING]
    return parts[0] if len(parts) == 1 else "(" + f" {operator} ".join(parts) + ")"


def _from_sources(condition: FromSource, scope: Scope) -> str:
    known = [source for source in condition.sources if source in scope.repository.sources]
    origins = _joined("OR", [_origin(source, scope) for source in known]) if known else NOTHING
    if condition.part is None:
        return origins
    return _joined("AND", [origins, compile_text(condition.part, scope, list(condition.sources))])


def _origin(source: str, scope: Scope) -> str:
    override = scope.override(source)
    if override.filter:
        return _joined("AND", [f"{name}:{_quoted(value)}" for name, value in sorted(override.filter.items())])
    if override.index:
        return EVERYTHING
    return f"data_stream.dataset:{_quoted(scope.repository.sources[source].dataset)}"


def _test(test: Test, scope: Scope, sources: list[str]) -> str:
    kind = field_type(test, scope, sources)
    value = scope.value(test.value, test.where)
    if kind is None or value is None:
        return NOTHING

    def refuse(message: str) -> str:
        text = f"'{test.operator}' on '{test.field}' in a document-level monitor: {message}"
        scope.findings.add("DAC008", text, test.where, _HINT)
        return NOTHING

    values = value if isinstance(value, list) else [value]
    if any(isinstance(item, str) and ("{{" in item or "}}" in item) for item in values):
        text = f"double braces in a value of '{test.field}'"
        scope.findings.add("DAC006", text, test.where, "the server reads {{ and }} as a template of its own")
        return NOTHING
    if kind == "wildcard" and test.operator != "exists":
        return refuse("such monitors never find a field of type wildcard")
    match test.operator:
        case "exists":
            found = f"_exists_:{test.field}"
            return found if value else none_of(found)
        case "equals" | "in" | "like":
            if kind == "ip" or (kind in fields.NUMBERS and test.operator != "like"):
                return _joined("OR", [f"{test.field}:{_quoted(item)}" for item in values]) if values else NOTHING
            if kind not in ("keyword", "constant_keyword"):
                return refuse(f"it is of type {kind}")
            return _texts(test, [str(item) for item in values], refuse)
        case "gt" | "gte" | "lt" | "lte":
            if kind not in fields.NUMBERS:
                return refuse("only numbers are compared in size")
            sign = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}[test.operator]
            return f"{test.field}:{sign}{value}"
        case "cidr":
            if kind != "ip":
                return refuse("networks are matched on addresses")
            return _joined("OR", [f"{test.field}:{_quoted(item)}" for item in values]) if values else NOTHING
        case _:
            return refuse("Lucene's query syntax has no such test")


def _texts(test: Test, values: list[str], refuse: Any) -> str:
    if not values:
        return NOTHING
    found = [_expression(value, wild=test.operator == "like") for value in values]
    if any(len(expression) > LONGEST for expression in found):
        return str(refuse(f"a value makes an expression above {LONGEST} characters"))
    return _joined("OR", [f"{test.field}:/{expression}/" for expression in found])


def _expression(text: str, *, wild: bool) -> str:
    """A text as an expression that matches it whatever its case; with `wild`, ``*`` and ``?`` stand for any characters."""
    return "".join(_letter(char, wild=wild) for char in text)


def _letter(char: str, *, wild: bool) -> str:
    if wild and char in "*?":
        return ".*" if char == "*" else "."
    if char.isascii() and char.isalpha():
        return f"[{char.upper()}{char.lower()}]"
    if char == " ":
        return "[ ]"
    return char if char.isalnum() or char == "_" else f"\\{char}"


def _quoted(value: Any) -> str:
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
