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
}


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
