"""Coverage of ATT&CK as text, JSON and Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from deployer.report.coverage import State, Technique, sums
from deployer.report.escape import markdown
from deployer.report.plan_markdown import LIMIT
from deployer.report.samples_markdown import fitted
from deployer.report.table import table_lines

FORMAT_VERSION = 1
HEADS = ("Tactic", "Technique", "Score", "Analytic", "Platform", "State")

ABOUT = (
    "A technique's score is the mean of its active analytics: 50 for tests that all pass, 50 for monitors that all stand and "
    "run. What is not known counts as 0."
)


@dataclass(frozen=True, slots=True)
class Coverage:
    """What is told: techniques and analytics, and where it is known from.

    `environment` is empty if no cluster was asked; `answered` tells that all that were asked did. `results` are the names of
    the files of test results.
    """

    techniques: tuple[Technique, ...]
    states: tuple[State, ...]
    environment: str = ""
    answered: bool = False
    results: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """The sums in a line."""
        return sums(self.techniques, self.states)

    @property
    def unknown(self) -> tuple[str, ...]:
        """What nobody told, and how to tell it."""
        found = []
        if not self.results:
            found.append("Not known which are tested: give results of `deployer test --output json` with --results.")
        if self.environment and not self.answered:
            found.append(f"Not known which are deployed: not every cluster of {self.environment} answered.")
        if not self.environment:
            found.append("Not known which are deployed: name an environment with --env.")
        return tuple(found)


def coverage_text(coverage: Coverage, width: int = 120) -> str:
    """A table, a line an active analytic below its technique; then how the score is made, what is not known, and the sums."""
    if not places(coverage.techniques):
        return "\n".join([*coverage.unknown, coverage.summary])
    lines = table_lines(HEADS, _rows(coverage), right=["Score"], width=width)
    return "\n".join([*lines, "", ABOUT, *coverage.unknown, coverage.summary])


def coverage_markdown(coverage: Coverage, limit: int = LIMIT) -> str:
    """The same as a table of Markdown that fits a comment on a pull request; longer than `limit`, it is cut, and says so."""
    parts = [f"### {coverage.summary}", "", ABOUT, *coverage.unknown, ""]
    rows = _rows(coverage)
    if rows:
        parts.append(f"| {' | '.join(HEADS)} |\n|{'---|' * len(HEADS)}")
        parts += [f"| {' | '.join(markdown(cell) for cell in row)} |" for row in rows]
    return fitted(parts, limit, "`--output json` has all")


def coverage_json(coverage: Coverage) -> dict[str, Any]:
    """The same as a JSON object; ``tested`` and ``deployed`` are null where nobody told."""
    return {
        "format_version": FORMAT_VERSION,
        "environment": coverage.environment or None,
        "answered": coverage.answered,
        "results": list(coverage.results),
        "summary": coverage.summary,
        "techniques": [
            {
                "tactic": item.tactic,
                "technique": item.technique,
                "score": item.score,
                "platforms": list(item.platforms),
                "analytics": [_as_json(state) for state in item.states],
                "drafts": [state.analytic.id for state in item.drafts],
            }
            for item in coverage.techniques
        ],
    }


def _rows(coverage: Coverage) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for item in places(coverage.techniques):
        head: tuple[str, ...] = (item.tactic, item.technique, str(item.score))
        for state in item.states:
            rows.append((*head, state.analytic.id, state.analytic.platform, state.words))
            head = ("", "", "")
    return rows


def _as_json(state: State) -> dict[str, Any]:
    return {
        "analytic": state.analytic.id,
        "title": state.analytic.title,
        "platform": state.analytic.platform,
        "tested": state.tested,
        "deployed": state.deployed,
        "remark": state.remark or None,
        "score": state.score,
    }


def places(found: Sequence[Technique]) -> list[Technique]:
    """The techniques that something active covers: what a layer shows."""
    return [item for item in found if item.score is not None]
