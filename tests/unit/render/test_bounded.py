"""A stranger's template ends, with an error that says where, and makes nothing too large (promise 28)."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deployer.render.bounded import SIZE, WORK
from deployer.render.templating import TemplateError, Templates

HOSTILE = {
    "loops in loops": "[% for i in range(99999) %][% for j in range(99999) %][% endfor %][% endfor %]",
    "macro that calls itself twice": "[% macro f(n) %][% if n %][[ f(n-1) ]][[ f(n-1) ]][% endif %][% endmacro %][[ f(90) ]]",
    "macro without end": "[% macro f() %][[ f() ]][% endmacro %][[ f() ]]",
    "include of itself": "[% include 'it' %]",
    "product": "[[ 'x' * 1000000000 ]]",
    "power": "[[ 10 ** 100000000 ]]",
    "doubled text": "[% set ns = namespace(x='aa') %][% for i in range(60) %][% set ns.x = ns.x ~ ns.x %][% endfor %]",
    "doubled inside": "[% set ns = namespace(x='a') %][% for i in range(60) %][% set ns.x = [ns.x ~ ns.x][0] %][% endfor %]",
    "doubled list": "[% set ns = namespace(x=[1]) %][% for i in range(60) %][% set ns.x = ns.x + ns.x %][% endfor %]",
    "replacement": "[% set a = 'a' * 100000 %][[ a|replace('a', a) ]]",
    "join": "[% set a = 'a' * 1000000 %][[ ([a] * 1000)|join ]]",
    "output": "[% set a = 'a' * 100000 %][% for i in range(9999) %][[ a ]][% endfor %]",
    "format by percent": "[[ '%01000000000d' % 1 ]]",
    "format": "[[ '{0:1000000000}'.format(1) ]]",
    "padding": "[[ 'x'.ljust(1000000000) ]]",
    "padding filter": "[[ 'x'|center(1000000000) ]]",
    "lipsum": "[[ lipsum(1000000) ]]",
    "class": "[[ ''.__class__.__mro__[1].__subclasses__() ]]",
    "globals": "[[ range.__globals__ ]]",
    "file": "[% include '/etc/passwd' %]",
    "file above": "[% extends '../../etc/passwd' %]",
    "list that holds itself twice": "[% set ns = namespace(x=[1]) %][% for i in range(60) %][% set ns.x = [ns.x, ns.x] %][% endfor %][[ ns.x ]]",
    "two such lists compared": "[% set ns = namespace(x=[1], y=[1]) %][% for i in range(60) %][% set ns.x = [ns.x, ns.x] %][% set ns.y = [ns.y, ns.y] %][% endfor %][[ ns.x == ns.y ]]",
    "such a tuple as a key": "[% set ns = namespace(x=(1,)) %][% for i in range(60) %][% set ns.x = (ns.x, ns.x) %][% endfor %][[ {ns.x: 1} ]]",
    "such a tuple looked up by": "[% set ns = namespace(x=(1,)) %][% for i in range(60) %][% set ns.x = (ns.x, ns.x) %][% endfor %][[ {}[ns.x] ]]",
    "such a list joined": "[% set ns = namespace(x=[1]) %][% for i in range(60) %][% set ns.x = [ns.x, ns.x] %][% endfor %][[ ns.x ~ 'a' ]]",
    "such a list sorted": "[% set ns = namespace(x=[1]) %][% for i in range(60) %][% set ns.x = [ns.x, ns.x] %][% endfor %][[ [ns]|map(attribute='x')|sort ]]",
    "such a list in a test": "[% set ns = namespace(x=[1],y=[1]) %][% for i in range(60) %][% set ns.x = [ns.x, ns.x] %][% set ns.y = [ns.y, ns.y] %][% endfor %][[ ns.x is eq ns.y ]]",
    "such a list selected": "[% set ns = namespace(x=[1],y=[1]) %][% for i in range(60) %][% set ns.x = [ns.x, ns.x] %][% set ns.y = [ns.y, ns.y] %][% endfor %][[ [ns.x]|select('eq', ns.y)|list ]]",
    "doubled block": "[% set a = 'aa' %]" + "[% set a %][[ a ]][[ a ]][% endset %]" * 50 + "[[ a|length ]]",
    "text in loops in a block": "[% set a %][% for i in range(99999) %]" + "x" * 9000 + "[% endfor %][% endset %]",
    "text in loops in a macro": "[% macro m() %][% for i in range(99999) %]" + "x" * 9000 + "[% endfor %][% endmacro %][[ m()|length ]]",
    "many big lists": "[% set ns = namespace(x=[]) %][% for i in range(9999) %][% set ns.x = ns.x + [[1]*200000] %][% endfor %]",
    "big upper": "[% set a = 'x'*2000000 %][% for i in range(99999) %][% set b = a.upper() %][% endfor %]",
    "big equals": "[% set a = 'x'*2000000 %][% set b = 'x'*2000000 %][% for i in range(99999) %][% if a == b %][% endif %][% endfor %]",
    "splits": "[% set a = 'a '*999999 %][% set ns = namespace(x=[]) %][% for i in range(99999) %][% set ns.x = [ns.x, a.split()] %][% endfor %]",
    "slices": "[% set a = [1]*200000 %][% set ns = namespace(x=[]) %][% for i in range(99999) %][% set ns.x = ns.x + [a[:]] %][% endfor %]",
    "many ifs in a loop": "[% for i in range(99999) %]" + "[% if i %][% endif %]" * 4000 + "[% endfor %]",
    "many outputs in a loop": "[% for i in range(99999) %]" + "[[ '' ]]" * 9000 + "[% endfor %]",
    "many ifs in a macro": "[% macro m() %]" + "[% if 1 %][% endif %]" * 4000 + "[% endmacro %][% for i in range(99999) %][% if m() %][% endif %][% endfor %]",
    "many terms put together": "[% set a = 'x'*1999999 %][% set b = " + "~".join(["a"] * 1500) + " %]",
    "batch": "[[ [1]|batch(1000000000, 'x')|list ]]",
    "round": "[[ 1.5|round(1000000000, 'ceil') ]]",
    "sum": "[% set a = [[1]*99999] * 999 %][[ a|sum(start=[]) ]]",
    "format filter": "[[ '%999999999d'|format(1) ]]",
    "nested loops": "".join(f"[% for a{i} in [1] %]" for i in range(30)) + "x" + "[% endfor %]" * 30,
    "nested ifs": "[% if 1 %]" * 3000 + "x" + "[% endif %]" * 3000,
    "brackets": "[[ " + "(" * 9000 + "1" + ")" * 9000 + " ]]",
    "lists": "[[ " + "[ " * 9000 + "1" + " ]" * 9000 + " ]]",
    "sums": "[[ 1" + "+1" * 30000 + " ]]",
    "nots": "[[ " + "not " * 9000 + "1 ]]",
    "attributes": "[[ a" + ".b" * 9000 + " ]]",
    "filters": "[[ 'a'" + "|upper" * 9000 + " ]]",
    "calls": "[[ a" + "()" * 9000 + " ]]",
    "elifs": "[% if 1 %]" + "[% elif 1 %]" * 5000 + "[% endif %]",
    "macros in macros": "[% macro a() %]" * 500 + "[% endmacro %]" * 500,
    "blocks in blocks": "".join(f"[% block b{i} %]" for i in range(500)) + "[% endblock %]" * 500,
    "many open": "[[" * 45000,
    "many comments": "[#" * 45000,
    "huge int": "[[ 1" + "0" * 5000 + " ]]",
    "int of huge hex": "[% set a = ('f' * 900000)|int(base=16) %][[ a // 3 ]]",
    "loop recursion": "[% for x in [1] recursive %][[ loop([1]) ]][% endfor %]",
    "dict built": "[% set ns=namespace(d={}) %][% for i in range(99999) %][% set ns.d = dict(ns.d, **{'a' ~ i: 'x'*1000}) %][% endfor %]",
    "replace empty": "[[ ('a'*99999)|replace('', 'b'*9999) ]]",
    "self reference": "[% import 'it' as x %]",
    "extends itself": "[% extends 'it' %]",
    "cycle": "[% for i in range(99999) %][[ loop.cycle('a'*100000) ]][% endfor %]",
    "groupby": "[[ range(9999)|groupby('real')|list|length ]]",
    "call block": "[% macro m() %][[ caller() ]][[ caller() ]][% endmacro %]" + "[% call m() %]" * 40 + "x" + "[% endcall %]" * 40,
    "filter block": "[% filter replace('a','aaaaaaaaaa') %]" * 12 + "a" + "[% endfilter %]" * 12,
    "with": "[% with a=1 %]" * 900 + "[% endwith %]" * 900,
}
"""What would run for ever, fill the memory, or end Python itself, and what would reach out."""


@pytest.mark.parametrize("source", HOSTILE.values(), ids=HOSTILE)
def test_promise_28_a_hostile_template_ends_in_an_error_at_its_place(source: str) -> None:
    """Work, size and reach are bounded, and the error names the template."""
    with pytest.raises(TemplateError) as error:
        Templates({"it": source}).text("it", {})

    assert error.value.where is not None
    assert "templates/it" == error.value.where.file or "passwd" in source
    assert len(str(error.value)) < 500


def test_what_templates_need_goes_on() -> None:
    """Loops know their place, filters filter, and texts are put together."""
    source = "[% for x in names|sort %][[ loop.index ]]/[[ loop.length ]] [[ x|upper ]][[ '' if loop.last else ', ' ]][% endfor %] [[ names|join('+') ~ 1 ]]"

    assert "1/2 A, 2/2 B b+a1" == Templates({"it": source}).text("it", {"names": ["b", "a"]})


def test_each_rendering_has_a_budget_of_its_own() -> None:
    """What one template used is not missing for the next."""
    templates = Templates({"it": f"[% for i in range({WORK // 20}) %][% endfor %]done"})

    assert ["done"] * 30 == [templates.text("it", {}) for _ in range(30)]


PIECES = [
    "[% for i in range(99999) %]", "[% endfor %]", "[% set ns = namespace(x='ab') %]", "[% set ns.x = ns.x ~ ns.x %]", "[[ ns.x * 99999 ]]",
    "[% macro f(n) %]", "[% endmacro %]", "[[ f(9) ]]", "[% if ns %]", "[% endif %]", "[% include 'it' %]", "[[ ns.x|replace('a', ns.x) ]]",
    "[[ [1] * 99999 ]]", "[[ 9 ** 9999 ]]", "[% block b %]", "[% endblock %]", "[[ self.b() ]]", "text", "[[", "%]", "{{", "\x00", "[[ ''.format ]]",
]  # fmt: skip


@settings(max_examples=60)
@given(st.lists(st.sampled_from(PIECES), max_size=14))
def test_promise_28_templates_of_any_pieces_end(pieces: list[str]) -> None:
    """Whatever is put together, it is rendered or ends in a located error, and is no larger than allowed."""
    where: object = "nowhere, as it was rendered"
    text = ""
    try:
        text = Templates({"it": "".join(pieces)}).text("it", {})
    except TemplateError as error:
        where = error.where

    assert where is not None
    assert len(text) <= SIZE
