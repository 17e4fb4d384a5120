"""What replaying sample events gave, as text, JSON and annotations of a GitHub job."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from deployer.model.errors import Location
from deployer.model.tested import AnalyticResult, Entity, Failure, Setting
from deployer.report.escape import shown, visible
from deployer.report.findings import Lines, counted, finding_rows, finding_text, findings_github, no_lines
from deployer.report.github import annotation

FORMAT_VERSION = 1
HEADS = ("Analytic", "Cases", "Positives found", "Negatives silent", "Variants", "Tunables proven", "Result")
IDLE = 3
"""So many variants that prove nothing are named of an analytic; JSON has all."""


def samples_text(results: Sequence[AnalyticResult], sums: str, lines: Lines = no_lines, width: int = 120) -> str:
    """A table, a line an analytic; then what failed, what is not proven, and the sums."""
    if not results:
        return sums
    table = Table(box=None, pad_edge=False)
    for head in HEADS:
        table.add_column(head, overflow="fold")
    for item in results:
        table.add_row(*(Text(cell) for cell in cells(item)))
    console = Console(width=width, no_color=True)
    with console.capture() as capture:
        console.print(table)
    text = [line.rstrip() for line in capture.get().rstrip("\n").split("\n")]
    for item in results:
        details = [*_failures(item), *(finding_text(found, lines) for found in item.findings), *_idle(item)]
        text += ["", item.analytic, *details] if details else []
    return "\n".join([*text, "", sums])


def cells(result: AnalyticResult) -> tuple[str, ...]:
    """The row of an analytic, in the order of `HEADS`."""
    if result.unfinished:
        return (result.analytic, str(result.cases), *["not run"] * 4, verdict(result))
    proven = f"{len(result.proven)} of {len(result.tunables)} ({result.coverage} %)" if result.tunables else "has none"
    return (
        result.analytic,
        str(result.cases),
        f"{result.positives_found} of {result.positives}",
        f"{result.negatives_silent} of {result.negatives}",
        str(result.variants),
        proven,
        verdict(result),
    )


def verdict(result: AnalyticResult) -> str:
    """``ok``, ``failed`` (something alerts otherwise), ``not proven`` (the samples leave something open) or ``not finished`` (a draft)."""
    if result.unfinished:
        return "not finished"
    return "failed" if result.failures else "not proven" if result.findings else "ok"


def summary(results: Sequence[AnalyticResult]) -> str:
    """One line: how many alert as they should, and how much of them is proven."""
    good = sum(not item.failures and not item.unfinished for item in results)
    proven, tunables = sum(len(item.proven) for item in results), sum(len(item.tunables) for item in results)
    findings = sum(len(item.findings) for item in results)
    unfinished = sum(item.unfinished for item in results)
    tail = f"; {counted(unfinished, 'draft')} not finished" if unfinished else ""
    tail += f"; {counted(findings, 'finding')}" if findings else ""
    return (
        f"{good} of {counted(len(results), 'analytic')} {'alerts' if len(results) == 1 else 'alert'} as the samples say; "
        f"{proven} of {counted(tunables, 'tunable')} proven{tail}."
    )


def samples_json(
    results: Sequence[AnalyticResult], sums: str, changed: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The results as a JSON object; `changed` is what they were chosen by, if they were."""
    return {
        "format_version": FORMAT_VERSION,
        "passed": all(item.passed for item in results),
        "summary": sums,
        "changed": changed,
        "analytics": [_as_json(item) for item in results],
    }


def samples_github(results: Sequence[AnalyticResult], sums: str) -> str:
    """What failed and what is not proven, at the lines that say so, and the sums."""
    lines = [
        annotation(
            "error",
            "\n".join(failure_lines(failure)),
            f"{item.analytic}/{failure.monitor}: {name_of(setting)}",
            setting.where,
        )
        for item in results
        for setting, failure in item.failures
    ]
    lines += [findings_github(item.findings) for item in results if item.findings]
    return "\n".join([*lines, annotation("notice", sums, "deployer test")])


def name_of(setting: Setting) -> str:
    """A setting in one line: the case, and the values that a variant gives."""
    if not setting.variant:
        return visible(setting.case)
    return f"{visible(setting.case)} [{values_of(setting.given)}]"


def values_of(given: Mapping[str, Any]) -> str:
    """Values of tunables in one line."""
    return ", ".join(f"{name}: {shown(value, 60)}" for name, value in sorted(given.items()))


def failure_lines(failure: Failure) -> list[str]:
    """What did not alert as expected, a line each."""
    lines = [f"should alert and does not: {entity_text(entity)}" for entity in failure.missing if not failure.error]
    lines += [f"alerts and should not: {entity_text(entity)}" for entity in failure.unexpected]
    if failure.error:
        lines.append(f"did not run: {visible(failure.error[:400])}")
    return lines


def entity_text(entity: Entity) -> str:
    """``host=WS01 user=alice``."""
    return " ".join(f"{name}={visible(value)}" for name, value in entity)


def _failures(result: AnalyticResult) -> Iterator[str]:
    for setting, failure in result.failures:
        yield f"{setting.where}: {failure.monitor}: {name_of(setting)}"
        yield from (f"    {line}" for line in failure_lines(failure))


def _idle(result: AnalyticResult) -> Iterator[str]:
    if not result.idle:
        return
    yield f"{len(result.idle)} of {counted(result.variants, 'variant')} {'proves' if len(result.idle) == 1 else 'prove'} nothing:"
    for item in result.idle[:IDLE]:
        yield f"    {item.where}: {values_of(item.given)}: {item.why}"
    if len(result.idle) > IDLE:
        yield f"    and {len(result.idle) - IDLE} more (--output json has all)"


def _as_json(result: AnalyticResult) -> dict[str, Any]:
    return {
        "analytic": result.analytic,
        "title": result.title,
        "passed": result.passed,
        "unfinished": result.unfinished,
        "cases": result.cases,
        "events": result.events,
        "positives": result.positives,
        "positives_found": result.positives_found,
        "negatives": result.negatives,
        "negatives_silent": result.negatives_silent,
        "variants": result.variants,
        "checks": result.checks,
        "coverage": result.coverage,
        "tunables": {"proven": list(result.proven), "unproven": list(result.unproven)},
        "proofs": [
            {
                "tunable": item.name,
                "proof": str(item.proof),
                "case": item.case or None,
                "values": list(item.values),
                "places": [place(where) for where in item.places],
                **place(item.where),
            }
            for item in result.tunables
        ],
        "idle_variants": [
            {"case": item.case, "tunables": dict(item.given), "why": item.why, **place(item.where)}
            for item in result.idle
        ],
        "failures": [
            {
                "case": setting.case,
                "variant": setting.variant,
                "monitor": failure.monitor,
                "tunables": dict(setting.given),
                "missing": [dict(entity) for entity in failure.missing],
                "unexpected": [dict(entity) for entity in failure.unexpected],
                "error": failure.error,
                "where": str(setting.where),
            }
            for setting, failure in result.failures
        ],
        "findings": finding_rows(result.findings),
    }


def place(where: Location) -> dict[str, Any]:
    """A place as JSON."""
    return {"file": where.file, "line": where.line, "column": where.column}
