"""A Jinja environment in which a stranger's template ends: every loop, call and value counts against a budget.

Jinja's sandbox keeps a template from the machine; it does not keep it from running for ever or from filling the memory
(``'x' * 10**9``, a macro that calls itself twice, a filter that pads, a list that holds itself twice, sixty times over). Here
each step of a loop, each call and each value that is used counts by its size, what stands in it included; no value may become
larger than `SIZE`; and of filters, tests, methods and globals there are those that bodies and messages need.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sized
from contextvars import ContextVar
from typing import Any

import jinja2
import jinja2.nodes as nodes
import jinja2.sandbox
from jinja2.visitor import NodeTransformer

SOURCE = 50_000
"""Characters of a template's file; ours have up to 4,000. What is larger takes seconds to compile."""

WORK = 400_000
"""Steps of one rendering, which end within two seconds. The largest of ours takes some thousand."""

CALL, INCLUDE = 20, 100
"""What a call and an include cost, in steps."""

NODES, WEIGHT = 4, 50
"""So many nodes of a loop's or macro's body, and so much of a value's weight, cost a step."""

ITEM = 50
"""The weight of an item of a list or mapping; that of a character is 1."""

SIZE = 2_000_000
"""Weight of a value that a template may make; one monitor's body has some 50,000."""

DIGITS = 4096
"""Bits of a number."""

FILTERS = frozenset(
    ["abs", "capitalize", "count", "d", "default", "dictsort", "first", "groupby", "int", "items", "join", "last", "length", "list", "lower", "map", "max", "min", "reject", "rejectattr", "replace", "reverse", "round", "select", "selectattr", "sort", "string", "tojson", "trim", "unique", "upper"]
)
TESTS = frozenset(
    ["boolean", "defined", "divisibleby", "eq", "equalto", "==", "even", "false", "float", "ge", ">=", "gt", ">", "greaterthan", "in", "integer", "iterable", "le", "<=", "lower", "lt", "<", "lessthan", "mapping", "ne", "!=", "none", "number", "odd", "sameas", "sequence", "string", "true", "undefined", "upper"]
)
GLOBALS = frozenset(("dict", "namespace", "range"))
METHODS = frozenset(
    ["capitalize", "count", "endswith", "find", "get", "index", "isalnum", "isalpha", "isdigit", "islower", "isnumeric", "isupper", "items", "keys", "lower", "lstrip", "partition", "removeprefix", "removesuffix", "rpartition", "rsplit", "rstrip", "split", "splitlines", "startswith", "strip", "title", "upper", "values"]
)
"""Methods of texts, lists and mappings; those that pad, repeat, format or change are not among them."""

FAULTS: tuple[type[Exception], ...] = (
    jinja2.TemplateError, ArithmeticError, AssertionError, AttributeError, LookupError, MemoryError, NameError, RuntimeError, SyntaxError, TypeError, ValueError,
)  # fmt: skip
"""What a template that is wrong raises: Jinja makes Python of it, which has more to find fault with than Jinja."""

_left: ContextVar[list[int] | None] = ContextVar("work left", default=None)


class TooMuchError(jinja2.TemplateRuntimeError):
    """The template does more, or makes something larger, than any template needs."""


def _spend(steps: int) -> None:
    left = _left.get()
    if left is None:
        return  # a constant, worked out while the template is compiled
    left[0] -= steps
    if left[0] < 0:
        raise TooMuchError(f"it takes more than {WORK:,} steps: a loop or a call without end?")


def _fits(size: int) -> None:
    if size > SIZE:
        raise TooMuchError(f"it makes a value of size {size:,}; {SIZE:,} is the most, where a character is 1 and an item {ITEM}")


def _weight(value: Any) -> int:
    """The weight of a value with all that stands in it. TooMuchError above `SIZE`."""
    total, waiting = 0, [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str | bytes):
            total += len(one)
        elif isinstance(one, dict):
            total += ITEM * len(one)
            _fits(total)
            waiting += one
            waiting += one.values()
        elif isinstance(one, list | tuple | set | frozenset):
            total += ITEM * len(one)
            _fits(total)
            waiting += one
        else:
            total += 1
        _fits(total)
    return total


