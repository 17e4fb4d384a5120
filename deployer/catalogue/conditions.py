"""Conditions as people write them, read into the tree of `deployer.model.condition`."""

from __future__ import annotations

from typing import Any

from deployer.catalogue.yamlfile import Document, Path_
from deployer.model.condition import OPERATORS, All, AnyOf, Condition, FromSource, Not, Test, TunableRef, Use, When
from deployer.model.finding import Findings

_FORMS = ("all", "any", "not", "use", "source", "when", "field")
_NUMERIC = {"gt", "gte", "lt", "lte"}


def read(document: Document, value: Any, path: Path_, findings: Findings) -> Condition | None:
    """The condition at `path`; None (with findings) if it is none."""
    where = document.where(*path)
    if not isinstance(value, dict):
        findings.add("DAC005", f"{_shown(path)} must be a condition (a mapping)", where)
        return None
    forms = [form for form in _FORMS if form in value]
    if len(forms) != 1:
        what = "none" if not forms else " and ".join(forms)
        findings.add(
            "DAC005",
            f"a condition is exactly one of {', '.join(_FORMS)}; this has {what}",
            where,
            "combine conditions with all or any",
        )
        return None
    match forms[0]:
        case "all" | "any" as form:
            return _list(document, value, (*path, form), form, findings)
        case "not":
            part = read(document, value["not"], (*path, "not"), findings)
            return Not(part) if part else None
        case "use":
            return Use(str(value["use"]), document.where(*path, "use"))
        case "source":
            part = None
            if "where" in value:
                part = read(document, value["where"], (*path, "where"), findings)
                if part is None:
                    return None
            named = value["source"] if isinstance(value["source"], list) else [value["source"]]
            return FromSource(tuple(str(name) for name in named), part, document.where(*path, "source"))
        case "when":
            return _when(document, value, path, findings)
        case _:
            return _test(document, value, path, findings)


def _list(document: Document, value: dict[str, Any], path: Path_, form: str, findings: Findings) -> Condition | None:
    items = value[form]
    if not isinstance(items, list) or not items:
        findings.add("DAC005", f"{form} must be a list of conditions", document.where(*path))
        return None
    parts = [read(document, item, (*path, index), findings) for index, item in enumerate(items)]
    good = tuple(part for part in parts if part is not None)
    if len(good) != len(parts):
        return None
    return All(good) if form == "all" else AnyOf(good)


def _when(document: Document, value: dict[str, Any], path: Path_, findings: Findings) -> Condition | None:
    when = value["when"]
    if not isinstance(when, dict) or "tunable" not in when or "is" not in when:
        findings.add(
            "DAC005",
            "when must name a tunable and what it is",
            document.where(*path, "when"),
            "{when: {tunable: Scope, is: all}, then: ...}",
        )
        return None
    branches: list[Condition | None] = []
    for name in ("then", "else"):
        branch = read(document, value[name], (*path, name), findings) if name in value else None
        if name in value and branch is None:
            return None
        branches.append(branch)
    values = when["is"] if isinstance(when["is"], list) else [when["is"]]
    return When(str(when["tunable"]), tuple(values), branches[0], branches[1], document.where(*path, "when"))


def _test(document: Document, value: dict[str, Any], path: Path_, findings: Findings) -> Condition | None:
    operators = [operator for operator in OPERATORS if operator in value]
    where = document.where(*path, "field")
    if not operators or (len(operators) > 1 and not set(operators) <= _NUMERIC):
        what = "none" if not operators else " and ".join(operators)
        findings.add(
            "DAC005",
            f"a field needs exactly one operator; this has {what}",
            where,
            f"operators: {', '.join(OPERATORS)}",
        )
        return None
    tests = tuple(
        Test(
            str(value["field"]),
            operator,
            _value(document, value[operator], (*path, operator)),
            document.where(*path, operator),
        )
        for operator in operators
    )
    return tests[0] if len(tests) == 1 else All(tests)


def _value(document: Document, value: Any, path: Path_) -> Any:
    if isinstance(value, dict) and set(value) == {"tunable"}:
        return TunableRef(str(value["tunable"]), document.where(*path, "tunable"))
    return value


def _shown(path: Path_) -> str:
    return ".".join(str(part) for part in path)
