"""Plans, results and alerts as text, Markdown and JSON. Renderers know nothing of the engine."""

from deployer.report.alerts import alerts_json, alerts_text
from deployer.report.findings import (
    code_text,
    codes_markdown,
    counted,
    excluded_rows,
    excluded_text,
    finding_rows,
    finding_text,
    findings_github,
    findings_sarif,
    sums,
)
from deployer.report.github import plan_github
from deployer.report.gitlab import findings_gitlab
from deployer.report.plan_json import plan_json
from deployer.report.plan_markdown import plan_markdown
from deployer.report.plan_text import plan_text, summary
from deployer.report.result import result_json, result_markdown, result_text

__all__ = [
    "alerts_json",
    "alerts_text",
    "code_text",
    "codes_markdown",
    "counted",
    "excluded_rows",
    "excluded_text",
    "finding_rows",
    "finding_text",
    "findings_github",
    "findings_gitlab",
    "findings_sarif",
    "plan_github",
    "plan_json",
    "plan_markdown",
    "plan_text",
    "result_json",
    "result_markdown",
    "result_text",
    "summary",
    "sums",
]
