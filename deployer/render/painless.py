"""Conditions in painless, for the two derived times of a sequence monitor.

A sequence monitor's query finds the events of both kinds; which kind an event is must be told once more by a script
(FACTS.md, "A correlation in order"). The script says whether the *second* condition holds; an event of both kinds is
the second only. Structure becomes script text, values become params, so monitors of the same structure share one
compilation. A test asks the same conditions of a real node in both forms and compares.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from deployer.model.condition import All, AnyOf, Condition, FromSource, Not, Test, Use, When
from deployer.model.patterns import EDGE, Gap, Pattern
from deployer.render.query import origins, read_patterns
from deployer.render.scope import Scope

MARKS = {
    "edge": "\u0001",
    "joins": [f"{first}{plus}{second}" for plus in ("+", " + ") for first in "\"'" for second in "\"'"],
    "dollars": [" $'", ' $"'],
    "streams": [" 1>", " 2>"],
    "removed": list("^`\"'\u2018\u2019\u201c\u201d"),
    "blanks": list(",:=[]\u00a0\t"),
    "dashes": list("\u2013\u2014\u2015"),
    "edges": list("&|;(){}<>!\n\r"),
    "slashes": ["/", "\\"],
}
"""The characters of the analyzer ``command_words``, as params: painless knows no escapes for them."""

_PRELUDE = """
String words(def value, Map marks) {
  if (value == null) { return ''; }
  String s = ' ' + value.toString().toLowerCase();
  for (c in marks.dollars) { s = s.replace(c, ' '); }
  for (c in marks.joins) { s = s.replace(c, ''); }
  for (c in marks.streams) { s = s.replace(c, marks.edge); }
  for (c in marks.removed) { s = s.replace(c, ''); }
  for (c in marks.blanks) { s = s.replace(c, ' '); }
  for (c in marks.dashes) { s = s.replace(c, '-'); }
  for (c in marks.edges) { s = s.replace(c, marks.edge); }
  for (c in marks.slashes) { s = s.replace(c, ' / '); }
  s = ' ;; ' + s.replace(marks.edge, ' ;; ') + ' ;; ';
  while (s.contains('  ')) { s = s.replace('  ', ' '); }
  return s.replace('.exe ', ' ').replace('.com ', ' ');
}
int tail(String s, int at, String part, int cut) {
  if (cut < 0) { return at; }
  int stop = s.indexOf(' ', at);
  return part.substring(cut + 1).startsWith(s.substring(at, stop)) ? stop : -1;
}
int next(String s, int end, String part) {
  String kind = part.substring(0, 1);
  int cut = part.indexOf('[');
  String stem = part.substring(1, cut < 0 ? part.length() : cut);
  if (kind == '~') { return s.startsWith(stem, end) ? tail(s, end + stem.length(), part, cut) : -1; }
  int from = kind == ':' ? end - 1 : end;
  int limit = s.indexOf(kind == ':' ? ' ;; ' : ' ', from);
  if (limit < 0) { limit = s.length(); }
  for (int at = s.indexOf(stem, from); at >= 0 && at <= limit; at = s.indexOf(stem, at + 1)) {
    int found = tail(s, at + stem.length(), part, cut);
    if (found >= 0) { return found; }
  }
  return -1;
}
boolean match(String s, def rows) {
  for (row in rows) {
    if (row instanceof String) { if (s.contains(row)) { return true; } continue; }
    String first = row[0];
    int cut = first.indexOf('[');
    String stem = cut < 0 ? first : first.substring(0, cut);
    for (int start = s.indexOf(stem); start >= 0; start = s.indexOf(stem, start + 1)) {
      int end = tail(s, start + stem.length(), first, cut);
      for (int i = 1; i < row.length && end >= 0; ++i) { end = next(s, end, row[i]); }
      if (end >= 0) { return true; }
    }
  }
  return false;
}
boolean oneOf(def found, def values) {
  for (f in found) { for (v in values) { if (v.toString().equalsIgnoreCase(f.toString())) { return true; } } }
  return false;
}
def at(def source, String path) {
  def value = source;
  for (name in path.splitOnToken('.')) { if (!(value instanceof Map)) { return null; } value = value.get(name); }
  return value;
}
""".strip()


@dataclass(slots=True)
class Predicate:
    """An expression in painless and the params that it reads."""

    source: str
    params: dict[str, Any] = field(default_factory=dict)


def second_kind(condition: Condition, scope: Scope, sources: list[str]) -> Predicate:
    """The script of the derived times: emits the event's time if it is of the kind that ``params.second`` asks for."""
    compiler = _Compiler(scope)
    expression = compiler.compile(condition, sources)
    source = f"{_PRELUDE}\nboolean second = {expression};\nif (second == params.second) {{ emit(doc['@timestamp'].value.toInstant().toEpochMilli()); }}"
    return Predicate(source, compiler.params)


