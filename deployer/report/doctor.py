"""What `deployer doctor` found, in the files and on each cluster, as text, JSON, Markdown and annotations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from deployer.doctor import Examination
from deployer.model.finding import Findings
from deployer.plan.outcome import Attempt
from deployer.report.escape import markdown, visible
from deployer.report.findings import (
    Lines,
    counted,
    excluded_rows,
    excluded_text,
    finding_rows,
    finding_text,
    findings_github,
    no_lines,
)
from deployer.report.github import annotation
from deployer.report.many import join_json, join_markdown, join_text
from deployer.report.plan_markdown import LIMIT
from deployer.report.roles import role_yaml

FORMAT_VERSION = 1

LACKING = "detections-lacking"
"""The name of the role that has what a user lacks."""

Attempts = Sequence[Attempt[Examination]]


def doctors_text(attempts: Attempts, environment: str, files: Findings, lines: Lines = no_lines) -> str:
    """Each cluster with its findings, those of the files first, and a sum."""
    return join_text(
        attempts,
        lambda item, found: "\n".join(_text(found, environment, files, lines)),
        lambda found: _sum(files, found),
    )


def doctors_json(attempts: Attempts, environment: str, files: Findings) -> dict[str, Any]:
    """A JSON object with the findings of the files and the cluster; ``clusters`` with one each for several."""
    return join_json(attempts, environment, lambda item, found: _json(found, environment, files))


def doctors_markdown(attempts: Attempts, environment: str, files: Findings) -> str:
    """A table of findings for each cluster; together they fit a comment."""
    share = LIMIT // max(1, len(attempts))
    return join_markdown(attempts, lambda item, found: _markdown(found, environment, files, share))


def doctors_github(attempts: Attempts, files: Findings) -> str:
    """Annotations: the findings of the files once, then those of each cluster."""
    parts = [findings_github(files.sorted())]
    for item in attempts:
        if item.value is not None:
            parts.append(findings_github(item.value.findings.sorted()))
            parts += [annotation("notice", f"not looked at: {text}", item.cluster) for text in item.value.unseen]
        elif item.error is not None:
            parts.append(annotation("error", f"{item.error}. {item.error.why}", f"{item.cluster} was not looked at"))
    return "\n".join(part for part in parts if part)


def _text(found: Examination, environment: str, files: Findings, lines: Lines) -> Iterator[str]:
    yield f"Environment {environment} on {found.address} (OpenSearch {found.version})"
    for title, findings in (("In the files:", files.sorted()), ("On the cluster:", found.findings.sorted())):
        if findings:
            yield from ("", title)
        for finding in findings:
            yield from (f"  {line}" for line in finding_text(finding, lines).splitlines())
    apart = excluded_text([*files.excluded, *found.findings.excluded])
    if apart:
        yield from ("", *apart)
    if found.unseen:
        yield from ("", "Not looked at:", *(f"  {visible(text)}" for text in found.unseen))
    if found.role is not None:
        yield from ("", "A role that allows what is missing:", *(f"  {line}" for line in role_yaml({LACKING: found.role}).splitlines()))
    every = [*files.items, *found.findings.items]
    if every:
        yield from ("", f"`deployer explain {every[-1].code}` says more about a finding.")
    yield _sum(files, found)


def _sum(files: Findings, found: Examination) -> str:
    number = len(files.items) + len(found.findings.items)
    if not number:
        return f"Healthy: no finding{'' if not found.unseen else '; not everything could be looked at'}."
    return f"{counted(number, 'finding')}: {len(files.items)} in the files, {len(found.findings.items)} on the cluster."


def _json(found: Examination, environment: str, files: Findings) -> dict[str, Any]:
    there = found.findings.sorted()
    rows = [{**row, "found": "files"} for row in finding_rows(files.sorted())]
    rows += [{**row, "found": "cluster"} for row in finding_rows(there)]
    return {
        "format_version": FORMAT_VERSION,
        "environment": environment,
        "address": found.address,
        "version": found.version,
        "healthy": not rows,
        "findings": rows,
        "excluded": excluded_rows([*files.excluded, *found.findings.excluded]),
        "not_looked_at": list(found.unseen),
        "role": found.role,
    }


def _markdown(found: Examination, environment: str, files: Findings, limit: int) -> str:
    parts = [f"### {_sum(files, found)}", "", f"Environment {markdown(environment)} on {markdown(found.address)}"]
    parts += [f"\n> Not looked at: {markdown(text)}" for text in found.unseen]
    if found.role is not None:
        parts.append(f"\nA role that allows what is missing:\n\n```yaml\n{role_yaml({LACKING: found.role})}```\n")
    rows = [(finding, "files") for finding in files.sorted()] + [
        (finding, "cluster") for finding in found.findings.sorted()
    ]
    if rows:
        parts.append("\n| code | level | where | what | what to do |\n|---|---|---|---|---|")
    apart = excluded_text([*files.excluded, *found.findings.excluded])
    parts[3:3] = [f"\n- {markdown(text)}" for text in apart]
    size = sum(len(part) + 1 for part in parts)
    for number, (finding, place) in enumerate(rows):
        where = markdown(str(finding.where)) or place
        row = f"| {finding.code} | {finding.level} | {where} | {markdown(finding.message)} | {markdown(finding.hint)} |"
        if size + len(row) > limit - 200:
            parts.append(f"\n**Cut here: {len(rows) - number} more. `deployer doctor --output json` has all.**")
            break
        parts.append(row)
        size += len(row) + 1
    return "\n".join(parts) + "\n"
