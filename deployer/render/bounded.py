"""A Jinja environment in which a stranger's template ends: every loop, call and value counts against a budget.

Jinja's sandbox keeps a template from the machine; it does not keep it from running for ever or from filling the memory
(``'x' * 10**9``, a macro that calls itself twice, a filter that pads). Here each step of a loop, call, include and filter is
counted, no value may become larger than `SIZE`, and of filters, methods and globals there are those that bodies and messages need.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sized
from contextvars import ContextVar
from typing import Any

import jinja2
import jinja2.nodes
import jinja2.sandbox

WORK = 1_000_000
"""Steps of one rendering, which end within two seconds. The largest of ours takes some thousand."""

CALL, INCLUDE = 20, 100
"""What a call and an include cost, in steps of a loop."""

SIZE = 2_000_000
"""Characters of a text, items of a list, that a template may make; one monitor's body has some 50,000."""

DIGITS = 4096
"""Bits of a number."""

FILTERS = frozenset(
    ["abs", "batch", "capitalize", "count", "d", "default", "dictsort", "first", "groupby", "int", "items", "join", "last", "length", "list", "lower", "map", "max", "min", "reject", "rejectattr", "replace", "reverse", "round", "select", "selectattr", "sort", "string", "sum", "tojson", "trim", "unique", "upper"]
)
GLOBALS = frozenset(("dict", "namespace", "range"))
METHODS = frozenset(
    ["append", "capitalize", "count", "endswith", "find", "get", "index", "isalnum", "isalpha", "isdigit", "islower", "isnumeric", "isupper", "items", "keys", "lower", "lstrip", "partition", "removeprefix", "removesuffix", "rpartition", "rsplit", "rstrip", "split", "splitlines", "startswith", "strip", "title", "upper", "values"]
)
"""Methods of texts, lists and mappings; those that pad, repeat or format are not among them."""

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
        raise TooMuchError(f"it makes a value of {size:,} characters or items; {SIZE:,} is the most")


def _measured(value: Any) -> Any:
    if isinstance(value, str | bytes | list | tuple | dict):
        _fits(len(value))
    return value


@jinja2.pass_context
def _counted(context: Any, values: Iterable[Any]) -> Any:
    """The values of a loop, each of which counts; an undefined one stays what it is, and fails by its name."""
    return values if isinstance(values, jinja2.Undefined) else _Counted(values)


class _Counted:
    """An iterable that counts; its length, where it has one, is the loop's."""

    def __init__(self, values: Iterable[Any]) -> None:
        self._values = values

    def __iter__(self) -> Iterator[Any]:
        for value in self._values:
            _spend(1)
            yield value


@jinja2.pass_context
def _checked(context: Any, value: Any) -> Any:
    """A text put together from others."""
    _measured(value)
    _spend(1 + len(value) // 100 if isinstance(value, Sized) else 1)
    return value


class BoundedEnvironment(jinja2.sandbox.ImmutableSandboxedEnvironment):
    """The sandbox, with an end. Render by `rendered`, which gives the budget."""

    intercepted_binops = frozenset(("+", "*", "**", "%"))

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.filters = {name: _frugal(name, self.filters[name]) for name in FILTERS}
        self.filters |= {"_counted": _counted, "_checked": _checked}
        self.globals = {name: self.globals[name] for name in GLOBALS}

    def rendered(self, name: str, values: dict[str, Any]) -> str:
        """The text that a template makes. Raises what Jinja raises, TooMuchError and RecursionError."""
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

    def _parse(self, source: str, name: str | None, filename: str | None) -> jinja2.nodes.Template:
        tree = super()._parse(source, name, filename)
        for loop in list(tree.find_all(jinja2.nodes.For)):
            loop.iter = _through(loop.iter, "_counted")
        # Inner ones first, or one would be looked for in what has been wrapped already.
        for parent in list(tree.find_all(jinja2.nodes.Node)):
            for field, value in list(parent.iter_fields()):
                if isinstance(value, jinja2.nodes.Concat):
                    setattr(parent, field, _through(value, "_checked"))
                elif isinstance(value, list):
                    wrapped = [
                        _through(item, "_checked") if isinstance(item, jinja2.nodes.Concat) else item for item in value
                    ]
                    setattr(parent, field, wrapped)
        return tree

    def _load_template(self, name: str, globals: Any) -> jinja2.Template:
        _spend(INCLUDE)
        return super()._load_template(name, globals)

    def call(self, __context: Any, __obj: Any, *args: Any, **kwargs: Any) -> Any:
        """A call counts: of a macro, a method, a block."""
        _spend(CALL)
        return _measured(super().call(__context, __obj, *args, **kwargs))

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
                _fits(len(one) * max(other, 0))
        if operator == "+" and isinstance(left, Sized) and isinstance(right, Sized):
            _fits(len(left) + len(right))
            _spend(1 + (len(left) + len(right)) // 100)
        if isinstance(left, int) and isinstance(right, int):
            bits = left.bit_length() * max(right, 1) if operator == "**" else left.bit_length() + right.bit_length()
            if bits > DIGITS:
                raise TooMuchError("it makes a number without end")
        return super().call_binop(context, operator, left, right)


def _through(node: Any, name: str) -> jinja2.nodes.Filter:
    return jinja2.nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)


def _frugal(name: str, function: Any) -> Any:
    """A filter that counts what it works on, and makes nothing too large."""

    def applied(*args: Any, **kwargs: Any) -> Any:
        for value in args:
            if isinstance(value, str | bytes | list | tuple | dict):
                _spend(1 + len(value) // 100)
        if name == "replace":
            text, old, new = (str(value) for value in args[-3:] if not isinstance(value, int))
            _fits(len(text) + text.count(old) * len(new))
        if name == "join":
            args = tuple(_materialized(value) for value in args)
        return _measured(function(*args, **kwargs))

    for mark in ("jinja_pass_arg", "jinja_async_variant"):
        if hasattr(function, mark):
            setattr(applied, mark, getattr(function, mark))
    return applied


def _materialized(value: Any) -> Any:
    """An iterable to be joined, as a list whose texts together are not too large."""
    if isinstance(value, str | dict) or not isinstance(value, Iterable) or isinstance(value, jinja2.Undefined):
        return value
    found, size = [], 0
    for item in value:
        _spend(1)
        size += len(item) if isinstance(item, Sized) else 1
        _fits(size)
        found.append(item)
    return found
