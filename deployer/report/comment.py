"""Results of several commands as one comment on a pull request, found again by its first line, within the size that hosts take."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from deployer.report.escape import markdown, visible
from deployer.report.findings import counted
from deployer.report.plan_markdown import LIMIT

LEAST = 1_000
"""Characters that a comment may be bound to at least: below, there is room for nothing but what was cut."""

_NOTE = 100
"""Characters kept for the line that says what was cut, and for the ends of a block of text."""


@dataclass(frozen=True, slots=True)
class Part:
    """What a command wrote. `text` is None if the file is not there: its command failed before it wrote one.

    Markdown is taken as it is (the commands escape what others say); other text is shown as a block, letter by letter.
    """

    name: str
    text: str | None
    is_markdown: bool


def first_line(marker: str) -> str:
    """The line that nobody sees, by which a script finds the comment again to write over it."""
    return f"<!-- deployer: {marker} -->"


def comment(parts: Sequence[Part], marker: str = "", limit: int = LIMIT) -> str:
    """The parts in their order, at most `limit` characters: a part is cut only if it is longer than its share of the room.

    What is short leaves its room to what is long. It is cut between lines, never inside of what is folded, and says so.
    """
    head = first_line(marker) + "\n" if marker else ""
    texts = [_whole(part) for part in parts]
    room = limit - len(head) - 2 * len(texts)
    shares = _shares([len(text) for text in texts], room)
    kept = [
        text if len(text) <= share else _cut(part, share)
        for part, text, share in zip(parts, texts, shares, strict=True)
    ]
    return head + "\n\n".join(kept) + "\n"


def _shares(sizes: Sequence[int], room: int) -> list[int]:
    """How many characters each may have: all it needs if that is no more than an equal share of what the shorter ones leave."""
    shares = [0] * len(sizes)
    order = sorted(range(len(sizes)), key=sizes.__getitem__)
    for done, number in enumerate(order):
        shares[number] = min(sizes[number], room // (len(sizes) - done))
        room -= shares[number]
    return shares


def _whole(part: Part) -> str:
    text = (part.text or "").strip("\n")
    if not text.strip():
        return (
            f"> **{markdown(part.name)} has nothing.** The command that writes it failed; the log of the job says why."
        )
    return text if part.is_markdown else _block([visible(line) for line in text.split("\n")])


def _block(lines: Sequence[str]) -> str:
    """Text as a block of code, whatever is in it: its fence is longer than any within."""
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([fence, *lines, fence])


def _cut(part: Part, share: int) -> str:
    lines = _whole(part).split("\n")
    lines = lines if part.is_markdown else lines[1:-1]
    last = size = depth = 0
    for number, line in enumerate(lines):
        size += len(line) + 1
        if size > share - _NOTE:
            break
        depth += len(re.findall("<details", line)) - len(re.findall("</details>", line))
        if depth == 0:
            last = number + 1
    said = f"**Cut here: {counted(len(lines) - last, 'more line')} of {markdown(part.name)}, in the log of the job.**"
    shown = lines[:last]
    return "\n".join([*(shown if part.is_markdown or not shown else [_block(shown)]), "", said])