class _Compiler:
    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.params: dict[str, Any] = {}

    def _param(self, value: Any) -> str:
        for name, known in self.params.items():
            if known == value and type(known) is type(value):
                return f"params.{name}"
        name = f"p{len(self.params)}"
        self.params[name] = value
        return f"params.{name}"

    def compile(self, condition: Condition, sources: list[str]) -> str:
        match condition:
            case All(parts):
                return "(" + " && ".join(self.compile(part, sources) for part in parts) + ")"
            case AnyOf(parts):
                return "(" + " || ".join(self.compile(part, sources) for part in parts) + ")"
            case Not(part):
                return f"!{self.compile(part, sources)}"
            case Use():
                named = self.scope.event(condition)
                return self.compile(named, sources) if named else "false"
            case When():
                chosen = self.scope.branch(condition)
                return self.compile(chosen, sources) if chosen else "true"
            case FromSource(named, part):
                if any(source not in self.scope.repository.sources for source in named):
                    return "false"
                found = [self._origin(clause) for clause in origins(named, self.scope)]
                tests = ["(" + " || ".join(found) + ")"]
                if part is not None:
                    tests.append(self.compile(part, list(named)))
                return "(" + " && ".join(tests) + ")"
            case Test():
                return self._test(condition)

    def _origin(self, clause: dict[str, Any]) -> str:
        """What a source's filter asks, in painless. In scripts of 3.4.0 the value of a constant_keyword is the name of
        the index (measured), so the dataset is read from the name of the backing index."""
        if "match_all" in clause:
            return "true"
        if "bool" in clause:
            return "(" + " && ".join(self._origin(inner) for inner in clause["bool"]["filter"]) + ")"
        if "terms" in clause:
            names = (self._param(f"-{dataset}-") for dataset in clause["terms"]["data_stream.dataset"])
            return "(" + " || ".join(f"doc['_index'].value.contains({name})" for name in names) + ")"
        ((name, inner),) = clause["term"].items()
        return self._one_of(name, [inner["value"]])

    def _one_of(self, name: str, values: list[Any]) -> str:
        key = self._param(name)
        return f"(doc.containsKey({key}) && oneOf(doc[{key}], {self._param(values)}))"

    def _test(self, test: Test) -> str:
        value = self.scope.value(test.value, test.where)
        values = value if isinstance(value, list) else [value]
        match test.operator:
            case "equals" | "in":
                return self._one_of(test.field, values)
            case "exists":
                key = self._param(test.field)
                return f"((doc.containsKey({key}) && doc[{key}].size() > 0) == {self._param(bool(value))})"
            case "matches" | "runs":
                known = read_patterns(test, self.scope, [str(item) for item in values])
                rows = [found for found in (self._row(pattern, test) for pattern in known) if found is not None]
                self.params["marks"] = MARKS
                return f"match(words(at(params._source, {self._param(test.field)}), params.marks), {self._param(rows)})"
            case operator:
                self.scope.findings.add(
                    "DAC012",
                    f"'{operator}' cannot stand in the `then` of a sequence",
                    test.where,
                    "there: equals, in, exists, matches and runs",
                )
                return "false"

    def _row(self, pattern: Pattern, test: Test) -> str | list[str] | None:
        if pattern.regex is not None:
            self.scope.findings.add(
                "DAC012",
                f"a regular expression cannot stand in the `then` of a sequence: {pattern.text}",
                test.where,
                "write the pattern in words",
            )
            return None
        return row(pattern)


def row(pattern: Pattern) -> str | list[str]:
    """A pattern as ``match`` takes it: parts to be found one after the other; one plain part is a text by itself.

    The first sign of a part behind the first says how it follows: ``:`` in the same command, ``=`` in the same word,
    ``~`` at once. ``stem[tail`` is a word that begins with the stem and goes on with a beginning of the tail. None of
    these signs can stand in a word. That the first word is a program's name is not asked again: the query has asked
    it, and here only the two kinds are told apart.
    """
    parts: list[str] = []
    text = " "
    for item in pattern.items:
        if isinstance(item, Gap):
            if text.strip("~ "):
                parts.append(text)
            text = ": "
        elif len(item.forms) > 1:
            parts.append(f"{text}{item.forms[0]}[{item.forms[-1].removeprefix(item.forms[0])}")
            text = "~ "
        else:
            *before, last = item.forms[0].split("*")
            for piece in before:
                parts.append(text + piece)
                text = "="
            text += f"{last} "
    if pattern.end:
        text += f"{EDGE} "
    if text.strip("~ "):
        parts.append(text)
    return parts[0] if len(parts) == 1 and "[" not in parts[0] else parts
