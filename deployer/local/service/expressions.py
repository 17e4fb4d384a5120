"""The conditions of document-level and workflow triggers: `query[name=a] && !query[tag=b]`, `monitor[id=x] || monitor[id=y]`.

Read and evaluated as the plugin does it: split at the operators, put into postfix order, worked off on a stack.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from deployer.local.service.errors import Json, ServerError, failure, illegal_argument

_OPERATORS = ("&&", "||", "!", "(", ")")
_STRENGTH = {"&&": 2, "||": 2, "!": 3, "(": 1, ")": 1}
_CONSTANTS = {"query": ("query", "tag", "name", "id", "[", "]", "="), "monitor": ("monitor", "id", "[", "]", "=")}
_ALWAYS, _NEVER = "return true", "return false"

T = TypeVar("T")


def documents_of(source: str, found: Mapping[str, list[str]], queries: list[Json]) -> list[str]:
    """Gives the documents that a document-level trigger's condition chooses, in the order in which they were found.

    `found` has each query's documents by the query's id. Raises ServerError for a condition that cannot be read.
    """
    named = [query for query in queries if query["id"] in found]
    if source == _ALWAYS:
        return [document for query in named for document in found[query["id"]]]
    if source == _NEVER:
        return []
    everything = _union(found[query["id"]] for query in named)

    def resolve(term: str) -> list[str]:
        field, value = _split(term)
        if field == "tag":
            return _union(found[query["id"]] for query in named if value in query["tags"])
        matching = [query for query in named if field in ("name", "id") and query[field] == value]
        return list(found[matching[0]["id"]]) if matching else []

    operations: dict[str, Callable[[list[str], list[str]], list[str]]] = {
        "&&": lambda left, right: [document for document in left if document in right],
        "||": lambda left, right: _union((left, right)),
    }

    def negate(right: list[str]) -> list[str]:
        return [document for document in everything if document not in right]

    return _evaluate(_postfix(source, "query"), resolve, operations, negate)


def _union(lists: Iterable[list[str]]) -> list[str]:
    return list(dict.fromkeys(document for documents in lists for document in documents))


def chained_holds(source: str, monitors: Iterable[str]) -> bool:
    """Says whether a workflow trigger's condition holds when the given monitors made alerts."""
    alerting = set(monitors)

    def resolve(term: str) -> bool:
        field, value = _split(term)
        return field == "id" and value in alerting

    operations: dict[str, Callable[[bool, bool], bool]] = {
        "&&": lambda left, right: left and right,
        "||": lambda left, right: left or right,
    }
    return _evaluate(_postfix(source, "monitor"), resolve, operations, lambda right: not right)


def monitors_in(source: str) -> list[str]:
    """Gives the ids of the monitors that a workflow trigger's condition names."""
    ids = []
    for term in _postfix(source, "monitor"):
        field, value = _split(term) if term.startswith("monitor") else ("", "")
        if field == "id" and value not in ids:
            ids.append(value)
    return ids


def _split(term: str) -> tuple[str, str]:
    """Gives field and value of `query[field=value]`."""
    inner = term.split("[", 1)[-1].split("]", 1)[0]
    parts = inner.split("=")
    return (parts[0], parts[1]) if len(parts) == 2 else ("", "")


def _tokens(source: str) -> list[str]:
    parts = [source.replace(" ", "")]
    for operator in _OPERATORS:
        split: list[str] = []
        for part in parts:
            if len(part) > 1:
                for number, piece in enumerate(part.split(operator)):
                    split += ([operator] if number else []) + [piece]
            else:
                split.append(part)
        parts = split
    return [part for part in parts if part]


def _postfix(source: str, word: str) -> list[str]:
    output: list[str] = []
    stack: list[str] = []
    for term in _tokens(source):
        if term.startswith(word):
            output.append(term)
        elif term == "(":
            stack.append(term)
        elif term == ")":
            while stack and stack[-1] != "(":
                output.append(stack.pop())
            if not stack:
                raise illegal_argument("No matching left parenthesis.")
            stack.pop()
        elif term in _OPERATORS:
            while stack and _goes_before(stack[-1], term):
                output.append(stack.pop())
            stack.append(term)
        elif term not in _CONSTANTS[word]:
            raise illegal_argument(f"Error while processing the trigger expression '{term}'")
    while stack:
        if stack[-1] == "(":
            raise illegal_argument("No matching right parenthesis.")
        output.append(stack.pop())
    return output


def _goes_before(waiting: str, term: str) -> bool:
    difference = _STRENGTH[term] - _STRENGTH[waiting]
    return difference < 0 or (term != "!" and difference <= 0)


def _evaluate(
    tokens: list[str],
    resolve: Callable[[str], T],
    operations: Mapping[str, Callable[[T, T], T]],
    negate: Callable[[T], T],
) -> T:
    stack: list[T] = []
    for term in tokens:
        if term == "!":
            stack.append(negate(_pop(stack)))
        elif term in operations:
            right = _pop(stack)
            stack.append(operations[term](_pop(stack), right))
        else:
            stack.append(resolve(term))
    return _pop(stack)


def _pop(stack: list[T]) -> T:
    if not stack:
        raise ServerError(failure("java.util.EmptyStackException", None))
    return stack.pop()
