"""Builds the documentation: the pages of docs/, and a reference made from the commands, schemas, detections and log sources.

``make docs`` writes build/docs, without the network; every warning is an error. The pages on the left are those that
docs/index.md names, under its headings, so one list serves the repository host and the site.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from tools import reference

ROOT = Path(__file__).resolve().parents[1]
INDEX = "index.md"
GENERATED = "Reference"
"""The heading under which the generated pages stand, too."""

PROJECT = {"CONTRIBUTING.md": "contributing.md", "SECURITY.md": "security.md", "CHANGELOG.md": "changelog.md"}
"""Pages of the project itself, which stand at the top of the repository."""

_LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")


class DocsError(Exception):
    """A page that cannot stand where it does; the text says what to do."""


def contents(index: str) -> dict[str, list[str]]:
    """The pages that the index names, by heading: ``{"How to": ["tune.md", ...]}``."""
    found: dict[str, list[str]] = {}
    heading = ""
    for line in index.splitlines():
        if line.startswith("## "):
            heading = line.removeprefix("## ").strip()
        elif heading and (named := re.match(r"- \[[^\]]+\]\(([a-z0-9-]+[.]md)\)", line)):
            found.setdefault(heading, []).append(named[1])
    return found


def check(there: set[str], named: Mapping[str, list[str]]) -> None:
    """Raise DocsError for a page that the index does not name, names twice, or that is not there."""
    pages = [page for section in named.values() for page in section]
    wrong = [
        f"docs/{page} is named nowhere in docs/{INDEX}: add a line `- [Title]({page})` under one of {', '.join(named)}"
        for page in sorted(there - set(pages) - {INDEX})
    ]
    wrong += [f"docs/{INDEX} names {page}, which is not there: mend the name, or take the line out" for page in pages if page not in there]  # fmt: skip
    wrong += [f"docs/{INDEX} names {page} twice: keep one line" for page in sorted({page for page in pages if pages.count(page) > 1})]  # fmt: skip
    if wrong:
        raise DocsError("\n".join(wrong))


def assemble(root: Path, folder: Path) -> None:
    """Write all pages, as Sphinx reads them, into a folder. Raises DocsError."""
    shutil.rmtree(folder, ignore_errors=True)
    docs = root / "docs"
    shutil.copytree(docs, folder, ignore=shutil.ignore_patterns("__pycache__"))
    pages = {path.relative_to(docs).as_posix() for path in docs.rglob("*.md")}
    index = (docs / INDEX).read_text("utf-8")
    named = contents(index)
    check(pages, named)
    made = reference.pages(root)
    for page in pages:
        path = folder / page
        path.write_text(_inside(root, path.read_text("utf-8"), pages), "utf-8")
    for source, page in PROJECT.items():
        text = (root / source).read_text("utf-8").replace("](docs/", "](")
        (folder / page).write_text(_inside(root, text, pages), "utf-8")
    for page, text in made.items():
        target = folder / page
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
    trees = {**named, GENERATED: [*named.get(GENERATED, ()), *reference.TOPS], "Project": list(PROJECT.values())}
    tail = "\n".join(_tree(heading, entries) for heading, entries in trees.items())
    (folder / INDEX).write_text(f"{_inside(root, index, pages)}\n{tail}", "utf-8")


def build(root: Path, sources: Path, target: Path) -> int:
    """The pages as HTML; Sphinx's exit code."""
    from sphinx.cmd.build import main

    assemble(root, sources)
    return main(["-q", "-W", "--keep-going", "-E", "-b", "html", "-d", str(sources.with_name("docs-trees")), "-c", str(root / "docs"), str(sources), str(target)])  # fmt: skip


def _tree(heading: str, entries: list[str]) -> str:
    return "\n".join(["```{toctree}", ":hidden:", f":caption: {heading}", "", *entries, "```", ""])


def _inside(root: Path, text: str, pages: set[str]) -> str:
    """A page whose links lead to pages alone: of one to another file of the repository its words are left."""
    parts = re.split(r"(^```.*?^```[ ]*$)", text, flags=re.MULTILINE | re.DOTALL)
    return "".join(
        part if part.startswith("```") else _LINK.sub(lambda link: _link(root, link, pages), part) for part in parts
    )


def _link(root: Path, link: re.Match[str], pages: set[str]) -> str:
    image, words, address = link.groups()
    path, _, anchor = address.partition("#")
    if image or not path or "://" in address or path in pages:
        return link[0]
    own = PROJECT.get(path.removeprefix("../"))
    if own:
        return f"[{words}]({own}{'#' + anchor if anchor else ''})"
    there = (root / "docs" / path).exists() or (root / path).exists()
    return words if there else link[0]  # Sphinx says of a link to nothing that it is one


def main() -> int:
    """Build into build/docs; the exit code."""
    try:
        code = build(ROOT, ROOT / "build/docs-source", ROOT / "build/docs")
    except DocsError as error:
        print(error, file=sys.stderr)
        return 1
    print("build/docs/index.html" if code == 0 else "The documentation has warnings: see above.", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
