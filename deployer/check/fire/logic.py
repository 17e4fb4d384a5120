"""What can be known of a query without data: that it matches nothing, or everything, or only what another one matches.

Three values: True (every event), False (none), None (it depends on the event). Where it is not certain, it is None.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from deployer.check.fire import effort, expressions, lucene
from deployer.check.fire.clauses import head, on_field, parts, table, values_of
from deployer.render import times

Truth = bool | None
Assume = Callable[[str, str, Any], Truth]
"""What to take a leaf for, by kind, field and parameters; None to look at it."""

_WEEK = 7 * 1440
_PROBES = ("x", "0", "~ 7", "Zz\\q", "/a b/c", "-\u00e9\t", "powershell -c {1}", "\u4e2d\u6587 $#" * 9)
"""Texts that have nothing in common: what fits them all fits everything."""

_LOWER, _UPPER = ("gt", "gte", "from"), ("lt", "lte", "to")


def nothing_assumed(kind: str, field: str, value: Any) -> Truth:
    """Every leaf is looked at."""
    return None


def truth(query: Any, assume: Assume = nothing_assumed) -> Truth:
    """Whether a query matches every event, or none."""
    kind, body = head(query)
    match kind:
        case "match_all":
            return True
        case "match_none":
            return False
        case "bool" if isinstance(body, Mapping):
            return _bool(body, assume)
        case "constant_score" if isinstance(body, Mapping):
            return truth(body.get("filter"), assume)
        case "function_score" | "script_score" if isinstance(body, Mapping):
            return truth(body.get("query", {"match_all": {}}), assume)
        case "dis_max" if isinstance(body, Mapping):
            return _any([truth(part, assume) for part in parts(body.get("queries"))])
        case "boosting" if isinstance(body, Mapping):
            return truth(body.get("positive"), assume)
        case "query_string" if isinstance(body, Mapping):
            return _text(body, assume)
    field, value = on_field(kind, body)
    assumed = assume(kind, field, value if field else body)
    return _leaf(kind, field, value, body) if assumed is None else assumed


def _text(body: Mapping[str, Any], assume: Assume) -> Truth:
    """What is known of a query in Lucene's syntax."""
    asked = lucene.single(body)
    if asked is None:
        found = lucene.tree(body)
        return None if head(found)[0] == "query_string" and not lucene.single(head(found)[1]) else truth(found, assume)
    field, term = asked
    assumed = assume("term", field, term)
    if assumed is None and len(term) > 1 and term[0] == term[-1] == "/":
        return True if _anything(term[1:-1]) else None
    return True if assumed is None and field == "*" and set(term) == {"*"} else assumed


def _bool(body: Mapping[str, Any], assume: Assume) -> Truth:
    demanded = [*parts(body.get("filter")), *parts(body.get("must"))]
    found = [truth(part, assume) for part in demanded]
    should = parts(body.get("should"))
    least = str(body.get("minimum_should_match", "0" if demanded else "1"))
    if should and least not in ("", "0"):
        alternatives = [truth(part, assume) for part in should]
        found.append(_any(alternatives) if least == "1" else _all(alternatives) if False in alternatives else None)
    forbidden = parts(body.get("must_not"))
    found += [_not(truth(part, assume)) for part in forbidden]
    whole = _all(found)
    if whole is None and (_contradictory({"bool": {"filter": demanded}}) or _swallowed(body, forbidden)):
        return False
    return whole


def _swallowed(body: Mapping[str, Any], forbidden: Sequence[Any]) -> bool:
    """Whether what is demanded is forbidden too."""
    kept = {"bool": {key: value for key, value in body.items() if key != "must_not"}}
    return any(implies(kept, part) for part in forbidden)


def _all(found: Sequence[Truth]) -> Truth:
    return False if False in found else None if None in found else True


def _any(found: Sequence[Truth]) -> Truth:
    return True if True in found else None if None in found else False


def _not(found: Truth) -> Truth:
    return None if found is None else not found


def _leaf(kind: str, field: str, value: Any, body: Any) -> Truth:
    values = values_of(value)
    match kind:
        case "term" | "terms" if any(str(item) in ("0.0.0.0/0", "::/0") for item in values):
            return True
        case "terms" | "intervals" if not values or value == {}:
            return False if kind == "terms" else None
        case "intervals":
            return False if _rule_is_empty(value) else None
        case "wildcard":
            return True if values and "*" in str(values[0]) and set(str(values[0])) <= {"*", "?"} else None
        case "regexp":
            return True if values and _anything(str(values[0])) else None
        case "prefix":
            return True if values and values[0] == "" else None
        case "range" if isinstance(value, Mapping):
            return False if _empty(_interval(value)) else None
        case "simple_query_string" if isinstance(body, Mapping):
            return True if str(body.get("query")).strip() == "*" else None
        case "script":
            return _script(body)
    return None


