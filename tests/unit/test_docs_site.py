"""The documentation as a site: built without a warning, with everything on it; and pages that match what is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from deployer import schemas
from deployer.catalogue import load_repository
from deployer.cli import COMMANDS
from deployer.model.finding import Findings
from tools import docs

# What myst-parser asks of Sphinx in a way that a later Sphinx will not answer is its matter.
pytestmark = pytest.mark.filterwarnings("ignore:.*MystReferenceResolver.app")


@pytest.fixture(scope="module")
def site(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages as HTML, as `make docs` builds them."""
    folder = tmp_path_factory.mktemp("docs")
    assert 0 == docs.build(root, folder / "source", folder / "html")
    return folder / "html"


def test_there_is_a_page_of_everything_that_a_reference_has(site: Path, root: Path) -> None:
    """Of each analytic and schema; every command with its options; every log source."""
    repository = load_repository(root, Findings())
    commands = (site / "reference/commands.html").read_text("utf-8")
    sources = (site / "reference/sources.html").read_text("utf-8")

    assert {f"{name}.html" for name in repository.analytics} == {path.name for path in (site / "reference/analytics").iterdir()}  # fmt: skip
    assert {f"{name}.html" for name in schemas.names()} == {path.name for path in (site / "reference/schemas").iterdir()}  # fmt: skip
    assert not [name for name in COMMANDS if f"deployer {name}" not in commands]
    assert "--detailed-exitcode" in commands
    assert not [name for name in repository.sources if name not in sources]


def test_a_page_of_an_analytic_has_its_tunables_with_what_environments_say(site: Path) -> None:
    """Name, default, bounds, and the environment's own value."""
    page = (site / "reference/analytics/AN0908.html").read_text("utf-8")

    assert "BurstQueryThreshold" in page
    assert re.search(r"prod:.*40", page)


def test_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    """A reader without the network sees the same."""
    fetched = re.compile(r"<(?:link|script|img|iframe)\b[^>]*\b(?:href|src)=\"(?:https?:)?//[^\"]*\"")

    assert [] == [(path.name, found[0]) for path in site.rglob("*.html") if (found := fetched.search(path.read_text("utf-8")))]  # fmt: skip


@pytest.mark.parametrize(
    ("there", "named", "words"),
    [
        ({"index.md", "a.md"}, {"How to": []}, "docs/a.md is named nowhere in docs/index.md: add a line `- [Title](a.md)` under one of How to"),
        ({"index.md"}, {"How to": ["a.md"]}, "names a.md, which is not there"),
        ({"index.md", "a.md"}, {"How to": ["a.md"], "Reference": ["a.md"]}, "names a.md twice"),
    ],
)  # fmt: skip
def test_a_page_that_is_in_no_list_is_an_error_that_says_where_it_goes(
    there: set[str], named: dict[str, list[str]], words: str
) -> None:
    """And so is a name without a page."""
    with pytest.raises(docs.DocsError) as wrong:
        docs.check(there, named)

    assert words in str(wrong.value)


def test_the_lists_of_the_index_are_those_of_the_site(root: Path) -> None:
    """Headings and order are read from the page itself."""
    named = docs.contents((root / "docs/index.md").read_text("utf-8"))

    assert ["Tutorial", "How to", "Reference", "Explanation"] == list(named)
    assert {"tutorial.md"} == set(named["Tutorial"])


def test_the_architecture_page_matches_the_folders(root: Path) -> None:
    """Each package of the tool and each folder at the top is named there, and what is named is there."""
    text = (root / "docs/architecture.md").read_text("utf-8")
    packages = {path.parent.name for path in (root / "deployer").glob("*/__init__.py")}
    named = set(re.findall(r"^    .*?\bdeployer/([a-z_]+)\b", text, re.MULTILINE))
    folders = {path.name for path in root.iterdir() if path.is_dir() and not path.name.startswith(".") and _kept(path)}
    shown = {name for line in re.findall(r"^    (?:[a-z]+/ ?)+", text, re.MULTILINE) for name in re.findall(r"[a-z]+", line)}  # fmt: skip

    assert packages == named, "docs/architecture.md says what each package of deployer/ is for, a line each"
    assert folders - {"deployer"} == shown - {"deployer"}, "docs/architecture.md says what each folder is for, a line each"  # fmt: skip


def _kept(folder: Path) -> bool:
    """Whether a folder is a part of the repository, and not what a build left."""
    return folder.name not in ("build", "dist", "node_modules") and any(
        path.suffix != ".pyc" for path in folder.rglob("*") if path.is_file()
    )
