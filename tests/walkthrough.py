"""A page of the documentation, done as it says: commands are run and their output compared, files are written."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(r"^```(?P<kind>console|yaml)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_WRITE = re.compile(r"^Write `([^`]+)`:$")
_ADD = re.compile(r"^Add to the end of `([^`]+)`:$")


@dataclass(frozen=True, slots=True)
class Step:
    """What a page asks for: a command with the output that it shows, or a file to write or to lengthen."""

    command: str = ""
    output: str = ""
    file: str = ""
    text: str = ""
    add: bool = False


def steps(page: str) -> Iterator[Step]:
    """The steps of a page, in order. A YAML block that no sentence before it assigns to a file is an error."""
    for block in _BLOCK.finditer(page):
        if block["kind"] == "console":
            for part in re.split(r"^[$] ", block["text"], flags=re.MULTILINE)[1:]:
                command, _, output = part.partition("\n")
                yield Step(command, output)
            continue
        before = page[: block.start()].rstrip().rpartition("\n")[2]
        asked = _WRITE.match(before) or _ADD.match(before)
        assert asked, f"what file is it? {before!r}"
        yield Step(file=asked[1], text=block["text"], add=before.startswith("Add"))


def like(shown: str, printed: str) -> bool:
    """Whether output is what a page shows, where `...` stands for anything (also for several lines)."""
    pattern = ".*".join(re.escape(part) for part in shown.rstrip("\n").split("..."))
    return re.fullmatch(pattern, "\n".join(line.rstrip() for line in printed.rstrip("\n").split("\n")), re.DOTALL) is not None  # fmt: skip


def follow(page: str, folder: Path, environment: Mapping[str, str], instead: Mapping[str, Callable[[Path], None]]) -> int:  # fmt: skip
    """Do what a page says, in `folder`; how many commands were run. `instead` is done in place of some commands.

    Raises AssertionError at the first command that fails, or prints something else.
    """
    done = 0
    for step in steps(page):
        if step.file:
            path = folder / step.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text((path.read_text("utf-8") if step.add else "") + step.text, "utf-8")
        elif step.command.startswith("cd "):
            folder = folder / step.command.removeprefix("cd ")
        elif step.command in instead:
            instead[step.command](folder)
        else:
            ran = subprocess.run(["bash", "-c", step.command], cwd=folder, env=dict(environment), capture_output=True, text=True, check=False)  # fmt: skip
            told = f"$ {step.command}\n{ran.stdout}{ran.stderr}"
            assert 0 == ran.returncode, told
            assert like(step.output, ran.stdout), f"the page shows:\n{step.output}\n{told}"
            done += 1
    return done