def _anything(expression: str) -> bool:
    """Whether a Lucene expression has an alternative that fits every text."""
    bare = expression.strip()
    while bare.startswith("(") and bare.endswith(")"):
        bare = bare[1:-1]
    return "@" in bare.split("|") or all(expressions.fits(bare, probe) for probe in _PROBES)


def _rule_is_empty(rule: Any) -> bool:
    kind, body = head(rule)
    return kind == "any_of" and isinstance(body, Mapping) and not body.get("intervals")


def _script(body: Any) -> Truth:
    """The tool's own script for time windows: none at all, or the whole week."""
    script = body.get("script") if isinstance(body, Mapping) else None
    if not isinstance(script, Mapping) or script.get("source") != times.SOURCE:
        return None
    params = table(script.get("params"))
    spans, inside = params.get("spans"), bool(params.get("inside"))
    if not isinstance(spans, list) or len(spans) % 3 or not all(isinstance(item, int) for item in spans):
        return None
    minutes = {(spans[i], minute) for i in range(0, len(spans), 3) for minute in range(spans[i + 1], spans[i + 2])}
    if not minutes:
        return not inside
    return inside if len(minutes) == _WEEK else None


def _interval(value: Mapping[str, Any]) -> tuple[float | None, bool, float | None, bool]:
    """Lower bound, whether it belongs to it, upper bound, whether it belongs to it; of numbers only."""
    low = next(((key, value[key]) for key in _LOWER if key in value), ("gte", None))
    high = next(((key, value[key]) for key in _UPPER if key in value), ("lte", None))
    return _float(low[1]), low[0] != "gt", _float(high[1]), high[0] != "lt"


