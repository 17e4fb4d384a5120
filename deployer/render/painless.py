"""Conditions in painless, for the two derived times of a sequence monitor.

A sequence monitor's query finds the events of both kinds; which kind an event is must be told once more by a script
(FACTS.md, "A correlation in order"). The script says whether the *second* condition holds; an event of both kinds is
the second only. Structure becomes script text, values become params, so monitors of the same structure share one
compilation. A test asks the same conditions of a real node in both forms and compares.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field
from typing import Any

from deployer.model.condition import All, AnyOf, Condition, FromSource, Not, Test, Use, When
from deployer.model.patterns import EDGE, Gap, Pattern
from deployer.render.query import read_patterns, source_filter
from deployer.render.scope import Scope

MAX_FORMS = 400

MARKS = {
    "edge": "\u0001",
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
  String s = value.toString().toLowerCase();
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
boolean match(String s, def forms) {
  for (form in forms) {
    String first = form.parts[0];
    for (int start = s.indexOf(first); start >= 0; start = s.indexOf(first, start + 1)) {
      int end = start + first.length(); boolean all = true;
      for (int i = 1; i < form.parts.length; ++i) {
        int from = form.stops[i] == ' ' ? end : end - 1;
        int next = s.indexOf(form.parts[i], from);
        if (next < 0 || s.substring(from, next + 1).contains(form.stops[i] == ' ' ? ' ' : ' ;; ')) { all = false; break; }
        end = next + form.parts[i].length();
      }
      if (all) { return true; }
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
            case FromSource(source, part):
                if source not in self.scope.repository.sources:
                    return "false"
                tests = [self._origin(clause) for clause in source_filter(source, self.scope)]
                if part is not None:
                    tests.append(self.compile(part, [source]))
                return "(" + " && ".join(tests or ["true"]) + ")"
            case Test():
                return self._test(condition)

    def _origin(self, clause: dict[str, Any]) -> str:
        """What a source's filter asks, in painless. In scripts of 3.4.0 the value of a constant_keyword is the name of
        the index (measured), so the dataset is read from the name of the backing index."""
        ((name, inner),) = clause["term"].items()
        if name == "data_stream.dataset":
            return f"doc['_index'].value.contains({self._param('-' + inner['value'] + '-')})"
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
                forms = [
                    form
                    for pattern in read_patterns(test, self.scope, [str(item) for item in values])
                    for form in self._forms(pattern, test)
                ]
                self.params["marks"] = MARKS
                return (
                    f"match(words(at(params._source, {self._param(test.field)}), params.marks), {self._param(forms)})"
                )
            case operator:
                self.scope.findings.add(
                    "DAC012",
                    f"'{operator}' cannot stand in the `then` of a sequence",
                    test.where,
                    "there: equals, in, exists, matches and runs",
                )
                return "false"

    def _forms(self, pattern: Pattern, test: Test) -> list[dict[str, list[str]]]:
        """Each way in which a pattern can be written (see `_form`). That its first word is a program's name is not
        asked again: the query has asked it, and here only the two kinds are told apart."""
        if pattern.regex is not None:
            self.scope.findings.add(
                "DAC012",
                f"a regular expression cannot stand in the `then` of a sequence: {pattern.text}",
                test.where,
                "write the pattern in words",
            )
            return []
        choices = [(None,) if isinstance(item, Gap) else item.forms for item in pattern.items]
        count = math.prod(len(choice) for choice in choices)
        if count > MAX_FORMS:
            self.scope.findings.add(
                "DAC012",
                f"the pattern '{pattern.text}' has {count} forms, more than {MAX_FORMS}",
                test.where,
                "use fewer optional tails",
            )
            return []
        return [_form([*words, EDGE] if pattern.end else list(words)) for words in itertools.product(*choices)]


def _form(words: list[str | None]) -> dict[str, list[str]]:
    """Words (None is a gap) as texts to be found one after the other in ``words``, and what must not stand between a
    text and the one before it: the end of a command behind a gap, a blank behind a ``*``."""
    parts, stops, text = [], ["none"], " "
    for word in words:
        if word is None:
            parts.append(text)
            stops.append("gap")
            text = " "
            continue
        pieces = word.split("*")
        for piece in pieces[:-1]:
            parts.append(text + piece)
            stops.append(" ")
            text = ""
        text += pieces[-1] + " "
    parts.append(text)
    return {"parts": parts, "stops": stops}
