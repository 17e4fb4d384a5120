"""Wildcard lists in queries."""

from __future__ import annotations

from deployer.render.query import FEW, _likes


def test_patterns_with_an_inner_star_are_never_joined_into_one_automaton() -> None:
    """Joined, eight such patterns are refused by the server and their monitor finds nothing; so each is a clause of its own."""
    patterns = [f"*compute.thing{number}.*list" for number in range(FEW + 5)]

    clauses = _likes("event.action", patterns)

    assert [{"wildcard": {"event.action": {"value": value, "case_insensitive": True}}} for value in patterns] == clauses


def test_values_and_prefixes_are_joined() -> None:
    """A long list of plain values and prefixes costs few bytes of the search."""
    values = [f"Describe{number}" for number in range(FEW + 5)] + ["DescribeVpn*"]

    clauses = _likes("event.action", values)

    assert 1 == len(clauses)
    assert "|".join([*values[:-1], "DescribeVpn.*"]) == clauses[0]["regexp"]["event.action"]["value"]
