"""Texts of other people's making as YAML: exactly the same text, and nothing else, whatever it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.attack.yamltext import WIDTH, block, harmless, scalar
from deployer.catalogue.yamlfile import parse
from deployer.model.finding import Findings
from tests.attack import HOSTILE

SAID = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
ODD = st.text(st.sampled_from("ab :#-{}[],&*!|>'\"%@`\n\t\\?=~0.\x85\u2028\ufeff"), max_size=60)


def read(text: str) -> object:
    """The value of a YAML text, as this tool reads it."""
    findings = Findings()
    document = parse(text, "x.yml", findings)
    assert document is not None, findings.items
    return document.value


@given(SAID | ODD)
def test_a_scalar_is_read_as_the_text_that_it_was(text: str) -> None:
    """As a value in a block, in a list and in a mapping on one line; one line however many it had."""
    said = scalar(text)

    assert "\n" not in said
    assert {"a": text, "b": [text], "c": {"d": text}} == read(f"a: {said}\nb: [{said}]\nc: {{d: {said}}}\n")


@given(SAID | ODD, st.integers(0, 2))
def test_a_block_is_read_as_the_text_that_it_was(text: str, depth: int) -> None:
    """Folded, literal or quoted, at any depth, with something behind it."""
    pad = "  " * depth
    above = "".join(f"{'  ' * level}x{level}:\n" for level in range(depth))

    value = read(above + "\n".join(block("key", text, 2 * depth)) + f"\n{pad}after: 1\n")

    for level in range(depth):
        assert isinstance(value, dict)
        value = value[f"x{level}"]
    assert {"key": text, "after": 1} == value


@pytest.mark.parametrize(
    "text", ["true", "No", "null", "~", "1", "1.5", "0x1", "", " a", "a ", "a: b", "a #b", "- a", "=", "22:00"]
)
def test_what_yaml_would_take_for_something_else_is_a_text(text: str) -> None:
    """Here, and for readers of YAML 1.1."""
    assert scalar(text).startswith('"')


def test_long_texts_are_folded_and_paragraphs_kept_apart() -> None:
    """Where that is safe, a person can read it."""
    folded, literal = block("d", "word " * 60 + "end", 2), block("d", "One.\n\n- two\n- three", 2)

    assert "  d: >-" == folded[0]
    assert max(map(len, folded)) <= WIDTH
    assert ["  d: |-", "    One.", "", "    - two", "    - three"] == literal
    assert 1 == len(block("d", HOSTILE.replace("\ud800", ""), 2))


@given(st.text(st.sampled_from("{} a"), max_size=30))
def test_no_double_braces_are_left(text: str) -> None:
    """The server would read them as a template."""
    found = harmless(text)

    assert "{{" not in found
    assert "}}" not in found
    assert text.replace(" ", "") == found.replace(" ", "")