def charged(value: Any) -> Any:
    """The value, which counts by its size."""
    _spend(1 + _weight(value) // WEIGHT)
    return value


@jinja2.pass_context
def _counted(context: Any, values: Iterable[Any]) -> Any:
    """The values of a loop, each of which counts; an undefined one stays what it is, and fails by its name."""
    return values if isinstance(values, jinja2.Undefined) else _Counted(values)


class _Counted:
    """An iterable that counts."""

    def __init__(self, values: Iterable[Any]) -> None:
        self._values = values

    def __iter__(self) -> Iterator[Any]:
        for value in self._values:
            _spend(1)
            yield value


@jinja2.pass_context
def _checked(context: Any, value: Any) -> Any:
    """A value that is compared, cut or looked up by."""
    return charged(value)


@jinja2.pass_context
def _together(context: Any, values: list[Any]) -> str:
    """A text put together from others (``~``)."""
    return _joined([value if isinstance(value, str) else str(value) for value in charged(values)])


@jinja2.pass_context
def _toll(context: Any, steps: int) -> int:
    """What one pass of a body costs."""
    _spend(steps)
    return steps


def _joined(parts: Iterable[str]) -> str:
    """Texts as one; Jinja's ``concat``, by which macros and blocks give what they wrote."""
    found = list(parts)
    size = sum(map(len, found))
    _fits(size)
    _spend(1 + size // WEIGHT)
    return "".join(found)


class BoundedEnvironment(jinja2.sandbox.ImmutableSandboxedEnvironment):
    """The sandbox, with an end. Render by `rendered`, which gives the budget."""

    intercepted_binops = frozenset(("+", "*", "**", "%"))
    concat = staticmethod(_joined)

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.filters = {name: _frugal(name, self.filters[name]) for name in FILTERS}
        self.filters |= {"_counted": _counted, "_checked": _checked, "_together": _together, "_toll": _toll}
        self.tests = {name: _frugal(name, self.tests[name]) for name in TESTS}
        self.globals = {name: self.globals[name] for name in GLOBALS}

    def rendered(self, name: str, values: dict[str, Any]) -> str:
        """The text that a template makes. Raises one of `FAULTS`."""
        before = _left.set([WORK])
        try:
            size, parts = 0, []
            for part in self.get_template(name).generate(**values):
                size += len(part)
                _fits(size)
                parts.append(part)
            return "".join(parts)
        finally:
            _left.reset(before)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        if len(source) > SOURCE:
            raise jinja2.TemplateSyntaxError(f"it has more than {SOURCE:,} characters", 1, name, filename)
        tree: nodes.Template = _Bounding().visit(super()._parse(source, name, filename))
        tree.set_environment(self)
        return tree

    def _load_template(self, name: str, globals: Any) -> jinja2.Template:
        _spend(INCLUDE)
        return super()._load_template(name, globals)

    def call(self, __context: Any, __obj: Any, *args: Any, **kwargs: Any) -> Any:
        """A call counts, with what goes in and what comes out: of a macro, a method, a block."""
        _spend(CALL)
        charged([getattr(__obj, "__self__", None), args, kwargs])
        return charged(super().call(__context, __obj, *args, **kwargs))

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Whether a template may have an attribute: of texts, lists and mappings the named methods only."""
        if isinstance(obj, str | bytes | list | tuple | dict | int | float):
            return attr in METHODS
        return super().is_safe_attribute(obj, attr, value)

    def wrap_str_format(self, value: Any) -> None:
        """None: the sandbox would let ``format`` through, which pads."""

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Sums and products that cannot become too large."""
        if operator == "%" and isinstance(left, str | bytes):
            raise TooMuchError("texts are put together with ~, not with %")
        for one, other in ((left, right), (right, left)):
            if operator == "*" and isinstance(one, str | bytes | list | tuple) and isinstance(other, int):
                _fits(_weight(one) * max(other, 0))
        if operator == "+" and isinstance(left, Sized) and isinstance(right, Sized):
            _fits(len(left) + len(right))
        if isinstance(left, int) and isinstance(right, int):
            bits = left.bit_length() * max(right, 1) if operator == "**" else left.bit_length() + right.bit_length()
            if bits > DIGITS:
                raise TooMuchError("it makes a number without end")
        return charged(super().call_binop(context, operator, left, right))


class _Bounding(NodeTransformer):
    """Puts what counts into a template: at loops and bodies, and around what is compared, cut or put together."""

    def visit_For(self, node: nodes.For) -> nodes.Node:
        steps = _steps(node)
        self.generic_visit(node)
        node.iter = _through(node.iter, "_counted")
        node.body.insert(0, _costs(steps, node))
        return node

    def _body(self, node: Any) -> nodes.Node:
        steps = _steps(node)
        self.generic_visit(node)
        node.body.insert(0, _costs(steps, node))
        return node  # type: ignore[no-any-return]

    visit_Template = visit_Macro = visit_CallBlock = visit_Block = _body

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:
        self.generic_visit(node)
        return _through(nodes.List(node.nodes, lineno=node.lineno), "_together")

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:
        self.generic_visit(node)
        node.expr = _through(node.expr, "_checked")
        for operand in node.ops:
            operand.expr = _through(operand.expr, "_checked")
        return node

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:
        self.generic_visit(node)
        if isinstance(node.arg, nodes.Slice):
            return _through(node, "_checked")
        if not isinstance(node.arg, nodes.Const):
            node.arg = _through(node.arg, "_checked")
        return node

    def visit_Pair(self, node: nodes.Pair) -> nodes.Node:
        self.generic_visit(node)
        if not isinstance(node.key, nodes.Const):
            node.key = _through(node.key, "_checked")
        return node


def _steps(node: nodes.Node) -> int:
    """What one pass of a body costs, by all that stands in it."""
    return 1 + sum(1 for _ in node.find_all(nodes.Node)) // NODES


def _costs(steps: int, node: nodes.Node) -> nodes.Node:
    return nodes.ExprStmt(_through(nodes.Const(steps, lineno=node.lineno), "_toll"), lineno=node.lineno)


def _through(node: Any, name: str) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)


def _frugal(name: str, function: Any) -> Any:
    """A filter or a test that counts what it works on, and makes nothing too large."""

    def applied(*args: Any, **kwargs: Any) -> Any:
        args = tuple(_materialized(value) for value in args)
        charged([value for value in (*args, *kwargs.values()) if isinstance(value, str | bytes | list | tuple | dict)])
        if name == "replace":
            text, old, new = ([*args, *kwargs.values()])[-3:] if len(args) + len(kwargs) < 5 else args[1:4]
            _fits(len(str(text)) + str(text).count(str(old)) * len(str(new)))
        if name == "round" and any(isinstance(value, int) and abs(value) > 20 for value in (*args[1:], *kwargs.values())):
            raise TooMuchError("it rounds to more digits than a number has")
        found = function(*args, **kwargs)
        return charged(found) if isinstance(found, str | bytes | list | tuple | dict) else found

    for mark in ("jinja_pass_arg", "jinja_async_variant"):
        if hasattr(function, mark):
            setattr(applied, mark, getattr(function, mark))
    return applied


def _materialized(value: Any) -> Any:
    """An iterator's items as a list, which counts: nothing is put in order or together before."""
    if not isinstance(value, Iterator | _Counted):
        return value
    found, size = [], 0
    for item in value:
        _spend(1)
        size += ITEM + (len(item) if isinstance(item, Sized) and not isinstance(item, jinja2.Undefined) else 0)
        _fits(size)
        found.append(item)
    return found
