"""What is wrong with a text that is no YAML, in the words of the person who typed it."""

from __future__ import annotations

from dataclasses import dataclass

import yaml


@dataclass(frozen=True, slots=True)
class Trouble:
    """A message, where the mistake was most likely made (line and column from 1; 0 is the whole file), and advice."""

    message: str
    line: int
    column: int
    hint: str


def explain(error: yaml.YAMLError, text: str) -> Trouble:
    """The trouble behind an error of the parser, which tells where it stumbled and not where the mistake is."""
    if not isinstance(error, yaml.MarkedYAMLError):
        return Trouble(f"not valid YAML: {str(error).splitlines()[0]}", 0, 0, "")
    problem, context = str(error.problem or error.context or "unreadable"), str(error.context or "")
    lines = text.splitlines()
    at = _place(error.problem_mark or error.context_mark)
    begun = _place(error.context_mark) if error.context_mark else at
    line = lines[at[0] - 1] if 0 < at[0] <= len(lines) else ""
    indent = line[: len(line) - len(line.lstrip())]
    if "\t" in indent:
        return Trouble(
            "a tab in the indentation",
            at[0],
            indent.index("\t") + 1,
            "YAML is indented with blanks only: two for each level",
        )
    if "quoted scalar" in context and "end of stream" in problem:
        return Trouble(
            "a quote that is not closed",
            *begun,
            'close it on its line, or remove it; inside \'...\' a \' is written twice, inside "..." a " as \\"',
        )
    if "flow" in context:
        kind, sign = ("brace {", "}") if "mapping" in context else ("bracket [", "]")
        if at[0] == begun[0]:
            return Trouble(
                f"a comma or a '{sign}' is missing here",
                *at,
                "what is opened on this line must be closed on it; a value with , : or a bracket in it needs quotes",
            )
        return Trouble(f"the {kind} is not closed", *begun, f"put the '{sign}' behind its last value")
    if "mapping values are not allowed" in problem:
        return _colon(lines, at)
    if "cannot start any token" in problem:
        sign = line[at[1] - 1 : at[1]]
        return Trouble(f"a value cannot begin with '{sign}'", *at, "put the value in quotes")
    if "escape character" in problem:
        return Trouble(
            'a backslash in "..." must stand before a known letter',
            *at,
            "write the text in '...', where a backslash is a backslash",
        )
    if "did not find expected key" in problem or "expected '-' indicator" in problem:
        return Trouble(
            "this line is indented otherwise than those it belongs to",
            *at,
            f"lines of one level begin in the same column; the level around this line begins at line {begun[0]}, column {begun[1]}",
        )
    return Trouble(f"not valid YAML: {problem}", *at, "")


def _colon(lines: list[str], at: tuple[int, int]) -> Trouble:
    """A colon where none may stand: a deeper line below a value, a key without its colon above, or a value that needs quotes."""
    line = lines[at[0] - 1] if at[0] <= len(lines) else ""
    before = line[: at[1] - 1]
    if ":" in before.replace("://", ""):
        return Trouble("a second ': ' in one line", *at, "put a value that has ': ' in it in quotes")
    above = next((number for number in range(at[0] - 1, 0, -1) if lines[number - 1].strip()), 0)
    if above and ":" not in lines[above - 1] and not lines[above - 1].lstrip().startswith("-"):
        return Trouble(
            "a key without a colon",
            above,
            len(lines[above - 1]) - len(lines[above - 1].lstrip()) + 1,
            "write `key: value`, with a blank behind the colon",
        )
    return Trouble(
        "this line is indented deeper than the one before it, which has a value already",
        at[0],
        len(line) - len(line.lstrip()) + 1,
        "give both lines the same indentation, or remove the value above",
    )


def _place(mark: yaml.Mark | None) -> tuple[int, int]:
    return (mark.line + 1, mark.column + 1) if mark else (0, 0)