def _float(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _empty(interval: tuple[float | None, bool, float | None, bool]) -> bool:
    low, with_low, high, with_high = interval
    if low is None or high is None:
        return False
    return low > high or (low == high and not (with_low and with_high))


def conjuncts(query: Any) -> Iterator[Any]:
    """The parts that every match of a query fulfils; a query that is no conjunction is its own only part."""
    kind, body = head(query)
    if kind == "bool" and isinstance(body, Mapping):
        for part in (*parts(body.get("filter")), *parts(body.get("must"))):
            yield from conjuncts(part)
        rest = {key: body[key] for key in ("should", "must_not") if body.get(key)}
        should = parts(body.get("should"))
        demanded = bool(body.get("filter") or body.get("must"))
        least = str(body.get("minimum_should_match", "0" if demanded else "1"))
        if len(should) == 1 and least == "1":
            yield from conjuncts(should[0])
        elif should and least == "1":
            yield {"bool": {"should": should, "minimum_should_match": 1}}
        for part in parts(rest.get("must_not")):
            yield {"bool": {"must_not": [part]}}
    elif kind == "constant_score" and isinstance(body, Mapping):
        yield from conjuncts(body.get("filter"))
    elif kind:
        yield query


def _contradictory(query: Any) -> bool:
    """Whether the ranges that a conjunction demands of one field leave no number."""
    intervals: dict[str, list[Mapping[str, Any]]] = {}
    for part in conjuncts(query):
        kind, body = head(part)
        field, value = on_field(kind, body)
        if kind == "range" and isinstance(value, Mapping):
            intervals.setdefault(field, []).append(value)
    for found in intervals.values():
        lows = [(low, with_low) for low, with_low, _, _ in map(_interval, found) if low is not None]
        highs = [(high, with_high) for _, _, high, with_high in map(_interval, found) if high is not None]
        if lows and highs:
            low, high = (
                max(lows, key=lambda item: (item[0], not item[1])),
                min(highs, key=lambda item: (item[0], item[1])),
            )
            if _empty((low[0], low[1], high[0], high[1])):
                return True
    return False


def implies(one: Any, other: Any) -> bool:
    """Whether each event that `one` matches is certainly matched by `other`."""
    if not effort.spend(1):
        return False
    if one == other or truth_of_leaf(other) is True or truth_of_leaf(one) is False:
        return True
    other_kind, other_body = head(other)
    if other_kind == "constant_score":
        return implies(one, other_body.get("filter"))
    wanted = list(conjuncts(other))
    if len(wanted) > 1:
        return all(implies(one, part) for part in wanted)
    if wanted and wanted[0] != other:
        return implies(one, wanted[0])
    alternatives = _alternatives(one)
    if alternatives:
        return all(implies(part, other) for part in alternatives)
    options = _alternatives(other)
    if any(implies(one, option) for option in options):
        return True
    given = list(conjuncts(one))
    if given and given != [one]:
        return any(implies(part, other) for part in given)
    return _leaf_implies(one, other)


def truth_of_leaf(query: Any) -> Truth:
    """The truth of what is no `bool`."""
    return None if head(query)[0] == "bool" else truth(query)


def _alternatives(query: Any) -> list[Any]:
    """The parts of a pure disjunction."""
    kind, body = head(query)
    if kind != "bool" or not isinstance(body, Mapping) or set(body) - {"should", "minimum_should_match"}:
        return []
    return parts(body["should"]) if str(body.get("minimum_should_match", "1")) == "1" and body.get("should") else []


def _leaf_implies(one: Any, other: Any) -> bool:
    kind, body = head(one)
    field, value = on_field(kind, body)
    other_kind, other_body = head(other)
    other_field, other_value = on_field(other_kind, other_body)
    if other_kind == "exists" and isinstance(other_body, Mapping):
        named = str(other_body.get("field"))
        return kind not in ("exists", "") and bool(field) and (field == named or field.startswith(f"{named}."))
    if not field or field != other_field:
        return False
    if kind in ("term", "terms"):
        return _values_match(values_of(value), _folds(value), other_kind, other_value)
    if kind == "wildcard" == other_kind:
        return _pattern_within(value, other_value)
    if kind == "range" == other_kind and isinstance(value, Mapping) and isinstance(other_value, Mapping):
        return _range_within(value, other_value)
    return kind == "intervals" == other_kind and _rule_within(value, other_value)


def _folds(value: Any) -> bool:
    return isinstance(value, Mapping) and bool(value.get("case_insensitive"))


def _values_match(values: Sequence[Any], folded: bool, kind: str, against: Any) -> bool:
    """Whether every one of the values is matched by a query of that kind; a folded value may have any case."""
    wanted, folds = values_of(against), _folds(against)
    if not values or not wanted or (folded and not folds) or not effort.spend(len(values) * len(wanted)):
        return False

    def fits(value: Any) -> bool:
        text = str(value).lower() if folds else str(value)
        for pattern in wanted:
            form = str(pattern).lower() if folds else str(pattern)
            if kind in ("term", "terms") and text == form:
                return True
            if kind == "prefix" and text.startswith(form):
                return True
            if kind == "wildcard" and fnmatch.fnmatchcase(text, _glob(form)):
                return True
            if kind == "regexp" and expressions.fits(form, text):
                return True
        return False

    return all(fits(value) for value in values)


def _glob(pattern: str) -> str:
    """A wildcard pattern in Python's words."""
    return re.sub(r"\\(.)|(\[)", lambda match: f"[{match[1] or match[2]}]", pattern)


def _pattern_within(one: Any, other: Any) -> bool:
    """Whether each text of one pattern is one of the other: its own stars are taken as characters that only stars fit."""
    first, second = str(values_of(one)[0]), str(values_of(other)[0])
    if _folds(one) and not _folds(other):
        return False
    if _folds(other):
        first, second = first.lower(), second.lower()
    return "?" not in second and "\\" not in first + second and fnmatch.fnmatchcase(first, _glob(second))


def _range_within(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    low, with_low, high, with_high = _interval(one)
    other_low, other_with_low, other_high, other_with_high = _interval(other)
    below = other_low is None or (
        low is not None and (low > other_low or (low == other_low and (other_with_low or not with_low)))
    )
    above = other_high is None or (
        high is not None and (high < other_high or (high == other_high and (other_with_high or not with_high)))
    )
    bounded = any(value is not None for value in (other_low, other_high))
    return bounded and below and above


def _rule_within(one: Any, other: Any) -> bool:
    """Whether each text that fits one rule of an intervals query fits the other: equal, or alternatives of it."""
    given, wanted = _rules(one), _rules(other)
    return all(any(rule == option or _one_word(rule, option) for option in wanted) for rule in given)


def _one_word(rule: Any, option: Any) -> bool:
    words = _words(rule)
    return bool(words) and words <= _words(option)


def _rules(value: Any) -> list[Any]:
    kind, body = head(value)
    if kind == "any_of" and isinstance(body, Mapping):
        return [rule for inner in parts(body.get("intervals")) for rule in _rules(inner)]
    return [value]


def _words(rule: Any) -> set[str]:
    """The words of a rule that is one word in several forms."""
    kind, body = head(rule)
    if kind != "regexp" or not isinstance(body, Mapping) or set(body) != {"pattern"}:
        return set()
    return set(re.split(r"(?<!\\)\|", str(body["pattern"])))
