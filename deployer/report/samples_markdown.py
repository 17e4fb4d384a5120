"""What replaying sample events gave, as Markdown that fits a comment on a pull request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from deployer.model.tested import AnalyticResult
from deployer.report.escape import markdown
from deployer.report.plan_markdown import LIMIT
from deployer.report.samples import HEADS, cells, failure_lines, name_of, values_of


def samples_markdown(results: Sequence[AnalyticResult], sums: str, limit: int = LIMIT) -> str:
    """A table, a line an analytic; folded below, what failed and what is not proven. Longer than `limit`, it is cut, and says so."""
    if not results:
        return f"### {sums}"
    rows = [f"| {' | '.join(map(markdown, cells(item)))} |" for item in results]
    parts = [f"### {sums}", "", f"| {' | '.join(HEADS)} |", f"|{'---|' * len(HEADS)}", *rows]
    parts += [part for item in results for part in _details(item)]
    return fitted(parts, limit, "`deployer test --output json` has all")


def fitted(parts: Sequence[str], limit: int, hint: str) -> str:
    """As many whole parts as fit into `limit` characters, and how many were left out."""
    kept: list[str] = []
    size = 0
    for number, part in enumerate(parts):
        if size + len(part) > limit - 200:
            kept.append(f"\n**Cut here: {len(parts) - number} more parts. {hint}.**")
            break
        kept.append(part)
        size += len(part) + 1
    return "\n".join(kept)


def _details(result: AnalyticResult) -> Iterator[str]:
    failed = [
        f"- {markdown(f'{failure.monitor}: {name_of(setting)}')} ({markdown(str(setting.where))})"
        + "".join(f"\n  - {markdown(line)}" for line in failure_lines(failure))
        for setting, failure in result.failures
    ]
    failed += [
        f"- {finding.code}: {markdown(finding.message)} ({markdown(str(finding.where))}): {markdown(finding.hint)}"
        for finding in result.findings
    ]
    if failed:
        yield f"\n**{markdown(result.analytic)}**\n"
        yield from failed
    if result.idle:
        idle = "\n".join(
            f"- {markdown(str(item.where))} {markdown(values_of(item.given))}: {markdown(item.why)}"
            for item in result.idle
        )
        head = f"{markdown(result.analytic)}: {len(result.idle)} of {result.variants} variants prove nothing"
        yield f"\n<details><summary>{head}</summary>\n\n{idle}\n\n</details>"
