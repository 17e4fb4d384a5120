"""Command patterns: what they are read as, and what they refuse."""

from __future__ import annotations

import pytest

from deployer.model.patterns import EDGE, Gap, Word, normalise, parse


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("net use", "net use"),
        ('"C:\\Windows\\NETSTAT.EXE"  -ano', "c / windows / netstat -ano"),
        ("n^et  us`e", "net use"),
        ("cmd /c netstat&net use|find", "cmd / c netstat ;; net use ;; find"),
        ("net use 2>&1", "net use ;; ;; 1"),
        ("Get-NetTCPConnection -State:Listen,Bound", "get-nettcpconnection -state listen bound"),
        ("Get\u2013NetTCPConnection", "get-nettcpconnection"),
        ("", ""),
    ],
)
def test_a_command_is_seen_as_words(command: str, expected: str) -> None:
    """Case, quotes, carets, blanks, paths and .exe do not matter; separators end a command."""
    assert [EDGE, *expected.split(), EDGE] == normalise(command)


def test_the_parts_of_the_syntax_are_read() -> None:
    """`^` and `$` are marks of the whole pattern, `[..]` an optional tail, `...` a gap, `/../` an expression."""
    anchored = parse("^net use $")
    tails = parse("sh[ow] tcp")
    gap = parse("esxcli ... list")

    assert (True, True, (Word(("net",)), Word(("use",)))) == (anchored.start, anchored.end, anchored.items)
    assert (Word(("sh", "sho", "show")), Word(("tcp",))) == tails.items
    assert (Word(("esxcli",)), Gap(), Word(("list",))) == gap.items
    assert ".*netstat.*" == parse("/.*netstat.*/").regex
    assert parse("get-net*").wild


@pytest.mark.parametrize("text", ["/[^;\\n]/", "/(a/", "/a[/", "/\\1/", "/" + "a" * 1001 + "/"])
def test_an_expression_that_lucene_cannot_read_is_refused(text: str) -> None:
    """The server would accept it and fail at every run, so it is an error before."""
    with pytest.raises(ValueError, match=r"means nothing|unterminated|missing|characters"):
        parse(text)


@pytest.mark.parametrize("text", ["/.*\\d+[.]exe/", "/a\\\\n/", "/\\.x/"])
def test_an_expression_that_lucene_can_read_is_taken(text: str) -> None:
    """Classes, escaped backslashes and escaped signs are fine."""
    assert text[1:-1] == parse(text).regex


@pytest.mark.parametrize("text", ["", "$", "^", "*", "...", "a ...", "... a", "sh[ow", "[x]", "/ \\", "a[b c]d"])
def test_a_pattern_without_a_word_is_refused(text: str) -> None:
    """A pattern that would match everything, or that cannot be read, is an error that says so."""
    with pytest.raises(ValueError, match=r"word|tail|'"):
        parse(text)
