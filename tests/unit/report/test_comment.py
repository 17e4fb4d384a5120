"""Results joined into one comment: found again, within its size, and whatever is in them stays what it is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from deployer.cli import cli, common
from deployer.report.comment import Part, comment

FOLDED = "\n".join(f"<details><summary>{number}</summary>\n\n- a line\n\n</details>" for number in range(400))


def test_parts_stand_in_their_order_below_the_marker() -> None:
    """Markdown as it is, other text as a block, and first the line by which the comment is found again."""
    made = comment(
        [Part("plan.md", "### Plan\n", is_markdown=True), Part("status.txt", "a | b\n", is_markdown=False)], "x-y"
    )

    assert "<!-- deployer: x-y -->\n### Plan\n\n```\na | b\n```\n" == made


@pytest.mark.parametrize("text", [None, "", "\n \n"])
def test_what_is_not_there_is_told(text: str | None) -> None:
    """A command that failed wrote no file, or an empty one: the comment says so, and the rest stands."""
    made = comment([Part("plan.md", text, is_markdown=True), Part("b.md", "rest", is_markdown=True)])

    assert "plan.md" in made.splitlines()[0]
    assert "has nothing" in made
    assert made.endswith("rest\n")


def test_no_text_ends_its_block_or_hides() -> None:
    """The fence is longer than any run of backticks in the text; characters that turn or hide text become visible."""
    made = comment([Part("x.txt", "````\n<!-- -->\u202e\x1b[31m\n", is_markdown=False)])

    assert made.splitlines()[0] == made.splitlines()[-1] == "`````"
    assert "\u202e" not in made
    assert "\x1b" not in made


@pytest.mark.parametrize("limit", [1_000, 4_000, 60_000])
def test_it_is_never_longer_than_its_limit(limit: int) -> None:
    """Long parts are cut between lines, not inside of what is folded, and each says how much is missing."""
    parts = [
        Part("plan.md", f"### 400 changes\n\n{FOLDED}\n{FOLDED}", is_markdown=True),
        Part("status.txt", "some words\n" * 9_000, is_markdown=False),
    ]
    made = comment(parts, "x", limit)

    assert limit // 2 < len(made) <= limit
    assert made.count("<details>") == made.count("</details>")
    assert 2 == made.count("```")
    assert ["plan.md", "status.txt"] == re.findall(r"Cut here: \d+ more lines of <code>(.*?)</code>", made)


def test_a_short_part_leaves_its_room_to_a_long_one() -> None:
    """Two parts that fit together are whole, though one alone is longer than half of the room."""
    long, short = "\n".join(["line"] * 300), "### Short"

    made = comment([Part("a.md", long, is_markdown=True), Part("b.md", short, is_markdown=True)], limit=2_000)

    assert f"{long}\n\n{short}\n" == made


def test_the_command_reads_files_and_writes_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`.md` is Markdown, other names are text, a file that is not there is no error; a marker cannot end its line."""
    (tmp_path / "plan.md").write_text("**plan**")
    (tmp_path / "status.txt").write_text("*status*")
    files = [str(tmp_path / name) for name in ("plan.md", "status.txt", "gone.md")]

    assert 0 == common.run(cli, ["comment", "--marker", "plan-prod", "--output-file", str(tmp_path / "c.md"), *files], "deployer")  # fmt: skip
    assert 64 == common.run(cli, ["comment", "--marker", "x -->", *files], "deployer")
    assert 64 == common.run(cli, ["comment"], "deployer")

    text = (tmp_path / "c.md").read_text("utf-8")
    assert text.startswith("<!-- deployer: plan-prod -->\n**plan**\n\n```\n*status*\n```\n\n> **<code>gone.md</code>")
    assert "" == capsys.readouterr().out
