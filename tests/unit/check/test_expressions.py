"""Lucene's expressions, looked at in bounded time (promise 28)."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deployer.check.fire.expressions import fits
from deployer.model.tags import tags, without

SMALL = st.text("ab|*+?(){}[]^.\\d0,1", max_size=9)


@pytest.mark.parametrize(
    ("expression", "text", "expected"),
    [
        ("a+b", "aab", True), ("a{2,3}", "a", False), ("a{2,3}", "aaa", True), ("a{2,3}", "aaaa", False), ("(ab){2}", "abab", True),
        ("(a|b)*c", "abbac", True), (r"\d+\.exe", "12.exe", True), (r"\d+\.exe", "12xexe", False), ("[^]]+", "abc", True), ("x|", "", True),
        (r"(.*[^a-z])?net(\.exe)?([ ].*)?", "c:/net.exe use", True), ("(", "(", False), ("a**", "aa", False), ("", "", True),
    ],
)  # fmt: skip
def test_an_expression_fits_or_not(expression: str, text: str, expected: bool) -> None:
    """As Lucene reads it; what cannot be read fits nothing."""
    assert expected is fits(expression, text)


@settings(max_examples=60)
@given(SMALL, st.text("ab01", max_size=6))
def test_python_agrees(expression: str, text: str) -> None:
    """What fits here fits for Python too, where Python can read it (its anchors and possessive signs apart)."""
    try:
        expected = re.fullmatch(expression, text, re.DOTALL) is not None
    except re.error:
        return
    if "^" not in expression and not re.search(r"[*+?}][+?]|\\[0b1]", expression):
        assert expected is fits(expression, text)


@pytest.mark.parametrize("expression", ["(a|a)*b", "(a*)*b", "(a|aa)+b", "a*a*a*a*a*a*a*b", "(a{0,9}){0,9}b", "((((a*)*)*)*)*b"])
def test_promise_28_an_expression_without_end_ends(expression: str) -> None:
    """Python's own would look for longer than the sun shines."""
    assert fits(expression, "a" * 300) is False


def test_promise_28_tags_are_found_in_one_pass() -> None:
    """Of half a million open braces no end is looked for twice, and what is not closed is no tag."""
    assert [] == list(tags("{{" * 250_000))
    assert ["{{{a}}}", "{{b}}"] == [tag.text for tag in tags("x{{{a}}} {{b}} {{c")]
    assert 150_000 == sum(1 for _ in tags("{{{a}}" * 150_000))
    assert "x  {{c" == without("x{{{a}}} {{b}} {{c".replace(" {{b}} ", "{{b}}  "))
