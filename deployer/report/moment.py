"""What one save gave, in a few lines: for a terminal beside the editor, or as a line of JSON for one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from deployer.model.finding import Finding
from deployer.model.tested import AnalyticResult
from deployer.report.findings import Lines, counted, finding_rows, finding_text, no_lines
from deployer.report.samples import failure_lines, name_of, samples_json, summary, verdict

FORMAT_VERSION = 1
MOST = 10
"""So many failures or findings are shown."""


def moment_word(result: AnalyticResult | None) -> str:
    """The verdict of a test, or ``not valid`` where none was run."""
    return "not valid" if result is None else verdict(result)


def moment_text(
    name: str,
    result: AnalyticResult | None,
    findings: Sequence[Finding],
    seconds: float,
    lines: Lines = no_lines,
) -> str:
    """A line of sums, then what is wrong. Without a result nothing was run, because of the findings."""
    took = f"{seconds:.2f} s"
    if result is None or result.unfinished:
        count = counted(len(findings) + (len(result.findings) if result else 0), "finding")
        head = f"{name}  {moment_word(result)}: {count}, nothing was run  ({took})"
    else:
        head = (
            f"{name}  {moment_word(result)}: {result.positives_found} of {counted(result.positives, 'positive')} found, "
            f"{result.negatives_silent} of {counted(result.negatives, 'negative')} silent, "
            f"{len(result.proven)} of {counted(len(result.tunables), 'tunable')} proven  ({took})"
        )
    wrong = [] if result is None else [
        "\n".join([f"{setting.where}: {failure.monitor}: {name_of(setting)}", *(f"    {line}" for line in failure_lines(failure))])
        for setting, failure in result.failures
    ]  # fmt: skip
    wrong += [finding_text(item, lines) for item in (*findings, *(result.findings if result else ()))]
    more = [f"and {len(wrong) - MOST} more: `deployer test {name}` shows all"] if len(wrong) > MOST else []
    return "\n".join([head, *wrong[:MOST], *more])


def moment_json(
    name: str,
    result: AnalyticResult | None,
    findings: Sequence[Finding],
    seconds: float,
    files: Collection[str],
) -> dict[str, Any]:
    """The same as a JSON object; `test` is as `deployer test --output json` has it, or null."""
    return {
        "format_version": FORMAT_VERSION,
        "analytic": name,
        "result": moment_word(result),
        "seconds": round(seconds, 3),
        "files": sorted(files),
        "findings": finding_rows(findings),
        "test": samples_json([result], summary([result])) if result else None,
    }
